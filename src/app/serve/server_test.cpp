#include "app/serve/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "domain/workspace/places.h"

namespace lazurite::serve {
namespace {

TEST(ServerTest, WhoCannotListenRunsNoJobs) {
  SetLogLevel(LogLevel::kError);
  std::string home = testing::TempDir() + "server-XXXXXX";
  ASSERT_NE(mkdtemp(home.data()), nullptr);
  const Fd taken(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(taken.get(), raw, size), 0);
  ASSERT_EQ(listen(taken.get(), 1), 0);
  ASSERT_EQ(getsockname(taken.get(), raw, &size), 0);
  {
    Options options;
    options.home = home;
    options.port = ntohs(address.sin_port);
    Server server(options);
    EXPECT_EQ(server.Start().code(), Code::kConflict);
    EXPECT_FALSE(Exists(DoorbellFile(home)));
    EXPECT_FALSE(Exists(ServerFile(home)));
  }
  EXPECT_TRUE(RemoveTree(home).ok());
}

}  // namespace
}  // namespace lazurite::serve
