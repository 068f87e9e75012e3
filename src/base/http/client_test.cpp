#include "base/http/client.h"

#include <sys/mman.h>

#include "base/http/test_server.h"
#include "base/net/tls.h"

namespace lazurite {
namespace {

Task<Response> Serve(Request& request) {
  if (request.path == "/echo") {
    const Result<std::string> body = co_await request.ReadAll(size_t{64} << 20);
    if (!body.ok()) co_return Response::Text(400, body.status().text());
    Response response = Response::Text(200, body.value());
    response.headers.Add("x-method", request.method);
    co_return response;
  }
  if (request.path == "/chunks") {
    Response response;
    auto left = std::make_shared<int>(3);
    response.body = [left]() -> Task<Result<std::string>> {
      if (*left == 0) co_return std::string();
      co_return "piece " + std::to_string((*left)--) + "\n";
    };
    co_return response;
  }
  if (request.path == "/endless") {
    Response response;
    response.body = []() -> Task<Result<std::string>> { co_return std::string(1000, 'e'); };
    co_return response;
  }
  if (request.path == "/unauthorized") co_return Response::Text(401, "who are you");
  if (request.path == "/broken") {
    Response response;
    auto first = std::make_shared<bool>(true);
    response.body = [first]() -> Task<Result<std::string>> {
      if (std::exchange(*first, false)) co_return std::string("half");
      co_return Internal("the other half is lost");
    };
    co_return response;
  }
  co_return Response::Text(404, "no " + request.path);
}

// Never answers.
Task<Response> Hang(Request&) {
  auto start = [](auto) {};
  co_await Await<bool>(start);
  co_return Response::Empty(200);
}

BlockingClient ClientOf(const std::string& url, BlockingClient::Options options = {}) {
  return BlockingClient(Origin::Parse(url).value(), std::move(options));
}

TEST(OriginTest, TakesAddressesApart) {
  const Origin plain = Origin::Parse("http://127.0.0.1:8451").value();
  EXPECT_FALSE(plain.is_tls);
  EXPECT_EQ(plain.host, "127.0.0.1");
  EXPECT_EQ(plain.port, 8451);
  const Origin tls = Origin::Parse("https://host/path").value();
  EXPECT_TRUE(tls.is_tls);
  EXPECT_EQ(tls.port, 443);
  const Origin ipv6 = Origin::Parse("http://[::1]:80").value();
  EXPECT_EQ(ipv6.host, "::1");
  EXPECT_EQ(Origin::Parse("unix:/run/x.sock").value().unix_path, "/run/x.sock");
}

TEST(OriginTest, RefusesWhatIsNoAddress) {
  for (const char* const url : {"", "ftp://x", "http://", "http://x:0", "http://x:99999",
                                "http://x:y", "http://[::1", "unix:"}) {
    EXPECT_EQ(Origin::Parse(url).status().code(), Code::kInvalidArgument) << url;
  }
}

TEST(BlockingClientTest, KeepsItsConnection) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  for (int i = 0; i < 3; ++i) {
    ClientRequest request{.method = "POST", .target = "/echo"};
    request.body = "hello " + std::to_string(i);
    const auto response = client.Call(request);
    ASSERT_TRUE(response.ok()) << response.status().text();
    EXPECT_EQ(response.value().status, 200);
    EXPECT_EQ(response.value().body, request.body);
    EXPECT_EQ(response.value().headers.Get("X-Method"), "POST");
  }
  EXPECT_EQ(server.server().connections(), 1);
}

TEST(BlockingClientTest, ReadsChunksWholeOrPieceByPiece) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  ClientRequest request{.target = "/chunks"};
  const auto whole = client.Call(request);
  EXPECT_EQ(whole.value().body, "piece 3\npiece 2\npiece 1\n");
  std::string pieces;
  const auto streamed = client.Call(request, [&](std::string_view piece) {
    pieces += piece;
    return true;
  });
  EXPECT_EQ(streamed.value().body, "");
  EXPECT_EQ(pieces, "piece 3\npiece 2\npiece 1\n");
}

TEST(BlockingClientTest, StopsWhenTheSinkHasEnough) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  size_t got = 0;
  const auto response = client.Call({.target = "/endless"}, [&](std::string_view piece) {
    got += piece.size();
    return got < 100000;
  });
  EXPECT_TRUE(response.ok());
  EXPECT_GE(got, 100000U);
  EXPECT_EQ(client.Call({.target = "/chunks"}).value().status, 200);  // over a new connection
}

TEST(BlockingClientTest, UploadsStreamsWithAndWithoutTheirLength) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  const std::string piece(70000, 'p');
  for (const int64_t bytes : {int64_t{-1}, int64_t{700000}}) {
    ClientRequest request{.method = "PUT", .target = "/echo"};
    int left = 10;
    request.stream = [&]() -> Result<BodyPiece> {
      return BodyPiece{left-- > 0 ? piece : std::string()};
    };
    request.stream_bytes = bytes;
    const auto response = client.Call(request);
    ASSERT_TRUE(response.ok()) << response.status().text();
    EXPECT_EQ(response.value().body.size(), 700000U);
  }
}

