#include "app/cli/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"

namespace lazurite::cli {

struct InterruptWatch::State {
  Fd signals;
  Fd stop;
  sigset_t before{};
  std::function<void()> on_first;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  int count = 0;
  std::thread thread;

  void Run() {
    while (true) {
      std::array<pollfd, 2> watched = {pollfd{signals.get(), POLLIN, 0},
                                       pollfd{stop.get(), POLLIN, 0}};
      if (poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[1].revents != 0) return;
      signalfd_siginfo info{};
      if (read(signals.get(), &info, sizeof info) != sizeof info) continue;
      int seen = 0;
      {
        const std::lock_guard lock(mutex);
        seen = ++count;
      }
      changed.notify_all();
      if (seen == 1) on_first();
    }
  }
};

InterruptWatch::InterruptWatch(std::function<void()> on_first) : state_(new State) {
  state_->on_first = std::move(on_first);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &state_->before);
  state_->signals = Fd(signalfd(-1, &interrupt, SFD_CLOEXEC));
  state_->stop = Fd(eventfd(0, EFD_CLOEXEC));
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

InterruptWatch::~InterruptWatch() {
  const uint64_t one = 1;
  while (write(state_->stop.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  state_->thread.join();
  pthread_sigmask(SIG_SETMASK, &state_->before, nullptr);
}

bool InterruptWatch::was_interrupted() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count > 0;
}

bool InterruptWatch::WaitForSecond(Duration wait) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, wait, [this] { return state_->count > 1; });
}

}  // namespace lazurite::cli
