#include "app/cli/prompt.h"

#include <termios.h>
#include <unistd.h>

#include "base/file.h"

namespace lazurite::cli {
namespace {

constexpr char kInterrupt = 0x03;
constexpr char kEnd = 0x04;
constexpr char kDelete = 0x7f;
constexpr char kBackspace = 0x08;

// Neither echo nor signals while it lives: a terminal must not be left without echo.
class Silence {
 public:
  Silence() : is_set_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_set_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    is_set_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (is_set_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool is_set() const { return is_set_; }

 private:
  termios before_{};
  bool is_set_;
};

// A whole character of UTF-8.
void DropLast(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
    text.pop_back();
  }
  if (!text.empty()) text.pop_back();
}

Result<std::string> ReadLine(size_t bytes_max) {
  std::string line;
  while (true) {
    char letter = 0;
    const ssize_t count = read(STDIN_FILENO, &letter, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("reading from the terminal", errno);
    if (count == 0 || letter == '\n' || letter == '\r' || letter == kEnd) return line;
    if (letter == kInterrupt) return Status(Code::kCancelled, "nothing was set");
    if (letter == kDelete || letter == kBackspace) {
      DropLast(line);
    } else if (line.size() == bytes_max) {
      return InvalidArgument("more than " + std::to_string(bytes_max) + " bytes were typed");
    } else {
      line += letter;
    }
  }
}

}  // namespace

Result<std::string> ReadHidden(const Terminal& terminal, std::string_view question,
                               size_t bytes_max) {
  if (terminal.is_in_terminal) {
    const Silence silence;
    if (!silence.is_set()) {
      return FailedPrecondition(
          "the terminal's echo cannot be turned off; give it on standard "
          "input");
    }
    WriteErr(question);
    Result<std::string> line = ReadLine(bytes_max);
    WriteErr("\n");
    return line;
  }
  // One more for each byte of a line's end.
  ASSIGN_OR_RETURN(std::string text, ReadFile("/dev/stdin", bytes_max + 2));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace lazurite::cli
