// The files and folders of this machine that a document names.
#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/text.h"
#include "spec/document.h"

namespace lazurite::spec {
namespace {

// "scheme://", with a scheme of at least two letters ("C:" is none).
bool HasScheme(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon < 2) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
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
    if (kind == LocalReference::Kind::kData && IsServerPath(text->string())) return;
    LocalReference reference;
    reference.kind = kind;
    reference.path = path;
    reference.type = type;
    reference.file = ResolveLocalPath(text->string(), loaded_.file);
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

}  // namespace

std::string ResolveLocalPath(std::string_view text, const std::string& file) {
  for (const std::string_view prefix : {"file://", "file:"}) {
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  }
  const bool has_file = !file.empty() && file != "-";
  return NormalPath(JoinPath(has_file ? DirName(NormalPath(file)) : NormalPath("."), text));
}

bool IsServerPath(std::string_view text) {
  return text.starts_with("file:///") || text.starts_with("file://localhost/");
}

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

}  // namespace lazurite::spec
