#include "engine/environment/conda_file.h"

#include <algorithm>

#include "base/text.h"
#include "base/yaml.h"

namespace lazurite::environment {
namespace {

constexpr std::string_view kOptions[] = {
    "-i",           "--index-url",     "--extra-index-url", "-f",
    "--find-links", "--no-index",      "--no-binary",       "--only-binary",
    "--pre",        "--prefer-binary", "--trusted-host"};

std::string At(Position position) {
  return "line " + std::to_string(position.line) + ", column " + std::to_string(position.column) +
         ": ";
}

std::string CollapseBlanks(std::string_view text) {
  std::string out;
  for (const char c : Trim(text)) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\r';
    if (!is_blank) out += c;
    if (is_blank && !out.ends_with(' ')) out += ' ';
  }
  return out;
}

// The start of a comment: a '#' at the beginning or after a blank.
std::string_view WithoutComment(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

bool IsLocalPath(std::string_view line) {
  return line.starts_with('.') || line.starts_with('/') || line.starts_with('~') ||
         line.find(" @ file:") != std::string_view::npos || line.starts_with("file:");
}

// PEP 503: runs of "-", "_" and "." are one "-", case does not count.
std::string NormalName(std::string_view name) {
  std::string out;
  for (const char c : Lower(name)) {
    const bool is_dash = c == '-' || c == '_' || c == '.';
    if (!is_dash) out += c;
    if (is_dash && !out.ends_with('-')) out += '-';
  }
  return out;
}

void SortRequirements(std::vector<std::string>& lines) {
  std::stable_sort(lines.begin(), lines.end(), [](const std::string& a, const std::string& b) {
    const bool a_option = a.starts_with('-');
    const bool b_option = b.starts_with('-');
    if (a_option != b_option) return a_option;
    return !a_option && a < b;
  });
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
}

Status ReadPip(const YamlNode& node, CondaFile* file) {
  if (node.kind == YamlNode::Kind::kNull) return {};
  if (node.kind != YamlNode::Kind::kSequence) {
    return InvalidArgument(At(node.position) + "\"pip\" is no list of requirements");
  }
  for (const YamlNode& item : node.items) {
    if (item.kind != YamlNode::Kind::kScalar) {
      return InvalidArgument(At(item.position) + "expected a requirement such as numpy==1.26");
    }
    Result<std::string> line = NormalRequirement(item.text);
    if (!line.ok()) return InvalidArgument(At(item.position) + line.status().text());
    if (!line->empty()) file->pip.push_back(*std::move(line));
  }
  return {};
}

// Splits the package's name off a conda dependency: "conda-forge::python >=3.8" is python.
std::string_view DependencyName(std::string_view text) {
  if (const size_t at = text.find("::"); at != std::string_view::npos) text.remove_prefix(at + 2);
  return text.substr(0, text.find_first_of(" =<>!~["));
}

Status ReadDependency(const YamlNode& item, CondaFile* file) {
  if (item.kind == YamlNode::Kind::kMap) {
    for (const YamlNode::Entry& entry : item.entries) {
      if (entry.key != "pip") {
        return InvalidArgument(At(entry.position) + "unknown member \"" + entry.key +
                               "\" in dependencies, only \"pip\" has a list of its own");
      }
      TRY(ReadPip(entry.value, file));
    }
    return {};
  }
  if (item.kind != YamlNode::Kind::kScalar || Trim(item.text).empty()) {
    return InvalidArgument(At(item.position) + "expected a package such as numpy=1.26");
  }
  const std::string text = CollapseBlanks(item.text);
  const std::string name = Lower(DependencyName(text));
  if (name == "python") {
    const size_t at = text.find_first_of(" =<>!~");
    file->python = at == std::string::npos ? "" : std::string(Trim(text.substr(at)));
  } else if (name != "pip") {
    file->conda.push_back(text);
  }
  return {};
}

Status ReadVariables(const YamlNode& node, CondaFile* file) {
  if (node.kind == YamlNode::Kind::kNull) return {};
  if (node.kind != YamlNode::Kind::kMap) {
    return InvalidArgument(At(node.position) + "\"variables\" is no map");
  }
  for (const YamlNode::Entry& entry : node.entries) {
    if (entry.value.kind != YamlNode::Kind::kScalar) {
      return InvalidArgument(At(entry.position) + "variable \"" + entry.key + "\" is no text");
    }
    file->variables[entry.key] = entry.value.text;
  }
  return {};
}

Result<CondaFile> ReadRequirements(std::string_view text) {
  CondaFile file;
  int number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    Result<std::string> requirement = NormalRequirement(line);
    if (!requirement.ok()) {
      return InvalidArgument("line " + std::to_string(number) + ": " + requirement.status().text());
    }
    if (!requirement->empty()) file.pip.push_back(*std::move(requirement));
  }
  SortRequirements(file.pip);
  return file;
}

Result<CondaFile> ReadMap(const YamlNode& root) {
  CondaFile file;
  const YamlNode* dependencies = root.Find("dependencies");
  if (dependencies == nullptr) {
    return InvalidArgument(
        At(root.position) +
        "no \"dependencies\": a conda file lists its packages there, for example\n"
        "dependencies:\n- python=3.11\n- pip:\n  - scikit-learn");
  }
  if (dependencies->kind != YamlNode::Kind::kSequence &&
      dependencies->kind != YamlNode::Kind::kNull) {
    return InvalidArgument(At(dependencies->position) + "\"dependencies\" is no list");
  }
  for (const YamlNode& item : dependencies->items) TRY(ReadDependency(item, &file));
  if (const YamlNode* channels = root.Find("channels"); channels != nullptr) {
    for (const YamlNode& channel : channels->items) file.channels.push_back(channel.text);
  }
  if (const YamlNode* variables = root.Find("variables"); variables != nullptr) {
    TRY(ReadVariables(*variables, &file));
  }
  std::sort(file.conda.begin(), file.conda.end());
  SortRequirements(file.pip);
  return file;
}

}  // namespace

