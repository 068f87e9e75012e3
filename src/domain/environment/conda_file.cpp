#include "domain/environment/conda_file.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "domain/environment/conda_line.h"
#include "domain/environment/requirement.h"

namespace lazurite::environment {
namespace {

// "prefix" is what `conda env export` adds.
constexpr auto kMembers = std::to_array<std::string_view>(
    {"name", "channels", "dependencies", "variables", "prefix", "platforms"});
constexpr std::string_view kNoDependencies =
    "no \"dependencies\": a conda file lists its packages there, for example "
    "\"dependencies: [python=3.11, pip: [scikit-learn]]\"";

std::string CollapseBlanks(std::string_view text) {
  std::string out;
  for (const char c : Trim(text)) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\r';
    if (!is_blank) out += c;
    if (is_blank && !out.ends_with(' ')) out += ' ';
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

std::string DidYouMean(std::string_view near) {
  return near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?";
}

int LengthOf(std::string_view text) { return std::max(static_cast<int>(text.size()), 1); }

class Reader {
 public:
  explicit Reader(std::string_view text) : lines_(Split(text, '\n')) {}

  void ReadMap(const YamlNode& root) {
    for (const YamlNode::Entry& entry : root.entries) ReadMember(root, entry);
    if (root.Find("dependencies") == nullptr) {
      Problem("", root.position.line > 0 ? root.position : Position{1, 1}, 1,
              std::string(kNoDependencies));
    }
    std::sort(out_.file.conda.begin(), out_.file.conda.end(),
              [](const CondaPackage& a, const CondaPackage& b) { return a.text < b.text; });
    SortRequirements(out_.file.pip);
  }

  void ReadLines() {
    for (size_t i = 0; i < lines_.size(); ++i) {
      const Requirement line = ReadRequirement(lines_[i]);
      if (line.text.empty() && line.file.empty() && !line.problem) continue;
      AddRequirement(line, std::to_string(count_++), {static_cast<int>(i) + 1, 1});
    }
    SortRequirements(out_.file.pip);
  }

  void Problem(std::string path, Position position, int length, std::string message,
               std::string suggestion = "") {
    out_.problems.push_back({std::move(path), position, std::max(length, 1), std::move(message),
                             std::move(suggestion), false});
  }

  CondaReading Take() { return std::move(out_); }

 private:
  void ReadMember(const YamlNode& root, const YamlNode::Entry& entry) {
    const bool is_known = std::find(kMembers.begin(), kMembers.end(), entry.key) != kMembers.end();
    if (!is_known) {
      const std::string_view near = Nearest(entry.key, {kMembers.begin(), kMembers.end()});
      Problem("", entry.position, LengthOf(entry.key),
              "unknown member \"" + entry.key + "\" of a conda file, it is not used",
              DidYouMean(near));
      out_.problems.back().is_warning = true;
      return;
    }
    if (root.Find(entry.key) != &entry.value) {
      Problem(entry.key, entry.position, LengthOf(entry.key),
              "\"" + entry.key + "\" stands here twice");
      return;
    }
    if (entry.key == "dependencies") ReadDependencies(entry.value);
    if (entry.key == "channels") ReadChannels(entry.value);
    if (entry.key == "variables") ReadVariables(entry.value);
  }

  void ReadChannels(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kSequence) {
      return Problem("channels", node.position, LengthOf(node.text), "\"channels\" is no list");
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      const YamlNode& item = node.items[i];
      if (item.kind == YamlNode::Kind::kScalar) {
        out_.file.channels.push_back(item.text);
      } else {
        Problem("channels." + std::to_string(i), item.position, 1, "expected a channel's name");
      }
    }
  }

  void ReadDependencies(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kSequence) {
      return Problem("dependencies", node.position, LengthOf(node.text),
                     "\"dependencies\" is no list");
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      ReadDependency(node.items[i], "dependencies." + std::to_string(i));
    }
  }

  void ReadDependency(const YamlNode& item, const std::string& path) {
    if (item.kind == YamlNode::Kind::kMap) return ReadOwnList(item, path);
    if (item.kind != YamlNode::Kind::kScalar || Trim(item.text).empty()) {
      return Problem(path, item.position, 1, "expected a package such as numpy=1.26");
    }
    const CondaLine line = ReadCondaLine(item.text);
    if (line.problem) return InsideLine(*line.problem, path, item.position);
    if (line.name == "python") return ReadPython(line, path, item);
    if (line.name != "pip") out_.file.conda.push_back({CollapseBlanks(item.text), path});
  }

  void ReadPython(const CondaLine& line, const std::string& path, const YamlNode& item) {
    if (!out_.file.python.empty() && !line.version.empty()) {
      return Problem(path, item.position, LengthOf(item.text),
                     "the version of Python stands here twice; say it once, such as "
                     "python>=3.10,<3.13");
    }
    if (!out_.file.python_path.empty() && line.version.empty()) return;
    out_.file.python = CollapseBlanks(line.version);
    out_.file.python_path = path;
  }

