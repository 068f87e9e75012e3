#include "app/cli/run_environment.h"

#include <unistd.h>

#include <array>

#include "app/cli/doctor.h"
#include "app/cli/settings.h"
#include "base/file.h"
#include "base/text.h"
#include "base/toml.h"
#include "base/yaml.h"
#include "domain/environment/environment.h"

namespace lazurite::cli {
namespace {

// Azure has it, and Lazurite knows that it is nothing but Python.
constexpr std::string_view kPlainImage =
    "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest";
constexpr std::array<std::string_view, 6> kUsualFiles = {"environment.yml",  "environment.yaml",
                                                         "conda.yml",        "conda.yaml",
                                                         "requirements.txt", "pyproject.toml"};
constexpr size_t kFileBytesMax = size_t{1} << 20;
constexpr int kIncludedMax = 8;  // files that requirements files name, one below the other

Status Append(const std::string& file, int depth, std::vector<std::string>& lines) {
  if (depth > kIncludedMax) return InvalidArgument(file + " is included too deeply");
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kFileBytesMax));
  const std::string joined = ReplaceAll(text, "\\\n", " ");
  for (std::string_view line : Split(joined, '\n')) {
    line = Trim(line);
    if (line.starts_with('#')) line = "";
    line = Trim(line.substr(0, line.find(" #")));
    if (line.empty()) continue;
    std::string_view other;
    for (const std::string_view flag : {"--requirement=", "--requirement ", "-r"}) {
      if (line.starts_with(flag) && other.empty()) other = Trim(line.substr(flag.size()));
    }
    if (!other.empty()) {
      TRY(Append(JoinPath(DirName(file), other), depth + 1, lines));
    } else {
      lines.emplace_back(line);
    }
  }
  return {};
}

// "3.11" of the folder's .python-version, or "".
std::string PinnedPython(const std::string& folder) {
  const Result<std::string> text = ReadFile(JoinPath(folder, ".python-version"), kFileBytesMax);
  if (!text.ok()) return "";
  std::vector<std::string> parts;
  for (const std::string_view part : Split(Trim(*text), '.')) {
    if (!ParseInt(part)) break;
    parts.emplace_back(part);
  }
  if (parts.size() < 2) return "";
  return parts[0] + "." + parts[1];
}

Json CondaOf(const std::string& python, const std::vector<std::string>& requirements) {
  Json pip = Json::MakeArray();
  for (const std::string& line : requirements) pip.Push(line);
  Json conda = Json::MakeObject();
  conda["dependencies"].Push(python.empty() ? "python" : "python" + python);
  conda["dependencies"].Push("pip");
  if (!requirements.empty()) conda["dependencies"].Push(Json(Json::Object{{"pip", pip}}));
  return conda;
}

void SetPackages(FlagDocument& document, Json conda, const std::string& origin) {
  document.Set("environment.image", kPlainImage, origin);
  document.Set("environment.conda_file", std::move(conda), origin);
}

Status UseRequirements(FlagDocument& document, const std::string& file, const std::string& origin) {
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadRequirements(file));
  const std::string python = PinnedPython(DirName(file));
  SetPackages(document, CondaOf(python.empty() ? "" : "=" + python, lines), origin);
  return {};
}

Status UseProject(FlagDocument& document, const std::string& file, const std::string& origin) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kFileBytesMax));
  ASSIGN_OR_RETURN(const Json toml, ParseToml(text, file));
  const Json* project = toml.Find("project");
  if (project == nullptr || !project->is_object()) {
    return InvalidArgument(file + " has no [project] table, whose dependencies would be used");
  }
  std::vector<std::string> lines;
  if (const Json* packages = project->Find("dependencies");
      packages != nullptr && packages->is_array()) {
    for (const Json& package : packages->array()) {
      if (package.is_string()) lines.push_back(package.string());
    }
  }
  std::string python = PinnedPython(DirName(file));
  python = python.empty() ? project->GetString("requires-python") : "=" + python;
  SetPackages(document, CondaOf(ReplaceAll(python, " ", ""), lines), origin);
  return {};
}

