#include "spec/docker_args.h"

#include <limits>
#include <string>
#include <vector>

#include "base/text.h"

namespace lazurite::spec {
namespace {

constexpr std::string_view kShort = "-m";
constexpr std::string_view kLong = "--memory";

std::vector<std::string> WordsOf(const Json& arguments) {
  std::vector<std::string> words;
  const auto add = [&words](const Json& text) {
    if (!text.is_string()) return;
    for (const std::string_view word : Split(text.string(), ' ')) {
      if (!Trim(word).empty()) words.emplace_back(Trim(word));
    }
  };
  if (!arguments.is_array()) {
    add(arguments);
    return words;
  }
  for (const Json& text : arguments.array()) add(text);
  return words;
}

// Docker's units are powers of 1024; without one it is bytes.
Result<int64_t> BytesOf(std::string_view size) {
  constexpr std::string_view kUnits = "bkmg";
  std::string_view digits = size;
  int shift = 0;
  if (!size.empty()) {
    const size_t unit = kUnits.find(Lower(size.substr(size.size() - 1)));
    if (unit != std::string_view::npos) {
      digits.remove_suffix(1);
      shift = static_cast<int>(unit) * 10;
    }
  }
  const std::optional<int64_t> number = ParseInt(digits);
  if (number && *number > 0 && *number <= (std::numeric_limits<int64_t>::max() >> shift)) {
    return *number << shift;
  }
  return InvalidArgument("the memory is \"" + std::string(size) +
                         "\", expected a number and b, k, m or g, such as --memory=2g");
}

// The value in `word`, or in the one after it; nothing if it is not about memory.
std::optional<std::string> ValueAt(const std::vector<std::string>& words, size_t& at) {
  const std::string_view word = words[at];
  if (word == kShort || word == kLong) return ++at < words.size() ? words[at] : "";
  if (word.starts_with(std::string(kLong) + "=")) return std::string(word.substr(kLong.size() + 1));
  if (!word.starts_with(kShort) || word.starts_with("--")) return std::nullopt;
  const std::string_view rest = word.substr(kShort.size());
  return std::string(rest.starts_with('=') ? rest.substr(1) : rest);
}

}  // namespace

Result<std::optional<int64_t>> MemoryOfDockerArgs(const Json& arguments) {
  const std::vector<std::string> words = WordsOf(arguments);
  std::optional<int64_t> bytes;
  for (size_t at = 0; at < words.size(); ++at) {
    const std::optional<std::string> value = ValueAt(words, at);
    if (!value) continue;
    ASSIGN_OR_RETURN(bytes, BytesOf(*value));
  }
  return bytes;
}

}  // namespace lazurite::spec
