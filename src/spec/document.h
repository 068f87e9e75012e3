// Reads and checks YAML documents: every problem of a file at once, each with its place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "base/yaml.h"
#include "spec/problem.h"

namespace lazurite::spec {

// One `--set a.b.c=v`, or another flag that sets a field (`--name x` is {"name", "x", "--name"}).
struct Override {
  std::string path;    // "a.b.c"; "a.0.c" or "a.[0].c" for an item of a list
  std::string value;   // read as YAML: 1, true, text, {a: 1}, null
  std::string origin;  // how messages call it; "" = "--set a.b.c"
};
// From the text after `--set`. kInvalidArgument: no "=" or an empty path.
Result<Override> ParseOverride(std::string_view text);

struct LoadOptions {
  // "job", "data", "environment", "model", "compute", "workspace", "datastore" …, or a kind's name
  std::string noun;
  // for messages and for relative paths; "" = none (only overrides), "-" = standard input
  std::string file;
  std::vector<Override> overrides;
};

// A place in another file than the document's.
struct PlaceElsewhere {
  std::string file;
  Position position;
  int length = 1;
  std::string source_line;
};

struct Loaded {
  std::string kind;  // "commandJob"; "" if it could not be told
  std::string file;
  // The document in the YAML's shape. Defaults are not filled in, `null` members are dropped (but
  // for outputs, and in maps of texts they are ""), enumerations have their YAML spelling, literal
  // inputs are texts (numbers as written, True, False), and inputs without a value are left out.
  Json value = Json::MakeObject();
  std::vector<Problem> problems;  // empty = valid
  std::vector<Problem> warnings;  // worth to be told
  // dotted path -> of its value; line < 1 = from an override
  std::map<std::string, Position> positions;
  // dotted path -> where its value really stands: in a conda file that was put into the document
  std::map<std::string, PlaceElsewhere> elsewhere;
  // dotted path -> "--set a.b", of values that overrides gave
  std::map<std::string, std::string> origins;

  bool ok() const { return problems.empty(); }
};

// Parses, applies the overrides, then checks everything against the table of fields. Never fails
// otherwise than by problems.
Loaded LoadDocument(std::string_view text, const LoadOptions& options);
// The problem at a path of the document, or at its nearest parent that has a position; of a value
// that came from another file in that file.
Problem ProblemAt(const Loaded& loaded, std::string_view path, std::string message);

// A file or folder of this machine that the document names.
struct LocalReference {
  enum class Kind : unsigned char {
    kCode,          // code
    kBuildContext,  // environment build.path
    kData,          // inputs.*.path, data path
    kModel,         // model path, inputs.*.path of a model type
  } kind = Kind::kData;
  std::string path;  // where the document has it: document.value.Set(path, uri) replaces it
  // uri_file, uri_folder, mltable, custom_model …; "" for code and build contexts
  std::string type;
  std::string file;  // absolute, normalised
  bool is_folder = false;
};
struct LocalFiles {
  std::vector<LocalReference> references;
  std::vector<Problem> problems;  // what does not exist, or is a file where a folder is needed
};
// The local paths of a document, relative ones resolved against the file's folder. Conda files are
// not among them: see InlineCondaFiles.
LocalFiles FindLocalFiles(const Loaded& loaded);

// Replaces each `conda_file: path` by the file's content as an object, and remembers where each of
// its values stands (loaded.elsewhere); problems of that file (with its own name and positions) and
// its absence are returned, warnings go to loaded.warnings.
std::vector<Problem> InlineCondaFiles(Loaded& loaded);

// Absolute and normal; relative texts belong to the file's folder.
std::string ResolveLocalPath(std::string_view text, const std::string& file);
// True if the text is a file URI with an absolute path: data of the server's machine, which stays
// there. A path without "file://" means this machine, and is uploaded.
bool IsServerPath(std::string_view text);
// True if the text names data elsewhere: a URI, an ARM id or an asset reference.
bool IsRemotePath(std::string_view text);

}  // namespace lazurite::spec
