#include "engine/runner/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

namespace lazurite::runner {
namespace {

constexpr std::array kCaught = {SIGCHLD, SIGTERM, SIGINT};
constexpr std::array kIgnored = {SIGHUP, SIGPIPE};

std::atomic<int> wake_fd{-1};
std::atomic<bool> has_terminated{false};

void OnSignal(int signal) {
  const int error = errno;
  if (signal != SIGCHLD) has_terminated = true;
  const uint64_t one = 1;
  // A full counter means that a wake-up is pending already.
  if (write(wake_fd, &one, sizeof one) < 0) errno = error;
  errno = error;
}

void Set(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

void Drain(int fd) {
  std::array<char, 4096> buffer;
  while (read(fd, buffer.data(), buffer.size()) > 0) {
  }
}

}  // namespace

Signals::Signals(std::string folder) : file_(folder + "/cancel") {
  wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  watch_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  inotify_add_watch(watch_.get(), folder.c_str(), IN_CREATE | IN_MOVED_TO);
  for (const int signal : kCaught) Set(signal, OnSignal);
  for (const int signal : kIgnored) Set(signal, SIG_IGN);
}

Signals::~Signals() {
  for (const int signal : kCaught) Set(signal, SIG_DFL);
  close(wake_fd.exchange(-1));
}

void Signals::ResetInChild() {
  for (const int signal : kCaught) Set(signal, SIG_DFL);
  for (const int signal : kIgnored) Set(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void Signals::Wait(std::optional<Duration> limit) {
  std::array<pollfd, 2> waiting = {{{.fd = wake_fd, .events = POLLIN, .revents = 0},
                                    {.fd = watch_.get(), .events = POLLIN, .revents = 0}}};
  // A day is as good as forever: the caller looks again.
  constexpr int64_t kPollMax = 86'400'000;
  const int64_t millis = limit ? std::clamp<int64_t>(limit->count(), 0, kPollMax) : kPollMax;
  poll(waiting.data(), waiting.size(), static_cast<int>(millis));
  Drain(wake_fd);
  if (waiting[1].revents == 0) return;
  Drain(watch_.get());
  is_asked_ = is_asked_ || Exists(file_);
}

bool Signals::CancelAsked() {
  is_asked_ = is_asked_ || has_terminated || Exists(file_);
  return is_asked_;
}

}  // namespace lazurite::runner
