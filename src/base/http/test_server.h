// For this folder's tests: a server on its own loop and thread, and a raw client that says exactly
// what it is told.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <thread>

#include "base/file.h"
#include "base/http/server.h"
#include "base/net/socket.h"

namespace lazurite {

using namespace std::chrono_literals;

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "lazurite-http-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A loop with threads of its own.
class LoopThreads {
 public:
  explicit LoopThreads(int count = 1) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { loop_.Run(); });
  }
  ~LoopThreads() { End(); }
  void End() {
    loop_.Stop();
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  Loop& loop() { return loop_; }

  // Runs a task on the loop and waits for it.
  void Do(const std::function<Task<void>()>& make) {
    std::promise<void> done;
    loop_.Post([&] { Detach(Finish(make, done)); });
    ASSERT_EQ(done.get_future().wait_for(20s), std::future_status::ready);
  }

 private:
  static Task<void> Finish(const std::function<Task<void>()>& make, std::promise<void>& done) {
    co_await make();
    done.set_value();
  }
  Loop loop_;
  std::vector<std::thread> threads_;
};

class TestServer {
 public:
  explicit TestServer(Handler handler, HttpServerOptions options = {}, int threads = 1)
      : threads_(threads), server_(threads_.loop(), std::move(options), std::move(handler)) {
    const Result<int> port = server_.ListenTcp("127.0.0.1", 0);
    EXPECT_TRUE(port.ok());
    port_ = port.value();
  }
  ~TestServer() { threads_.End(); }
  int port() const { return port_; }
  HttpServer& server() { return server_; }
  LoopThreads& threads() { return threads_; }
  std::string url(const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_);
  }

 private:
  LoopThreads threads_;
  HttpServer server_;
  int port_ = 0;
};

inline Fd ConnectNow(int port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
      << strerror(errno);
  return fd;
}

class RawClient {
 public:
  explicit RawClient(int port) : fd_(ConnectNow(port)) {}
  explicit RawClient(const TestServer& server) : RawClient(server.port()) {}

  void Say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void EndWriting() { shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.Close(); }
  int fd() const { return fd_.get(); }

  // Everything until the server closes.
  std::string HearAll() {
    while (HearSome()) {
    }
    return std::exchange(heard_, "");
  }
  // Everything up to and with `end`.
  std::string HearUntil(std::string_view end) {
    size_t at = 0;
    while ((at = heard_.find(end)) == std::string::npos) {
      if (!HearSome()) return std::exchange(heard_, "") + "<closed>";
    }
    std::string heard = heard_.substr(0, at + end.size());
    heard_.erase(0, at + end.size());
    return heard;
  }
  // False if it closed; a test that waits for too long fails.
  bool HearSome() {
    pollfd question{fd_.get(), POLLIN, 0};
    if (poll(&question, 1, 10000) <= 0) {
      ADD_FAILURE() << "the server says nothing";
      return false;
    }
    std::array<char, 65536> buffer;
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    heard_.append(buffer.data(), static_cast<size_t>(got));
    return true;
  }

 private:
  Fd fd_;
  std::string heard_;
};

inline testing::AssertionResult Has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << part << "\" is not in: " << text;
}

inline std::string BodyOf(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "<no head>" : answer.substr(end + 4);
}

}  // namespace lazurite
