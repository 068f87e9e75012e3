#include "app/cli/log_follower.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "domain/workspace/places.h"

namespace lazurite::cli {
namespace {

// What the scripted server does with one connection: answers with these bytes and closes.
std::string Whole(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}
// A chunked body that breaks off in the middle.
std::string Broken(const std::string& body) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx", body.size());
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(size.data()) +
         "\r\n" + body + "\r\n";
}
std::string Refusal(int status, const std::string& message) {
  const std::string body = R"({"error": {"code": "X", "message": ")" + message + "\"}}";
  return "HTTP/1.1 " + std::to_string(status) +
         " No\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
         body;
}

class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_.get(), 16), 0);
    EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~ScriptedServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> targets() const {
    return targets_.With([](const auto& targets) { return targets; });
  }

 private:
  void Serve() {
    for (const std::string& answer : answers_) {
      const Fd peer(accept(listener_.get(), nullptr, nullptr));
      if (!peer.valid()) return;
      std::string request;
      std::array<char, 4096> buffer;
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = recv(peer.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        request.append(buffer.data(), static_cast<size_t>(count));
      }
      const size_t begin = request.find(' ') + 1;
      targets_.With([&](auto& targets) {
        targets.push_back(request.substr(begin, request.find(' ', begin) - begin));
      });
      EXPECT_TRUE(WriteAll(peer.get(), answer).ok());
    }
    shutdown(listener_.get(), SHUT_RDWR);
  }

  const std::vector<std::string> answers_;
  Fd listener_;
  int port_ = 0;
  Locked<std::vector<std::string>> targets_;
  std::thread thread_;
};

class LogFollowerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "follow.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    home_ = name;
    setenv("LAZURITE_HOME", home_.c_str(), 1);
    unsetenv("LAZURITE_SERVER");
  }
  void TearDown() override {
    unsetenv("LAZURITE_HOME");
    EXPECT_TRUE(RemoveTree(home_).ok());
  }
  void SayServer(const std::string& url) {
    ASSERT_TRUE(MakeDirs(DirName(ServerFile(home_))).ok());
    ASSERT_TRUE(
        WriteFileAtomic(ServerFile(home_), R"({"pid": 1, "address": ")" + url + "\"}").ok());
  }
  Status Follow(std::string& heard, int64_t offset = 0) {
    Terminal terminal;
    terminal.is_quiet = true;
    const Command command{};
    const Context context(command, {}, terminal);
    AwayNotice notice(context.terminal);
    LogFollower follower(context, notice, {"j", "user_logs/std_log.txt", offset, true});
    return follower.Run([&](std::string_view bytes) { heard += bytes; });
  }
  static std::string Logs(int bytes, bool has_ended) {
    return Whole(R"({"files": [{"path": "user_logs/std_log.txt", "bytes": )" +
                 std::to_string(bytes) + R"(}], "ended": )" + (has_ended ? "true}" : "false}"));
  }

  std::string home_;
};

TEST_F(LogFollowerTest, GoesOnAtTheByteWhereTheConnectionBroke) {
  ScriptedServer server({Broken("one\ntw"), Broken("o\n"), Whole("three\n"), Logs(14, true)});
  SayServer(server.url());
  std::string heard;
  ASSERT_TRUE(Follow(heard).ok());
  EXPECT_EQ(heard, "one\ntwo\nthree\n");
  EXPECT_EQ(server.targets(),
            (std::vector<std::string>{
                "/lazurite/v1/jobs/j/logs/user_logs/std_log.txt?offset=0&follow=true",
                "/lazurite/v1/jobs/j/logs/user_logs/std_log.txt?offset=6&follow=true",
                "/lazurite/v1/jobs/j/logs/user_logs/std_log.txt?offset=8&follow=true",
                "/lazurite/v1/jobs/j/logs"}));
}

TEST_F(LogFollowerTest, AsksAgainWhenTheStreamEndsBeforeTheJob) {
  ScriptedServer server({Whole("a\n"), Logs(2, false), Whole("b\n"), Logs(4, true)});
  SayServer(server.url());
  std::string heard;
  ASSERT_TRUE(Follow(heard).ok());
  EXPECT_EQ(heard, "a\nb\n");
}

TEST_F(LogFollowerTest, FindsTheServerOnAnotherPort) {
  ScriptedServer before({Broken("first ")});
  ScriptedServer after({Whole("second"), Logs(12, true)});
  SayServer(before.url());
  std::string heard;
  std::thread mover([&] {
    while (before.targets().empty()) std::this_thread::yield();
    SayServer(after.url());
  });
  EXPECT_TRUE(Follow(heard).ok());
  mover.join();
  EXPECT_EQ(heard, "first second");
}

TEST_F(LogFollowerTest, KeepsRefusalsOutOfTheLog) {
  ScriptedServer server({Refusal(503, "starting"), Whole("x"), Logs(1, true)});
  SayServer(server.url());
  std::string heard;
  EXPECT_TRUE(Follow(heard).ok());
  EXPECT_EQ(heard, "x");
  ScriptedServer other({Refusal(404, "no job named j")});
  SayServer(other.url());
  const Status status = Follow(heard);
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.text(), "no job named j");
  EXPECT_EQ(heard, "x");
}

TEST_F(LogFollowerTest, StopsWhenItIsTold) {
  // Nobody listens there: the follower would try for a quarter of an hour.
  SayServer("http://127.0.0.1:9");
  Terminal terminal;
  terminal.is_quiet = true;
  const Command command{};
  const Context context(command, {}, terminal);
  AwayNotice notice(context.terminal);
  LogFollower follower(context, notice, {"j", "user_logs/std_log.txt", 0, true});
  std::thread stopper([&] { follower.Stop(); });
  EXPECT_TRUE(follower.Run([](std::string_view) {}).ok());
  stopper.join();
}

TEST_F(LogFollowerTest, FindsWhereTheLastLinesBegin) {
  const auto offset = [&](const std::string& text, int64_t lines) {
    ScriptedServer server({Whole(text)});
    SayServer(server.url());
    const Result<Settings> settings = LoadSettings({}, home_, ProcessEnvironment);
    const auto client = Server::Make(*settings);
    return *FindTailOffset(**client, "j", "x", static_cast<int64_t>(text.size()), lines);
  };
  EXPECT_EQ(offset("a\nbb\nccc\n", 1), 5);
  EXPECT_EQ(offset("a\nbb\nccc\n", 2), 2);
  EXPECT_EQ(offset("a\nbb\nccc\n", 3), 0);
  EXPECT_EQ(offset("a\nbb\nccc\n", 9), 0);
  EXPECT_EQ(offset("a\nbb\nccc", 1), 5);
  EXPECT_EQ(offset("a\n\n\n", 1), 3);
}

}  // namespace
}  // namespace lazurite::cli