Result<std::string> NormalRequirement(std::string_view line) {
  std::string text = CollapseBlanks(WithoutComment(line));
  if (text.empty()) return text;
  const std::string quoted = "pip line \"" + text + "\" ";
  if (text.starts_with('-')) {
    const std::string_view option = std::string_view(text).substr(0, text.find_first_of(" ="));
    if (std::find(std::begin(kOptions), std::end(kOptions), option) == std::end(kOptions)) {
      return InvalidArgument(quoted +
                             "needs a file or an option that an environment has not; list the "
                             "packages themselves");
    }
    return text;
  }
  if (IsLocalPath(text)) {
    return InvalidArgument(quoted +
                           "names a path, but an environment sees no file but its own; "
                           "give a package of an index or a git+https address");
  }
  const size_t name_end = std::min(text.find_first_of(" =<>!~[;@(:/+"), text.size());
  if (text.substr(name_end).starts_with("+") || text.substr(name_end).starts_with(":")) return text;
  std::string rest = text.substr(name_end);
  if (rest.find(';') == std::string::npos && rest.find('@') == std::string::npos) {
    rest = ReplaceAll(rest, " ", "");
  }
  return NormalName(text.substr(0, name_end)) + rest;
}

Result<CondaFile> ReadCondaFile(std::string_view text) {
  const std::variant<YamlNode, YamlError> parsed = ParseYaml(text);
  const YamlNode* root = std::get_if<YamlNode>(&parsed);
  if (root != nullptr && root->kind == YamlNode::Kind::kMap) return ReadMap(*root);
  if (root != nullptr && root->kind == YamlNode::Kind::kNull) return CondaFile();
  const bool looks_like_yaml = text.find("dependencies:") != std::string_view::npos;
  if (root != nullptr && root->kind == YamlNode::Kind::kSequence) {
    return InvalidArgument(At(root->position) +
                           "a list; expected a conda file, a map with \"dependencies\"");
  }
  if (root == nullptr && looks_like_yaml) {
    const YamlError& error = std::get<YamlError>(parsed);
    return InvalidArgument(At(error.position) + error.message);
  }
  return ReadRequirements(text);
}

}  // namespace lazurite::environment
