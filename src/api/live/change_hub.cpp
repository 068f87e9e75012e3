#include "api/live/change_hub.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "api/http/database_await.h"
#include "base/file.h"
#include "base/log.h"
#include "storage/sql/changes.h"

namespace lazurite::live {
namespace {

constexpr int kChangesPerLookMax = 10'000;

}  // namespace

void Signal::Fire() {
  is_fired_ = true;
  if (!waiter_) return;
  is_fired_ = false;
  timer_.reset();
  std::exchange(waiter_, nullptr)(true);
}

Task<bool> Signal::Wait(Duration wait) {
  const std::shared_ptr<Signal> self = shared_from_this();
  if (std::exchange(is_fired_, false)) co_return true;
  auto start = [self, wait](std::function<void(bool)> done) {
    self->waiter_ = std::move(done);
    self->timer_ = self->loop_.After(wait, [self] {
      if (self->waiter_) std::exchange(self->waiter_, nullptr)(false);
    });
  };
  const bool is_fired = co_await Await<bool>(start);
  co_return is_fired;
}

void ChangeHub::Committed(int64_t seq) {
  loop_.Post([this, seq] {
    newest_ = std::max(newest_, seq);
    if (is_looking_) return;
    is_looking_ = true;
    Detach(Look());
  });
}

void ChangeHub::Watch(const std::shared_ptr<Signal>& signal, const std::string& kind,
                      const std::string& object) {
  std::erase_if(watches_, [](const auto& entry) { return entry.second.expired(); });
  watches_.emplace(std::pair(kind, object), signal);
}

Task<void> ChangeHub::Look() {
  while (seq_ < newest_) {
    if (watches_.empty()) {
      seq_ = newest_;
      break;
    }
    Changes changes;
    Database::Work work = [&changes, from = seq_](Transaction& transaction) {
      ASSIGN_OR_RETURN(changes, ReadChanges(transaction, from, kChangesPerLookMax));
      return Status();
    };
    const Status read = co_await Read(database_, std::move(work));
    if (!read.ok()) {
      Log(LogLevel::kError, "reading changes failed", {{"error", read.text()}});
      break;
    }
    if (changes.objects.empty()) break;
    seq_ = changes.seq;
    for (const auto& [kind, object] : changes.objects) Fire(kind, object);
  }
  is_looking_ = false;
}

void ChangeHub::Fire(const std::string& kind, const std::string& object) {
  for (const std::string& name : {object, std::string()}) {
    const auto [first, last] = watches_.equal_range({kind, name});
    // Firing may add watches; the ones to fire are collected first.
    std::vector<std::shared_ptr<Signal>> signals;
    for (auto entry = first; entry != last; ++entry) {
      if (auto signal = entry->second.lock()) signals.push_back(std::move(signal));
    }
    for (const auto& signal : signals) signal->Fire();
  }
}

struct FileWatcher::Impl {
  explicit Impl(Loop& on) : loop(on), inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

  // Takes what inotify has to say and fires those concerned.
  void Drain() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    std::set<int> changed;
    std::set<int> gone;
    while (true) {
      const ssize_t count = read(inotify.get(), buffer.data(), buffer.size());
      if (count <= 0) break;
      for (ssize_t at = 0; at < count;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        changed.insert(event->wd);
        if ((event->mask & IN_IGNORED) != 0) gone.insert(event->wd);
      }
    }
    for (const int watch : changed) Fire(watch);
    // The kernel has dropped these: their files are no more.
    for (const int watch : gone) signals_of.erase(watch);
  }

  // Drops what nobody waits for any more.
  void Purge() {
    for (auto entry = signals_of.begin(); entry != signals_of.end();) {
      const int watch = entry->first;
      entry = entry->second.expired() ? signals_of.erase(entry) : std::next(entry);
      if (!signals_of.contains(watch)) inotify_rm_watch(inotify.get(), watch);
    }
  }

  bool Has(int watch, const std::shared_ptr<Signal>& signal) const {
    const auto [first, last] = signals_of.equal_range(watch);
    return std::any_of(first, last,
                       [&](const auto& entry) { return entry.second.lock() == signal; });
  }

  void Fire(int watch) {
    std::vector<std::shared_ptr<Signal>> signals;
    const auto [first, last] = signals_of.equal_range(watch);
    for (auto entry = first; entry != last;) {
      auto signal = entry->second.lock();
      entry = signal ? std::next(entry) : signals_of.erase(entry);
      if (signal) signals.push_back(std::move(signal));
    }
    if (signals.empty()) inotify_rm_watch(inotify.get(), watch);
    for (const auto& signal : signals) signal->Fire();
  }

  static Task<void> Serve(std::shared_ptr<Impl> impl) {
    while (!impl->is_closed) {
      const Status readable = co_await impl->loop.Readable(impl->inotify.get());
      if (!readable.ok()) co_return;
      impl->Drain();
    }
  }

  Loop& loop;
  Fd inotify;
  std::multimap<int, std::weak_ptr<Signal>> signals_of;
  bool is_serving = false;
  bool is_closed = false;
};

FileWatcher::FileWatcher(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}
FileWatcher::~FileWatcher() { impl_->is_closed = true; }

bool FileWatcher::Watch(const std::shared_ptr<Signal>& signal, const std::string& path,
                        size_t watches_max) {
  if (!impl_->inotify.valid()) return false;
  impl_->Purge();
  if (impl_->signals_of.size() >= watches_max) return false;
  if (!std::exchange(impl_->is_serving, true)) Detach(Impl::Serve(impl_));
  const int watch = inotify_add_watch(impl_->inotify.get(), path.c_str(),
                                      IN_MODIFY | IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO);
  if (watch < 0) return false;
  // The same path again is the same watch.
  if (!impl_->Has(watch, signal)) impl_->signals_of.emplace(watch, signal);
  return true;
}

size_t FileWatcher::watches() const { return impl_->signals_of.size(); }

}  // namespace lazurite::live
