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
  for (size_t i = pattern.size(); i < path.size(); ++i) out.push_back(spec::SnakeCase(path[i]));
  return Join(out, ".");
}

// The place of a path: an input that cannot be had is wrong where its path is written.
spec::Problem ProblemOf(const Draft& draft, const std::string& path, std::string message) {
  const std::string inner = path + ".path";
  const bool is_inner = draft.loaded.positions.contains(inner);
  return spec::ProblemAt(draft.loaded, is_inner ? inner : path, std::move(message));
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

Status AtFields(Context& context, const Server& server, const Draft& draft, Status status) {
  if (status.ok()) return status;
  std::vector<std::string> sentences = server.last_problems();
  if (sentences.empty()) sentences.push_back(status.text());
  bool has_place = false;
  std::vector<spec::Problem> problems;
  for (const std::string& sentence : sentences) {
    const std::string_view rest_path = PathAtStart(sentence);
    const std::string path = YamlPathOf(draft.loaded.kind, rest_path);
    if (path.empty()) {
      problems.push_back(spec::ProblemAt(draft.loaded, "", sentence));
      problems.back().line = 0;
      continue;
    }
    has_place = true;
    problems.push_back(ProblemOf(draft, path, path + sentence.substr(rest_path.size())));
  }
  if (has_place) context.details = RenderAll(problems, draft.loaded.file, draft.text);
  return status;
}

}  // namespace lazurite::cli
