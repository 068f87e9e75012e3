#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <thread>

#include "base/net/loop.h"
#include "base/net/socket.h"
#include "base/net/strand.h"

namespace lazurite {
namespace {

using namespace std::chrono_literals;

// A loop that threads run until the test ends.
class NetTest : public testing::Test {
 protected:
  void Run(int threads = 1) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { loop_->Run(); });
  }
  // Runs a task on the loop and waits for it.
  void Do(std::function<Task<void>()> make) {
    std::promise<void> done;
    loop_->Post([&] { Detach(Finish(make, done)); });
    ASSERT_EQ(done.get_future().wait_for(10s), std::future_status::ready);
  }
  static Task<void> Finish(std::function<Task<void>()>& make, std::promise<void>& done) {
    co_await make();
    done.set_value();
  }
  void End() {
    loop_->Stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    loop_.reset();
  }
  ~NetTest() override {
    if (loop_) End();
  }

  std::unique_ptr<Loop> loop_ = std::make_unique<Loop>();
  std::vector<std::thread> threads_;
};

TEST_F(NetTest, SleepWaitsAtLeastAsLong) {
  Run();
  const auto begin = std::chrono::steady_clock::now();
  Do([this]() -> Task<void> { co_await loop_->Sleep(20ms); });
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST_F(NetTest, AfterRunsUnlessItsHandleIsGone) {
  Run();
  std::atomic<int> ran = 0;
  auto kept = loop_->After(1ms, [&] { ++ran; });
  auto given_up = loop_->After(1ms, [&] { ran += 100; });
  given_up.reset();
  Do([this]() -> Task<void> { co_await loop_->Sleep(30ms); });
  EXPECT_EQ(ran, 1);
  auto late = loop_->After(1h, [&] { ran += 1000; });
  End();
  late.reset();  // after the loop: harmless
  EXPECT_EQ(ran, 1);
}

TEST_F(NetTest, BlockingRunsElsewhereAndComesBack) {
  Run();
  std::thread::id worker, before, after;
  Do([&]() -> Task<void> {
    before = std::this_thread::get_id();
    co_await loop_->Blocking([&] { worker = std::this_thread::get_id(); });
    after = std::this_thread::get_id();
  });
  EXPECT_NE(worker, before);
  EXPECT_EQ(before, after);
}

TEST_F(NetTest, WhatIsSoonDoneDoesNotWaitForWhatIsSlow) {
  Run(2);
  std::atomic<bool> may_end = false;
  std::atomic<int> ended = 0;
  for (int i = 0; i < 20; ++i) {
    loop_->Post([this, &may_end, &ended] {
      Detach([](Loop& loop, std::atomic<bool>& gate, std::atomic<int>& count) -> Task<void> {
        co_await loop.Blocking([&gate] { gate.wait(false); });
        ++count;
      }(*loop_, may_end, ended));
    });
  }
  Do([&]() -> Task<void> { co_await loop_->Briefly([] {}); });
  EXPECT_EQ(ended, 0);
  may_end = true;
  may_end.notify_all();
  while (ended < 20) std::this_thread::yield();
}

TEST_F(NetTest, BlockingHandsAnExceptionOn) {
  Run();
  bool was_caught = false;
  Do([&]() -> Task<void> {
    try {
      co_await loop_->Blocking([] { throw std::runtime_error("x"); });
    } catch (const std::runtime_error&) {
      was_caught = true;
    }
  });
  EXPECT_TRUE(was_caught);
}

TEST_F(NetTest, ACallbackInsideTheStartOfAnAwaitWakesItsCoroutine) {
  Run(4);
  const auto sum = std::make_shared<std::atomic<int>>(0);
  Do([&]() -> Task<void> {
    for (int i = 0; i < 1000; ++i) {
      // Called before the function that starts it returns: the coroutine may be over by then.
      const std::string owned(100, 'x');
      auto start = [sum, owned](auto done) {
        done(1);
        *sum += static_cast<int>(owned.size()) / 100;
      };
      const int one = co_await Await<int>(start);
      EXPECT_EQ(one, 1);
    }
  });
  End();
  EXPECT_EQ(*sum, 1000);
}

TEST_F(NetTest, ReadableTellsOfAPipe) {
  Run();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Fd reader(ends[0]), writer(ends[1]);
  const auto timer = loop_->After(5ms, [&] { (void)!write(writer.get(), "x", 1); });
  Do([&]() -> Task<void> {
    const Status first = co_await loop_->Readable(reader.get());
    EXPECT_TRUE(first.ok()) << first.text();
    const Status again = co_await loop_->Readable(reader.get());  // still readable
    EXPECT_TRUE(again.ok()) << again.text();
  });
}

struct Mark {
  explicit Mark(std::atomic<int>& of) : count(of) { ++count; }
  ~Mark() { --count; }
  std::atomic<int>& count;
};

TEST_F(NetTest, CoroutinesThatWaitWhenTheLoopGoesAreDestroyed) {
  std::atomic<int> alive = 0;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Fd reader(ends[0]), writer(ends[1]);
  std::function<void(bool)> kept;
  loop_->Post([&] {
    Detach([](Loop& loop, std::atomic<int>& count) -> Task<void> {
      const Mark mark(count);
      co_await loop.Sleep(1h);
    }(*loop_, alive));
    Detach([](Loop& loop, std::atomic<int>& count, int fd) -> Task<void> {
      const Mark mark(count);
      const Status status = co_await loop.Readable(fd);
      (void)status.ok();
    }(*loop_, alive, reader.get()));
    Detach([](std::atomic<int>& count, std::function<void(bool)>& done) -> Task<void> {
      const Mark mark(count);
      auto start = [&done](auto callback) { done = callback; };
      co_await Await<bool>(start);
    }(alive, kept));
  });
  Run();
  Do([&]() -> Task<void> { co_await loop_->Sleep(1ms); });
  EXPECT_EQ(alive, 3);
  End();
  EXPECT_EQ(alive, 0);
  kept(true);  // too late, and harmless
}

TEST_F(NetTest, DestroyingACoroutineWaitsForItsWorkOnThePool) {
  Run();
  std::atomic<bool> is_running = false, has_ended = false;
  loop_->Post([&] {
    Detach([](Loop& loop, std::atomic<bool>& begun, std::atomic<bool>& ended) -> Task<void> {
      std::string local = "local";
      co_await loop.Blocking([&] {
        begun = true;
        begun.notify_all();
        std::this_thread::sleep_for(30ms);
        local += " still there";
        ended = true;
      });
    }(*loop_, is_running, has_ended));
  });
  is_running.wait(false);
  End();
  EXPECT_TRUE(has_ended);
}

TEST_F(NetTest, AStrandRunsOneThingAtATimeInOrder) {
  Run(4);
  auto strand = std::make_shared<Strand>(*loop_);
  std::atomic<int> inside = 0;
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < 2000; ++i) {
    strand->Post([&, i] {
      EXPECT_EQ(++inside, 1);
      order.push_back(i);
      --inside;
      if (i == 1999) done.set_value();
    });
  }
  done.get_future().wait();
  ASSERT_EQ(order.size(), 2000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(NetTest, TerminationSignalsReachTheHandler) {
  std::promise<int> got;
  loop_->OnTermination([&](int signal) { got.set_value(signal); });
  Run();
  raise(SIGTERM);
  auto future = got.get_future();
  ASSERT_EQ(future.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(future.get(), SIGTERM);
}

TEST_F(NetTest, SocketsCarryBytesBothWaysAndTellTheEnd) {
  Run();
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Fd peer(ends[1]);
  std::string big(5 << 20, 'b');
  std::thread echo([&] {
    std::string buffer(65536, 0);
    size_t got = 0;
    while (got < big.size()) {
      const ssize_t count = read(peer.get(), buffer.data(), buffer.size());
      ASSERT_GT(count, 0);
      got += static_cast<size_t>(count);
    }
    ASSERT_EQ(write(peer.get(), "done", 4), 4);
    peer.Close();
  });
  Do([&]() -> Task<void> {
    Socket socket(*loop_, Fd(ends[0]));
    const Status sent = co_await socket.Write(big);
    EXPECT_TRUE(sent.ok());
    std::array<char, 16> buffer;
    const Result<size_t> got = co_await socket.Read(buffer.data(), buffer.size());
    EXPECT_EQ(got.value(), 4U);
    const Result<size_t> end = co_await socket.Read(buffer.data(), buffer.size());
    EXPECT_EQ(end.value(), 0U);
  });
  echo.join();
}

TEST_F(NetTest, ConnectingWhereNobodyListensIsUnavailable) {
  Run();
  Result<Fd> listener = ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(listener.ok());
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(listener->get(), reinterpret_cast<sockaddr*>(&address), &length);
  const int port = ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
  const Result<Fd> taken = ListenTcp("127.0.0.1", port);
  EXPECT_EQ(taken.status().code(), Code::kConflict);
  Do([&]() -> Task<void> {
    const auto connected = co_await ConnectTcp(*loop_, "127.0.0.1", port, 1s);
    EXPECT_TRUE(connected.ok()) << connected.status().text();
    listener->Close();
    const auto refused = co_await ConnectTcp(*loop_, "127.0.0.1", port, 1s);
    EXPECT_EQ(refused.status().code(), Code::kUnavailable) << refused.status().text();
    const auto unix_path = co_await ConnectUnix(*loop_, "/nonexistent/socket", 1s);
    EXPECT_EQ(unix_path.status().code(), Code::kUnavailable) << unix_path.status().text();
  });
}

}  // namespace
}  // namespace lazurite
