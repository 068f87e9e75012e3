#include "base/http/server.h"

#include <fcntl.h>

#include "base/http/test_server.h"
#include "base/log.h"

namespace lazurite {
namespace {

// A handler without state, by path.
Task<Response> Echo(Request& request) {
  if (request.path == "/hello") co_return Response::Text(200, "hello");
  if (request.path == "/echo") {
    const Result<std::string> body = co_await request.ReadAll(1 << 20);
    if (!body.ok()) {
      const bool is_too_large = body.status().code() == Code::kResourceExhausted;
      const bool is_too_slow = body.status().code() == Code::kDeadlineExceeded;
      co_return Response::Text(is_too_large ? 413 : (is_too_slow ? 408 : 400),
                               body.status().text());
    }
    co_return Response::Text(200, "[" + body.value() + "]");
  }
  if (request.path == "/throw") throw std::runtime_error("secret detail");
  if (request.path == "/unread") co_return Response::Text(200, "unread");
  if (request.path == "/id") co_return Response::Text(200, request.request_id);
  if (request.path == "/inject") {
    Response response = Response::Text(200, "x");
    response.headers.Add("x-a", "1\r\nx-evil: 2");
    co_return response;
  }
  if (request.path == "/big") co_return Response::Text(200, std::string(20 << 20, 'b'));
  if (request.path == "/three") {
    Response response;
    auto left = std::make_shared<int>(3);
    response.body = [left]() -> Task<Result<std::string>> {
      if (*left == 0) co_return std::string();
      co_return "piece" + std::to_string((*left)--);
    };
    if (request.Query("length") == "18") response.headers.Add("Content-Length", "18");
    co_return response;
  }
  co_return Response::Text(404, "no " + request.path);
}

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(ServerTest, AnswersWithItsFields) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say(kHello);
  const std::string answer = client.HearUntil("hello");
  EXPECT_EQ(answer.find("HTTP/1.1 200 OK\r\n"), 0U);
  EXPECT_TRUE(Has(answer, "\r\nServer: lazurite\r\n"));
  EXPECT_TRUE(Has(answer, "\r\nDate: "));
  EXPECT_TRUE(Has(answer, "\r\nx-ms-request-id: "));
  EXPECT_TRUE(Has(answer, "\r\nContent-Length: 5\r\n"));
}

TEST(ServerTest, GivesEachRequestItsIdAndSaysIt) {
  TestServer server(Echo);
  RawClient client(server);
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    client.Say("GET /id HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string head = client.HearUntil("\r\n\r\n");
    const std::string id = head.substr(head.find("x-ms-request-id: ") + 17, 36);
    EXPECT_EQ(client.HearUntil(id), id);  // the body
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 3U);
}

TEST(ServerTest, AnswersPipelinedRequestsInOrder) {
  TestServer server(Echo);
  RawClient client(server);
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    const std::string body = "body " + std::to_string(i);
    requests += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  }
  client.Say(requests);
  for (int i = 0; i < 50; ++i) {
    const std::string answer = client.HearUntil("]");
    EXPECT_EQ(BodyOf(answer), "[body " + std::to_string(i) + "]");
  }
}

TEST(ServerTest, AHalfClosedClientStillGetsItsAnswer) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say(kHello);
  client.EndWriting();
  EXPECT_EQ(BodyOf(client.HearAll()), "hello");
}

TEST(ServerTest, AHalfClosedClientStillGetsAStreamThatIsNotQuiet) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("GET /three HTTP/1.1\r\nHost: x\r\n\r\n");
  client.EndWriting();
  EXPECT_TRUE(Has(client.HearAll(), "6\r\npiece1\r\n0\r\n\r\n"));
}

TEST(ServerTest, ReadsChunkedBodiesHoweverTheyAreCut) {
  TestServer server(Echo);
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (const size_t step : {size_t{1}, size_t{7}, request.size()}) {
    RawClient client(server);
    for (size_t at = 0; at < request.size(); at += step) client.Say(request.substr(at, step));
    client.Say(kHello);  // the next request is found
    EXPECT_EQ(BodyOf(client.HearUntil("]")), "[hello 0123456789]");
    EXPECT_EQ(BodyOf(client.HearUntil("hello")), "hello");
  }
}

