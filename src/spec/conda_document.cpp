// Conda files on their way into the document that names them.
#include "base/file.h"
#include "base/text.h"
#include "domain/environment/conda_file.h"
#include "spec/document.h"

namespace lazurite::spec {
namespace {

using environment::CondaProblem;
using environment::CondaReading;

constexpr size_t kCondaBytesMax = size_t{1} << 20;

// A file, and how messages call it.
struct Source {
  std::string name;
  std::string path;
  std::string text;
  std::vector<std::string_view> lines;

  std::string LineAt(Position position) const {
    const auto line = static_cast<size_t>(position.line) - 1;
    // One blank at least: the renderer takes "" for a line of the document.
    if (line >= lines.size() || lines[line].empty()) return " ";
    return std::string(lines[line]);
  }
};

// Puts one conda file into the document, at the path that names it.
class CondaDocument {
 public:
  CondaDocument(Loaded& loaded, std::string path) : loaded_(loaded), path_(std::move(path)) {}

  void Read(std::string name, const std::string& file) {
    Source source{std::move(name), file, {}, {}};
    if (!Open(source, {1, 1}, source)) return;
    if (source.path.ends_with(".txt")) return FromRequirements(source);
    const auto parsed = ParseYaml(source.text);
    if (const auto* error = std::get_if<YamlError>(&parsed)) {
      return Add(source, error->position, 1, error->message);
    }
    const YamlNode& root = std::get<YamlNode>(parsed);
    if (root.kind != YamlNode::Kind::kMap) {
      return Add(source, root.position.line > 0 ? root.position : Position{1, 1}, 1,
                 "no conda file: expected a map with \"dependencies\"");
    }
    AddAll(source, environment::ReadCondaMap(root, source.text));
    // With problems too: the server may find more of them in the rest.
    Json json = root.ToJson();
    Remember(source, root, path_);
    IncludeRequirements(source, root, json);
    loaded_.value.Set(path_, std::move(json));
  }

  std::vector<Problem> Take() { return std::move(problems_); }

 private:
  // Reads the file; what is wrong with that is wrong in `who`, which names it.
  bool Open(Source& source, Position position, const Source& who) {
    Result<std::string> text = ReadFile(source.path, kCondaBytesMax);
    if (!text.ok()) {
      Add(who, position, 1, text.status().text());
      return false;
    }
    source.text = std::move(text).value();
    source.lines = Split(source.text, '\n');
    return true;
  }

  void Add(const Source& source, Position position, int length, std::string message,
           std::string suggestion = "") {
    Problem problem;
    problem.file = source.name;
    problem.line = position.line;
    problem.column = position.column;
    problem.length = length;
    problem.message = std::move(message);
    problem.suggestion = std::move(suggestion);
    problem.source_line = source.LineAt(position);
    problems_.push_back(std::move(problem));
  }

  void AddAll(const Source& source, const CondaReading& reading) {
    for (const CondaProblem& problem : reading.problems) {
      Add(source, problem.position, problem.length, problem.message, problem.suggestion);
      if (!problem.is_warning) continue;
      problems_.back().is_warning = true;
      loaded_.warnings.push_back(std::move(problems_.back()));
      problems_.pop_back();
    }
  }

  void Place(const std::string& path, const Source& source, Position position, size_t length) {
    loaded_.elsewhere[path] = {source.name, position, std::max(static_cast<int>(length), 1),
                               source.LineAt(position)};
  }

  void Remember(const Source& source, const YamlNode& node, const std::string& path) {
    Place(path, source, node.position.line > 0 ? node.position : Position{1, 1}, node.text.size());
    for (size_t i = 0; i < node.items.size(); ++i) {
      Remember(source, node.items[i], path + "." + std::to_string(i));
    }
    for (const YamlNode::Entry& entry : node.entries) {
      Remember(source, entry.value, path + "." + entry.key);
    }
  }

