#include "app/cli/completion.h"

#include <set>

#include "app/cli/context.h"
#include "app/cli/noun.h"
#include "base/text.h"
#include "spec/field.h"

namespace lazurite::cli {
namespace {

constexpr size_t kNamesMax = 200;

// The command line so far, without the word under the cursor.
struct Line {
  const Command* command = nullptr;
  std::string noun;            // a noun whose verb is not there yet
  const Flag* open = nullptr;  // a flag that waits for its value
  bool is_rest = false;        // behind "--" or in another program's words
};

Line Read(const std::vector<std::string>& before) {
  static const Command kNothing{
      .name = "", .sentence = "", .arguments = "", .subject = "", .examples = ""};
  Line line;
  for (const std::string& word : before) {
    if (line.open != nullptr) {
      line.open = nullptr;
      continue;
    }
    if (word == "--") {
      line.is_rest = true;
      return line;
    }
    if (word.starts_with('-')) {
      const Flag* flag = FindFlag(line.command != nullptr ? *line.command : kNothing, word);
      if (flag != nullptr && !flag->value.empty()) line.open = flag;
    } else if (line.command != nullptr) {
      line.is_rest = line.is_rest || line.command->takes_rest;
    } else if (line.noun.empty()) {
      line.command = FindCommand(word);
      if (line.command == nullptr) line.noun = word;
    } else {
      line.command = FindCommand(line.noun + " " + word);
    }
  }
  return line;
}

std::vector<Candidate> FirstWords() {
  std::vector<Candidate> out;
  std::set<std::string> seen;
  for (const Command* command : Commands()) {
    const bool has_verb = command->name.find(' ') != std::string_view::npos;
    const std::string word(command->name.substr(0, command->name.find(' ')));
    if (!seen.insert(word).second) continue;
    out.push_back(
        {word, has_verb ? word + "s: create, show, list …" : std::string(command->sentence)});
  }
  return out;
}

std::vector<Candidate> FlagsOf(const Command* command) {
  std::vector<Candidate> out;
  if (command != nullptr) {
    for (const Flag& flag : command->flags) {
      out.push_back({std::string(flag.name), std::string(flag.sentence)});
    }
  }
  for (const Flag& flag : GlobalFlags()) {
    out.push_back({std::string(flag.name), std::string(flag.sentence)});
  }
  return out;
}

std::vector<Candidate> FieldNames() {
  std::vector<Candidate> out;
  for (const spec::Field& field : spec::FieldsOf("job")) {
    if (field.path.find('*') == std::string_view::npos) {
      out.push_back({std::string(field.path), std::string(field.sentence)});
    }
  }
  return out;
}

// Names that the server knows of the noun; of jobs those that begin with `word`.
std::vector<Candidate> LiveNames(std::string_view noun, const std::string& word) {
  static const Command kNothing{
      .name = "", .sentence = "", .arguments = "", .subject = "", .examples = ""};
  Context context(kNothing, {}, Terminal::Look());
  const Result<Server*> server = context.Connect();
  std::vector<Candidate> out;
  if (!server.ok()) return out;
  if (noun == "job") {
    const Result<Json> found = (*server)->Get("/lazurite/v1/jobs?prefix=" + UrlEncode(word));
    const Json* names = found.ok() ? found->Find("names") : nullptr;
    if (names == nullptr || !names->is_array()) return out;
    for (const Json& name : names->array()) out.push_back({PlainText(name), ""});
    return out;
  }
  const std::string collection =
      noun == "environment" || noun == "model" || noun == "compute" || noun == "datastore"
          ? std::string(noun) + "s"
          : std::string(noun);
  std::string target = (*server)->Workspace(noun == "workspace" ? "" : collection);
  if (noun == "workspace") target = target.substr(0, target.rfind('/'));
  const Result<std::vector<Json>> items = (*server)->List(target, kNamesMax);
  if (!items.ok()) return out;
  for (const Json& item : *items) out.push_back({item.GetString("name"), ""});
  return out;
}

std::vector<Candidate> ValuesOf(std::string_view values, const std::string& word,
                                bool asks_server) {
  if (values == "<file>") return {{"<file>", ""}};
  if (values == "<field>") return FieldNames();
  if (values.starts_with('<')) {
    return asks_server ? LiveNames(values.substr(1, values.size() - 2), word)
                       : std::vector<Candidate>();
  }
  std::vector<Candidate> out;
  if (values.empty()) return out;
  for (const std::string_view value : lazurite::Split(values, '|'))
    out.push_back({std::string(value), ""});
  return out;
}

std::vector<Candidate> Choose(const Line& line, const std::string& word, bool asks_server) {
  if (line.is_rest) return {{"<file>", ""}};
  if (line.open != nullptr) {
    const bool is_own_name = line.open->name == "--name" && line.open->values.empty();
    return ValuesOf(
        is_own_name && line.command != nullptr ? line.command->subject : line.open->values, word,
        asks_server);
  }
  if (word.starts_with('-')) return FlagsOf(line.command);
  if (line.command == nullptr && line.noun.empty()) return FirstWords();
  if (line.command == nullptr) {
    std::vector<Candidate> out;
    for (const Command* command : CommandsOf(line.noun)) {
      out.push_back({std::string(command->name.substr(line.noun.size() + 1)),
                     std::string(command->sentence)});
    }
    return out;
  }
  return ValuesOf(line.command->subject, word, asks_server);
}

}  // namespace

std::vector<Candidate> Complete(const std::vector<std::string>& words, bool asks_server) {
  std::vector<std::string> before = words;
  if (!before.empty() && before[0] == "--") before.erase(before.begin());
  std::string word;
  if (!before.empty()) {
    word = before.back();
    before.pop_back();
  }
  std::vector<Candidate> out;
  for (Candidate& candidate : Choose(Read(before), word, asks_server)) {
    if (candidate.word == "<file>" || candidate.word.starts_with(word)) {
      out.push_back(std::move(candidate));
    }
  }
  return out;
}

void PrintCompletions(const std::vector<std::string>& words) {
  std::string out;
  for (const Candidate& candidate : Complete(words, true)) {
    out += candidate.word + (candidate.sentence.empty() ? "" : "\t" + candidate.sentence) + "\n";
  }
  WriteOut(out);
}

}  // namespace lazurite::cli
