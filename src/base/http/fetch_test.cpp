#include "base/http/client.h"
#include "base/http/test_server.h"

namespace lazurite {
namespace {

Task<Response> Serve(Request& request) {
  if (request.path == "/echo") {
    const Result<std::string> body = co_await request.ReadAll(size_t{64} << 20);
    if (!body.ok()) co_return Response::Text(400, body.status().text());
    co_return Response::Text(201, body.value());
  }
  if (request.path == "/stream") {
    Response response;
    auto left = std::make_shared<int>(5);
    response.body = [left]() -> Task<Result<std::string>> {
      if (*left == 0) co_return std::string();
      co_return std::string(100000, static_cast<char>('0' + (*left)--));
    };
    co_return response;
  }
  co_return Response::Text(404, "no " + request.path);
}

// Hands everything on to another server.
struct Forwarder {
  Origin origin;
  Loop* loop = nullptr;

  Task<Response> operator()(Request& request) const {
    ClientRequest onward{.method = request.method, .target = request.target};
    onward.headers = request.headers;
    Result<Response> response = co_await Fetch(*loop, origin, onward, request.body.get());
    if (!response.ok()) {
      const bool is_away = response.status().code() == Code::kUnavailable;
      co_return Response::Text(is_away ? 503 : 504, response.status().text());
    }
    co_return std::move(*response);
  }
};

class FetchTest : public testing::Test {
 protected:
  FetchTest() : forwarder_(std::make_shared<Forwarder>()) {
    forwarder_->origin = Origin::Parse(behind_.url()).value();
    forwarder_->loop = &before_.threads().loop();
  }
  BlockingClient Client() { return BlockingClient(Origin::Parse(before_.url()).value(), {}); }

  TestServer behind_{Serve};
  std::shared_ptr<Forwarder> forwarder_;
  TestServer before_{[this](Request& request) { return (*forwarder_)(request); }};
};

TEST_F(FetchTest, ForwardsBodiesBothWays) {
  BlockingClient client = Client();
  for (const int64_t bytes : {int64_t{-1}, int64_t{1000000}}) {
    ClientRequest request{.method = "POST", .target = "/echo"};
    int left = 10;
    request.stream = [&]() -> Result<BodyPiece> {
      return BodyPiece{std::string(left-- > 0 ? 100000 : 0, 'f')};
    };
    request.stream_bytes = bytes;
    const auto response = client.Call(request);
    ASSERT_TRUE(response.ok()) << response.status().text();
    EXPECT_EQ(response.value().status, 201);
    EXPECT_TRUE(response.value().body == std::string(1000000, 'f'));
    EXPECT_TRUE(response.value().headers.Has("Content-Length"));
  }
  const auto streamed = client.Call({.target = "/stream"});
  EXPECT_EQ(streamed.value().body.size(), 500000U);
  EXPECT_EQ(client.Call({.target = "/none"}).value().body, "no /none");
  EXPECT_EQ(client.Call({.method = "HEAD", .target = "/none"}).value().status, 404);
}

TEST_F(FetchTest, IsUnavailableWhereNobodyListens) {
  forwarder_->origin.unix_path = "/nonexistent/socket";
  EXPECT_EQ(Client().Call({.target = "/echo"}).value().status, 503);
}

TEST_F(FetchTest, AServerThatLeavesBeforeItAnswersIsNotUnavailable) {
  const Fd listener = std::move(ListenTcp("127.0.0.1", 0).value());
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
  forwarder_->origin.port = ntohs(address.sin_port);
  std::thread leaver([&] {
    pollfd question{listener.get(), POLLIN, 0};
    poll(&question, 1, 10000);
    const Fd connection(accept(listener.get(), nullptr, nullptr));
    std::array<char, 4096> buffer;
    (void)!recv(connection.get(), buffer.data(), buffer.size(), 0);
  });
  const auto response = Client().Call({.method = "POST", .target = "/echo"});
  leaver.join();
  EXPECT_EQ(response.value().status, 504);
  EXPECT_TRUE(Has(response.value().body, "no whole answer from 127.0.0.1 port"));
}

}  // namespace
}  // namespace lazurite
