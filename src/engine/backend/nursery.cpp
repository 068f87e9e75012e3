#include "engine/backend/nursery.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "base/log.h"
#include "base/text.h"
#include "engine/backend/spawn.h"

namespace lazurite::backend {
namespace {

constexpr size_t kFolderBytesMax = 4096;
// A fork takes less than a millisecond; a machine that swaps may need longer.
constexpr timeval kAnswerMax{.tv_sec = 5, .tv_usec = 0};

struct Answer {
  pid_t pid = 0;
  int error = 0;
};

// Writes over the arguments from the third on; all of them lie behind one another.
void ShowFolder(int argc, char** argv, const std::string& folder) {
  if (argc < 3) return;
  char* const begin = argv[2];
  const size_t size = static_cast<size_t>(argv[argc - 1] + strlen(argv[argc - 1]) - begin);
  memset(begin, 0, size);
  memcpy(begin, folder.data(), std::min(size, folder.size()));
}

// In the new process: nothing of the nursery's is left, all is as SpawnRunner makes it.
bool BecomeRunner(const std::string& folder) {
  std::signal(SIGCHLD, SIG_DFL);
  setsid();
  const Fd input(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd log(open((folder + "/system_logs/runner.txt").c_str(),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  return dup2(input.get(), 0) == 0 && dup2(log.get(), 1) == 1 && dup2(log.get(), 2) == 2;
}

}  // namespace

Result<pid_t> Nursery::Start(const std::string& attempt_folder) {
  const std::lock_guard lock(mutex_);
  TRY(MakeDirs(attempt_folder + "/system_logs"));
  while (true) {
    const bool is_fresh = !socket_.valid();
    const Status made = is_fresh ? Make() : Status();
    // No room for another process is nobody's fault.
    if (made.code() == Code::kUnavailable) return made;
    Result<pid_t> pid = made.ok() ? Ask(attempt_folder) : made;
    if (pid.ok() || socket_.valid()) return pid;
    if (!is_fresh) continue;
    if (scope_.empty()) return pid;
    // One that never answered. Better a job without a control group than none.
    Log(LogLevel::kWarning,
        "runners get no control group of their own until the server is started again",
        {{"command", Join(scope_, " ")}, {"why", pid.status().text()}});
    scope_.clear();
  }
}

pid_t Nursery::TakeProcess() {
  const std::lock_guard lock(mutex_);
  return std::exchange(process_, 0);
}

Status Nursery::Make() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus("making a pair of sockets", errno);
  }
  Fd own(ends[0]);
  const Fd other(ends[1]);
  setsockopt(own.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerMax, sizeof kAnswerMax);
  ASSIGN_OR_RETURN(process_, SpawnNursery(program_, other.get(), scope_));
  socket_ = std::move(own);
  return {};
}

// The socket is closed afterwards if there was no answer.
Result<pid_t> Nursery::Ask(const std::string& attempt_folder) {
  Answer answer;
  if (attempt_folder.size() > kFolderBytesMax) return Internal("the attempt's path is too long");
  const bool was_sent =
      send(socket_.get(), attempt_folder.data(), attempt_folder.size(), MSG_NOSIGNAL) > 0;
  if (!was_sent || recv(socket_.get(), &answer, sizeof answer, 0) != sizeof answer) {
    // An answer that comes too late must not be taken for that of the next question.
    socket_.Close();
    return Unavailable("the process that starts runners does not answer");
  }
  if (answer.pid > 0) return answer.pid;
  return Unavailable(ErrnoStatus("starting a runner", answer.error).text());
}

int RunNursery(int argc, char** argv, const std::function<int(const std::string&)>& run) {
  unsetenv(kBindNow);
  // Threads of a runner share one heap: another one costs more than it would ever save.
  mallopt(M_ARENA_MAX, 1);
  // Ended runners are no zombies.
  std::signal(SIGCHLD, SIG_IGN);
  std::string folder(kFolderBytesMax, '\0');
  while (true) {
    const ssize_t size = recv(0, folder.data(), folder.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return 0;
    Answer answer{.pid = fork(), .error = errno};
    if (answer.pid == 0) {
      folder.resize(static_cast<size_t>(size));
      ShowFolder(argc, argv, folder);
      // What was made before the fork is not a runner's to tidy up.
      _exit(BecomeRunner(folder) ? run(folder) : 1);
    }
    if (send(0, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) return 0;
  }
}

}  // namespace lazurite::backend
