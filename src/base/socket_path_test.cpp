#include "base/socket_path.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

namespace lazurite {
namespace {

std::string MakeFolder(size_t letters) {
  std::string folder = testing::TempDir() + "socket-XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  std::string inner = folder;
  while (inner.size() < letters) inner += "/" + std::string(80, 'x');
  EXPECT_TRUE(MakeDirs(inner).ok());
  return inner;
}

// Sends a word to a socket bound at `path`; what arrived.
std::string SendThrough(const std::string& path) {
  const Fd here(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Fd there(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Result<SocketPath> own = SocketPath::Of(path);
  if (!own.ok() || bind(here.get(), own->get(), SocketPath::size()) != 0) return "not bound";
  const Result<SocketPath> other = SocketPath::Of(path);
  if (!other.ok()) return other.status().text();
  if (sendto(there.get(), "word", 4, 0, other->get(), SocketPath::size()) != 4) return "not sent";
  std::array<char, 16> buffer{};
  const ssize_t count = recv(here.get(), buffer.data(), buffer.size(), 0);
  return {buffer.data(), static_cast<size_t>(std::max<ssize_t>(count, 0))};
}

TEST(SocketPath, AShortPathIsTakenAsItIs) {
  const std::string folder = MakeFolder(0);
  EXPECT_EQ(SendThrough(folder + "/bell"), "word");
  EXPECT_TRUE(RemoveTree(folder).ok());
}

TEST(SocketPath, ALongPathIsReachedThroughItsFolder) {
  const std::string folder = MakeFolder(300);
  EXPECT_GT(folder.size(), SocketPath::kBytesMax);
  EXPECT_EQ(SendThrough(folder + "/bell"), "word");
  EXPECT_TRUE(Exists(folder + "/bell")) << "the socket lies where its path says";
  EXPECT_TRUE(RemoveTree(folder.substr(0, folder.find("/xxx"))).ok());
}

TEST(SocketPath, AFolderThatIsNotThereIsSaid) {
  EXPECT_EQ(SocketPath::Of("/nowhere/" + std::string(200, 'x') + "/bell").status().code(),
            Code::kNotFound);
}

TEST(SocketPath, ANameThatIsTooLongIsRefused) {
  const std::string folder = MakeFolder(0);
  EXPECT_EQ(SocketPath::Of(folder + "/" + std::string(200, 'x')).status().code(),
            Code::kInvalidArgument);
  EXPECT_TRUE(RemoveTree(folder).ok());
}

}  // namespace
}  // namespace lazurite
