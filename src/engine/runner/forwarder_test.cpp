#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <thread>

#include "base/file.h"
#include "base/http/client.h"
#include "base/http/server.h"
#include "base/locked.h"
#include "base/log.h"
#include "domain/attempt/spool.h"
#include "engine/runner/listener.h"

namespace lazurite::runner {
namespace {

struct Call {
  std::string method, target, body, token, id;
};

// A server that remembers what it was asked.
class FakeServer {
 public:
  explicit FakeServer(const std::string& home)
      : server_(loop_, {}, [this](Request& request) { return Answer(request); }) {
    const Result<int> port = server_.ListenTcp("127.0.0.1", 0);
    Json json = Json::MakeObject();
    json["address"] = "http://127.0.0.1:" + std::to_string(port.value());
    EXPECT_TRUE(MakeDirs(home + "/run").ok());
    EXPECT_TRUE(WriteFileAtomic(home + "/run/server.json", json.Dump()).ok());
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~FakeServer() {
    std::promise<void> done;
    loop_.Post([this, &done] { Detach(Stop(done)); });
    done.get_future().wait();
    loop_.Stop();
    thread_.join();
  }

  std::vector<Call> calls() const {
    return calls_.With([](const std::vector<Call>& calls) { return calls; });
  }
  void set_status(int status) { status_ = status; }
  void set_answer(const std::string& text) {
    answer_.With([&](std::string& answer) { answer = text; });
  }

 private:
  Task<void> Stop(std::promise<void>& done) {
    co_await server_.Stop();
    done.set_value();
  }
  Task<Response> Answer(Request& request) {
    Result<std::string> body = co_await request.ReadAll(size_t{64} << 20);
    Call call{request.method, request.target, body.ok() ? body.value() : "broken",
              std::string(request.headers.Get("authorization")),
              std::string(request.headers.Get(kReplayHeader))};
    calls_.With([&](std::vector<Call>& calls) { calls.push_back(std::move(call)); });
    const std::string text = answer_.With([](const std::string& answer) { return answer; });
    Response answer = Response::Text(status_, text);
    co_return answer;
  }

  Loop loop_;
  Locked<std::vector<Call>> calls_;
  Locked<std::string> answer_{"from the server"};
  std::atomic<int> status_{200};
  HttpServer server_;
  std::thread thread_;
};

class ForwarderTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    std::string pattern = testing::TempDir() + "forwarder-XXXXXX";
    home_ = mkdtemp(pattern.data());
    Result<std::unique_ptr<Listener>> listener =
        Listener::Start({home_,
                         home_,
                         "secret",
                         [this](const std::string& note) {
                           notes_.With([&](auto& notes) { notes.push_back(note); });
                         },
                         Duration(1),
                         {"own", "7", "my job", FromMillis(1700)},
                         Redaction({"hf_secret"})});
    ASSERT_TRUE(listener.ok()) << listener.status().text();
    listener_ = std::move(listener).value();
  }
  void TearDown() override {
    listener_.reset();
    std::filesystem::remove_all(home_);
  }