  void ReadOwnList(const YamlNode& item, const std::string& path) {
    for (const YamlNode::Entry& entry : item.entries) {
      if (entry.key == "pip") {
        ReadPip(entry.value, path + ".pip");
      } else {
        Problem(path, entry.position, LengthOf(entry.key),
                "unknown member \"" + entry.key +
                    "\" in dependencies, only \"pip\" has a list of its own",
                EditDistance(entry.key, "pip") <= 1 ? "did you mean \"pip\"?" : "");
      }
    }
  }

  void ReadPip(const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kSequence) {
      return Problem(path, node.position, LengthOf(node.text),
                     "\"pip\" is no list of requirements");
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      const YamlNode& item = node.items[i];
      const std::string item_path = path + "." + std::to_string(i);
      if (item.kind != YamlNode::Kind::kScalar) {
        Problem(item_path, item.position, 1, "expected a requirement such as numpy==1.26");
        continue;
      }
      AddRequirement(ReadRequirement(item.text), item_path, item.position);
    }
  }

  void AddRequirement(const Requirement& line, const std::string& path, Position position) {
    if (line.problem) return InsideLine(*line.problem, path, position);
    if (!line.file.empty()) out_.includes.push_back({path, line.file, position});
    if (!line.text.empty()) out_.file.pip.push_back(line.text);
  }

  // A problem within the value that stands at a place.
  void InsideLine(const RequirementProblem& problem, const std::string& path, Position position) {
    const auto line = static_cast<size_t>(position.line) - 1;
    const std::string_view text = line < lines_.size() ? lines_[line] : std::string_view();
    const size_t begin = static_cast<size_t>(position.column) - 1 + (IsQuotedAt(position) ? 1 : 0);
    const size_t offending = begin + problem.offset;
    // What YAML joined from several lines is marked where it begins.
    if (begin < text.size() && offending >= text.size()) {
      return Problem(path, position, LengthOf(Trim(text.substr(begin))), problem.message,
                     problem.suggestion);
    }
    Position inside = position;
    inside.column = static_cast<int>(offending) + 1;
    Problem(path, inside, static_cast<int>(problem.length), problem.message, problem.suggestion);
  }

  // Whether the text at a place begins with a quote, which its value has not.
  bool IsQuotedAt(Position position) const {
    const auto line = static_cast<size_t>(position.line) - 1;
    const auto column = static_cast<size_t>(position.column) - 1;
    if (line >= lines_.size() || column >= lines_[line].size()) return false;
    return lines_[line][column] == '"' || lines_[line][column] == '\'';
  }

  void ReadVariables(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kMap) {
      return Problem("variables", node.position, LengthOf(node.text), "\"variables\" is no map");
    }
    for (const YamlNode::Entry& entry : node.entries) {
      if (entry.value.kind == YamlNode::Kind::kScalar) {
        out_.file.variables[entry.key] = entry.value.text;
      } else {
        Problem("variables." + entry.key, entry.position, LengthOf(entry.key),
                "variable \"" + entry.key + "\" is no text");
      }
    }
  }

  const std::vector<std::string_view> lines_;
  size_t count_ = 0;
  CondaReading out_;
};

std::string At(Position position) {
  return "line " + std::to_string(position.line) + ", column " + std::to_string(position.column) +
         ": ";
}

}  // namespace

Status CondaReading::status() const {
  for (const CondaProblem& problem : problems) {
    if (problem.is_warning) continue;
    const std::string more = problem.suggestion.empty() ? "" : "; " + problem.suggestion;
    return InvalidArgument(At(problem.position) + problem.message + more);
  }
  return {};
}

CondaReading ReadConda(std::string_view text) {
  const std::variant<YamlNode, YamlError> parsed = ParseYaml(text);
  const YamlNode* root = std::get_if<YamlNode>(&parsed);
  Reader reader(text);
  if (root == nullptr) {
    const bool looks_like_yaml = text.find("dependencies:") != std::string_view::npos;
    if (!looks_like_yaml) return ReadRequirements(text);
    const YamlError& error = std::get<YamlError>(parsed);
    reader.Problem("", error.position, 1, error.message);
  } else if (root->kind == YamlNode::Kind::kMap) {
    reader.ReadMap(*root);
  } else if (root->kind == YamlNode::Kind::kSequence) {
    reader.Problem("", root->position, 1,
                   "a list; expected a conda file, a map with \"dependencies\"");
  } else if (root->kind == YamlNode::Kind::kScalar) {
    return ReadRequirements(text);
  }
  return reader.Take();
}

CondaReading ReadCondaMap(const YamlNode& root, std::string_view text) {
  Reader reader(text);
  reader.ReadMap(root);
  return reader.Take();
}

CondaReading ReadRequirements(std::string_view text) {
  Reader reader(text);
  reader.ReadLines();
  return reader.Take();
}

Result<CondaFile> ReadCondaFile(std::string_view text) {
  CondaReading reading = ReadConda(text);
  TRY(reading.status());
  if (!reading.includes.empty()) {
    const CondaInclude& include = reading.includes.front();
    return InvalidArgument(At(include.position) + "\"-r " + include.file +
                           "\" names a file, which is not here; list the packages themselves");
  }
  return std::move(reading.file);
}

}  // namespace lazurite::environment
