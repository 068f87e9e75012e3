#include "engine/runner/event_log.h"

#include <sys/socket.h>

#include "base/log.h"
#include "base/socket_path.h"

namespace lazurite::runner {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A build log of notes cannot fill the memory while the disk is full; further events are dropped.
constexpr size_t kUnwrittenMax = 10'000;
// How long an event that nobody waits for may stay in memory.
constexpr std::chrono::milliseconds kSyncDelay{100};
// A command that ends sooner is told of in one go.
constexpr std::chrono::milliseconds kStartDelay{15};

std::chrono::milliseconds DelayOf(std::string_view event) {
  if (event == "note") return std::chrono::milliseconds(0);
  return event == "ranks_started" ? kStartDelay : kSyncDelay;
}

}  // namespace

EventLog::EventLog(const AttemptChannel& channel, std::string doorbell, std::string ring)
    : channel_(channel), doorbell_(std::move(doorbell)), ring_(std::move(ring)) {}

EventLog::~EventLog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Status EventLog::Open() {
  ASSIGN_OR_RETURN(journal_, JournalWriter::Open(channel_.EventsPath()));
  socket_ = Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  thread_ = std::thread([this] { Run(); });
  return {};
}

void EventLog::Append(std::string_view event, Json detail) {
  {
    const std::lock_guard writing(writing_);
    if (unwritten_.size() >= kUnwrittenMax) return;
    const AttemptEvent line{next_seq_++, SystemClock().Now(), std::string(event),
                            std::move(detail)};
    unwritten_.push_back(line.ToJson().Dump());
    WriteOut();
  }
  {
    const std::lock_guard lock(mutex_);
    const auto due = SteadyClock::now() + DelayOf(event);
    due_ = appended_ > synced_ ? std::min(due_, due) : due;
    ++appended_;
  }
  changed_.notify_all();
}

void EventLog::Note(std::string_view text) {
  Json detail = Json::MakeObject();
  detail["text"] = text;
  Append("note", std::move(detail));
}

void EventLog::WriteOut() {
  while (!unwritten_.empty()) {
    const Status written = journal_->Append(unwritten_.front());
    if (written.ok()) {
      unwritten_.pop_front();
      continue;
    }
    was_disk_full_ = was_disk_full_ || written.code() == Code::kNoSpace;
    Log(LogLevel::kWarning, "an event could not be written", {{"error", written.text()}});
    return;
  }
}

void EventLog::BeginSync() {
  {
    const std::lock_guard writing(writing_);
    WriteOut();
  }
  const std::lock_guard lock(mutex_);
  due_ = SteadyClock::now();
  is_quiet_ = true;
  changed_.notify_all();
}

Status EventLog::Sync() {
  BeginSync();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return synced_ >= appended_; });
  TRY(failure_);
  return unwritten_.empty() ? Status() : ErrnoStatus("writing events", ENOSPC);
}

// False when the log is closed and all is synced.
bool EventLog::HasSomethingToSync(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return appended_ > synced_ || is_stopping_; });
  while (appended_ > synced_ && !is_stopping_ && SteadyClock::now() < due_) {
    changed_.wait_until(lock, due_);
  }
  return appended_ > synced_;
}

void EventLog::Run() {
  std::unique_lock lock(mutex_);
  while (HasSomethingToSync(lock)) {
    const int64_t target = appended_;
    const bool is_quiet = std::exchange(is_quiet_, false);
    lock.unlock();
    Status synced = journal_->Sync();
    if (!is_quiet) Ring();
    lock.lock();
    if (!synced.ok()) failure_ = std::move(synced);
    synced_ = target;
    changed_.notify_all();
  }
}

void EventLog::Ring() const {
  const Result<SocketPath> address = SocketPath::Of(doorbell_);
  if (!address.ok()) return;
  // Nobody there, or too many rings waiting: the server looks by itself every second.
  sendto(socket_.get(), ring_.data(), ring_.size(), 0, address->get(), SocketPath::size());
}

}  // namespace lazurite::runner