// A conda file, or an environment as Azure ML's YAML has it.
Status UseYaml(FlagDocument& document, const std::string& file, const std::string& origin) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kFileBytesMax));
  const auto parsed = ParseYaml(text);
  const auto* root = std::get_if<YamlNode>(&parsed);
  if (root == nullptr || root->kind != YamlNode::Kind::kMap ||
      (root->Find("image") == nullptr && root->Find("conda_file") == nullptr &&
       root->Find("build") == nullptr)) {
    // What is wrong with a conda file is told where it is read, with its place.
    document.Set("environment.image", kPlainImage, origin);
    document.Set("environment.conda_file", file, origin);
    return {};
  }
  Json yaml = root->ToJson();
  for (const char* member : {"$schema", "name", "version"}) yaml.Erase(member);
  for (const char* path : {"conda_file", "build.path"}) {
    const Json* place = yaml.At(path);
    if (place == nullptr || !place->is_string()) continue;
    yaml.Set(path, JoinPath(DirName(file), place->string()));
  }
  document.Set("environment", std::move(yaml), origin);
  return {};
}

// `python` "" is the one on the server's PATH. `folder` is looked through for files that describe
// an environment too, if there is one.
RunEnvironment UseHost(FlagDocument& document, const std::string& python,
                       const std::string& folder) {
  const std::string value = python.empty() ? std::string(EnvironmentSpec::kHost) : python;
  const std::string origin = "--environment host";
  document.Set("environment.image", kPlainImage, origin);
  document.Set("environment.properties",
               Json(Json::Object{{std::string(EnvironmentSpec::kPythonProperty), value}}), origin);
  std::string sentence = python.empty() ? "the server's own machine as it is"
                                        : "this shell's Python as it is, " + python;
  for (const std::string_view name : kUsualFiles) {
    if (folder.empty() || !Exists(JoinPath(folder, name))) continue;
    sentence += "; -e " + std::string(name) + " would build one from that file";
    break;
  }
  return {std::move(sentence)};
}

bool IsReference(const std::string& wish) {
  if (wish.starts_with("azureml:") || wish.starts_with("/subscriptions/")) return true;
  return wish.find('/') == std::string::npos && wish.find_first_of(":@") != std::string::npos;
}

}  // namespace

std::string ShellPython() {
  const std::string path = ProcessEnvironment("PATH");
  std::string found = FindProgram("python", path);
  if (found.empty()) found = FindProgram("python3", path);
  return found.empty() ? found : NormalPath(JoinPath(CurrentFolder(), found));
}

bool IsThisMachine(const std::string& address) {
  std::string host = address.substr(std::min(address.find("://") + 3, address.size()));
  host = host.substr(0, host.find('/'));
  if (host.starts_with("[::1]")) return true;
  host = host.substr(0, host.rfind(':'));
  return host == "localhost" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

Result<std::vector<std::string>> ReadRequirements(const std::string& file) {
  std::vector<std::string> lines;
  TRY(Append(file, 0, lines));
  return lines;
}

Result<RunEnvironment> ChooseEnvironment(FlagDocument& document, const std::string& wish,
                                         const std::string& folder, const std::string& server) {
  if (wish == EnvironmentSpec::kHost)
    return UseHost(document, IsThisMachine(server) ? ShellPython() : "", "");
  if (wish.empty()) {
    if (IsThisMachine(server)) return UseHost(document, ShellPython(), folder);
    return FailedPrecondition("the server " + server +
                              " may be another machine, where this shell's Python is not; say "
                              "with -e what the job needs: a conda file, requirements.txt, "
                              "pyproject.toml, azureml:NAME:VERSION, or host for the server's own");
  }
  const std::string origin = "--environment";
  if (wish.starts_with("image:")) {
    document.Set("environment.image", wish.substr(6), origin);
    return RunEnvironment{"image " + wish.substr(6)};
  }
  if (!Exists(wish) && IsReference(wish)) {
    const bool is_whole = wish.starts_with("azureml:") || wish.starts_with('/');
    document.Set("environment", is_whole ? wish : "azureml:" + wish, origin);
    return RunEnvironment{wish};
  }
  if (!Exists(wish) || IsDir(wish)) {
    return NotFound("-e " + wish + (IsDir(wish) ? " is a folder" : " does not exist") +
                    ", expected a conda file, requirements.txt, pyproject.toml, "
                    "azureml:NAME:VERSION or host");
  }
  if (wish.ends_with(".txt")) TRY(UseRequirements(document, wish, origin));
  if (wish.ends_with(".toml")) TRY(UseProject(document, wish, origin));
  if (!wish.ends_with(".txt") && !wish.ends_with(".toml")) TRY(UseYaml(document, wish, origin));
  return RunEnvironment{wish + ", built once and kept"};
}

}  // namespace lazurite::cli
