#include "app/cli/run_document.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr std::string_view kSchema =
    "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json";

bool IsPlainLetter(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_letter || std::string_view("_-./=:,+@%^").find(c) != std::string_view::npos;
}

std::string Quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), IsPlainLetter)) return word;
  return "'" + ReplaceAll(word, "'", "'\\''") + "'";
}

// "NAME=VALUE"; the value may be missing.
struct Pair {
  std::string name;
  std::string value;
  bool has_value = false;
};
Result<Pair> ReadPair(const std::string& text, std::string_view flag, std::string_view form) {
  const size_t equals = text.find('=');
  Pair pair{.name = text.substr(0, equals), .value = "", .has_value = equals != text.npos};
  if (pair.has_value) pair.value = text.substr(equals + 1);
  const bool is_name =
      !pair.name.empty() && std::all_of(pair.name.begin(), pair.name.end(), [](char c) {
        return IsPlainLetter(c) && std::string_view("-./=:,+@%^").find(c) == std::string_view::npos;
      });
  if (is_name) return pair;
  return InvalidArgument(std::string(flag) + " is \"" + text + "\", expected " + std::string(form));
}

bool IsLocalPath(const std::string& text) {
  for (const std::string_view start : {"./", "../", "/", "file:"}) {
    if (text.starts_with(start)) return true;
  }
  return text == "." || text == ".." || (!text.empty() && Exists(text));
}

Result<int64_t> CountOf(const Arguments& arguments, std::string_view flag) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> count, arguments.GetInt(flag, 1));
  return count.value_or(0);
}

// An experiment is called like the folder, as Azure's tools do it.
std::string ExperimentOf(const std::string& folder) {
  std::string name;
  for (const char c : BaseName(folder)) {
    const bool is_good =
        IsPlainLetter(c) && std::string_view("./=:,+@%^").find(c) == std::string_view::npos;
    name += is_good ? c : '_';
  }
  return name.empty() || name[0] == '-' || name[0] == '_' ? "run" + name : name;
}

Status SetResources(FlagDocument& document, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const int64_t instances, CountOf(arguments, "--instances"));
  if (instances > 0) document.Set("resources.instance_count", instances, "--instances");
  ASSIGN_OR_RETURN(const int64_t cpus, CountOf(arguments, "--cpus"));
  if (cpus > 0) document.Set("resources.cpus", cpus, "--cpus");
  if (const std::string memory = arguments.Get("--memory"); !memory.empty()) {
    document.Set("resources.memory", memory, "--memory");
  }
  // Written so that Azure ML takes it too.
  ASSIGN_OR_RETURN(const std::optional<int64_t> gpus, arguments.GetInt("--gpus", 0));
  if (gpus) {
    document.Set("resources.properties", Json(Json::Object{{"lazurite.gpus", *gpus}}), "--gpus");
  }
  return {};
}

void Rebase(Json& document, std::string_view path, const std::string& from, const std::string& to) {
  const Json* value = document.At(path);
  if (value == nullptr || !value->is_string()) return;
  const std::string& text = value->string();
  if (spec::IsRemotePath(text) || text.starts_with('/') || text.starts_with("file:")) return;
  const std::filesystem::path absolute = NormalPath(JoinPath(from, text));
  std::string relative = absolute.lexically_relative(to).string();
  if (!relative.starts_with('.')) relative = "./" + relative;
  document.Set(path, relative);
}

}  // namespace

void FlagDocument::Set(const std::string& path, Json value, std::string origin) {
  overrides_.push_back({path, value.Dump(), std::move(origin)});
  json_.Set(path, std::move(value));
}

std::string CommandLine(std::span<const std::string> words) {
  if (words.size() == 1 && words[0].find_first_of(" \t\n") != std::string::npos) return words[0];
  std::vector<std::string> parts;
  for (const std::string& word : words) parts.push_back(Quoted(word));
  return Join(parts, " ");
}

