#include "base/http/test_server.h"
#include "base/text.h"

namespace lazurite {
namespace {

// A handler without state, by path.
Task<Response> Echo(Request& request) {
  if (request.path == "/hello") co_return Response::Text(200, "hello");
  if (request.path == "/echo") {
    const Result<std::string> body = co_await request.ReadAll(1 << 20);
    if (!body.ok()) {
      const bool too_large = body.status().code() == Code::kResourceExhausted;
      const bool too_slow = body.status().code() == Code::kDeadlineExceeded;
      co_return Response::Text(too_large ? 413 : too_slow ? 408 : 400, body.status().text());
    }
    co_return Response::Text(200, "[" + body.status().text() + body.value() + "]");
  }
  if (request.path == "/throw") throw std::runtime_error("secret detail");
  if (request.path == "/unread") co_return Response::Text(200, "unread");
  co_return Response::Text(404, "no " + request.path);
}

TEST(ServerTest, AnswersInOneWriteWithItsFields) {
  TestServer server(Echo);
  RawClient client(server);
  client.Say("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.HearUntil("hello");
  EXPECT_TRUE(Has(answer, "HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(Has(answer, "\r\nServer: lazurite\r\n"));
  EXPECT_TRUE(Has(answer, "\r\nDate: "));
  EXPECT_TRUE(Has(answer, "\r\nx-ms-request-id: "));
  EXPECT_TRUE(Has(answer, "\r\nContent-Length: 5\r\n"));
}

}  // namespace
}  // namespace lazurite
