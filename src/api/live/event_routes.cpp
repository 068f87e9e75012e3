#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/routes.h"
#include "base/text.h"

namespace lazurite::live {
namespace {

// A comment line after so long without an event: keeps connections open and finds those whose peer
// has gone.
constexpr std::chrono::seconds kHeartbeat{15};

// One follower of a job's transitions.
struct Follower {
  const ApiContext* context;
  std::string job;
  int after = 0;
  std::shared_ptr<Signal> signal;
  bool is_over = false;
};

std::string EventText(const JobTransition& step) {
  return "id: " + std::to_string(step.number) +
         "\nevent: transition\ndata: " + TransitionJson(step).Dump() + "\n\n";
}

// What is new; the empty text if nothing is.
Task<Result<std::string>> TakeNew(std::shared_ptr<Follower> follower) {
  std::vector<JobTransition> steps;
  std::optional<Job> job;
  Database::Work work = [&steps, &job, name = follower->job](Transaction& transaction) {
    ASSIGN_OR_RETURN(steps, JobStore().Transitions(transaction, name));
    ASSIGN_OR_RETURN(job, JobStore().Find(transaction, name));
    return Status();
  };
  const Status read = co_await Read(*follower->context->database, std::move(work));
  if (!read.ok()) co_return read;
  std::string text;
  for (const JobTransition& step : steps) {
    if (step.number <= follower->after) continue;
    text += EventText(step);
    follower->after = step.number;
  }
  follower->is_over = !job || IsTerminal(job->state);
  co_return text;
}

Task<Result<std::string>> NextEvents(std::shared_ptr<Follower> follower) {
  while (!follower->is_over) {
    Result<std::string> text = co_await TakeNew(follower);
    if (!text.ok() || !text->empty()) co_return text;
    if (follower->is_over) break;
    const bool is_fired = co_await follower->signal->Wait(kHeartbeat);
    if (!is_fired) co_return std::string(": still here\n\n");
  }
  co_return std::string();
}

Task<Response> FollowEvents(const ApiContext& context, const LiveContext& live, Request& request) {
  const std::string name(request.Param("job"));
  std::string_view after = request.Query("after");
  if (after.empty()) after = request.headers.Get("Last-Event-ID");
  const std::optional<int64_t> number = after.empty() ? 0 : ParseInt(after);
  if (!number || *number < 0) {
    co_return AzureError(InvalidArgument("after is \"" + std::string(after) +
                                         "\", expected the number of a transition"));
  }
  auto follower = std::make_shared<Follower>();
  follower->context = &context;
  follower->job = name;
  follower->after = static_cast<int>(*number);
  follower->signal = std::make_shared<Signal>(*context.loop);
  live.hub->Watch(follower->signal, "job", name);
  const Result<Job> job = co_await FindJob(context, name);
  if (!job.ok()) co_return AzureError(job.status());
  Response response;
  response.headers.Set("Content-Type", "text/event-stream");
  response.headers.Set("Cache-Control", "no-store");
  response.body = BodyStream([follower] { return NextEvents(follower); });
  co_return response;
}

}  // namespace

void AddEventRoutes(Router& router, const ApiContext& context, const LiveContext& live) {
  router.Get("/lazurite/v1/jobs/{job}/events",
             [&context, &live](Request& request) { return FollowEvents(context, live, request); });
}

}  // namespace lazurite::live
