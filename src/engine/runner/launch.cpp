#include "engine/runner/launch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "base/text.h"
#include "engine/runner/capabilities.h"
#include "engine/runner/signals.h"

namespace lazurite::runner {
namespace {

// The kernel's choice in need of memory falls on the job, not on the server or the runner.
constexpr std::string_view kOutOfMemoryScore = "500";
constexpr char kSandboxMark = 'S';
constexpr char kFailureMark = 'F';
constexpr char kLimitsMark = 'L';

std::vector<char*> PointersTo(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void Tell(int report, char mark, std::string_view text) {
  const std::string line = mark + ReplaceAll(text, "\n", " ") + "\n";
  // The runner may be gone; there is nobody else to tell.
  if (!WriteAll(report, line).ok()) return;
}

Status OpenStreams(const LaunchSpec& spec) {
  ASSIGN_OR_RETURN(const Fd input, OpenFile("/dev/null", O_RDONLY));
  Fd file;
  if (spec.output_fd < 0) {
    ASSIGN_OR_RETURN(file, OpenFile(spec.output, O_WRONLY | O_CREAT | O_APPEND));
  }
  const int output = spec.output_fd < 0 ? file.get() : spec.output_fd;
  if (dup2(input.get(), 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) {
    return ErrnoStatus("connecting the log", errno);
  }
  return {};
}

Status Prepare(const LaunchSpec& spec, pid_t runner, int report) {
  Signals::ResetInChild();
  // A group of its own, so that a script's "kill 0" means the script and not the runner. The
  // session stays the runner's: by that a lost runner's processes are found.
  if (setpgid(0, 0) != 0) return ErrnoStatus("making a process group", errno);
  // Only a preference: some containers do not let it be said.
  if (!WriteFile("/proc/self/oom_score_adj", kOutOfMemoryScore).ok()) errno = 0;
  TRY(OpenStreams(spec));
  // Before the sandbox, in which the kernel's groups cannot be written.
  if (spec.limits != nullptr) {
    const Status limited = spec.limits->Enter(spec.rank);
    if (!limited.ok()) Tell(report, kLimitsMark, limited.text());
  }
  if (spec.sandbox != nullptr) {
    const Status entered = spec.sandbox->Enter();
    if (!entered.ok()) Tell(report, kSandboxMark, entered.text());
    // Not a job without it: it could undo all of the above.
    TRY(DropCapabilities());
  }
  // After the sandbox, since a change of credentials takes the wish back.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != runner) return Unavailable("the runner is gone");
  if (chdir(spec.folder.c_str()) != 0) return ErrnoStatus("entering " + spec.folder, errno);
  return {};
}

[[noreturn]] void BecomeProgram(const LaunchSpec& spec, pid_t runner, int report) {
  const Status prepared = Prepare(spec, runner, report);
  if (prepared.ok()) {
    const std::vector<char*> arguments = PointersTo(spec.arguments);
    const std::vector<char*> variables = PointersTo(spec.variables);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execve(arguments[0], arguments.data(), variables.data());
    Tell(report, kFailureMark, ErrnoStatus("starting " + spec.arguments[0], errno).text());
  } else {
    Tell(report, kFailureMark, prepared.text());
  }
  _exit(127);
}

}  // namespace

Result<Launched> Launch(const LaunchSpec& spec) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("making a pipe", errno);
  Launched launched;
  launched.report = Fd(ends[0]);
  const Fd report(ends[1]);
  const pid_t runner = getpid();
  launched.pid = fork();
  if (launched.pid < 0) return ErrnoStatus("starting a process", errno);
  if (launched.pid == 0) BecomeProgram(spec, runner, report.get());
  return launched;
}

LaunchReport ReadReport(const Fd& report) {
  std::string text;
  char buffer[1024];
  while (true) {
    const ssize_t count = read(report.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
  }
  LaunchReport out;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    std::string& told = line[0] == kSandboxMark  ? out.sandbox
                        : line[0] == kLimitsMark ? out.limits
                                                 : out.failure;
    told = line.substr(1);
  }
  return out;
}

}  // namespace lazurite::runner
