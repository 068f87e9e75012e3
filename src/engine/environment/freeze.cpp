#include "engine/environment/freeze.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "domain/environment/requirement.h"

namespace lazurite::environment {
namespace {

constexpr size_t kMetadataBytesMax = size_t{64} << 10;  // name and version stand at the beginning
constexpr size_t kCondaBytesMax = size_t{16} << 20;

struct Package {
  std::string name, version;
};

// "Name: x" and "Version: 1" of a METADATA file.
Package ReadMetadata(const std::string& file) {
  Package out;
  const Result<std::string> text = ReadRange(file, 0, kMetadataBytesMax);
  if (!text.ok()) return out;
  for (const std::string_view line : Split(*text, '\n')) {
    if (Trim(line).empty()) break;
    if (line.starts_with("Name:")) out.name = Trim(line.substr(5));
    if (line.starts_with("Version:")) out.version = Trim(line.substr(8));
  }
  return out;
}

// Where a package came from if not from an index, or "".
std::string AddressOf(const std::string& folder) {
  const Result<std::string> text = ReadFile(JoinPath(folder, "direct_url.json"), kMetadataBytesMax);
  if (!text.ok()) return "";
  const Result<Json> json = Json::Parse(*text);
  if (!json.ok()) return "";
  std::string url = RedactCredentials(json->GetString("url"));
  const Json* source = json->Find("vcs_info");
  if (url.empty() || source == nullptr || !source->is_object()) return url;
  return source->GetString("vcs", "git") + "+" + url + "@" + source->GetString("commit_id");
}

void AddPackages(const std::string& site, std::set<std::string>& lines) {
  const Result<std::vector<std::string>> names = ListDir(site);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (!name.ends_with(".dist-info")) continue;
    const std::string folder = JoinPath(site, name);
    const Package package = ReadMetadata(JoinPath(folder, "METADATA"));
    if (package.name.empty()) continue;
    const std::string address = AddressOf(folder);
    lines.insert(package.name + (address.empty() ? "==" + package.version : " @ " + address));
  }
}

void AddCondaPackages(const std::string& meta, std::set<std::string>& lines) {
  const Result<std::vector<std::string>> names = ListDir(meta);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (!name.ends_with(".json")) continue;
    const Result<std::string> text = ReadFile(JoinPath(meta, name), kCondaBytesMax);
    if (!text.ok()) continue;
    const Result<Json> json = Json::Parse(*text);
    if (!json.ok() || json->GetString("name").empty()) continue;
    lines.insert("# conda: " + json->GetString("name") + "=" + json->GetString("version") + "=" +
                 json->GetString("build"));
  }
}

}  // namespace

std::string FreezeOf(const std::string& folder) {
  std::set<std::string> lines;
  const std::string lib = JoinPath(folder, "lib");
  if (const Result<std::vector<std::string>> names = ListDir(lib); names.ok()) {
    for (const std::string& name : *names) {
      if (name.starts_with("python")) {
        AddPackages(JoinPath(JoinPath(lib, name), "site-packages"), lines);
      }
    }
  }
  AddCondaPackages(JoinPath(folder, "conda-meta"), lines);
  std::vector<std::string> sorted(lines.begin(), lines.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const std::string& a, const std::string& b) { return Lower(a) < Lower(b); });
  return sorted.empty() ? "" : Join(sorted, "\n") + "\n";
}

Result<std::string> KeepFreeze(const std::string& folder) {
  std::string file = JoinPath(folder, "freeze.txt");
  if (!Exists(file)) TRY(WriteFileAtomic(file, FreezeOf(folder)));
  return file;
}

}  // namespace lazurite::environment
