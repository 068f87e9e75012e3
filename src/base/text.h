// Small functions on text that the standard library lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazurite {

// The parts between separators; one empty part for an empty text.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);  // without blanks at both ends
std::string Lower(std::string_view text);      // ASCII only
bool EqualNoCase(std::string_view a, std::string_view b);
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);

// The whole text as a number, or nothing.
std::optional<int64_t> ParseInt(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

// The number in its shortest form that reads back exactly, "0.1".
std::string FormatDouble(double value);

// How many insertions, deletions, changes and swaps of neighbours lead from one to the other.
int EditDistance(std::string_view a, std::string_view b);
// The candidate nearest to `word`, if its distance is at most 2 (1 for words of three letters or
// fewer); else "".
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// Percent-encoding of URLs (RFC 3986). `PathEncode` leaves slashes alone.
std::string UrlEncode(std::string_view text);
std::string PathEncode(std::string_view text);
// Nothing if a percent sign is not followed by two hex digits.
std::optional<std::string> UrlDecode(std::string_view text, bool plus_is_blank = false);

// "a", "b" or "c"
std::string ListOr(const std::vector<std::string_view>& words);
// 1.5 GiB
std::string FormatBytes(int64_t bytes);

}  // namespace lazurite
