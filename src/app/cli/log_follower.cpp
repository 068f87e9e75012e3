#include "app/cli/log_follower.h"

#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr Duration kRetryMin{100};
constexpr Duration kRetryMax{2000};
constexpr Duration kSleepStep{50};
constexpr Duration kQuietMin{std::chrono::seconds(30)};
constexpr int64_t kTailChunk = 64 << 10;

// Failures that pass: the server restarts, a connection broke, nothing was said for a while.
bool IsPassing(const Status& status) {
  return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded ||
         status.code() == Code::kCancelled;
}

int64_t SizeOf(const Json& logs, const std::string& path) {
  const Json* files = logs.Find("files");
  if (files == nullptr || !files->is_array()) return 0;
  for (const Json& file : files->array()) {
    if (file.GetString("path") == path) return file.GetInt("bytes");
  }
  return 0;
}

}  // namespace

std::string LogTarget(const std::string& job, const std::string& path) {
  return "/lazurite/v1/jobs/" + UrlEncode(job) + "/logs" +
         (path.empty() ? "" : "/" + PathEncode(path));
}

void AwayNotice::Away(const std::string& server) {
  is_away_.With([&](bool& is_away) {
    if (is_away) return;
    is_away = true;
    terminal_.Note("the server at " + server +
                   " does not answer; the job goes on, trying again for " +
                   FormatElapsed(LogFollower::kAwayMax));
  });
}

void AwayNotice::Back() {
  is_away_.With([&](bool& is_away) {
    if (is_away) terminal_.Note("the server is back");
    is_away = false;
  });
}

Status LogFollower::Connect() {
  // Read again each time: the server may be back on another port.
  ASSIGN_OR_RETURN(const Settings settings, context_.LoadSettings());
  ASSIGN_OR_RETURN(std::unique_ptr<Server> made, Server::Make(settings));
  server_.With([&](std::shared_ptr<Server>& server) { server = std::move(made); });
  return {};
}

void LogFollower::Stop() {
  is_stopped_ = true;
  const auto server = server_.With([](const std::shared_ptr<Server>& current) { return current; });
  if (server) server->client().Abort();
}

void LogFollower::Sleep(Duration duration) {
  for (Duration slept{0}; slept < duration && !is_stopped_; slept += kSleepStep) {
    std::this_thread::sleep_for(kSleepStep);
  }
}

Status LogFollower::ReadOnce(const Sink& sink) {
  const auto server = server_.With([](const std::shared_ptr<Server>& current) { return current; });
  if (is_stopped_) return {};
  const std::string query =
      "?offset=" + std::to_string(file_.offset) + (file_.has_follow ? "&follow=true" : "");
  ClientRequest request;
  request.target = LogTarget(file_.job, file_.path) + query;
  const auto take = [&](std::string_view piece) {
    notice_.Back();
    if (is_stopped_) return false;
    sink(piece);
    file_.offset += static_cast<int64_t>(piece.size());
    return true;
  };
  ASSIGN_OR_RETURN(const ClientResponse response, server->Call(std::move(request), take));
  return Server::StatusOf(response);
}

Result<bool> LogFollower::IsComplete() {
  const auto server = server_.With([](const std::shared_ptr<Server>& current) { return current; });
  ASSIGN_OR_RETURN(const Json logs, server->Get(LogTarget(file_.job, "")));
  notice_.Back();
  return logs.GetBool("ended") && SizeOf(logs, file_.path) <= file_.offset;
}

Status LogFollower::Run(const Sink& sink) {
  TRY(Connect());
  std::optional<Instant> away_since;
  Duration pause = kRetryMin;
  while (!is_stopped_) {
    const int64_t before = file_.offset;
    const Instant asked = context_.clock.Steady();
    Status status = ReadOnce(sink);
    // A quiet log runs into the connection's time-out; a host that is away does so much sooner.
    const bool was_quiet =
        status.code() == Code::kDeadlineExceeded && context_.clock.Steady() - asked > kQuietMin;
    if (is_stopped_) return {};
    if (status.ok() && !file_.has_follow) return {};
    if (status.ok()) {
      const Result<bool> complete = IsComplete();
      if (complete.ok() && *complete) return {};
      status = complete.status();
    }
    if (is_stopped_) return {};
    if (!status.ok() && !IsPassing(status)) return status;
    if (status.ok() || file_.offset > before || was_quiet) {
      away_since.reset();
      pause = kRetryMin;
    }
    if (!status.ok() && !was_quiet) {
      const Instant now = context_.clock.Steady();
      if (!away_since) away_since = now;
      if (now - *away_since > kAwayMax) return status;
      if (now - *away_since > kRetryMax) {
        notice_.Away(server_.With(
            [](const std::shared_ptr<Server>& now) { return now->settings().server; }));
      }
    }
    Sleep(pause);
    pause = std::min(pause * 2, kRetryMax);
    TRY(Connect());
  }
  return {};
}

Result<int64_t> FindTailOffset(Server& server, const std::string& job, const std::string& path,
                               int64_t size, int64_t lines) {
  if (lines == 0) return size;
  int64_t begin = size;
  std::string text;
  for (int64_t chunk = kTailChunk; begin > 0; chunk *= 2) {
    begin = std::max<int64_t>(0, size - chunk);
    ClientRequest request;
    request.target = LogTarget(job, path) + "?offset=" + std::to_string(begin);
    text.clear();
    const auto take = [&](std::string_view piece) {
      text += piece;
      return static_cast<int64_t>(text.size()) < size - begin;
    };
    ASSIGN_OR_RETURN(const ClientResponse response, server.Call(std::move(request), take));
    TRY(Server::StatusOf(response));
    text.resize(std::min(text.size(), static_cast<size_t>(size - begin)));
    int64_t found = 0;
    // The line feed that ends the last line begins no further one.
    size_t at = text.size();
    if (at > 0 && text[at - 1] == '\n') --at;
    while (at > 0) {
      if (text[at - 1] == '\n' && ++found == lines) return begin + static_cast<int64_t>(at);
      --at;
    }
  }
  return 0;
}

}  // namespace lazurite::cli