TEST(ServerTest, SendsStreamsInChunksOrWithTheirLength) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("GET /three HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string chunked = client.HearUntil("0\r\n\r\n");
  EXPECT_TRUE(Has(chunked, "Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(BodyOf(chunked), "6\r\npiece3\r\n6\r\npiece2\r\n6\r\npiece1\r\n0\r\n\r\n");
  client.Say("GET /three?length=18 HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string plain = client.HearUntil("piece1");
  EXPECT_TRUE(Has(plain, "Content-Length: 18\r\n"));
  EXPECT_EQ(BodyOf(plain), "piece3piece2piece1");
}

TEST(ServerTest, StreamsToOldClientsUntilItCloses) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("GET /three HTTP/1.0\r\n\r\n");
  const std::string answer = client.HearAll();
  EXPECT_TRUE(Has(answer, "Connection: close\r\n"));
  EXPECT_EQ(BodyOf(answer), "piece3piece2piece1");
}

TEST(ServerTest, KeepsOldClientsOnlyIfTheyAsk) {
  TestServer server(Echo);
  RawClient keeps(server);
  keeps.Say("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(Has(keeps.HearUntil("hello"), "Connection: keep-alive\r\n"));
  keeps.Say("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(BodyOf(keeps.HearAll()), "hello");
}

TEST(ServerTest, ClosesWhenAsked) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(Has(client.HearAll(), "Connection: close\r\n"));
}

TEST(ServerTest, HeadHasTheFieldsOfGetAndNoBody) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kHello));
  const std::string head = client.HearUntil("\r\n\r\n");
  EXPECT_TRUE(Has(head, "Content-Length: 5\r\n"));
  EXPECT_EQ(client.HearUntil("\r\n").substr(0, 8), "HTTP/1.1");
}

TEST(ServerTest, AsksForABodyThatWaitsToBeAskedFor) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("PUT /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.HearUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Say("body");
  EXPECT_EQ(BodyOf(client.HearUntil("]")), "[body]");
}

TEST(ServerTest, DoesNotAskForABodyThatNobodyReads) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say(
      "PUT /unread HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  client.EndWriting();
  const std::string answer = client.HearAll();
  EXPECT_EQ(answer.find("HTTP/1.1 200"), 0U);
  EXPECT_TRUE(Has(answer, "Connection: close"));
}

TEST(ServerTest, ReadsASmallUnreadBodyAwayAndGoesOn) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("PUT /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" +
             std::string(500000, 'u') + std::string(kHello));
  EXPECT_EQ(BodyOf(client.HearUntil("unread")), "unread");
  EXPECT_EQ(BodyOf(client.HearUntil("hello")), "hello");
}

TEST(ServerTest, ClosesAfterTheAnswerIfABigBodyIsUnread) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("PUT /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" +
             std::string(3000000, 'u'));
  client.EndWriting();
  const std::string answer = client.HearAll();
  EXPECT_TRUE(Has(answer, "Connection: close"));
  EXPECT_EQ(BodyOf(answer), "unread");
}

TEST(ServerTest, ABodyBeyondWhatTheHandlerReadsIs413) {
  TestServer server(Echo);
  for (const std::string framing :
       {"Content-Length: 2000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1E8480\r\n"}) {
    RawClient client(server);
    client.Say("PUT /echo HTTP/1.1\r\nHost: x\r\n" + framing + std::string(2000000, 'u'));
    client.EndWriting();
    EXPECT_EQ(client.HearAll().find("HTTP/1.1 413 "), 0U) << framing;
  }
}

TEST(ServerTest, AnExceptionBecomesA500WithTheRequestIdAndTheConnectionLives) {
  SetLogFd(open("/dev/null", O_WRONLY | O_CLOEXEC));
  TestServer server(Echo);
  RawClient client(server);
  client.Say("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.HearUntil("}}");
  SetLogFd(STDERR_FILENO);
  EXPECT_EQ(answer.find("HTTP/1.1 500 "), 0U);
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  const size_t at = answer.find("x-ms-request-id: ") + 17;
  EXPECT_TRUE(Has(BodyOf(answer), answer.substr(at, 36)));
  client.Say(kHello);
  EXPECT_EQ(BodyOf(client.HearUntil("hello")), "hello");
}

TEST(ServerTest, AFieldsValueCannotBringAnotherField) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("GET /inject HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.HearUntil("\r\n\r\n").find("\r\nx-evil"), std::string::npos);
}

TEST(ServerTest, MalformedRequestsAre400) {
  TestServer server(Echo);
  const std::vector<std::string> requests = {
      "nonsense\r\n\r\n",
      "GET /hello\r\n\r\n",
      "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n",
      "GET /hello HTTP/1.1\r\n\r\n",
      "GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /hello?a=%1 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost x\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nshort",
      "GET /hello HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n",
      "GET /hello HT",
  };
  for (const std::string& request : requests) {
    RawClient client(server);
    client.Say(request);
    client.EndWriting();
    EXPECT_EQ(client.HearAll().find("HTTP/1.1 400 "), 0U) << request;
  }
}

