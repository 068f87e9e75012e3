// Takes the values of secrets out of what a job says: "***" stands for each.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lazurite::runner {

// What is looked for. A value of several lines is looked for line by line, without the blanks at
// their ends; shorter lines than kRedactedBytesMin would make nonsense of a log and are left.
class Redaction final {
 public:
  static constexpr size_t kRedactedBytesMin = 4;
  static constexpr std::string_view kMask = "***";

  Redaction() = default;
  explicit Redaction(const std::vector<std::string>& values);
  bool is_empty() const { return patterns_.empty(); }

  // A text that is whole.
  std::string Apply(std::string_view text) const;
  // All texts in it, names of members too.
  void Apply(Json& json) const;

 private:
  friend class StreamRedactor;
  // What begins at a place of a text.
  struct Found {
    size_t length = 0;          // of the longest value there; 0 = none
    bool may_continue = false;  // the text ends within a value
  };
  Found At(std::string_view text, size_t place) const;
  // Masks the text up to where a value may have begun that it does not end in; gives back how much
  // was taken.
  size_t Mask(std::string_view text, bool is_last, std::string& out) const;

  std::vector<std::string> patterns_;
  std::array<bool, 256> begins_{};  // whether a value begins with this byte
};

// The same for bytes that come piece by piece: a value is found wherever it is cut. Only what may
// be the beginning of a value is held back.
class StreamRedactor final {
 public:
  explicit StreamRedactor(const Redaction& redaction) : redaction_(redaction) {}
  std::string Add(std::string_view bytes);
  // What was held back.
  std::string Finish();

 private:
  const Redaction& redaction_;
  std::string held_;
};

}  // namespace lazurite::runner
