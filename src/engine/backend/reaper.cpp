#include "engine/backend/reaper.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace lazurite::backend {
namespace {

constexpr int kEventsMax = 64;

}  // namespace

Reaper::Reaper()
    : waiting_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = -1;
  LAZURITE_CHECK(epoll_ctl(waiting_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
  thread_ = std::thread([this] { Run(); });
}

Reaper::~Reaper() {
  const uint64_t one = 1;
  LAZURITE_CHECK(write(wake_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

void Reaper::Take(pid_t pid) {
  Fd handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = handle.get();
  // Without a handle the child stays a zombie until this process ends: ugly, and harmless.
  if (!handle.valid()) return;
  if (epoll_ctl(waiting_.get(), EPOLL_CTL_ADD, handle.get(), &event) == 0) handle.Release();
}

void Reaper::Run() {
  std::array<epoll_event, kEventsMax> events;
  while (true) {
    const int count = epoll_wait(waiting_.get(), events.data(), kEventsMax, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd < 0) return;
      const Fd handle(fd);
      siginfo_t info{};
      waitid(P_PIDFD, static_cast<id_t>(handle.get()), &info, WEXITED);
    }
  }
}

}  // namespace lazurite::backend
