#include "engine/environment/build_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/text.h"

namespace lazurite::environment {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLockPoll{50};
// A waiting job says at least this often that it waits.
constexpr std::chrono::seconds kSilenceMax{5};
constexpr size_t kReadBytesMax = size_t{256} << 10;

// Follows what a builder says.
class Follower {
 public:
  Follower(std::string path, const BuildLock::Log& log) : path_(std::move(path)), log_(log) {}

  void Look() {
    const Result<int64_t> size = FileSize(path_);
    if (size.ok() && *size < offset_) offset_ = 0;
    Result<std::string> text = ReadRange(path_, offset_, kReadBytesMax);
    std::string_view rest = text.ok() ? std::string_view(*text) : std::string_view();
    for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      log_(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      offset_ += static_cast<int64_t>(end) + 1;
      spoken_ = SteadyClock::now();
    }
    if (SteadyClock::now() - spoken_ < kSilenceMax) return;
    spoken_ = SteadyClock::now();
    const auto waited = std::chrono::duration_cast<Duration>(spoken_ - began_);
    log_("still waiting for that build, for " + FormatElapsed(waited) + " now");
  }

 private:
  const std::string path_;
  const BuildLock::Log& log_;
  int64_t offset_ = 0;
  const SteadyClock::time_point began_ = SteadyClock::now();
  SteadyClock::time_point spoken_ = began_;
};

}  // namespace

Result<BuildLock> BuildLock::Take(const std::string& folder, const std::string& who, const Log& log,
                                  const Canceled& canceled) {
  const std::string path = folder + ".lock";
  const std::string said = folder + ".log";
  ASSIGN_OR_RETURN(Fd file, OpenFile(path, O_RDWR | O_CREAT));
  std::optional<Follower> follower;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return ErrnoStatus("locking " + path, errno);
    if (canceled && canceled()) return Status(Code::kCancelled, "canceled");
    if (!follower) {
      log("this environment is being built by another job; waiting for it");
      follower.emplace(said, log);
    }
    follower->Look();
    std::this_thread::sleep_for(kLockPoll);
  }
  BuildLock lock(std::move(file), said);
  Result<Fd> words = OpenFile(said, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  // A full disk: the build itself will say so.
  if (words.ok()) lock.said_ = std::move(words).value();
  lock.Say(who + " builds it, since " + FormatTime(SystemClock().Now()));
  return lock;
}

BuildLock::~BuildLock() {
  if (lock_.valid()) unlink(said_path_.c_str());
}

void BuildLock::Say(std::string_view line) const {
  if (!said_.valid()) return;
  const Status said = WriteAll(said_.get(), std::string(line) + "\n");
  if (!said.ok()) return;
}

}  // namespace lazurite::environment
