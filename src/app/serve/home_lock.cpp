#include "app/serve/home_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"

namespace lazurite::serve {
namespace {

// A server that was killed holds its lock until the kernel has taken it apart.
constexpr int kTriesMax = 60;
constexpr std::chrono::milliseconds kBetweenTries{25};

bool LockSoon(int file) {
  for (int i = 0; i < kTriesMax; ++i) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    std::this_thread::sleep_for(kBetweenTries);
  }
  return false;
}

}  // namespace

Result<Fd> LockHome(const std::string& home) {
  const Status made = MakeDirs(home + "/run", 0700);
  if (!made.ok()) {
    return FailedPrecondition("the home " + home + " cannot be made: " + made.text() +
                              "; choose another one with LAZURITE_HOME or --home");
  }
  const std::string path = home + "/run/server.lock";
  Result<Fd> opened = OpenFile(path, O_RDWR | O_CREAT, 0600);
  if (!opened.ok()) {
    return FailedPrecondition("the home " + home +
                              " cannot be written to: " + opened.status().text());
  }
  Fd file = std::move(opened).value();
  if (!LockSoon(file.get())) {
    const Result<std::string> holder = ReadFile(path);
    const std::string pid(holder.ok() ? Trim(*holder) : "");
    return Conflict("another server has the home " + home +
                    (pid.empty() ? "" : " (pid " + pid + ")") +
                    "; stop it with lazurite down, or choose another home with --home");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(file.get(), 0) != 0) return ErrnoStatus("writing " + path, errno);
  TRY(WriteAll(file.get(), pid));
  return file;
}

}  // namespace lazurite::serve
