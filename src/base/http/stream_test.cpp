// Answers that are made while they are sent, and stopping with requests under way.
#include <fcntl.h>

#include "base/http/client.h"
#include "base/http/test_server.h"
#include "base/log.h"

namespace lazurite {
namespace {

// Counts what is alive, and lets tests wait for a number.
class Counter {
 public:
  void Add(int by) {
    const std::lock_guard lock(mutex_);
    count_ += by;
    changed_.notify_all();
  }
  testing::AssertionResult Becomes(int wanted, std::chrono::milliseconds within = 5s) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, within, [&] { return count_ == wanted; })) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "the count is " << count_ << ", not " << wanted;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

struct Mark {
  explicit Mark(Counter& of) : counter(of) { counter.Add(1); }
  ~Mark() { counter.Add(-1); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  Counter& counter;
};

class StreamTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}, int threads = 1) {
    options.idle_timeout = 80ms;  // makes the server look often
    server_ = std::make_unique<TestServer>([this](Request& request) { return Serve(request); },
                                           options, threads);
    loop_ = &server_->threads().loop();
  }

  Task<Response> Serve(Request& request) {
    Response response;
    if (request.path == "/slow") {
      const Mark mark(alive_);
      co_await loop_->Sleep(300ms);
      co_return Response::Text(200, "slow but sure");
    }
    if (request.path == "/stuck") {
      const Mark mark(alive_);
      co_await loop_->Sleep(1h);
    }
    if (request.path == "/quiet") response.body = Quiet();
    if (request.path == "/chatty") response.body = Chatty();
    if (request.path == "/busy") response.body = Busy();
    if (request.path == "/throws") {
      response.body = []() -> Task<Result<std::string>> {
        throw std::runtime_error("lost");
        co_return std::string();
      };
    }
    co_return response;
  }

  // A first piece, then nothing for an hour: what a follower of a silent log sees.
  BodyStream Quiet() {
    auto mark = std::make_shared<Mark>(alive_);
    auto is_first = std::make_shared<bool>(true);
    return [this, mark, is_first]() { return Wait(is_first); };
  }
  Task<Result<std::string>> Wait(std::shared_ptr<bool> is_first) {
    if (std::exchange(*is_first, false)) co_return std::string("first");
    const Mark waiting(alive_);
    co_await loop_->Sleep(1h);
    co_return std::string("too late");
  }
  BodyStream Chatty() {
    auto mark = std::make_shared<Mark>(alive_);
    return [this, mark]() -> Task<Result<std::string>> {
      co_await loop_->Sleep(5ms);
      co_return std::string("tick");
    };
  }
  // Its pieces come from the blocking pool, which works with the coroutine's own variables.
  BodyStream Busy() {
    auto mark = std::make_shared<Mark>(alive_);
    return [this, mark]() -> Task<Result<std::string>> {
      std::string piece;
      co_await loop_->Blocking([&] {
        std::this_thread::sleep_for(2ms);
        piece = "work";
      });
      co_return piece;
    };
  }

  RawClient Ask(const std::string& path) {
    RawClient client(*server_);
    client.Say("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    return client;
  }
  // Stops the server and says how long that took.
  std::chrono::milliseconds Stop() {
    const auto begin = std::chrono::steady_clock::now();
    server_->threads().Do([this]() -> Task<void> { co_await server_->server().Stop(); });
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
  }

  Counter alive_;
  Loop* loop_ = nullptr;
  std::unique_ptr<TestServer> server_;
};

TEST_F(StreamTest, TheHeadAndTheFirstPieceDoNotWaitForTheNext) {
  Start();
  RawClient client = Ask("/quiet");
  EXPECT_TRUE(Has(client.HearUntil("first\r\n"), "HTTP/1.1 200 OK"));
}

TEST_F(StreamTest, AStreamIsDestroyedWhenItsPeerLeaves) {
  Start();
  RawClient client = Ask("/quiet");
  client.HearUntil("first");
  EXPECT_TRUE(alive_.Becomes(2));
  client.Close();
  EXPECT_TRUE(alive_.Becomes(0));
  while (server_->server().connections() > 0) std::this_thread::sleep_for(1ms);
}

TEST_F(StreamTest, AStreamIsDestroyedWhenItsPeerBreaksOff) {
  Start();
  RawClient client = Ask("/quiet");
  client.HearUntil("first");
  const linger hard{1, 0};
  setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  client.Close();  // with a reset
  EXPECT_TRUE(alive_.Becomes(0, 900ms));
}

TEST_F(StreamTest, StreamsThatTalkOrWorkEndWithTheirPeersToo) {
  Start({}, 4);
  for (const std::string path : {"/chatty", "/busy"}) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(Ask(path));
    for (RawClient& client : clients) client.HearUntil(path == "/busy" ? "work" : "tick");
    clients.clear();
    EXPECT_TRUE(alive_.Becomes(0)) << path;
  }
}

TEST_F(StreamTest, AnExceptionInAStreamEndsTheConnection) {
  SetLogFd(open("/dev/null", O_WRONLY | O_CLOEXEC));
  Start();
  const std::string answer = Ask("/throws").HearAll();
  SetLogFd(STDERR_FILENO);
  EXPECT_EQ(answer.find("\r\n0\r\n"), std::string::npos) << answer;
}

TEST_F(StreamTest, StopLetsARequestUnderWayEndAndTakesNoOther) {
  Start({.stop_grace = 5s});
  RawClient idle(*server_);
  RawClient slow = Ask("/slow");
  EXPECT_TRUE(alive_.Becomes(1));
  const auto took = Stop();
  EXPECT_LT(took, 3s);
  const std::string answer = slow.HearAll();
  EXPECT_EQ(BodyOf(answer), "slow but sure");
  EXPECT_TRUE(Has(answer, "Connection: close"));
  EXPECT_EQ(idle.HearAll(), "");
  BlockingClient late(Origin::Parse(server_->url()).value(), {});
  EXPECT_EQ(late.Call({}).status().code(), Code::kUnavailable);
  EXPECT_EQ(server_->server().connections(), 0);
}

TEST_F(StreamTest, StopEndsWhatIsStuckAfterItsGrace) {
  Start({.stop_grace = 100ms});
  RawClient stuck = Ask("/stuck");
  EXPECT_TRUE(alive_.Becomes(1));
  EXPECT_GE(Stop(), 100ms);
  EXPECT_EQ(stuck.HearAll(), "");
}

TEST_F(StreamTest, StopDoesNotWaitLongForAQuietStream) {
  Start({.stop_grace = 10s});
  RawClient client = Ask("/quiet");
  client.HearUntil("first");
  EXPECT_LT(Stop(), 4s);
  EXPECT_TRUE(alive_.Becomes(0));
}

TEST_F(StreamTest, AServerAndALoopGoAwayWithEverythingUnderWay) {
  Start({}, 4);
  std::vector<RawClient> clients;
  for (const std::string path : {"/quiet", "/chatty", "/busy", "/stuck", "/slow"}) {
    for (int i = 0; i < 5; ++i) clients.push_back(Ask(path));
  }
  clients[0].HearUntil("first");
  server_.reset();
  EXPECT_TRUE(alive_.Becomes(0, 0ms));
}

}  // namespace
}  // namespace lazurite
