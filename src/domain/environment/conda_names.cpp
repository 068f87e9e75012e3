#include "domain/environment/conda_names.h"

#include <fnmatch.h>

#include "base/json.h"
#include "base/text.h"
#include "conda_names_table.h"
#include "domain/environment/conda_line.h"
#include "domain/environment/pep440.h"

namespace lazurite::environment {
namespace {

constexpr std::string_view kConda = "install conda or micromamba and put it on PATH";

const Json& Table() {
  static const Json table = [] {
    Result<Json> parsed = Json::Parse(kCondaNames);
    LAZURITE_CHECK(parsed.ok());
    return *std::move(parsed);
  }();
  return table;
}

bool IsRefused(const std::string& name) {
  if (name.starts_with('_')) return true;  // no name of PyPI
  for (const Json& pattern : Table().Find("refused")->array()) {
    if (fnmatch(pattern.string().c_str(), name.c_str(), 0) == 0) return true;
  }
  return false;
}

Status ForConda(std::string_view version) {
  return FailedPrecondition("version \"" + std::string(version) + "\" can be said to conda only; " +
                            std::string(kConda));
}

// One clause of a version: ">=1.5", "=1.5", "1.5.*".
Result<std::string> TranslateClause(std::string_view clause) {
  const size_t digits = clause.find_first_not_of("=<>!~ ");
  if (digits == std::string_view::npos) {
    return InvalidArgument("version \"" + std::string(clause) + "\" has no number");
  }
  const std::string op(Trim(clause.substr(0, digits)));
  std::string version(clause.substr(digits));
  version = version.substr(0, version.find_first_of("= "));
  const bool has_star = version.ends_with('*');
  if (has_star) version.pop_back();
  if (version.ends_with('.')) version.pop_back();
  if (version.empty()) return std::string();
  const bool has_two_parts = version.find('.') != std::string::npos;
  if (!IsPep440(version) || (op == "~=" && !has_two_parts)) return ForConda(clause);
  const bool is_release = version.find_first_not_of("0123456789.") == std::string::npos;
  if (has_star && !is_release) return ForConda(clause);
  if ((op.empty() || op == "==") && has_star) return "==" + version + ".*";
  if (op == "=") return "==" + version + (is_release ? ".*" : "");
  if (op.empty()) return "==" + version;
  if (op == "!=" && has_star) return "!=" + version + ".*";
  return op + version;
}

}  // namespace

Result<std::string> TranslateVersion(std::string_view conda) {
  conda = Trim(conda);
  if (conda.empty() || conda == "*") return std::string();
  if (conda.find('|') != std::string_view::npos || conda.find('[') != std::string_view::npos) {
    return ForConda(conda);
  }
  std::vector<std::string> clauses;
  for (const std::string_view part : Split(conda, ',')) {
    ASSIGN_OR_RETURN(std::string clause, TranslateClause(Trim(part)));
    if (!clause.empty()) clauses.push_back(std::move(clause));
  }
  return Join(clauses, ",");
}

Translated TranslateConda(const std::vector<CondaPackage>& dependencies) {
  Translated out;
  for (const CondaPackage& package : dependencies) {
    const std::string what = "conda package " + package.text;
    const CondaLine dependency = ReadCondaLine(package.text);
    if (const Json* why = Table().Find("contained")->Find(dependency.name); why != nullptr) {
      out.notes.push_back(what + " is left out: " + why->string());
      continue;
    }
    if (IsRefused(dependency.name)) {
      out.problems.push_back(
          {package, what + " is not on PyPI and this machine has no conda; " + std::string(kConda) +
                        ", or take the package out and install it on the machine"});
      continue;
    }
    const std::string name = Table().Find("renamed")->GetString(dependency.name, dependency.name);
    const Result<std::string> version = TranslateVersion(dependency.version);
    if (!version.ok()) {
      out.problems.push_back({package, what + ": " + version.status().text()});
      continue;
    }
    out.requirements.push_back(name + *version);
    out.notes.push_back(what + " is taken from PyPI as " + name + *version);
  }
  return out;
}

}  // namespace lazurite::environment
