#include "engine/runner/forwarder.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"

namespace lazurite::runner {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Calls that only add to the run and whose answer says nothing: safe to answer before the server.
constexpr std::array<std::string_view, 4> kLogCalls = {
    "/mlflow/runs/log-metric", "/mlflow/runs/log-batch", "/mlflow/runs/log-parameter",
    "/mlflow/runs/set-tag"};
// These belong to one connection, or are ours to say.
constexpr std::array<std::string_view, 10> kOwnHeaders = {
    "connection", "keep-alive", "transfer-encoding",   "content-length", "expect",
    "upgrade",    "te",         "proxy-authorization", "authorization",  kReplayHeader};

// MLflow sends at most 1 MB in a log-batch.
constexpr size_t kSpooledBodyMax = size_t{4} << 20;
// Bodies up to this size are held, so that they can be sent again.
constexpr size_t kHeldBodyMax = size_t{1} << 20;
// A server that does not answer a log call within this time counts as away.
constexpr Duration kLogAnswerMax{1000};
// Longer than this no call waits: MLflow's client gives up after 120 s, and tries again when told.
constexpr Duration kWaitMax{std::chrono::seconds(100)};
constexpr Duration kTryAgain{50};
constexpr Duration kReplayPauseMin{100};
constexpr Duration kReplayAnswerMax{std::chrono::seconds(30)};
// At the end of a job the server has this long to take the rest.
constexpr Duration kFinishMax{std::chrono::seconds(5)};

template <typename Names>
bool IsOneOf(std::string_view name, const Names& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view one) { return EqualNoCase(name, one); });
}

bool IsLogCall(const Request& request) {
  if (request.method != "POST") return false;
  return std::any_of(kLogCalls.begin(), kLogCalls.end(),
                     [&](std::string_view call) { return request.path.ends_with(call); });
}

// Tells of runs, models and the like; the bytes of artifacts and uploads are the job's own files.
bool IsRecord(const Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return false;
  return request.path.find("/mlflow/") != std::string::npos ||
         request.headers.Get("content-type").find("json") != std::string_view::npos;
}

std::string Redacted(const Redaction& redaction, const std::string& body) {
  Result<Json> json = Json::Parse(body);
  if (!json.ok()) return redaction.Apply(body);
  redaction.Apply(*json);
  return json->Dump();
}

// The address itself says that its bearer may: the server signed it, and checks that.
bool IsSigned(const Request& request) {
  return !request.headers.Has("authorization") && !request.Query("sig").empty();
}

std::optional<int64_t> BodyBytes(const Request& request) {
  if (request.headers.Has("transfer-encoding")) return std::nullopt;
  return ParseInt(request.headers.Get("content-length")).value_or(0);
}

// Sending again does no harm.
bool IsRepeatable(const std::string& method) { return method != "POST" && method != "PATCH"; }

Response ErrorAnswer(int status, std::string_view code, std::string_view message) {
  Json json = Json::MakeObject();
  json["error_code"] = code;
  json["message"] = message;
  return Response::OfJson(status, json);
}

Response AwayAnswer() {
  Response answer =
      ErrorAnswer(503, "TEMPORARILY_UNAVAILABLE",
                  "the server of this job cannot be reached or its disk is full; try again later");
  answer.headers.Set("Retry-After", "1");
  return answer;
}

// A server that starts or stops says 503, one whose disk is full 507; then it has not taken the
// call.
bool IsAway(const Result<Response>& answer) {
  return !answer.ok() || answer.value().status == 503 || answer.value().status == 507;
}

struct Race {
  std::function<void(Result<Response>)> done;
  std::shared_ptr<void> timer;

  void Settle(Result<Response> result) {
    if (!done) return;
    std::exchange(done, nullptr)(std::move(result));
    timer.reset();
  }
};

Task<void> RunTo(Task<Result<Response>> work, std::shared_ptr<Race> race) {
  Result<Response> result = co_await std::move(work);
  race->Settle(std::move(result));
}

// The answer, or kDeadlineExceeded while the work goes on by itself.
Task<Result<Response>> Within(Loop& loop, Task<Result<Response>> work, Duration limit) {
  auto race = std::make_shared<Race>();
  auto awaited = Await<Result<Response>>([&](std::function<void(Result<Response>)> done) {
    race->done = std::move(done);
    race->timer = loop.After(limit, [race] {
      race->Settle(Status(Code::kDeadlineExceeded, "the server did not answer in time"));
    });
    Detach(RunTo(std::move(work), race));
  });
  Result<Response> result = co_await awaited;
  co_return result;
}

}  // namespace