  Result<ClientResponse> Ask(const std::string& method, const std::string& target,
                             const std::string& body, const std::string& token = "secret") {
    BlockingClient client(Origin::Parse(listener_->address()).value(), {});
    ClientRequest request;
    request.method = method;
    request.target = target;
    request.body = body;
    if (!token.empty()) request.headers.Add("Authorization", "Bearer " + token);
    return client.Call(request);
  }
  // Logs a metric; milliseconds it took.
  int64_t LogMetric(int value) {
    const auto begin = std::chrono::steady_clock::now();
    const auto answer =
        Ask("POST", "/api/2.0/mlflow/runs/log-metric", "{\"value\":" + std::to_string(value) + "}");
    EXPECT_TRUE(answer.ok()) << answer.status().text();
    EXPECT_EQ(answer.ok() ? answer.value().status : 0, 200);
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin).count();
  }
  // What is said of the job's own run; it must not take long.
  std::string OwnRunNow() {
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = Ask("GET", "/api/2.0/mlflow/runs/get?run_id=own", "");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, Duration(500));
    EXPECT_TRUE(answer.ok()) << answer.status().text();
    return answer.ok() ? answer.value().body : "";
  }
  template <typename Condition>
  static bool Becomes(Condition condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      usleep(2000);
    }
    return false;
  }
  size_t Spooled() { return Spool(home_).Read(1000)->size(); }

  std::vector<std::string> Notes() {
    return notes_.With([](const std::vector<std::string>& notes) { return notes; });
  }

  std::string home_;
  Locked<std::vector<std::string>> notes_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ForwarderTest, CallsReachTheServerAndItsAnswersComeBack) {
  const FakeServer server(home_);
  const auto answer = Ask("GET", "/api/2.0/mlflow/runs/get?run_id=a%20b", "");
  ASSERT_TRUE(answer.ok()) << answer.status().text();
  EXPECT_EQ(answer.value().body, "from the server");
  ASSERT_EQ(server.calls().size(), 1u);
  EXPECT_EQ(server.calls()[0].target, "/api/2.0/mlflow/runs/get?run_id=a%20b");
  EXPECT_EQ(server.calls()[0].token, "Bearer secret");
  LogMetric(1);
  ASSERT_EQ(server.calls().size(), 2u);
  EXPECT_EQ(server.calls()[1].body, "{\"value\":1}");
  EXPECT_EQ(server.calls()[1].id.size(), 32u);
  EXPECT_EQ(Spooled(), 0u);
}

TEST_F(ForwarderTest, LargeBodiesStreamThrough) {
  const FakeServer server(home_);
  const std::string body(size_t{5} << 20, 'x');
  ASSERT_TRUE(Ask("PUT", "/artifact", body).ok());
  ASSERT_EQ(server.calls().size(), 1u);
  EXPECT_EQ(server.calls()[0].body.size(), body.size());
}

TEST_F(ForwarderTest, OnlyTheJobMayAsk) {
  const FakeServer server(home_);
  EXPECT_EQ(Ask("GET", "/x", "", "other")->status, 401);
  EXPECT_EQ(Ask("GET", "/x", "", "")->status, 401);
  EXPECT_TRUE(server.calls().empty());
  EXPECT_EQ(Ask("GET", "/x?sig=abc", "", "")->status, 200);
  ASSERT_EQ(server.calls().size(), 1u);
  EXPECT_EQ(server.calls()[0].token, "");
}

TEST_F(ForwarderTest, WhileTheServerIsAwayLoggingGoesOnAndIsReplayedInOrderOnce) {
  std::optional<FakeServer> first(std::in_place, home_);
  LogMetric(0);
  first.reset();
  int64_t slowest = 0;
  for (int i = 1; i <= 30; ++i) slowest = std::max(slowest, LogMetric(i));
  EXPECT_LT(slowest, 500);
  EXPECT_EQ(Spooled(), 30u);
  auto waiting = std::async(std::launch::async, [this] { return Ask("GET", "/read", ""); });
  usleep(100'000);
  EXPECT_EQ(waiting.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  const FakeServer second(home_);
  const auto answer = waiting.get();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer.value().status, 200);
  const std::vector<Call> calls = second.calls();
  ASSERT_EQ(calls.size(), 31u);
  std::set<std::string> ids;
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(calls[i].body, "{\"value\":" + std::to_string(i + 1) + "}");
    EXPECT_EQ(calls[i].token, "Bearer secret");
    ids.insert(calls[i].id);
  }
  EXPECT_EQ(ids.size(), 30u);
  EXPECT_EQ(calls[30].target, "/read");
  EXPECT_EQ(Spooled(), 0u);
  LogMetric(31);
  EXPECT_EQ(second.calls().back().body, "{\"value\":31}");
}

