#include "app/cli/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

std::string Paint(std::string_view text, Colour colour) {
  static constexpr std::array<const char*, 8> kCodes = {"", "1", "2", "31", "32", "33", "34", "36"};
  if (colour == Colour::kNone) return std::string(text);
  return "\x1b[" + std::string(kCodes.at(static_cast<size_t>(colour))) + "m" + std::string(text) +
         "\x1b[0m";
}

bool AllowsColour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_colour == nullptr || *no_colour == '\0') && term != nullptr &&
         std::string_view(term) != "dumb";
}

int FindWidth() {
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  const char* columns = std::getenv("COLUMNS");
  const auto given = columns == nullptr ? std::nullopt : ParseInt(columns);
  return given && *given >= 20 && *given <= 1000 ? static_cast<int>(*given) : 80;
}

// The character at `at`, its length in bytes set; broken bytes count as one character each.
char32_t Decode(std::string_view text, size_t at, size_t& length) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  const size_t need = first < 0x80    ? 1
                      : first >= 0xF0 ? 4
                      : first >= 0xE0 ? 3
                      : first >= 0xC0 ? 2
                                      : 1;
  length = at + need <= text.size() ? need : 1;
  if (length == 1) return first;
  char32_t value = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) value = (value << 6) | (byte(i) & 0x3Fu);
  return value;
}

size_t Columns(char32_t c) {
  if ((c >= 0x300 && c <= 0x36F) || c == 0x200D || c == 0xFE0F) return 0;
  const bool is_wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                       (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                       (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                       (c >= 0x1F300 && c <= 0x1FAFF);
  return is_wide ? 2 : 1;
}

}  // namespace

Terminal Terminal::Look() {
  Terminal terminal;
  terminal.is_out_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.is_err_terminal = isatty(STDERR_FILENO) == 1;
  terminal.is_in_terminal = isatty(STDIN_FILENO) == 1;
  const bool allowed = AllowsColour();
  terminal.has_out_colour = allowed && terminal.is_out_terminal;
  terminal.has_err_colour = allowed && terminal.is_err_terminal;
  terminal.width = FindWidth();
  return terminal;
}

void Terminal::SetColour(std::string_view choice) {
  if (choice == "always") has_out_colour = has_err_colour = true;
  if (choice == "never") has_out_colour = has_err_colour = false;
}

std::string Terminal::Out(std::string_view text, Colour colour) const {
  return has_out_colour ? Paint(text, colour) : std::string(text);
}

std::string Terminal::Err(std::string_view text, Colour colour) const {
  return has_err_colour ? Paint(text, colour) : std::string(text);
}

void Terminal::Note(std::string_view line) const {
  if (!is_quiet) WriteErr(std::string(line) + "\n");
}

void WriteOut(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(STDOUT_FILENO, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EPIPE) {
      signal(SIGPIPE, SIG_DFL);
      raise(SIGPIPE);
      _exit(1);
    } else if (errno != EINTR && errno != EAGAIN) {
      WriteErr("error: writing to standard output: " + std::string(std::strerror(errno)) + "\n");
      _exit(1);
    }
  }
}

void WriteErr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno != EINTR && errno != EAGAIN) return;
    if (count > 0) text.remove_prefix(static_cast<size_t>(count));
  }
}

Result<bool> Confirm(const Terminal& terminal, std::string_view question) {
  if (!terminal.is_in_terminal || !terminal.is_err_terminal) {
    return FailedPrecondition(std::string(question) +
                              " needs an answer, and there is no terminal to ask on: pass --yes");
  }
  WriteErr(std::string(question) + " [y/N] ");
  std::string answer;
  char letter = 0;
  while (answer.size() < 100 && read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
    answer += letter;
  }
  const std::string word = Lower(Trim(answer));
  return word == "y" || word == "yes";
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0, length = 0; at < text.size(); at += length) {
    width += Columns(Decode(text, at, length));
  }
  return width;
}

std::string FitWidth(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t used = 0;
  size_t at = 0;
  for (size_t length = 0; at < text.size(); at += length) {
    const size_t columns = Columns(Decode(text, at, length));
    if (used + columns > width - 1) break;
    used += columns;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string Printable(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte == '\n' || byte == '\t' || byte == '\r') {
      out += ' ';
    } else if (byte >= 0x20 && byte != 0x7F) {
      out += letter;
    }
  }
  return out;
}

}  // namespace lazurite::cli
