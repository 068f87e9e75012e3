#include "domain/environment/curated.h"

#include <fnmatch.h>

#include <algorithm>

#include "base/json.h"
#include "base/status.h"
#include "base/text.h"
#include "curated_table.h"

namespace lazurite {
namespace {

constexpr std::string_view kCuratedImages = "mcr.microsoft.com/azureml/curated/";

const Json& Table() {
  static const Json table = [] {
    Result<Json> parsed = Json::Parse(environment::kCurated);
    LAZURITE_CHECK(parsed.ok());
    return *std::move(parsed);
  }();
  return table;
}

bool Matches(const std::string& pattern, const std::string& text) {
  return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

std::string_view Before(std::string_view text, char end) { return text.substr(0, text.find(end)); }

bool EatPrefix(std::string_view& text, std::string_view prefix) {
  if (!EqualNoCase(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// The image's name without Docker Hub's own words for itself.
std::string PlainImage(std::string_view image) {
  for (const std::string_view prefix :
       {"docker://", "docker.io/", "index.docker.io/", "library/"}) {
    EatPrefix(image, prefix);
  }
  return Lower(image);
}

// "3.11" at the start of "3.11.6-slim"; "" if there is none.
std::string MinorVersion(std::string_view text) {
  const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::vector<std::string_view> parts = Split(text.substr(0, end), '.');
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty()) return "";
  return std::string(parts[0]) + "." + std::string(parts[1]);
}

// "3.11" in "minimal-py311-inference".
std::string MinimalVersion(std::string_view image) {
  const size_t at = image.find("-py3");
  if (at == std::string_view::npos) return "";
  std::string_view digits = image.substr(at + 4);
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  return digits.empty() ? "" : "3." + std::string(digits);
}

}  // namespace

std::string CuratedName(std::string_view reference) {
  if (EatPrefix(reference, "azureml://registries/")) {
    const size_t at = reference.find("/environments/");
    if (at == std::string_view::npos) return "";
    reference.remove_prefix(at + std::string_view("/environments/").size());
  }
  EatPrefix(reference, "azureml:");
  reference = Before(Before(Before(reference, '/'), '@'), ':');
  EatPrefix(reference, "AzureML-");
  return std::string(reference);
}

std::optional<CuratedEnvironment> FindCurated(std::string_view reference) {
  const std::string name = CuratedName(reference);
  if (name.empty()) return std::nullopt;
  for (const Json& row : Table().Find("environments")->array()) {
    if (!Matches(row.GetString("name"), Lower(name))) continue;
    CuratedEnvironment found{.name = name, .python = row.GetString("python"), .packages = {}};
    for (const Json& package : row.Find("packages")->array()) {
      found.packages.push_back(package.string());
    }
    return found;
  }
  return std::nullopt;
}

std::optional<CuratedEnvironment> FindCuratedImage(std::string_view image) {
  if (!EatPrefix(image, kCuratedImages)) return std::nullopt;
  return FindCurated(image);
}

std::optional<KnownImage> FindImage(std::string_view image) {
  const std::string plain = PlainImage(image);
  for (const Json& row : Table().Find("images")->array()) {
    if (!Matches(row.GetString("pattern"), plain)) continue;
    KnownImage known{.note = row.GetString("note"), .python = row.GetString("python")};
    if (known.python == "tag") known.python = MinorVersion(plain.substr(plain.find(':') + 1));
    if (known.python == "minimal") known.python = MinimalVersion(plain);
    return known;
  }
  return std::nullopt;
}

std::vector<std::string> CuratedNames() {
  std::vector<std::string> out;
  for (const Json& row : Table().Find("environments")->array()) {
    std::string name = row.GetString("name");
    if (name.ends_with('*')) name.pop_back();
    // "sklearn-*" is for versions that have no row of their own.
    if (name.ends_with('-') || name.ends_with('.') || name.find('*') != std::string::npos) continue;
    out.push_back(name == "minimal-py3" ? "minimal-py311" : name);
  }
  return out;
}

std::vector<std::string> ImagePatterns() {
  std::vector<std::string> out;
  for (const Json& row : Table().Find("images")->array()) {
    std::string pattern = row.GetString("pattern");
    const bool is_covered = pattern == "python" || pattern == "python:*" ||
                            pattern.ends_with("/minimal-py3*");
    if (!is_covered) out.push_back(std::move(pattern));
  }
  return out;
}

std::string NearestCurated(std::string_view reference) {
  const std::string name = Lower(CuratedName(reference));
  const std::vector<std::string> names = CuratedNames();
  const std::string_view near = Nearest(name, {names.begin(), names.end()});
  if (near.empty()) return "";
  const bool has_prefix = Lower(reference).find("azureml-") != std::string::npos;
  return (has_prefix ? "AzureML-" : "") + std::string(near);
}

}  // namespace lazurite
