// What the tests of routes stand on: a router on a real database in a home of its own, asked
// without sockets.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "api/http/context.h"
#include "base/file.h"
#include "base/http/target.h"
#include "domain/schema/schema.h"
#include "domain/workspace/places.h"

namespace lazurite {

inline constexpr Time kTestNow = FromMillis(1'700'000'000'000);

class TextBody final : public BodyReader {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Task<Result<std::string>> ReadSome() override {
    co_return Result<std::string>(std::exchange(text_, std::string()));
  }

 private:
  std::string text_;
};

struct Answer {
  int status = 0;
  Headers headers;
  std::string text;
  Json json;
};

// What the next request is sent with.
struct Sent {
  Caller caller{Caller::Kind::kOwner, "ann"};
  std::string content_type = "application/json";
  std::string replay_id = {};
};

class RoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "routes-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    auto database = OpenSqlite({.path = DatabaseFile(home_)}, AllMigrations());
    ASSERT_TRUE(database.ok()) << database.status().text();
    database_ = std::move(*database);
    auto blobs = BlobStore::Open(DatastoresFolder(home_));
    ASSERT_TRUE(blobs.ok()) << blobs.status().text();
    blobs_ = std::move(*blobs);
    auto identity = Identity::Open(home_);
    ASSERT_TRUE(identity.ok()) << identity.status().text();
    identity_ = std::move(*identity);
    context_.loop = &loop_;
    context_.database = database_.get();
    context_.clock = &clock_;
    context_.ids = &ids_;
    context_.blobs = blobs_.get();
    context_.identity = identity_.get();
    context_.home = home_;
    AddRoutes(router_, context_);
    thread_ = std::thread([this] { loop_.Run(); });
  }
  virtual void AddRoutes(Router& router, const ApiContext& context) = 0;
  void TearDown() override {
    loop_.Stop();
    thread_.join();
    database_.reset();
    ASSERT_TRUE(RemoveTree(home_).ok());
  }

  Answer Ask(const std::string& method, const std::string& target, const std::string& body = "",
             const Sent& sent = {}) {
    auto request = std::make_shared<Request>();
    request->method = method;
    request->target = target;
    EXPECT_TRUE(ReadTarget(*request).ok()) << target;
    request->caller = sent.caller;
    request->headers.Add("Host", "localhost:1");
    if (method != "GET") request->headers.Add("Content-Type", sent.content_type);
    if (!sent.replay_id.empty()) request->headers.Add("x-lazurite-replay-id", sent.replay_id);
    request->body = std::make_unique<TextBody>(body);
    const Router::Match match = router_.Find(*request);
    Answer answer;
    if (match.handler == nullptr) return answer;
    std::promise<void> done;
    loop_.Post([&] { Detach(Run(*match.handler, *request, answer, done)); });
    done.get_future().wait();
    return answer;
  }
  static std::string TextAt(const Json& json, std::string_view path) {
    const Json* found = json.At(path);
    if (found == nullptr) return "(nothing at " + std::string(path) + " of " + json.Dump() + ")";
    return found->is_string() ? found->string() : found->Dump();
  }

  std::string home_;
  ManualClock clock_{kTestNow};
  SeededIdSource ids_{3};
  std::unique_ptr<Database> database_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Identity> identity_;
  ApiContext context_;
  Router router_;
  Loop loop_;
  std::thread thread_;

 private:
  static Task<void> Run(const Handler& handler, Request& request, Answer& answer,
                        std::promise<void>& done) {
    Response response = co_await handler(request);
    answer.status = response.status;
    answer.headers = response.headers;
    if (const auto* text = std::get_if<std::string>(&response.body)) answer.text = *text;
    if (const auto* range = std::get_if<FileRange>(&response.body)) {
      answer.text =
          ReadRange(*range->file, range->offset, static_cast<size_t>(range->length)).value();
    }
    Result<Json> json = Json::Parse(answer.text);
    if (json.ok()) answer.json = std::move(*json);
    done.set_value();
  }
};

}  // namespace lazurite