Forwarder::Forwarder(Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      spool_(options_.attempt_folder),
      own_run_(options_.run) {}

Task<Response> Forwarder::Handle(Request& request) {
  const bool is_ours =
      EqualSecret(request.headers.Get("authorization"), "Bearer " + options_.token);
  if (!is_ours && !IsSigned(request)) {
    co_return ErrorAnswer(401, "UNAUTHENTICATED",
                          "this address serves one job, with the token in MLFLOW_TRACKING_TOKEN");
  }
  const std::optional<int64_t> bytes = BodyBytes(request);
  const bool is_redacted = !options_.redaction.is_empty() && IsRecord(request);
  const size_t held_max = IsLogCall(request) || is_redacted ? kSpooledBodyMax : kHeldBodyMax;
  std::optional<std::string> body;
  if (is_redacted || (bytes && *bytes <= static_cast<int64_t>(held_max))) {
    Result<std::string> read = co_await request.ReadAll(held_max);
    if (!read.ok()) co_return ErrorAnswer(400, "BAD_REQUEST", read.status().text());
    body = is_redacted ? Redacted(options_.redaction, *read) : std::move(read).value();
  }
  if (IsLogCall(request) && body && Json::Parse(*body).ok()) {
    Response answer = co_await HandleLog(request, std::move(*body));
    co_return answer;
  }
  if (own_run_.IsAskedFor(request)) {
    Response answer = co_await HandleOwnRun(request);
    co_return answer;
  }
  Response answer = co_await HandleOther(request, std::move(body));
  co_return answer;
}

Task<Response> Forwarder::HandleLog(Request& request, std::string body) {
  // The same id goes with every try: if the server has taken a call and could not say so, it knows.
  const std::string id = ids_.Hex(32);
  if (!is_spooling_) {
    ClientRequest call = Prepare(request, id);
    call.body = body;
    Task<Result<Response>> sending = Send(std::move(call), nullptr);
    Result<Response> answer = co_await Within(loop_, std::move(sending), kLogAnswerMax);
    if (!IsAway(answer)) co_return std::move(answer).value();
  }
  const Status kept = Keep(request, id, body);
  if (kept.ok()) co_return Response::OfJson(200, Json::MakeObject());
  Log(LogLevel::kWarning, "a logging call cannot be kept and waits", {{"why", kept.text()}});
  Response answer = co_await HandleOther(request, std::move(body));
  co_return answer;
}

// From memory while the server is away or has not taken all that was logged: a client that asks for
// its run before it logs does not wait.
Task<Response> Forwarder::HandleOwnRun(const Request& request) {
  if (is_spooling_) co_return own_run_.Answer();
  ClientRequest call = Prepare(request, "");
  Task<Result<Response>> sending = Send(std::move(call), nullptr);
  Result<Response> answer = co_await Within(loop_, std::move(sending), kLogAnswerMax);
  if (IsAway(answer)) co_return own_run_.Answer();
  co_return own_run_.Watch(std::move(answer).value());
}

Task<Response> Forwarder::HandleOther(Request& request, std::optional<std::string> body) {
  const auto deadline = SteadyClock::now() + kWaitMax;
  // A call whose body streams cannot be sent a second time.
  BodyReader* const from = body ? nullptr : request.body.get();
  while (true) {
    const bool may_send = co_await MaySend(deadline);
    if (!may_send) co_return AwayAnswer();
    ClientRequest call = Prepare(request, "");
    if (body) call.body = *body;
    if (from != nullptr && BodyBytes(request)) {
      call.headers.Set("Content-Length", std::to_string(*BodyBytes(request)));
    }
    Result<Response> answer = co_await Send(std::move(call), from);
    if (!IsAway(answer)) co_return std::move(answer).value();
    const bool was_sent = answer.ok() || answer.status().code() != Code::kUnavailable;
    if (was_sent && (from != nullptr || (!answer.ok() && !IsRepeatable(request.method)))) {
      co_return AwayAnswer();
    }
    co_await loop_.Sleep(kTryAgain);
  }
}

// Waits until what was logged before has reached the server: the job reads what it wrote.
Task<bool> Forwarder::MaySend(SteadyClock::time_point deadline) {
  while (is_spooling_ && !is_stopping_ && SteadyClock::now() < deadline) {
    co_await loop_.Sleep(kTryAgain);
  }
  co_return !is_stopping_ && SteadyClock::now() < deadline;
}

ClientRequest Forwarder::Prepare(const Request& request, std::string_view id) const {
  ClientRequest call;
  call.method = request.method;
  call.target = request.target;
  for (const auto& [name, value] : request.headers.fields()) {
    if (!IsOneOf(name, kOwnHeaders)) call.headers.Add(name, value);
  }
  if (!options_.server_token.empty() && !IsSigned(request)) {
    call.headers.Set("Authorization", "Bearer " + options_.server_token);
  }
  if (!id.empty()) call.headers.Set(kReplayHeader, std::string(id));
  return call;
}

Result<Origin> Forwarder::Server() {
  if (server_) return *server_;
  Result<std::string> text = ReadFile(options_.server_file);
  if (!text.ok()) return Unavailable("no server runs in this home");
  const Result<Json> json = Json::Parse(text.value());
  if (!json.ok()) return Unavailable("who serves this home cannot be read");
  ASSIGN_OR_RETURN(Origin origin, Origin::Parse(json->GetString("address")));
  server_ = origin;
  return origin;
}

// One try. After a failure the server is looked for anew.
Task<Result<Response>> Forwarder::Send(ClientRequest request, BodyReader* from) {
  Result<Origin> server = Server();
  if (!server.ok()) co_return Unavailable(server.status().text());
  Result<Response> answer = co_await Fetch(loop_, server.value(), std::move(request), from);
  if (!answer.ok()) server_.reset();
  co_return answer;
}

Status Forwarder::Keep(const Request& request, std::string id, std::string body) {
  if (is_stopping_) return Unavailable("the job is ending");
  TRY(spool_.Append({std::move(id), request.target, std::move(body), SystemClock().Now(), 0}));
  is_spooling_ = true;
  if (!std::exchange(is_replaying_, true)) Detach(Replay());
  return {};
}

Task<void> Forwarder::Replay() {
  Duration pause = std::min(kReplayPauseMin, options_.replay_pause_max);
  while (!is_stopping_) {
    const bool is_drained = co_await ReplayPage(SteadyClock::time_point::max());
    if (is_drained) break;
    co_await loop_.Sleep(pause);
    pause = std::min(pause * 2, options_.replay_pause_max);
  }
  is_replaying_ = false;
}

// True if nothing is left in the spool.
Task<bool> Forwarder::ReplayPage(SteadyClock::time_point deadline) {
  while (true) {
    const Result<std::vector<SpoolEntry>> page = spool_.Read(Spool::kPageMax);
    if (!page.ok()) {
      Log(LogLevel::kError, "the spool cannot be read", {{"error", page.status().text()}});
      co_return false;
    }
    if (page.value().empty()) {
      is_spooling_ = false;
      co_return true;
    }
    for (const SpoolEntry& entry : page.value()) {
      if (SteadyClock::now() >= deadline) co_return false;
      const Sent sent = co_await ReplayEntry(entry);
      if (sent == Sent::kNobody) co_return false;
      if (!spool_.MarkReplayed(entry.end).ok()) co_return false;
    }
  }
}

Task<Forwarder::Sent> Forwarder::ReplayEntry(const SpoolEntry& entry) {
  if (!entry.is_readable) {
    TellLost(entry, "its line in the spool cannot be read");
    co_return Sent::kRefused;
  }
  ClientRequest call;
  call.method = "POST";
  call.target = entry.path;
  call.headers.Set("Content-Type", "application/json");
  if (!options_.server_token.empty()) {
    call.headers.Set("Authorization", "Bearer " + options_.server_token);
  }
  call.headers.Set(kReplayHeader, entry.id);
  call.body = entry.body;
  Task<Result<Response>> sending = Send(std::move(call), nullptr);
  const Result<Response> answer = co_await Within(loop_, std::move(sending), kReplayAnswerMax);
  if (!answer.ok()) co_return Sent::kNobody;
  const int status = answer.value().status;
  if (status < 400) co_return Sent::kTaken;
  // Not the call's fault: it may be taken later, by who has the right.
  if (status == 401 || status == 403 || status == 408 || status == 429 || status == 503 ||
      status == 507) {
    co_return Sent::kNobody;
  }
  if (status >= 500) co_return Failed(entry, status);
  TellLost(entry, "the server refused it with status " + std::to_string(status));
  co_return Sent::kRefused;
}

// What the server fails at time and again must not hold up the rest for ever.
Forwarder::Sent Forwarder::Failed(const SpoolEntry& entry, int status) {
  if (std::exchange(failing_, entry.end) != entry.end) failures_ = 0;
  if (++failures_ < kReplayTriesMax) return Sent::kNobody;
  TellLost(entry, "the server failed at it " + std::to_string(failures_) +
                      " times, the last time with status " + std::to_string(status));
  return Sent::kRefused;
}

void Forwarder::TellLost(const SpoolEntry& entry, const std::string& why) {
  const Status kept = spool_.SetAside(entry);
  Log(LogLevel::kWarning, "a call that was logged while the server was away is lost",
      {{"call", entry.path}, {"id", entry.id}, {"why", why}});
  if (!options_.note || notes_ == kNotesMax) return;
  ++notes_;
  options_.note("a logging call that was kept while the server was away is lost (" +
                (entry.path.empty() ? "unreadable" : entry.path) + "): " + why +
                (kept.ok() ? "" : "; it could not be set aside") +
                (notes_ == kNotesMax ? "; what else is lost is in spool/0.refused only" : ""));
}

Task<void> Forwarder::Finish() {
  BeginStop();
  const auto deadline = SteadyClock::now() + kFinishMax;
  // One replay at a time, or the order would be lost.
  while (is_replaying_ && SteadyClock::now() < deadline) co_await loop_.Sleep(kTryAgain);
  if (is_spooling_ && !is_replaying_) {
    const bool is_drained = co_await ReplayPage(deadline);
    if (!is_drained) Log(LogLevel::kInfo, "logging calls are left for the server to take");
  }
}

}  // namespace lazurite::runner
