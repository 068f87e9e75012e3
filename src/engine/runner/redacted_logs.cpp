#include "engine/runner/redacted_logs.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"

namespace lazurite::runner {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;
// A process may be ahead of its log by so much.
constexpr int kPipeBytes = 1 << 20;
// Of the ranks that mpirun starts; below the attempt.
constexpr std::string_view kFifos = "log_pipes";
constexpr std::string_view kMpiLog = "LAZURITE_MPI_LOG";
constexpr std::string_view kMpiLogEnd = "LAZURITE_MPI_LOG_END";

}  // namespace

Status RedactedLogs::Begin(JobPlan& plan, const std::string& folder) {
  if (redaction_.is_empty()) return {};
  for (RankPlan& process : plan.processes) {
    TRY(AddPipe(JoinPath(folder, process.log)));
    if (process.variables.contains(std::string(kMpiLog))) TRY(AddMpi(plan, process, folder));
  }
  stop_ = Fd(eventfd(0, EFD_CLOEXEC));
  if (!stop_.valid()) return ErrnoStatus("making an eventfd", errno);
  thread_ = std::thread([this] { Run(); });
  return {};
}

int RedactedLogs::OutputOf(size_t number) const {
  return number < outputs_.size() ? outputs_[number].get() : -1;
}

Status RedactedLogs::AddPipe(const std::string& log) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("making a pipe", errno);
  Fd from(ends[0]);
  outputs_.emplace_back(ends[1]);
  // Only this end: a program that finds its output full waits, as with a file.
  if (fcntl(from.get(), F_SETFL, O_NONBLOCK) != 0) return ErrnoStatus("setting up a pipe", errno);
  return Add(std::move(from), log);
}

Status RedactedLogs::AddFifo(const std::string& fifo, const std::string& log) {
  if (mkfifo(fifo.c_str(), 0600) != 0) return ErrnoStatus("making " + fifo, errno);
  // Open for both, so that it does not end between two writers.
  ASSIGN_OR_RETURN(Fd from, OpenFile(fifo, O_RDWR | O_NONBLOCK));
  return Add(std::move(from), log);
}

// The ranks connect themselves with their logs, by these names.
Status RedactedLogs::AddMpi(JobPlan& plan, RankPlan& launcher, const std::string& folder) {
  fifos_ = JoinPath(folder, kFifos);
  TRY(MakeDirs(fifos_, 0700));
  for (size_t rank = 0; rank < plan.logs.size(); ++rank) {
    TRY(AddFifo(JoinPath(fifos_, std::to_string(rank)), JoinPath(folder, plan.logs[rank])));
  }
  launcher.variables[std::string(kMpiLog)] = std::string(kFifos) + "/";
  launcher.variables[std::string(kMpiLogEnd)] = "";
  return {};
}

Status RedactedLogs::Add(Fd from, const std::string& log) {
  // Only a wish: pipes work at any size.
  if (fcntl(from.get(), F_SETPIPE_SZ, kPipeBytes) < 0) errno = 0;
  ASSIGN_OR_RETURN(Fd to, OpenFile(log, O_WRONLY | O_CREAT | O_APPEND));
  sources_.push_back(
      std::make_unique<Source>(Source{std::move(from), std::move(to), StreamRedactor(redaction_)}));
  return {};
}

void RedactedLogs::Run() {
  while (true) {
    std::vector<pollfd> waits = {{stop_.get(), POLLIN, 0}};
    std::vector<Source*> waiting;
    for (const auto& source : sources_) {
      if (source->has_ended) continue;
      waits.push_back({source->from.get(), POLLIN, 0});
      waiting.push_back(source.get());
    }
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    if (waits[0].revents != 0) return;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waits[i + 1].revents != 0) TakeSome(*waiting[i]);
    }
  }
}

// How much that was; 0 if there is nothing more now.
size_t RedactedLogs::TakeSome(Source& source) {
  std::string buffer(kReadBytes, '\0');
  ssize_t count = -1;
  do {
    count = read(source.from.get(), buffer.data(), buffer.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return 0;
  if (count <= 0) {
    source.has_ended = true;
    return 0;
  }
  Put(source, source.redactor.Add({buffer.data(), static_cast<size_t>(count)}));
  return static_cast<size_t>(count);
}

// What lies in the pipe now, and no more: something that outlives the job may go on writing.
void RedactedLogs::Drain(Source& source) {
  int waiting = 0;
  if (ioctl(source.from.get(), FIONREAD, &waiting) != 0) return;
  auto left = static_cast<size_t>(waiting);
  while (left > 0) {
    const size_t taken = TakeSome(source);
    if (taken == 0) return;
    left -= std::min(left, taken);
  }
}

// On a full disk the job goes on without its log.
void RedactedLogs::Put(const Source& source, const std::string& text) {
  if (text.empty()) return;
  const Status written = WriteAll(source.to.get(), text);
  if (written.ok() || std::exchange(has_lost_, true)) return;
  Log(LogLevel::kWarning, "a log could not be written", {{"error", written.text()}});
}

bool RedactedLogs::Finish() {
  if (!thread_.joinable()) return !has_lost_;
  outputs_.clear();
  // An eventfd takes this always.
  (void)eventfd_write(stop_.get(), 1);
  thread_.join();
  for (const auto& source : sources_) {
    Drain(*source);
    Put(*source, source->redactor.Finish());
  }
  sources_.clear();
  if (!fifos_.empty()) (void)RemoveTree(fifos_);
  return !has_lost_;
}

}  // namespace lazurite::runner
