// Tells waiting requests that something they watch has changed: an object of the database, or a
// file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/net/loop.h"
#include "base/net/task.h"
#include "storage/sql/database.h"

namespace lazurite::live {

// Remembers that it was fired until somebody has waited for it, so that nothing is missed between a
// look and a wait. Lives on the loop's thread; one waiter at a time.
class Signal final : public std::enable_shared_from_this<Signal> {
 public:
  explicit Signal(Loop& loop) : loop_(loop) {}

  void Fire();
  // True at once if it was fired since the last wait; else waits for that at most `wait`: false.
  Task<bool> Wait(Duration wait);

 private:
  Loop& loop_;
  bool is_fired_ = false;
  std::function<void(bool)> waiter_;
  std::shared_ptr<void> timer_;
};

// Reads the rows of `changes` after each commit and fires the signals of their objects. Lives on
// the loop; only Committed may be called from elsewhere.
class ChangeHub final {
 public:
  // Fires for what comes after `seq`, the newest change so far.
  ChangeHub(Loop& loop, Database& database, int64_t seq)
      : loop_(loop), database_(database), seq_(seq) {}

  // Called on the writer's thread after each commit.
  void Committed(int64_t seq);

  // Fires the signal, as long as somebody else holds it, when the object changes ("job", "a"; an
  // empty name means any of that kind).
  void Watch(const std::shared_ptr<Signal>& signal, const std::string& kind,
             const std::string& object);

 private:
  Task<void> Look();
  void Fire(const std::string& kind, const std::string& object);

  Loop& loop_;
  Database& database_;
  std::multimap<std::pair<std::string, std::string>, std::weak_ptr<Signal>> watches_;
  int64_t seq_;
  int64_t newest_ = 0;
  bool is_looking_ = false;
};

// Fires signals when files grow (inotify). Lives on the loop.
class FileWatcher final {
 public:
  static constexpr size_t kWatchesMax = 8192;

  explicit FileWatcher(Loop& loop);
  ~FileWatcher();

  // Fires the signal, as long as somebody else holds it, when the file, or something in the folder,
  // changes. False if the path cannot be watched (it is not there yet, there are `watches_max`
  // already, or the system's limit is reached): then the caller has to look by itself. Watches
  // whose signal is gone are dropped with the next call.
  bool Watch(const std::shared_ptr<Signal>& signal, const std::string& path,
             size_t watches_max = kWatchesMax);
  size_t watches() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lazurite::live