Status SetInput(FlagDocument& document, const std::string& text) {
  ASSIGN_OR_RETURN(const Pair pair, ReadPair(text, "--input", "NAME=VALUE"));
  if (!pair.has_value) {
    return InvalidArgument("--input is \"" + text + "\", expected NAME=VALUE: a value, a path, a " +
                           "URI or azureml:NAME:VERSION");
  }
  const std::string path = "inputs." + pair.name;
  const std::string origin = "--input " + pair.name;
  const bool is_remote = spec::IsRemotePath(pair.value);
  if (!is_remote && !IsLocalPath(pair.value)) {
    document.Set(path, pair.value, origin);
    return {};
  }
  const bool is_file = !is_remote && Exists(pair.value) && !IsDir(pair.value);
  document.Set(path + ".type", is_file ? "uri_file" : "uri_folder", origin);
  document.Set(path + ".path", pair.value, origin);
  return {};
}

void SetAssetTypes(FlagDocument& document,
                   const std::function<std::string(const std::string& uri)>& type_of) {
  const Json* inputs = document.json().Find("inputs");
  const Json given = inputs == nullptr ? Json::MakeObject() : *inputs;
  for (const auto& [name, input] : given.object()) {
    const std::string uri = input.is_object() ? input.GetString("path") : "";
    if (uri.empty() || !spec::IsRemotePath(uri)) continue;
    const std::string type = type_of(uri);
    if (!type.empty()) document.Set("inputs." + name + ".type", type, "--input " + name);
  }
}

Status SetOutput(FlagDocument& document, const std::string& text) {
  ASSIGN_OR_RETURN(const Pair pair, ReadPair(text, "--out", "NAME or NAME=URI"));
  const std::string origin = "--out " + pair.name;
  document.Set("outputs." + pair.name + ".type", "uri_folder", origin);
  if (pair.has_value) document.Set("outputs." + pair.name + ".path", pair.value, origin);
  return {};
}

Result<FlagDocument> MakeRunDocument(const Arguments& arguments, const std::string& folder) {
  FlagDocument document;
  document.Set("$schema", kSchema, "run");
  document.Set("type", "command", "run");
  document.Set("experiment_name", arguments.Get("--experiment-name", ExperimentOf(folder)),
               "--experiment-name");
  if (arguments.Has("--display-name")) {
    document.Set("display_name", arguments.Get("--display-name"), "--display-name");
  }
  document.Set("command", CommandLine(arguments.rest), "the command");
  document.Set("code", ".", "the current folder");
  for (const std::string& text : arguments.All("--input")) TRY(SetInput(document, text));
  for (const std::string& text : arguments.All("--out")) TRY(SetOutput(document, text));
  for (const std::string& text : arguments.All("--env")) {
    ASSIGN_OR_RETURN(const Pair pair, ReadPair(text, "--env", "NAME=VALUE"));
    if (!pair.has_value) return InvalidArgument("--env is \"" + text + "\", expected NAME=VALUE");
    document.Set("environment_variables." + pair.name, pair.value, "--env " + pair.name);
  }
  if (const std::string compute = arguments.Get("--compute"); !compute.empty()) {
    document.Set("compute", compute.starts_with("azureml:") ? compute : "azureml:" + compute,
                 "--compute");
  }
  TRY(SetResources(document, arguments));
  return document;
}

Json Rebased(const Json& document, const std::string& from, const std::string& to) {
  Json out = document;
  if (from == to) return out;
  Rebase(out, "code", from, to);
  Rebase(out, "environment.conda_file", from, to);
  Rebase(out, "environment.build.path", from, to);
  const Json* inputs = document.Find("inputs");
  if (inputs == nullptr || !inputs->is_object()) return out;
  for (const auto& [name, input] : inputs->object()) {
    Rebase(out, "inputs." + name + ".path", from, to);
  }
  return out;
}

}  // namespace lazurite::cli
