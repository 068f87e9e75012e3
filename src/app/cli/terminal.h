// What the program is connected to, and how it writes there.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace lazurite::cli {

enum class Colour : unsigned char { kNone, kBold, kDim, kRed, kGreen, kYellow, kBlue, kCyan };

struct Terminal {
  bool is_out_terminal = false;
  bool is_err_terminal = false;
  bool is_in_terminal = false;
  bool has_out_colour = false;
  bool has_err_colour = false;
  bool is_quiet = false;  // notes are not wanted
  int width = 80;         // columns

  // Looks at the descriptors, NO_COLOR, TERM and COLUMNS.
  static Terminal Look();
  // "always", "never" or "auto" (leaves it as found).
  void SetColour(std::string_view choice);

  // The text in that colour if standard output (or error) has colours.
  std::string Out(std::string_view text, Colour colour) const;
  std::string Err(std::string_view text, Colour colour) const;

  // One line on standard error: plans, progress, hints. Nothing if the user wants quiet.
  void Note(std::string_view line) const;
};

// All of it to standard output at once. If the reader has gone the process ends as any filter does.
void WriteOut(std::string_view text);
void WriteErr(std::string_view text);

// Asks a yes/no question on the terminal. False without a "y"; kFailedPrecondition if there is no
// terminal to ask on.
Result<bool> Confirm(const Terminal& terminal, std::string_view question);

// How many columns the text takes (UTF-8, one column a character, wide East Asian ones two).
size_t DisplayWidth(std::string_view text);
// At most `width` columns of it, the end replaced by "…" if it is cut.
std::string FitWidth(std::string_view text, size_t width);
// Without control characters that could play tricks on a terminal.
std::string Printable(std::string_view text);

}  // namespace lazurite::cli
