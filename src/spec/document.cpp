#include "spec/document.h"

#include <algorithm>

#include "spec/checker.h"
#include "spec/kind.h"
#include "spec/override.h"

namespace lazurite::spec {
namespace {

void AddProblem(Loaded& loaded, Position position, int length, std::string message,
                std::string suggestion = "") {
  Problem problem;
  problem.file = loaded.file;
  problem.line = position.line;
  problem.column = position.column;
  problem.length = length;
  problem.message = std::move(message);
  problem.suggestion = std::move(suggestion);
  loaded.problems.push_back(std::move(problem));
}

// The text as a map; nothing if it is none.
std::optional<YamlNode> ParseMap(std::string_view text, const LoadOptions& options,
                                 Loaded& loaded) {
  auto parsed = ParseYaml(text);
  if (const auto* error = std::get_if<YamlError>(&parsed)) {
    AddProblem(loaded, error->position, 1, error->message);
    return {};
  }
  YamlNode root = std::get<YamlNode>(std::move(parsed));
  if (root.kind == YamlNode::Kind::kMap) return root;
  if (root.kind == YamlNode::Kind::kNull) {
    if (!options.overrides.empty()) {  // flags alone can make a document
      if (!options.file.empty()) root.position = {1, 1};
      return root;
    }
    AddProblem(loaded, {1, 1}, 1, "the file is empty");
    return {};
  }
  AddProblem(loaded, root.position, 1,
             "the file holds " + Describe(root) + ", expected fields and their values");
  return {};
}

void ApplyOverrides(YamlNode& root, const Kind& kind, const LoadOptions& options, Loaded& loaded) {
  for (size_t i = 0; i < options.overrides.size(); ++i) {
    const Override& override = options.overrides[i];
    const std::string error = ApplyOverride(root, kind, override, OverrideLine(i));
    if (error.empty()) continue;
    Problem problem;
    problem.file = OriginOf(override);
    problem.message = error;
    loaded.problems.push_back(std::move(problem));
  }
}

void CheckAgainst(const Kind& kind, std::string_view text, const YamlNode& root,
                  const std::vector<std::string>& origins, Loaded& loaded) {
  loaded.kind = kind.name;
  Checker(kind, text, origins, loaded).Run(root);
}

// Says once that the document is of another kind, instead of what that kind has wrong here.
void Replace(Loaded& loaded, const Misfit& misfit, const std::vector<std::string>& origins) {
  loaded.problems.clear();
  loaded.value = Json::MakeObject();
  AddProblem(loaded, misfit.position, misfit.length, misfit.message, misfit.suggestion);
  if (misfit.position.line < 0) {
    loaded.problems.back().file = origins[OverrideIndex(misfit.position.line)];
    loaded.problems.back().line = 0;
    loaded.problems.back().column = 0;
  }
}

}  // namespace

Loaded LoadDocument(std::string_view text, const LoadOptions& options) {
  Loaded loaded;
  loaded.file = options.file;
  std::vector<std::string> origins;
  for (const Override& override : options.overrides) origins.push_back(OriginOf(override));
  const Kind* noun = FindKind(options.noun);
  if (noun == nullptr) {
    AddProblem(loaded, {}, 1, "no documents are called \"" + options.noun + "\"");
    return loaded;
  }
  std::optional<YamlNode> root = ParseMap(text, options, loaded);
  if (!root) return loaded;
  ApplyOverrides(*root, KindOf(*root, *noun), options, loaded);
  if (root->kind != YamlNode::Kind::kMap) return loaded;
  const Kind& kind = KindOf(*root, *noun);
  if (const auto refusal = RefusalOf(*root, kind)) {
    loaded.kind = kind.name;
    Replace(loaded, *refusal, origins);
    return loaded;
  }
  CheckAgainst(kind, text, *root, origins, loaded);
  if (loaded.ok()) return loaded;
  if (const auto misfit = MisfitOf(*root, kind)) Replace(loaded, *misfit, origins);
  return loaded;
}

namespace {

// The nearest place in another file; nothing if none of the path's parents came from there.
const PlaceElsewhere* FindElsewhere(const Loaded& loaded, std::string at) {
  while (!at.empty()) {
    if (const auto found = loaded.elsewhere.find(at); found != loaded.elsewhere.end()) {
      return &found->second;
    }
    const size_t dot = at.rfind('.');
    at.resize(dot == std::string::npos ? 0 : dot);
  }
  return nullptr;
}

}  // namespace

Problem ProblemAt(const Loaded& loaded, std::string_view path, std::string message) {
  Problem problem;
  problem.file = loaded.file;
  problem.message = std::move(message);
  if (const PlaceElsewhere* place = FindElsewhere(loaded, std::string(path))) {
    problem.file = place->file;
    problem.line = place->position.line;
    problem.column = place->position.column;
    problem.length = place->length;
    problem.source_line = place->source_line;
    return problem;
  }
  std::string at(path);
  auto found = loaded.positions.find(at);
  while (found == loaded.positions.end() && !at.empty()) {
    const size_t dot = at.rfind('.');
    at.resize(dot == std::string::npos ? 0 : dot);
    found = loaded.positions.find(at);
  }
  if (found == loaded.positions.end()) return problem;
  if (const auto origin = loaded.origins.find(at); origin != loaded.origins.end()) {
    problem.file = origin->second;
    return problem;
  }
  problem.line = std::max(found->second.line, 0);
  problem.column = std::max(found->second.column, 0);
  const Json* value = at.empty() ? nullptr : loaded.value.At(at);
  if (at == path && value != nullptr && value->is_string()) {
    problem.length = std::max(static_cast<int>(value->string().size()), 1);
  }
  return problem;
}

}  // namespace lazurite::spec
