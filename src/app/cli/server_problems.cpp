#include "app/cli/server_problems.h"

#include "base/text.h"
#include "spec/field.h"
#include "spec/problem.h"
#include "spec/rest.h"

namespace lazurite::cli {
namespace {

using Parts = std::vector<std::string_view>;

bool IsPathLetter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

// What a sentence begins with, if that is a property; else "".
std::string_view PathAtStart(std::string_view message) {
  if (!message.starts_with("properties.")) return {};
  size_t end = 0;
  while (end < message.size() && IsPathLetter(message[end])) ++end;
  while (end > 0 && message[end - 1] == '.') --end;
  return message.substr(0, end);
}

// Whether the path begins with all parts of the pattern.
bool BeginsWith(const Parts& path, const Parts& pattern) {
  if (pattern.size() > path.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != "*" && !EqualNoCase(pattern[i], path[i])) return false;
  }
  return true;
}

// The row's path with the path's own names for its stars, and what the row does not cover.
std::string Filled(const spec::Field& field, const Parts& pattern, const Parts& path) {
  std::vector<std::string> out;
  Parts names;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "*") names.push_back(path[i]);
  }
  size_t name = 0;
  for (const std::string_view part : Split(field.path, '.')) {
    out.emplace_back(part == "*" && name < names.size() ? names[name++] : part);
  }
  // Entries of a map have the user's own names.
  const bool is_map = field.plain_type().starts_with("map:");
  for (size_t i = pattern.size(); i < path.size(); ++i) {
    out.push_back(is_map ? std::string(path[i]) : spec::SnakeCase(path[i]));
  }
  return Join(out, ".");
}

// "…; did you mean "x"?": what stands behind is shown beside the offending text.
void TakeSuggestion(spec::Problem& problem) {
  static constexpr std::string_view kMark = "; did you mean ";
  const size_t at = problem.message.rfind(kMark);
  if (at == std::string::npos) return;
  problem.suggestion = problem.message.substr(at + 2);
  problem.message.resize(at);
}

}  // namespace

std::string YamlPathOf(std::string_view kind, std::string_view rest_path) {
  const Parts path = Split(rest_path, '.');
  if (path.size() < 2 || path[0] != "properties") return "";
  const spec::Field* best = nullptr;
  Parts best_pattern;
  for (const spec::Field& field : spec::FieldsOf(kind)) {
    if (field.rest.empty()) continue;
    Parts pattern = Split(field.rest, '.');
    if (!BeginsWith(path, pattern) || pattern.size() <= best_pattern.size()) continue;
    best = &field;
    best_pattern = std::move(pattern);
  }
  if (best != nullptr) return Filled(*best, best_pattern, path);
  // Maps and objects themselves have no row in REST: only their spelling differs, and names of
  // entries stay.
  std::vector<std::string> out = {spec::SnakeCase(path[1])};
  for (size_t i = 2; i < path.size(); ++i) out.emplace_back(path[i]);
  return Join(out, ".");
}

spec::Problem ProblemOf(const Draft& draft, Part part, std::string_view rest_path,
                        std::string_view text) {
  const bool is_part = part == Part::kEnvironment;
  std::string path = YamlPathOf(is_part ? "environment" : draft.loaded.kind, rest_path);
  if (is_part) path = path.empty() ? "environment" : "environment." + path;
  spec::Problem problem;
  if (path.empty()) {
    problem = spec::ProblemAt(draft.loaded, "", std::string(text));
    problem.line = 0;
  } else {
    // Inside a conda file the text says it all; an input that cannot be had is wrong where its path
    // is written.
    const bool is_conda = path.find("conda_file.") != std::string::npos;
    const std::string inner = path + ".path";
    const bool is_inner = draft.loaded.positions.contains(inner);
    problem = spec::ProblemAt(draft.loaded, is_inner ? inner : path,
                              (is_conda ? "" : path + ": ") + std::string(text));
  }
  TakeSuggestion(problem);
  return problem;
}

Status AtFields(Context& context, const Server& server, const Draft& draft, Status status,
                Part part) {
  // Only what the server says of the document has a place there.
  const bool is_about_it = status.code() == Code::kInvalidArgument ||
                           status.code() == Code::kNotFound || status.code() == Code::kConflict;
  if (!is_about_it) return status;
  std::vector<std::string> sentences = server.last_problems();
  if (sentences.empty()) sentences.push_back(status.text());
  bool has_place = false;
  std::vector<spec::Problem> problems;
  for (const std::string& sentence : sentences) {
    const std::string_view rest_path = PathAtStart(sentence);
    std::string_view text = std::string_view(sentence).substr(rest_path.size());
    // "properties.x: …" and "properties.x is …"
    const bool has_colon = text.starts_with(": ");
    if (has_colon) text.remove_prefix(2);
    problems.push_back(ProblemOf(draft, part, rest_path, text));
    has_place = has_place || problems.back().line > 0;
    if (!has_colon && !rest_path.empty()) {
      problems.back().message = YamlPathOf(draft.loaded.kind, rest_path) + std::string(text);
      TakeSuggestion(problems.back());
    }
  }
  if (has_place) context.details = RenderAll(problems, draft.loaded.file, draft.text);
  if (has_place || problems.front().message == sentences.front()) return status;
  // Said by a flag: in the words of the command line.
  return {status.code(),
          problems.front().message +
              (problems.front().suggestion.empty() ? "" : "; " + problems.front().suggestion)};
}

}  // namespace lazurite::cli
