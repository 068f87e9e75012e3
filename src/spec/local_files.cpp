// The files and folders of this machine that a document names.
#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/text.h"
#include "spec/document.h"

namespace lazurite::spec {
namespace {

constexpr size_t kCondaBytesMax = size_t{1} << 20;

// "scheme://", with a scheme of at least two letters ("C:" is none).
bool HasScheme(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon < 2) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
}

// Absolute and normal; relative texts belong to the file's folder.
std::string Resolve(std::string_view text, const std::string& file) {
  for (const std::string_view prefix : {"file://", "file:"}) {
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  }
  const bool has_file = !file.empty() && file != "-";
  return NormalPath(JoinPath(has_file ? DirName(NormalPath(file)) : NormalPath("."), text));
}

const Json* FindText(const Loaded& loaded, std::string_view path) {
  const Json* value = loaded.value.At(path);
  return value != nullptr && value->is_string() ? value : nullptr;
}

class Finder {
 public:
  explicit Finder(const Loaded& loaded) : loaded_(loaded) {}

  LocalFiles Find() {
    if (loaded_.kind == "commandJob") {
      Add(LocalReference::Kind::kCode, "code", "");
      Add(LocalReference::Kind::kBuildContext, "environment.build.path", "");
      FindInputs();
    } else if (loaded_.kind == "environment") {
      Add(LocalReference::Kind::kBuildContext, "build.path", "");
    } else if (loaded_.kind == "data") {
      Add(LocalReference::Kind::kData, "path", loaded_.value.GetString("type", "uri_folder"));
    } else if (loaded_.kind == "model") {
      Add(LocalReference::Kind::kModel, "path", loaded_.value.GetString("type", "custom_model"));
    }
    return std::move(found_);
  }

 private:
  void FindInputs() {
    const Json* inputs = loaded_.value.Find("inputs");
    if (inputs == nullptr || !inputs->is_object()) return;
    for (const auto& [name, input] : inputs->object()) {
      if (!input.is_object()) continue;
      const std::string type = input.GetString("type", "uri_folder");
      const auto kind =
          type.ends_with("_model") ? LocalReference::Kind::kModel : LocalReference::Kind::kData;
      Add(kind, "inputs." + name + ".path", type);
    }
  }

  void Add(LocalReference::Kind kind, const std::string& path, const std::string& type) {
    const Json* text = FindText(loaded_, path);
    if (text == nullptr || IsRemotePath(text->string()) || text->string().starts_with("${{"))
      return;
    LocalReference reference;
    reference.kind = kind;
    reference.path = path;
    reference.type = type;
    reference.file = Resolve(text->string(), loaded_.file);
    reference.is_folder = IsDir(reference.file);
    const std::string wrong = WhatIsWrong(reference);
    if (wrong.empty()) {
      found_.references.push_back(std::move(reference));
    } else {
      found_.problems.push_back(
          ProblemAt(loaded_, path, path + ": \"" + text->string() + "\" " + wrong));
    }
  }

  static std::string WhatIsWrong(const LocalReference& reference) {
    if (!Exists(reference.file)) return "does not exist (" + reference.file + ")";
    const bool needs_folder = reference.kind == LocalReference::Kind::kCode ||
                              reference.kind == LocalReference::Kind::kBuildContext ||
                              reference.type == "uri_folder" || reference.type == "mltable" ||
                              reference.type == "mlflow_model" || reference.type == "triton_model";
    if (needs_folder && !reference.is_folder) {
      return "is a file, expected a folder" +
             std::string(reference.type == "uri_folder" ? " (or \"type: uri_file\")" : "");
    }
    if (reference.type == "uri_file" && reference.is_folder) {
      return "is a folder, expected a file (or \"type: uri_folder\")";
    }
    if (reference.type == "mltable" && !Exists(JoinPath(reference.file, "MLTable"))) {
      return "has no file called MLTable, which the type mltable needs";
    }
    return "";
  }

  const Loaded& loaded_;
  LocalFiles found_;
};

// One conda file on its way into the document.
class CondaFile {
 public:
  CondaFile(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}

  // Nothing: problems() tell why.
  std::optional<Json> Read() {
    const Result<std::string> text = ReadFile(path_, kCondaBytesMax);
    if (!text.ok()) {
      AddProblem({1, 1}, text.status().text());
      return {};
    }
    text_ = *text;
    if (path_.ends_with(".txt")) return FromRequirements();
    const auto parsed = ParseYaml(text_);
    if (const auto* error = std::get_if<YamlError>(&parsed)) {
      AddProblem(error->position, error->message);
      return {};
    }
    const YamlNode& root = std::get<YamlNode>(parsed);
    if (root.kind != YamlNode::Kind::kMap || root.Find("dependencies") == nullptr) {
      AddProblem(root.position.line > 0 ? root.position : Position{1, 1},
                 "no conda file: expected a map with \"dependencies\"");
      return {};
    }
    Json json = root.ToJson();
    IncludeRequirements(root, json);
    return problems_.empty() ? std::optional<Json>(std::move(json)) : std::nullopt;
  }
  std::vector<Problem>& problems() { return problems_; }

