// What no single field can say.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "domain/compute/share.h"
#include "domain/secret/secret_store.h"
#include "spec/checker.h"
#include "spec/expression.h"
#include "spec/job_reader.h"

namespace lazurite::spec {
namespace {

bool HasValue(const YamlNode* node) {
  return node != nullptr && node->kind != YamlNode::Kind::kNull &&
         !(node->kind == YamlNode::Kind::kScalar && node->ScalarToJson().is_null());
}

const YamlNode* FindScalar(const YamlNode& node, std::string_view key) {
  const YamlNode* found = node.Find(key);
  return HasValue(found) && found->kind == YamlNode::Kind::kScalar ? found : nullptr;
}

const YamlNode* FindMap(const YamlNode& node, std::string_view key) {
  const YamlNode* found = node.Find(key);
  return found != nullptr && found->kind == YamlNode::Kind::kMap ? found : nullptr;
}

bool IsPrimitive(std::string_view type) {
  return type == "string" || type == "number" || type == "integer" || type == "boolean";
}

bool IsOptional(const YamlNode& input) {
  const YamlNode* optional = FindScalar(input, "optional");
  std::string expected;
  const auto value =
      optional == nullptr ? std::nullopt : ReadScalarAs(*optional, "boolean", expected);
  return value.has_value() && value->bool_value();
}

// The input's type in YAML's spelling.
std::string TypeOf(const YamlNode& input) {
  const YamlNode* type = FindScalar(input, "type");
  if (type == nullptr) return "uri_folder";
  const Field* field = FindField("commandJob", "inputs.*.type");
  const auto word = FindEnumWord(field->plain_type(), type->text);
  return word ? std::string(word->yaml) : "";
}

void CheckPrimitive(Checker& checker, const YamlNode::Entry& entry, std::string_view type) {
  const std::string path = "inputs." + entry.key;
  if (const YamlNode* data = entry.value.Find("path"); HasValue(data)) {
    checker.ReportAt(*data, path + " is a " + std::string(type) + ", which has a value and no path",
                     "did you mean \"value\"?", "inputs.*");
    return;
  }
  for (const std::string_view key : {"value", "default"}) {
    const YamlNode* value = FindScalar(entry.value, key);
    std::string expected;
    if (value == nullptr || ReadScalarAs(*value, type, expected).has_value()) continue;
    checker.ReportAt(*value, path + "." + std::string(key) + " is " + Describe(*value) +
                                 ", expected " + expected);
  }
  const bool has_value =
      HasValue(entry.value.Find("value")) || HasValue(entry.value.Find("default"));
  if (has_value || IsOptional(entry.value)) return;
  checker.Report(entry.position, std::max(static_cast<int>(entry.key.size()), 1),
                 "\"value\" is missing in " + path, "", "inputs.*");
}

void CheckData(Checker& checker, const YamlNode::Entry& entry, std::string_view type) {
  const std::string path = "inputs." + entry.key;
  for (const std::string_view key : {"value", "default"}) {
    const YamlNode* value = entry.value.Find(key);
    if (!HasValue(value)) continue;
    checker.ReportAt(*value,
                     path + " is a " + std::string(type) + ", which has a path and no value",
                     "did you mean \"path\"?", "inputs.*");
    return;
  }
  if (HasValue(entry.value.Find("path")) || IsOptional(entry.value)) return;
  checker.Report(entry.position, std::max(static_cast<int>(entry.key.size()), 1),
                 "\"path\" is missing in " + path, "", "inputs.*");
}

void CheckInputs(Checker& checker, const YamlNode& root) {
  const YamlNode* inputs = FindMap(root, "inputs");
  if (inputs == nullptr) return;
  for (const YamlNode::Entry& entry : inputs->entries) {
    if (entry.value.kind != YamlNode::Kind::kMap) continue;
    const std::string type = TypeOf(entry.value);
    if (IsPrimitive(type)) {
      CheckPrimitive(checker, entry, type);
    } else if (!type.empty()) {
      CheckData(checker, entry, type);
    }
  }
}

// An output is kept in a datastore, not beside the job's file.
void CheckOutputs(Checker& checker, const YamlNode& root) {
  const YamlNode* outputs = FindMap(root, "outputs");
  if (outputs == nullptr) return;
  for (const YamlNode::Entry& entry : outputs->entries) {
    const YamlNode* path = FindScalar(entry.value, "path");
    if (path == nullptr || IsRemotePath(path->text) || path->text.starts_with("${{")) continue;
    checker.ReportAt(*path,
                     "outputs." + entry.key + ".path is " + Describe(*path) +
                         ", expected azureml://datastores/DATASTORE/paths/PATH",
                     "", "outputs.*");
  }
}

// Which names an expression may use, and which of them have a value.
struct Names {
  std::vector<std::string_view> all;
  std::set<std::string_view> unset;
};

Names NamesOf(const YamlNode& root, std::string_view map) {
  Names names;
  const YamlNode* node = FindMap(root, map);
  if (node == nullptr) return names;
  for (const YamlNode::Entry& entry : node->entries) {
    names.all.push_back(entry.key);
    if (map != "inputs") continue;
    const YamlNode& value = entry.value;
    const bool is_set = value.kind == YamlNode::Kind::kMap
                            ? HasValue(value.Find("path")) || HasValue(value.Find("value")) ||
                                  HasValue(value.Find("default"))
                            : HasValue(&value);
    if (!is_set) names.unset.insert(entry.key);
  }
  return names;
}

// How often `part` stands in the text before `offset`.
size_t CountBefore(std::string_view text, std::string_view part, size_t offset) {
  size_t count = 0;
  for (size_t at = text.find(part); at < offset; at = text.find(part, at + part.size())) ++count;
  return count;
}

class CommandRules {
 public:
  CommandRules(Checker& checker, const YamlNode& root, const YamlNode& command)
      : checker_(checker),
        command_(command),
        inputs_(NamesOf(root, "inputs")),
        outputs_(NamesOf(root, "outputs")) {}