TEST(BlockingClientTest, AStreamThatIsNotAsLongAsSaidIsAnError) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  ClientRequest request{.method = "PUT", .target = "/echo"};
  int left = 1;
  request.stream = [&]() -> Result<BodyPiece> {
    return BodyPiece{std::string(left-- > 0 ? 5 : 0, 'x')};
  };
  request.stream_bytes = 10;
  EXPECT_EQ(client.Call(request).status().code(), Code::kFailedPrecondition);
}

TEST(BlockingClientTest, SendsPartsOfFilesBetweenBytes) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  const Fd file(memfd_create("part", MFD_CLOEXEC));
  ASSERT_TRUE(WriteAll(file.get(), std::string(3'000'000, 'a') + "end").ok());
  for (const int64_t bytes : {int64_t{-1}, int64_t{2'000'009}}) {
    ClientRequest request{.method = "PUT", .target = "/echo"};
    int pieces = 0;
    request.stream = [&]() -> Result<BodyPiece> {
      ++pieces;
      if (pieces == 1) return BodyPiece{"begin", file.get(), 1'000'003, 2'000'000};
      return BodyPiece{pieces == 2 ? "over" : ""};
    };
    request.stream_bytes = bytes;
    const auto response = client.Call(request);
    ASSERT_TRUE(response.ok()) << response.status().text();
    EXPECT_TRUE(response->body == "begin" + std::string(1'999'997, 'a') + "endover");
  }
  ClientRequest request{.method = "PUT", .target = "/echo"};
  request.stream = [&]() -> Result<BodyPiece> { return BodyPiece{"", file.get(), 3'000'000, 10}; };
  request.stream_bytes = 10;
  EXPECT_EQ(client.Call(request).status().code(), Code::kFailedPrecondition);
}

TEST(BlockingClientTest, HearsAnAnswerThatComesBeforeItsBodyIsSent) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  ClientRequest request{.method = "PUT", .target = "/unauthorized"};
  int left = 100;
  request.stream = [&]() -> Result<BodyPiece> {
    return BodyPiece{std::string(left-- > 0 ? 100000 : 0, 'x')};
  };
  request.stream_bytes = 10000000;
  const auto response = client.Call(request);
  ASSERT_TRUE(response.ok()) << response.status().text();
  EXPECT_EQ(response.value().status, 401);
}

TEST(BlockingClientTest, AnAnswerThatBreaksOffIsAnError) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  EXPECT_EQ(client.Call({.target = "/broken"}).status().code(), Code::kUnavailable);
}

TEST(BlockingClientTest, RefusesAnAnswerThatIsTooLarge) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url(), {.body_bytes_max = 5000});
  EXPECT_EQ(client.Call({.target = "/endless"}).status().code(), Code::kResourceExhausted);
}

TEST(BlockingClientTest, SaysWhoDoesNotAnswer) {
  int port = 0;
  {
    TestServer server(Serve);
    port = server.port();
  }
  BlockingClient client = ClientOf("http://127.0.0.1:" + std::to_string(port));
  const Status status = client.Call({}).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_TRUE(Has(status.text(), "127.0.0.1 port"));
}

TEST(BlockingClientTest, GivesUpAfterItsTimeout) {
  TestServer server(Hang);
  BlockingClient client = ClientOf(server.url(), {.timeout = 50ms});
  EXPECT_EQ(client.Call({}).status().code(), Code::kDeadlineExceeded);
}

TEST(BlockingClientTest, IsInterruptedFromAnotherThread) {
  TestServer server(Hang);
  BlockingClient client = ClientOf(server.url());
  std::thread other([&] {
    while (server.server().connections() == 0) std::this_thread::sleep_for(1ms);
    client.Abort();
  });
  EXPECT_EQ(client.Call({}).status().code(), Code::kCancelled);
  other.join();
}

TEST(BlockingClientTest, ConnectsAgainWhenTheServerClosedMeanwhile) {
  TestServer server(Serve, {.idle_timeout = 30ms});
  BlockingClient client = ClientOf(server.url());
  EXPECT_EQ(client.Call({.target = "/chunks"}).value().status, 200);
  while (server.server().connections() > 0) std::this_thread::sleep_for(1ms);
  ClientRequest post{.method = "POST", .target = "/echo"};
  post.body = "again";
  const auto response = client.Call(post);
  ASSERT_TRUE(response.ok()) << response.status().text();
  EXPECT_EQ(response.value().body, "again");
}

TEST(BlockingClientTest, SpeaksOverUnixSockets) {
  const TempDir folder;
  const std::string path = folder.path() + "/http.sock";
  TestServer server(Serve);
  ASSERT_TRUE(server.server().ListenUnix(path).ok());
  EXPECT_EQ(server.server().ListenUnix(path).code(), Code::kConflict);
  BlockingClient client = ClientOf("unix:" + path);
  EXPECT_EQ(client.Call({.target = "/chunks"}).value().status, 200);
}

TEST(BlockingClientTest, AHeadAnswerHasNoBody) {
  TestServer server(Serve);
  BlockingClient client = ClientOf(server.url());
  const auto response = client.Call({.method = "HEAD", .target = "/unauthorized"});
  EXPECT_EQ(response.value().status, 401);
  EXPECT_EQ(response.value().body, "");
  EXPECT_EQ(response.value().headers.Get("Content-Length"), "11");
  EXPECT_EQ(client.Call({.target = "/chunks"}).value().status, 200);
}

}  // namespace
}  // namespace lazurite