TEST_F(ForwarderTest, TheOwnRunIsKnownWithoutTheServer) {
  const Result<Json> answer = Json::Parse(OwnRunNow());
  ASSERT_TRUE(answer.ok()) << answer.status().text();
  const Json& info = *answer->Find("run")->Find("info");
  EXPECT_EQ(info.GetString("run_id"), "own");
  EXPECT_EQ(info.GetString("run_uuid"), "own");
  EXPECT_EQ(info.GetString("experiment_id"), "7");
  EXPECT_EQ(info.GetString("run_name"), "my job");
  EXPECT_EQ(info.GetString("status"), "RUNNING");
  EXPECT_EQ(info.GetInt("start_time"), 1700);
  EXPECT_EQ(info.GetString("lifecycle_stage"), "active");
  EXPECT_EQ(info.GetString("artifact_uri"), "mlflow-artifacts:/ExperimentRun/dcid.own");
  EXPECT_TRUE(answer->Find("run")->Find("data")->is_object());
}

TEST_F(ForwarderTest, TheOwnRunIsShownAsItWasSeenLast) {
  std::optional<FakeServer> first(std::in_place, home_);
  EXPECT_EQ(OwnRunNow(), "from the server");
  first->set_status(404);
  first->set_answer("no such run");
  EXPECT_EQ(OwnRunNow(), "no such run");
  // So large that it streams.
  const std::string large(size_t{1} << 20, 'x');
  first->set_status(200);
  first->set_answer(large);
  EXPECT_EQ(OwnRunNow(), large);
  first->set_status(503);
  EXPECT_EQ(OwnRunNow(), large);
  first->set_status(200);
  first->set_answer(std::string(OwnRun::kAnswerMax + 1, 'y'));
  EXPECT_EQ(OwnRunNow().size(), OwnRun::kAnswerMax + 1);
  first.reset();
  EXPECT_EQ(OwnRunNow(), large);
  LogMetric(1);
  EXPECT_EQ(OwnRunNow(), large);
}

TEST_F(ForwarderTest, TheOwnRunIsShownBeforeTheServerHasTakenAll) {
  FakeServer server(home_);
  EXPECT_EQ(OwnRunNow(), "from the server");
  server.set_status(503);
  LogMetric(1);
  server.set_answer("later");
  EXPECT_EQ(OwnRunNow(), "from the server");
  server.set_status(200);
  ASSERT_TRUE(Becomes([&] { return OwnRunNow() == "later"; }));
  EXPECT_EQ(Spooled(), 0u);
}

TEST_F(ForwarderTest, OtherRunsWaitForTheServer) {
  auto waiting = std::async(std::launch::async, [this] {
    return Ask("GET", "/api/2.0/mlflow/runs/get?run_id=other", "");
  });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  const FakeServer server(home_);
  EXPECT_EQ(waiting.get()->body, "from the server");
}

TEST_F(ForwarderTest, AServerThatIsStartingHasTakenNothing) {
  FakeServer server(home_);
  server.set_status(503);
  LogMetric(7);
  EXPECT_EQ(Spooled(), 1u);
  const std::string id = server.calls()[0].id;
  server.set_status(200);
  ASSERT_TRUE(Becomes([&] { return Spooled() == 0; }));
  EXPECT_EQ(server.calls().back().body, "{\"value\":7}");
  EXPECT_EQ(server.calls().back().id, id);
}

TEST_F(ForwarderTest, ARefusedReplayDoesNotHoldUpTheRest) {
  LogMetric(1);
  LogMetric(2);
  FakeServer server(home_);
  server.set_status(400);
  ASSERT_TRUE(Becomes([&] { return Spooled() == 0; }));
  EXPECT_EQ(server.calls().size(), 2u);
  ASSERT_EQ(Notes().size(), 2u);
  EXPECT_NE(Notes()[0].find("/api/2.0/mlflow/runs/log-metric"), std::string::npos);
  EXPECT_NE(Notes()[0].find("status 400"), std::string::npos);
  const std::string aside = ReadFile(home_ + "/spool/0.refused").value();
  EXPECT_EQ(std::count(aside.begin(), aside.end(), '\n'), 2);
}