  void Check() {
    const Expressions expressions = FindExpressions(command_.text);
    for (const Expression& expression : expressions.found) {
      if (checker_.is_full()) return;
      CheckOne(expression);
    }
    if (expressions.error.empty()) return;
    const std::string_view mark =
        std::string_view(command_.text).substr(expressions.error_offset, 3);
    checker_.ReportInside(command_, mark,
                          CountBefore(command_.text, mark, expressions.error_offset),
                          expressions.error + " in command");
  }

 private:
  void CheckOne(const Expression& expression) {
    const bool is_input = expression.context == "inputs";
    if (!is_input && expression.context != "outputs") return ReportContext(expression);
    const Names& names = is_input ? inputs_ : outputs_;
    const bool is_known =
        std::find(names.all.begin(), names.all.end(), expression.name) != names.all.end();
    if (!is_known) {
      const std::string_view near = Nearest(expression.name, names.all);
      return Report(expression,
                    "the job has no " + std::string(is_input ? "input" : "output") + " called \"" +
                        expression.name + "\"",
                    near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?");
    }
    if (names.unset.contains(expression.name) && !expression.is_optional) {
      Report(expression, "the input \"" + expression.name + "\" has no value",
             "put this part of the command into $[[ ]], or give it a value");
    }
  }

  void ReportContext(const Expression& expression) {
    if (expression.context == "secrets") {
      return Report(expression,
                    Text(expression) + " would be seen by everybody who lists processes",
                    "hand the secret over in environment_variables");
    }
    Report(expression, Text(expression) + " means nothing in the command of a job",
           "expected ${{inputs.NAME}} or ${{outputs.NAME}}");
  }

  std::string Text(const Expression& expression) const {
    return "\"" + command_.text.substr(expression.offset, expression.length) + "\"";
  }

  void Report(const Expression& expression, std::string message, std::string suggestion) {
    const std::string_view part =
        std::string_view(command_.text).substr(expression.offset, expression.length);
    checker_.ReportInside(command_, part, CountBefore(command_.text, part, expression.offset),
                          std::move(message), std::move(suggestion));
  }

  Checker& checker_;
  const YamlNode& command_;
  Names inputs_;
  Names outputs_;
};

void CheckCommand(Checker& checker, const YamlNode& root) {
  const YamlNode* command = FindScalar(root, "command");
  if (command == nullptr) return;
  if (Trim(command->text).empty()) checker.ReportAt(*command, "command is empty", "", "command");
  if (command->text.size() > kCommandBytesMax) {
    checker.Report(command->position, 1, "command is longer than 1 MiB");
  }
  CommandRules(checker, root, *command).Check();
}

// "${{secrets.NAME}}" in the value of a variable; whether there is such a secret the server knows.
void CheckSecrets(Checker& checker, const YamlNode& value) {
  if (value.kind != YamlNode::Kind::kScalar) return;
  for (const std::string& name : SecretsIn(value.text)) {
    const Status status = CheckSecretName(name);
    if (!status.ok()) checker.ReportAt(value, status.text(), "", "environment_variables");
  }
  for (const Expression& expression : FindExpressions(value.text).found) {
    if (!EqualNoCase(expression.context, "secret")) continue;
    checker.ReportAt(value,
                     "\"" + value.text.substr(expression.offset, expression.length) +
                         "\" means nothing in a variable",
                     "did you mean ${{secrets." + expression.name + "}}?", "environment_variables");
  }
}

void CheckVariables(Checker& checker, const YamlNode& root) {
  const YamlNode* variables = FindMap(root, "environment_variables");
  if (variables == nullptr) return;
  for (const YamlNode::Entry& entry : variables->entries) {
    CheckSecrets(checker, entry.value);
    if (!entry.key.empty() && entry.key.find('=') == std::string::npos) continue;
    checker.Report(entry.position, std::max(static_cast<int>(entry.key.size()), 1),
                   "\"" + entry.key + "\" is no name of an environment variable");
  }
}

void CheckDistribution(Checker& checker, const YamlNode& root) {
  const YamlNode* distribution = FindMap(root, "distribution");
  const YamlNode* type = distribution == nullptr ? nullptr : FindScalar(*distribution, "type");
  if (type == nullptr) return;
  const bool is_tensorflow = IsSameWord(type->text, "tensorflow");
  for (const YamlNode::Entry& entry : distribution->entries) {
    const bool is_of_tensorflow =
        entry.key == "worker_count" || entry.key == "parameter_server_count";
    if (!is_of_tensorflow && entry.key != "process_count_per_instance") continue;
    if (is_of_tensorflow == is_tensorflow || !HasValue(&entry.value)) continue;
    checker.Report(entry.position, static_cast<int>(entry.key.size()),
                   "distributions of type " + Lower(type->text) + " have no \"" + entry.key + "\"",
                   "", "distribution");
  }
}

void CheckShmSize(Checker& checker, const YamlNode& root) {
  const YamlNode* resources = FindMap(root, "resources");
  const YamlNode* size = resources == nullptr ? nullptr : FindScalar(*resources, "shm_size");
  if (size == nullptr) return;
  std::string_view digits = size->text;
  if (!digits.empty() &&
      std::string_view("bkmgBKMG").find(digits.back()) != std::string_view::npos) {
    digits.remove_suffix(1);
  }
  if (const auto number = ParseInt(digits); number.has_value() && *number > 0) return;
  checker.ReportAt(*size,
                   "resources.shm_size is " + Describe(*size) +
                       ", expected a number and b, k, m or g, such as 2g",
                   "", "resources.shm_size");
}

void CheckGpus(Checker& checker, const YamlNode& root) {
  const YamlNode* resources = FindMap(root, "resources");
  const YamlNode* wishes = resources == nullptr ? nullptr : FindMap(*resources, "properties");
  const YamlNode* gpus = wishes == nullptr ? nullptr : wishes->Find("lazurite.gpus");
  if (!HasValue(gpus)) return;
  std::string expected;
  const std::string type = "integer:0.." + std::to_string(kGpusMax);
  if (gpus->kind == YamlNode::Kind::kScalar && ReadScalarAs(*gpus, type, expected).has_value())
    return;
  checker.ReportAt(*gpus,
                   "lazurite.gpus is " + Describe(*gpus) + ", expected a whole number 0 to " +
                       std::to_string(kGpusMax),
                   "", "resources.properties");
}

// `memory` in the map at `path`, or at the top.
void CheckMemory(Checker& checker, const YamlNode& root, std::string_view path) {
  const YamlNode* map = path.empty() ? &root : FindMap(root, path);
  const YamlNode* memory = map == nullptr ? nullptr : FindScalar(*map, "memory");
  if (memory == nullptr || memory->text.empty() || ParseMemory(memory->text).ok()) return;
  const std::string field = std::string(path) + (path.empty() ? "" : ".") + "memory";
  checker.ReportAt(
      *memory,
      field + " is " + Describe(*memory) + ", expected a number and a unit, such as 16GB or 512MiB",
      "", field);
}

}  // namespace

void CheckJobRules(Checker& checker, const YamlNode& root) {
  CheckInputs(checker, root);
  CheckOutputs(checker, root);
  CheckVariables(checker, root);
  CheckDistribution(checker, root);
  CheckShmSize(checker, root);
  CheckGpus(checker, root);
  CheckMemory(checker, root, "resources");
  CheckCommand(checker, root);
}

void CheckComputeRules(Checker& checker, const YamlNode& root) {
  CheckMemory(checker, root, "");
  const YamlNode* least = FindScalar(root, "min_instances");
  const YamlNode* most = FindScalar(root, "max_instances");
  if (least == nullptr || most == nullptr) return;
  std::string expected;
  const auto low = ReadScalarAs(*least, "integer", expected);
  const auto high = ReadScalarAs(*most, "integer", expected);
  if (!low || !high || low->int_value() <= high->int_value()) return;
  checker.ReportAt(*least, "min_instances is " + Describe(*least) + ", more than max_instances", "",
                   "min_instances");
}

void CheckEnvironmentRules(Checker& checker, const YamlNode& environment) {
  const YamlNode* image = environment.Find("image");
  const YamlNode* build = environment.Find("build");
  if (HasValue(image) && HasValue(build)) {
    checker.ReportAt(*image, "an environment has an image or a build, not both");
  }
  if (HasValue(image) || HasValue(build) || HasValue(environment.Find("conda_file"))) return;
  checker.Report(environment.position, 1,
                 "the environment has none of \"image\", \"build\" and \"conda_file\"", "",
                 checker.kind().noun == "job" ? "environment" : "image");
}

}  // namespace lazurite::spec
