#include "engine/runner/secret_redaction.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace lazurite::runner {

Redaction::Redaction(const std::vector<std::string>& values) {
  std::set<std::string> lines;
  for (const std::string& value : values) {
    for (const std::string_view line : Split(value, '\n')) {
      const std::string_view bare = Trim(line);
      if (bare.size() >= kRedactedBytesMin) lines.emplace(bare);
    }
  }
  patterns_.assign(lines.begin(), lines.end());
  for (const std::string& pattern : patterns_) {
    begins_[static_cast<unsigned char>(pattern[0])] = true;
  }
}

Redaction::Found Redaction::At(std::string_view text, size_t place) const {
  Found found;
  if (!begins_[static_cast<unsigned char>(text[place])]) return found;
  const std::string_view rest = text.substr(place);
  for (const std::string_view pattern : patterns_) {
    if (rest.starts_with(pattern)) {
      found.length = std::max(found.length, pattern.size());
    } else if (pattern.starts_with(rest)) {
      found.may_continue = true;
    }
  }
  return found;
}

size_t Redaction::Mask(std::string_view text, bool is_last, std::string& out) const {
  size_t plain = 0;  // what follows is not in `out` yet
  size_t place = 0;
  while (place < text.size()) {
    const Found first = At(text, place);
    if (first.length == 0 && !first.may_continue) {
      ++place;
      continue;
    }
    // Values that overlap become one mask.
    size_t end = place + first.length;
    bool may_continue = first.may_continue;
    for (size_t inner = place + 1; inner < end; ++inner) {
      const Found found = At(text, inner);
      end = std::max(end, inner + found.length);
      may_continue = may_continue || found.may_continue;
    }
    if (may_continue && !is_last) break;
    if (first.length == 0) {
      ++place;
      continue;
    }
    out += text.substr(plain, place - plain);
    out += kMask;
    plain = place = end;
  }
  out += text.substr(plain, place - plain);
  return place;
}

std::string Redaction::Apply(std::string_view text) const {
  std::string out;
  Mask(text, true, out);
  return out;
}

void Redaction::Apply(Json& json) const {
  if (json.is_string()) {
    json = Json(Apply(json.string()));
  } else if (json.is_array()) {
    for (Json& item : json.array()) Apply(item);
  } else if (json.is_object()) {
    for (auto& [name, value] : json.object()) {
      name = Apply(name);
      Apply(value);
    }
  }
}

std::string StreamRedactor::Add(std::string_view bytes) {
  std::string joined;
  std::string_view text = bytes;
  if (!held_.empty()) {
    joined = held_ + std::string(bytes);
    text = joined;
  }
  std::string out;
  const size_t taken = redaction_.Mask(text, false, out);
  held_ = std::string(text.substr(taken));
  return out;
}

std::string StreamRedactor::Finish() {
  const std::string text = std::exchange(held_, "");
  return redaction_.Apply(text);
}

}  // namespace lazurite::runner