TEST_F(ForwarderTest, WhatTheServerFailsAtAgainAndAgainIsSetAside) {
  LogMetric(1);
  LogMetric(2);
  FakeServer server(home_);
  server.set_status(500);
  ASSERT_TRUE(Becomes([&] { return Spooled() == 1; }));
  EXPECT_GE(server.calls().size(), size_t{Forwarder::kReplayTriesMax});
  server.set_status(200);
  ASSERT_TRUE(Becomes([&] { return Spooled() == 0; }));
  EXPECT_EQ(server.calls().back().body, "{\"value\":2}");
  ASSERT_EQ(Notes().size(), 1u);
  EXPECT_NE(Notes()[0].find("20 times"), std::string::npos);
}

TEST_F(ForwarderTest, ABrokenLineOfTheSpoolHoldsUpNothing) {
  ASSERT_TRUE(MakeDirs(home_ + "/spool").ok());
  ASSERT_TRUE(WriteFile(home_ + "/spool/0", "{broken\n").ok());
  LogMetric(1);
  const FakeServer server(home_);
  ASSERT_TRUE(Becomes([&] { return Spooled() == 0; }));
  EXPECT_EQ(server.calls().size(), 1u);
  EXPECT_EQ(Notes().size(), 1u);
}

TEST_F(ForwarderTest, NotesOfLostCallsAreFew) {
  for (int i = 0; i < Forwarder::kNotesMax + 5; ++i) LogMetric(i);
  FakeServer server(home_);
  server.set_status(400);
  ASSERT_TRUE(Becomes([&] { return Spooled() == 0; }));
  EXPECT_EQ(Notes().size(), size_t{Forwarder::kNotesMax});
}

TEST_F(ForwarderTest, WhatIsLeftAtTheEndStaysForTheServer) {
  LogMetric(1);
  LogMetric(2);
  listener_->Stop();
  EXPECT_EQ(Spooled(), 2u);
}

TEST_F(ForwarderTest, TheEndGivesTheServerWhatItHasNotTaken) {
  LogMetric(1);
  const FakeServer server(home_);
  listener_->Stop();
  EXPECT_EQ(Spooled(), 0u);
  EXPECT_EQ(server.calls().size(), 1u);
}

TEST_F(ForwarderTest, WhatIsNoJsonIsNotAnsweredForTheServer) {
  auto waiting = std::async(std::launch::async, [this] {
    return Ask("POST", "/api/2.0/mlflow/runs/log-metric", "{broken");
  });
  usleep(50'000);
  FakeServer server(home_);
  server.set_status(400);
  EXPECT_EQ(waiting.get()->status, 400);
  EXPECT_EQ(Spooled(), 0u);
}

TEST_F(ForwarderTest, SecretsAreTakenOutOfWhatIsLogged) {
  const std::string body = R"({"run_id":"own","key":"token","value":"a hf_secret b"})";
  const std::string target = "/api/2.0/mlflow/runs/log-parameter";
  {
    const FakeServer server(home_);
    ASSERT_TRUE(Ask("POST", target, body).ok());
    const auto calls = server.calls();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].body, R"({"run_id":"own","key":"token","value":"a *** b"})");
    // The bytes of an artifact are a file of the job's own.
    ASSERT_TRUE(Ask("PUT", "/api/2.0/mlflow-artifacts/artifacts/x.txt", "hf_secret").ok());
    EXPECT_EQ(server.calls().at(1).body, "hf_secret");
  }
  ASSERT_TRUE(Ask("POST", target, body).ok());
  const auto spooled = ReadFile(home_ + "/spool/0");
  ASSERT_TRUE(spooled.ok()) << spooled.status().text();
  EXPECT_NE(spooled->find("***"), std::string::npos);
  EXPECT_EQ(spooled->find("hf_secret"), std::string::npos);
}

}  // namespace
}  // namespace lazurite::runner
