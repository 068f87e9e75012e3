// Time as a value that comes in from outside.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace lazurite {

// Wall-clock time in milliseconds: what is stored and shown.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;
// For how long something took or may take: setting the machine's clock does not change it.
using Instant = std::chrono::steady_clock::time_point;

// Milliseconds since 1970, both ways.
constexpr int64_t ToMillis(Time time) { return time.time_since_epoch().count(); }
constexpr Time FromMillis(int64_t millis) { return Time(std::chrono::milliseconds(millis)); }

// "2026-11-24T16:26:21.123Z"
std::string FormatTime(Time time);
// Reads ISO 8601 in UTC or with an offset, with or without a fraction; nothing if it is none.
std::optional<Time> ParseTime(std::string_view text);
// ISO 8601 durations as Azure writes them: "PT120S", "PT1H30M", "P1DT2H"; nothing if it is none.
std::optional<Duration> ParseIsoDuration(std::string_view text);
std::string FormatIsoDuration(Duration duration);  // "PT2M"
// "12 s", "3 min 4 s", "2 h 5 min"
std::string FormatElapsed(Duration duration);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
  virtual Instant Steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  }
  Instant Steady() const override { return std::chrono::steady_clock::now(); }
};

// Stands still until told. Safe for several threads.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time now) : now_(now) {}
  Time Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  Instant Steady() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  void Advance(Duration by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
    steady_ += by;
  }
  // What somebody does who sets the machine's clock: no time passes.
  void Set(Time now) {
    const std::lock_guard lock(mutex_);
    now_ = now;
  }

 private:
  mutable std::mutex mutex_;
  Time now_;
  Instant steady_{};
};

}  // namespace lazurite
