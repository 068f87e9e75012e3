#include "base/net/tls.h"

#include "base/http/client.h"
#include "base/http/test_server.h"
#include "base/net/tls_session.h"

namespace lazurite {
namespace {

Task<Response> Serve(Request& request) {
  if (request.path == "/file") {
    co_return ServeFile(request, std::string(request.Query("path")), "application/octet-stream");
  }
  const Result<std::string> body = co_await request.ReadAll(size_t{64} << 20);
  co_return Response::Text(200, request.BaseUrl() + " " + std::to_string(body.value().size()));
}

class TlsTest : public testing::Test {
 protected:
  TlsTest() : files_(EnsureAuthority(folder_.path() + "/tls", {}).value()) {
    HttpServerOptions options;
    options.tls = TlsContext::Server(files_.certificate, files_.key).value();
    server_ = std::make_unique<TestServer>(Serve, options);
  }
  BlockingClient Client(const std::string& url, const std::string& ca_file) {
    return BlockingClient(Origin::Parse(url).value(), {.ca_file = ca_file});
  }

  TempDir folder_;
  AuthorityFiles files_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(TlsTest, ServesTlsAndPlainOnOnePort) {
  for (const std::string scheme : {"http", "https", "http", "https"}) {
    BlockingClient client = Client(server_->url(scheme), files_.ca);
    for (int i = 0; i < 2; ++i) {
      ClientRequest request{.method = "POST"};
      request.body = std::string(300000, 'x');
      const auto response = client.Call(request);
      ASSERT_TRUE(response.ok()) << response.status().text();
      EXPECT_EQ(response.value().body, server_->url(scheme) + " 300000");
    }
  }
}

TEST_F(TlsTest, AClientThatDoesNotKnowTheAuthorityIsTold) {
  BlockingClient client = Client(server_->url("https"), "");
  const Status status = client.Call({}).status();
  EXPECT_EQ(status.code(), Code::kUnauthenticated);
  EXPECT_TRUE(Has(status.text(), "cannot be trusted"));
}

TEST_F(TlsTest, SendsBigFilesWhole) {
  std::string content(3 << 20, 0);
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 / 3);
  const std::string path = folder_.path() + "/big";
  ASSERT_TRUE(WriteFile(path, content).ok());
  for (const std::string scheme : {"http", "https"}) {
    BlockingClient client = Client(server_->url(scheme), files_.ca);
    ClientRequest request{.target = "/file?path=" + path};
    const auto whole = client.Call(request);
    ASSERT_TRUE(whole.ok()) << whole.status().text();
    EXPECT_TRUE(whole.value().body == content);
    request.headers.Add("Range", "bytes=1000000-2999999");
    const auto part = client.Call(request);
    EXPECT_EQ(part.value().status, 206);
    EXPECT_TRUE(part.value().body == content.substr(1000000, 2000000));
  }
}

// A handshake by hand, to see whether it was resumed.
bool ShakesHandsResumed(const std::shared_ptr<TlsContext>& context, int port) {
  const Fd fd = ConnectNow(port);
  TlsSession session(context, fd.get(), "127.0.0.1");
  EXPECT_EQ(session.Handshake(), TlsSession::Step::kDone) << session.failure().text();
  size_t count = 0;
  EXPECT_EQ(session.Write("GET / HTTP/1.1\r\nHost: x\r\n\r\n", count), TlsSession::Step::kDone);
  std::array<char, 4096> buffer;
  EXPECT_EQ(session.Read(buffer.data(), buffer.size(), count), TlsSession::Step::kDone);
  const bool was_resumed = session.was_resumed();
  EXPECT_EQ(session.EndWriting(), TlsSession::Step::kDone);
  return was_resumed;
}

TEST_F(TlsTest, ASecondConnectionIsResumed) {
  const auto context = TlsContext::Client(files_.ca).value();
  EXPECT_FALSE(ShakesHandsResumed(context, server_->port()));
  EXPECT_TRUE(ShakesHandsResumed(context, server_->port()));
}

TEST_F(TlsTest, ABrokenHandshakeOnlyEndsItsConnection) {
  RawClient broken(*server_);
  broken.Say("\x16\x03\x01nonsense that is no handshake at all");
  broken.EndWriting();
  broken.HearAll();
  BlockingClient client = Client(server_->url("https"), files_.ca);
  EXPECT_TRUE(client.Call({}).ok());
}

}  // namespace
}  // namespace lazurite
