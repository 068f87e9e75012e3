#include "app/cli/job_watch.h"

#include "app/cli/job_names.h"

namespace lazurite::cli {

void JobNotes::Tell(const Terminal& terminal, const Json& live) {
  const Json* notes = live.Find("notes");
  if (notes == nullptr || !notes->is_array()) return;
  for (const Json& note : notes->array()) {
    if (!note.is_string() || !told_.insert(note.string()).second) continue;
    terminal.Note("  " + Printable(note.string()));
  }
}

JobWatch::JobWatch(const Context& context, std::string job, JobNotes& notes)
    : context_(context), job_(std::move(job)), notes_(notes), thread_([this] { Run(); }) {}

JobWatch::~JobWatch() {
  is_stopped_ = true;
  thread_.join();
}

bool JobWatch::Sleep(Duration duration) {
  constexpr Duration kStep{20};
  for (Duration slept{0}; slept < duration; slept += kStep) {
    if (is_stopped_) return false;
    std::this_thread::sleep_for(kStep);
  }
  return !is_stopped_;
}

void JobWatch::Tell(const Json& job) {
  const Terminal& terminal = context_.terminal;
  const std::string state = job.GetString("state");
  if (state != state_ && !IsEnded(job)) {
    state_ = state;
    terminal.Note(terminal.Err(StateWord(state), StateColour(state)));
  }
  const std::string reason = job.GetString("reason");
  if (reason != reason_ && !reason.empty()) terminal.Note("  " + Printable(reason));
  reason_ = reason;
  notes_.Tell(terminal, job);
}

void JobWatch::Run() {
  Duration pause = kPauseMin;
  while (Sleep(pause)) {
    pause = std::min(pause * 3 / 2, kPauseMax);
    const Result<Settings> settings = context_.LoadSettings();
    if (!settings.ok()) continue;
    Result<std::unique_ptr<Server>> server = Server::Make(*settings);
    if (!server.ok()) continue;
    const Result<Json> job = GetLiveJob(**server, job_);
    if (!job.ok()) continue;
    Tell(*job);
    if (IsEnded(*job)) return;
  }
}

}  // namespace lazurite::cli