TEST(ServerTest, EmptyLinesBeforeARequestAreAllowed) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("\r\n\r\n" + std::string(kHello));
  EXPECT_EQ(BodyOf(client.HearUntil("hello")), "hello");
}

TEST(ServerTest, AHeadThatIsTooLargeIs431) {
  TestServer server(Echo, {.head_bytes_max = 4096});
  RawClient one(server);
  one.Say("GET /hello HTTP/1.1\r\nHost: x\r\nx-long: " + std::string(5000, 'l') + "\r\n\r\n");
  one.EndWriting();
  EXPECT_EQ(one.HearAll().find("HTTP/1.1 431 "), 0U);
  // Many small fields that are complete one by one.
  RawClient many(server);
  many.Say("GET /hello HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 1000; ++i) many.Say("x: y\r\n");
  many.EndWriting();
  EXPECT_EQ(many.HearAll().find("HTTP/1.1 431 "), 0U);
  RawClient fits(server);
  fits.Say("GET /hello HTTP/1.1\r\nHost: x\r\nx-long: " + std::string(3500, 'l') + "\r\n\r\n");
  EXPECT_EQ(BodyOf(fits.HearUntil("hello")), "hello");
}

TEST(ServerTest, AHeadThatTakesTooLongIs408) {
  TestServer server(Echo, {.head_timeout = 50ms});
  RawClient client(server);
  client.Say("GET /hello HTTP/1.1\r\nHo");
  EXPECT_EQ(client.HearAll().find("HTTP/1.1 408 "), 0U);
}

TEST(ServerTest, ADribbledHeadIs408However) {
  TestServer server(Echo, {.head_timeout = 100ms});
  RawClient client(server);
  std::atomic<bool> has_answered = false;
  std::thread dribble([&] {
    client.Say("GET /hello HTTP/1.1\r\n");
    while (!has_answered) {
      client.Say("x");
      std::this_thread::sleep_for(5ms);
    }
  });
  const std::string answer = client.HearUntil("\r\n");
  has_answered = true;
  dribble.join();
  EXPECT_EQ(answer.find("HTTP/1.1 408 "), 0U);
}

TEST(ServerTest, ABodyThatComesTooSlowlyIsTold) {
  TestServer server(Echo, {.body_timeout = 50ms});
  RawClient client(server);
  client.Say("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  const std::string answer = client.HearUntil("\r\n");
  EXPECT_EQ(answer.find("HTTP/1.1 408 "), 0U);
}

TEST(ServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  TestServer server(Echo, {.idle_timeout = 50ms});
  RawClient client(server);
  client.Say(kHello);
  EXPECT_EQ(BodyOf(client.HearUntil("hello")), "hello");
  EXPECT_EQ(client.HearAll(), "");
}

TEST(ServerTest, AClientThatDoesNotReadItsAnswerIsCutOff) {
  TestServer server(Echo, {.body_timeout = 50ms});
  RawClient client(server);
  client.Say("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  client.HearUntil("\r\n\r\n");
  while (server.server().connections() > 0) std::this_thread::sleep_for(2ms);
}

TEST(ServerTest, ConnectionsBeyondTheLimitGet503) {
  TestServer server(Echo, {.connections_max = 2});
  RawClient first(server), second(server);
  for (RawClient* client : {&first, &second}) {
    client->Say(kHello);
    client->HearUntil("hello");
  }
  RawClient third(server);
  EXPECT_EQ(third.HearAll().find("HTTP/1.1 503 "), 0U);
  first.Close();
  while (server.server().connections() > 1) std::this_thread::sleep_for(1ms);
  RawClient fourth(server);
  fourth.Say(kHello);
  EXPECT_EQ(BodyOf(fourth.HearUntil("hello")), "hello");
}

TEST(ServerTest, AThousandConnectionsAreServedByFourThreads) {
  TestServer server(Echo, {}, 4);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(std::make_unique<RawClient>(server));
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) {
      const std::string body = std::to_string(i);
      clients[i]->Say("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    for (size_t i = 0; i < clients.size(); ++i) {
      ASSERT_EQ(BodyOf(clients[i]->HearUntil("]")), "[" + std::to_string(i) + "]");
    }
  }
  EXPECT_EQ(server.server().connections(), 1000);
}

}  // namespace
}  // namespace lazurite
