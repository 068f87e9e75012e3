// One line that says how far something is, on standard error.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/terminal.h"
#include "base/clock.h"

namespace lazurite::cli {

// Silent for the first 300 ms; then a line that is redrawn at most ten times a second, or, if
// standard error is no terminal, a plain line every ten seconds. The line is gone when the object
// is.
class Progress {
 public:
  static constexpr Duration kSilence{300};
  static constexpr Duration kRedraw{100};
  static constexpr Duration kPlain{10'000};

  Progress(const Terminal& terminal, std::string title);
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `total` < 0: not known.
  void Show(int64_t done, int64_t total);
  // Any text instead of bytes.
  void ShowText(std::string_view text);
  void Clear();

 private:
  using Instant = std::chrono::steady_clock::time_point;

  const Terminal& terminal_;
  const std::string title_;
  const Instant start_;
  Instant drawn_;
  bool is_drawn_ = false;
};

// "41 MB / 120 MB  34 %  12 MB/s  6 s left"
std::string ProgressText(int64_t done, int64_t total, Duration elapsed);

}  // namespace lazurite::cli