 private:
  void AddProblem(Position position, std::string message) {
    Problem problem;
    problem.file = name_;
    problem.line = position.line;
    problem.column = position.column;
    problem.message = std::move(message);
    const std::vector<std::string_view> lines = Split(text_, '\n');
    const auto line = static_cast<size_t>(position.line - 1);
    if (line < lines.size()) problem.source_line = lines[line];
    if (problem.source_line.empty()) problem.source_line = " ";
    problems_.push_back(std::move(problem));
  }

  static void AddRequirements(std::string_view text, Json& list) {
    for (const std::string_view line : Split(text, '\n')) {
      const std::string_view bare = Trim(line.substr(0, line.find(" #")));
      if (!bare.empty() && bare[0] != '#') list.Push(Json(bare));
    }
  }

  // A requirements file of pip stands for an environment with Python and those packages.
  Json FromRequirements() const {
    Json pip = Json::MakeObject();
    pip["pip"] = Json::MakeArray();
    AddRequirements(text_, pip["pip"]);
    Json json = Json::MakeObject();
    json["dependencies"] = Json(Json::Array{Json("python"), Json("pip"), std::move(pip)});
    return json;
  }

  // "-r file" below pip is replaced by the file's lines: the server cannot read it.
  void IncludeRequirements(const YamlNode& root, Json& json) {
    const YamlNode* dependencies = root.Find("dependencies");
    Json* items = json.Find("dependencies");
    if (!items->is_array()) return;
    for (size_t i = 0; i < items->array().size(); ++i) {
      Json* pip = items->array()[i].Find("pip");
      if (pip == nullptr || !pip->is_array()) continue;
      const YamlNode* lines = dependencies->items[i].Find("pip");
      Json list = Json::MakeArray();
      for (size_t k = 0; k < pip->array().size(); ++k) {
        Include(pip->array()[k], lines->items[k].position, list);
      }
      *pip = std::move(list);
    }
  }

  void Include(const Json& line, Position position, Json& list) {
    const std::string text = line.is_string() ? line.string() : "";
    if (!text.starts_with("-r ")) {
      list.Push(line);
      return;
    }
    const std::string path = NormalPath(JoinPath(DirName(path_), Trim(text.substr(3))));
    const Result<std::string> content = ReadFile(path, kCondaBytesMax);
    if (!content.ok()) return AddProblem(position, content.status().text());
    AddRequirements(*content, list);
  }

  std::string name_;
  std::string path_;
  std::string text_;
  std::vector<Problem> problems_;
};

}  // namespace

bool IsRemotePath(std::string_view text) {
  if (text.starts_with("file:")) return false;
  static constexpr std::string_view kPrefixes[] = {"azureml:", "/subscriptions/", "runs:/", "git+",
                                                   "wasbs:",   "wasb:",           "abfss:", "adl:"};
  for (const std::string_view prefix : kPrefixes) {
    if (text.starts_with(prefix)) return true;
  }
  return HasScheme(text);
}

LocalFiles FindLocalFiles(const Loaded& loaded) { return Finder(loaded).Find(); }

std::vector<Problem> InlineCondaFiles(Loaded& loaded) {
  const std::string path = loaded.kind == "commandJob" ? "environment.conda_file" : "conda_file";
  if (loaded.kind != "commandJob" && loaded.kind != "environment") return {};
  const Json* text = FindText(loaded, path);
  if (text == nullptr) return {};
  const std::string file = Resolve(text->string(), loaded.file);
  if (!Exists(file) || IsDir(file)) {
    const std::string what = IsDir(file) ? "is a folder, expected a conda file" : "does not exist";
    return {
        ProblemAt(loaded, path, path + ": \"" + text->string() + "\" " + what + " (" + file + ")")};
  }
  CondaFile conda(JoinPath(loaded.file.empty() || loaded.file == "-" ? "." : DirName(loaded.file),
                           text->string()),
                  file);
  std::optional<Json> content = conda.Read();
  if (content.has_value()) loaded.value.Set(path, std::move(*content));
  return std::move(conda.problems());
}

}  // namespace lazurite::spec
