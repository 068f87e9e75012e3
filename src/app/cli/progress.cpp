#include "app/cli/progress.h"

#include <signal.h>
#include <unistd.h>

#include "base/text.h"

namespace lazurite::cli {
namespace {

// Ctrl-C ends the process as ever, but not in the middle of a line.
void EndWithCleanLine(int signal_number) {
  constexpr std::string_view kClear = "\r\x1b[K";
  (void)!write(STDERR_FILENO, kClear.data(), kClear.size());
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

Progress::Progress(const Terminal& terminal, std::string title)
    : terminal_(terminal),
      title_(std::move(title)),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

std::string ProgressText(int64_t done, int64_t total, Duration elapsed) {
  std::string text = FormatBytes(done);
  if (total >= 0) text += " / " + FormatBytes(total);
  if (total > 0) text += "  " + std::to_string(done * 100 / total) + " %";
  const auto seconds = static_cast<double>(elapsed.count()) / 1000;
  if (seconds < 0.2 || done == 0) return text;
  const double speed = static_cast<double>(done) / seconds;
  text += "  " + FormatBytes(static_cast<int64_t>(speed)) + "/s";
  if (total > done) {
    const auto left = static_cast<int64_t>(static_cast<double>(total - done) / speed * 1000);
    text += "  " + FormatElapsed(Duration(left / 1000 * 1000)) + " left";
  }
  return text;
}

void Progress::Show(int64_t done, int64_t total) {
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  ShowText(ProgressText(done, total, std::chrono::duration_cast<Duration>(elapsed)));
}

void Progress::ShowText(std::string_view text) {
  const Instant now = std::chrono::steady_clock::now();
  if (terminal_.is_quiet || now - start_ < kSilence) return;
  if (now - drawn_ < (terminal_.is_err_terminal ? kRedraw : kPlain)) return;
  drawn_ = now;
  const std::string line = title_ + "  " + std::string(text);
  if (terminal_.is_err_terminal) {
    if (!is_drawn_) signal(SIGINT, EndWithCleanLine);
    is_drawn_ = true;
    WriteErr("\r" + FitWidth(line, static_cast<size_t>(terminal_.width - 1)) + "\x1b[K");
  } else {
    WriteErr(line + "\n");
  }
}

void Progress::Clear() {
  if (!is_drawn_) return;
  WriteErr("\r\x1b[K");
  signal(SIGINT, SIG_DFL);
  is_drawn_ = false;
}

}  // namespace lazurite::cli