  // The requirements of a text, each with its place.
  void AddRequirements(const Source& source, const std::string& path, Json& list) {
    for (size_t i = 0; i < source.lines.size(); ++i) {
      const std::string_view line = source.lines[i];
      const std::string_view bare = Trim(line.substr(0, line.find(" #")));
      if (bare.empty() || bare[0] == '#') continue;
      const Position position{static_cast<int>(i) + 1,
                              static_cast<int>(line.find_first_not_of(" \t")) + 1};
      Place(path + "." + std::to_string(list.array().size()), source, position, bare.size());
      list.Push(Json(bare));
    }
  }

  // A requirements file of pip stands for an environment with Python and those packages.
  void FromRequirements(const Source& source) {
    const CondaReading reading = environment::ReadRequirements(source.text);
    AddAll(source, reading);
    RefuseIncludes(source, reading);
    Json pip = Json::MakeObject();
    pip["pip"] = Json::MakeArray();
    AddRequirements(source, path_ + ".dependencies.2.pip", pip["pip"]);
    Json json = Json::MakeObject();
    json["dependencies"] = Json(Json::Array{Json("python"), Json("pip"), std::move(pip)});
    loaded_.value.Set(path_, std::move(json));
  }

  void RefuseIncludes(const Source& source, const CondaReading& reading) {
    for (const environment::CondaInclude& include : reading.includes) {
      Add(source, include.position, 1,
          "\"-r " + include.file +
              "\" in a requirements file is not followed; only a conda file "
              "can include one");
    }
  }

  // "-r file" below pip is replaced by the file's lines: the server cannot read it.
  void IncludeRequirements(const Source& source, const YamlNode& root, Json& json) {
    const YamlNode* dependencies = root.Find("dependencies");
    Json* items = json.Find("dependencies");
    if (dependencies == nullptr || items == nullptr || !items->is_array()) return;
    for (size_t i = 0; i < items->array().size(); ++i) {
      Json* pip = items->array()[i].Find("pip");
      const YamlNode* lines = dependencies->items[i].Find("pip");
      if (pip == nullptr || !pip->is_array() || lines == nullptr) continue;
      const std::string path = path_ + ".dependencies." + std::to_string(i) + ".pip";
      Json list = Json::MakeArray();
      for (size_t k = 0; k < pip->array().size(); ++k) {
        Include(source, pip->array()[k], lines->items[k].position, path, list);
      }
      *pip = std::move(list);
    }
  }

  void Include(const Source& source, const Json& line, Position position, const std::string& path,
               Json& list) {
    const std::string text = line.is_string() ? line.string() : "";
    const bool is_include = text.starts_with("-r ") || text.starts_with("--requirement ");
    if (!is_include) {
      Place(path + "." + std::to_string(list.array().size()), source, position, text.size());
      return list.Push(line);
    }
    const std::string name(Trim(std::string_view(text).substr(text.find(' '))));
    Source included{JoinPath(DirName(source.name), name),
                    NormalPath(JoinPath(DirName(source.path), name)),
                    {},
                    {}};
    if (!Open(included, position, source)) return;
    const CondaReading reading = environment::ReadRequirements(included.text);
    AddAll(included, reading);
    RefuseIncludes(included, reading);
    AddRequirements(included, path, list);
  }

  Loaded& loaded_;
  const std::string path_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> InlineCondaFiles(Loaded& loaded) {
  const std::string path = loaded.kind == "commandJob" ? "environment.conda_file" : "conda_file";
  if (loaded.kind != "commandJob" && loaded.kind != "environment") return {};
  const Json* value = loaded.value.At(path);
  if (value == nullptr || !value->is_string()) return {};
  const std::string text = value->string();
  const std::string file = ResolveLocalPath(text, loaded.file);
  if (!Exists(file) || IsDir(file)) {
    const std::string what = IsDir(file) ? "is a folder, expected a conda file" : "does not exist";
    return {ProblemAt(loaded, path, path + ": \"" + text + "\" " + what + " (" + file + ")")};
  }
  const bool has_file = !loaded.file.empty() && loaded.file != "-";
  const std::string folder = has_file ? DirName(loaded.file) : ".";
  CondaDocument conda(loaded, path);
  conda.Read(folder == "." ? text : JoinPath(folder, text), file);
  return conda.Take();
}

}  // namespace lazurite::spec
