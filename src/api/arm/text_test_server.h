// Routes, a database and a blob store in this process, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include "api/arm/arm_routes.h"
#include "api/upload/upload_routes.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/schema/schema.h"
#include "domain/workspace/places.h"

namespace lazurite {

// The body of a request, in one piece.
class WholeBody final : public BodyReader {
 public:
  explicit WholeBody(std::string text) : text_(std::move(text)) {}
  Task<Result<std::string>> ReadSome() override { co_return std::exchange(text_, ""); }

 private:
  std::string text_;
};

class TextTestServer {
 public:
  TextTestServer() {
    char name[] = "/tmp/lazurite-arm-XXXXXX";
    context_.home = mkdtemp(name);
    context_.loop = &loop_;
    context_.clock = &clock_;
    context_.ids = &ids_;
    context_.version = "0.0.0";
    // Of this server no environment can be had from an image with this name.
    context_.check_environment = [](const EnvironmentSpec& spec) {
      EnvironmentCheck check{{}, {"it will be built"}};
      if (spec.image.starts_with("refused")) {
        check.findings = {
            {"image", "image " + spec.image + " needs an engine", "did you mean \"x\"?",
             Code::kFailedPrecondition},
            {"condaFile.dependencies.0", "python 3.1 is old"},
            {"condaFile.dependencies.1", "no such package", "", Code::kInvalidArgument}};
      }
      return check;
    };
    Open();
    AddArmRoutes(router_, context_);
    AddUploadRoutes(router_, context_);
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~TextTestServer() {
    loop_.Stop();
    thread_.join();
    std::filesystem::remove_all(context_.home);
  }

  struct Answer {
    int status = 0;
    std::string body;
    std::string error_code;
  };
  Answer Call(const std::string& method, const std::string& target, std::string body,
              const Caller& caller = {Caller::Kind::kOwner, "ada"}) {
    Request request;
    request.method = method;
    request.target = target;
    const size_t question = target.find('?');
    request.path = *UrlDecode(target.substr(0, question));
    if (question != std::string::npos) ReadQuery(target.substr(question + 1), request);
    request.headers.Add("Host", "lazurite.test");
    request.caller = caller;
    request.body = std::make_unique<WholeBody>(std::move(body));
    const Router::Match match = router_.Find(request);
    if (match.handler == nullptr) return {404, "", "no route"};
    std::promise<Answer> answered;
    const Handler* handler = match.handler;
    loop_.Post([&] { Detach(Run(*handler, request, answered)); });
    return answered.get_future().get();
  }

  ApiContext& context() { return context_; }
  Database& database() { return *database_; }
  ManualClock& clock() { return clock_; }

 private:
  void Open() {
    auto database = OpenSqlite({.path = DatabaseFile(context_.home)}, AllMigrations());
    LAZURITE_CHECK(database.ok());
    database_ = std::move(*database);
    auto blobs = BlobStore::Open(DatastoresFolder(context_.home));
    LAZURITE_CHECK(blobs.ok());
    blobs_ = std::move(*blobs);
    auto identity = Identity::Open(context_.home);
    LAZURITE_CHECK(identity.ok());
    identity_ = std::move(*identity);
    auto vault = Vault::Open(context_.home);
    LAZURITE_CHECK(vault.ok());
    vault_ = std::move(*vault);
    context_.vault = vault_.get();
    context_.database = database_.get();
    context_.blobs = blobs_.get();
    context_.identity = identity_.get();
  }

  static void ReadQuery(const std::string& text, Request& request) {
    for (const std::string_view part : Split(text, '&')) {
      const size_t equals = part.find('=');
      const auto value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
      request.query[*UrlDecode(part.substr(0, equals), true)] = *UrlDecode(value, true);
    }
  }

  static Task<void> Run(const Handler& handler, Request& request, std::promise<Answer>& answered) {
    Response response = co_await handler(request);
    Answer answer{response.status, "", std::string(response.headers.Get("x-ms-error-code"))};
    if (const auto* text = std::get_if<std::string>(&response.body)) answer.body = *text;
    answered.set_value(std::move(answer));
  }

  Loop loop_;
  ManualClock clock_{FromMillis(1'795'422'497'403)};
  SeededIdSource ids_{1};
  std::unique_ptr<Database> database_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Identity> identity_;
  std::unique_ptr<Vault> vault_;
  ApiContext context_;
  Router router_;
  std::thread thread_;
};

}  // namespace lazurite
