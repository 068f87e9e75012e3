#include "app/cli/arguments.h"

#include "base/text.h"

namespace lazurite::cli {
namespace {

class Parser {
 public:
  Parser(const Command& command, std::span<const std::string> words)
      : command_(command), words_(words) {}

  Result<Arguments> Run() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_];
      if (word == "--" || (command_.takes_rest && IsWord(word))) {
        TakeRest(word == "--");
        break;
      }
      TRY(IsWord(word) ? TakeWord() : TakeFlag());
    }
    return std::move(out_);
  }

 private:
  static bool IsWord(std::string_view word) { return word.size() < 2 || word[0] != '-'; }

  void TakeRest(bool skip_dashes) {
    for (at_ += skip_dashes ? 1 : 0; at_ < words_.size(); ++at_) out_.rest.push_back(words_[at_]);
  }

  Status TakeWord() {
    const std::string& word = words_[at_++];
    if (out_.words.size() >= command_.words_max) {
      return InvalidArgument("lazurite " + std::string(command_.name) + ": \"" + word +
                             "\" is one word too many");
    }
    out_.words.push_back(word);
    return {};
  }

  Status TakeFlag() {
    std::string word = words_[at_++];
    std::optional<std::string> value;
    if (const size_t equals = word.find('='); word.starts_with("--") && equals != word.npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    } else if (!word.starts_with("--") && word.size() > 2) {
      value = word.substr(word[2] == '=' ? 3 : 2);
      word.resize(2);
    }
    const Flag* flag = FindFlag(command_, word);
    if (flag == nullptr) return Unknown(word);
    if (flag->value.empty()) {
      if (value) return InvalidArgument(word + " takes no value");
      out_.flags.emplace_back(flag->name, "");
      return {};
    }
    if (!value) {
      if (at_ >= words_.size() || (words_[at_].size() > 2 && words_[at_].starts_with("--"))) {
        return InvalidArgument(word + " needs a value: " + std::string(flag->value));
      }
      value = words_[at_++];
    }
    TRY(Check(*flag, *value));
    out_.flags.emplace_back(flag->name, *value);
    while (flag->repeats && at_ < words_.size() && IsWord(words_[at_]) &&
           words_[at_].find('=') != std::string::npos) {
      out_.flags.emplace_back(flag->name, words_[at_++]);
    }
    return {};
  }

  static Status Check(const Flag& flag, const std::string& value) {
    if (flag.values.find('|') == std::string_view::npos) return {};
    const std::vector<std::string_view> allowed = Split(flag.values, '|');
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return {};
    return InvalidArgument(std::string(flag.name) + " is \"" + value + "\", expected " +
                           ListOr(allowed));
  }

  Status Unknown(const std::string& word) const {
    std::vector<std::string_view> names;
    for (const Flag& flag : command_.flags) names.push_back(flag.name);
    for (const Flag& flag : GlobalFlags()) names.push_back(flag.name);
    const std::string_view nearest = Nearest(word, names);
    std::string text = "lazurite " + std::string(command_.name) + " has no flag " + word;
    if (!nearest.empty()) text += ", did you mean " + std::string(nearest) + "?";
    return InvalidArgument(std::move(text));
  }

  const Command& command_;
  std::span<const std::string> words_;
  size_t at_ = 0;
  Arguments out_;
};

}  // namespace

bool Arguments::Has(std::string_view flag) const {
  return std::any_of(flags.begin(), flags.end(), [&](const auto& f) { return f.first == flag; });
}

std::string Arguments::Get(std::string_view flag, std::string_view preset) const {
  for (auto it = flags.rbegin(); it != flags.rend(); ++it) {
    if (it->first == flag) return it->second;
  }
  return std::string(preset);
}

std::vector<std::string> Arguments::All(std::string_view flag) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : flags) {
    if (name == flag) values.push_back(value);
  }
  return values;
}

Result<std::optional<int64_t>> Arguments::GetInt(std::string_view flag, int64_t low) const {
  if (!Has(flag)) return std::optional<int64_t>();
  const std::string text = Get(flag);
  const std::optional<int64_t> value = ParseInt(text);
  if (!value || *value < low) {
    return InvalidArgument(std::string(flag) + " is \"" + text + "\", expected a number from " +
                           std::to_string(low));
  }
  return value;
}

Result<Arguments> ParseArguments(const Command& command, std::span<const std::string> words) {
  return Parser(command, words).Run();
}

Result<double> ParseSeconds(std::string_view text) {
  double unit = 1;
  std::string_view number = text;
  if (!text.empty()) {
    switch (text.back()) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      default:
        unit = 0;
    }
    if (unit > 0)
      number.remove_suffix(1);
    else
      unit = 1;
  }
  const std::optional<double> value = ParseDouble(number);
  if (!value || !(*value >= 0) || *value > 1e9) {
    return InvalidArgument("\"" + std::string(text) +
                           "\" is no duration, expected 90, 90s, 5m, 2h or 1d");
  }
  return *value * unit;
}

}  // namespace lazurite::cli
