// The JSON Schemas against the checker: what it takes they take, and common mistakes they refuse.
#include <gtest/gtest.h>
#include <regex.h>

#include <cmath>

#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "spec/document.h"
#include "spec/explain.h"
#include "spec/field.h"

namespace lazurite::spec {
namespace {

// The schemas' patterns mean the same to POSIX and to JavaScript.
bool Matches(const std::string& text, const std::string& pattern) {
  regex_t compiled;
  EXPECT_EQ(regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB), 0) << pattern;
  const bool is_found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return is_found;
}

// The part of JSON Schema that the schemas use; any other word in one fails the test.
class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  // Why `value` does not fit, "" if it does.
  std::string Check(const Json& value, const Json& schema, const std::string& path = "") {
    if (!schema.is_object()) return schema.bool_value() ? "" : path + " is not allowed";
    for (const auto& [word, rule] : schema.object()) {
      const std::string wrong = CheckWord(value, schema, word, rule, path);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }
  std::string Check(const Json& value) { return Check(value, root_); }

 private:
  static bool IsOf(const Json& value, const std::string& type) {
    if (type == "string") return value.is_string();
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "null") return value.is_null();
    if (type == "boolean") return value.is_bool();
    if (type == "number") return value.is_number();
    if (type == "integer") {
      return value.is_number() && value.double_value() == std::floor(value.double_value());
    }
    ADD_FAILURE() << "unknown type " << type;
    return false;
  }

  std::string CheckWord(const Json& value, const Json& schema, const std::string& word,
                        const Json& rule, const std::string& path) {
    if (word == "type") {
      const Json::Array types = rule.is_array() ? rule.array() : Json::Array{rule};
      for (const Json& type : types) {
        if (IsOf(value, type.string())) return "";
      }
      return path + " is " + value.Dump().substr(0, 80) + ", expected " + rule.Dump();
    }
    if (word == "enum") {
      for (const Json& one : rule.array()) {
        if (one == value) return "";
      }
      return path + " is none of " + rule.Dump();
    }
    if (word == "anyOf") {
      std::string last;
      for (const Json& choice : rule.array()) {
        last = Check(value, choice, path);
        if (last.empty()) return "";
      }
      return last;
    }
    if (word == "allOf") {
      for (const Json& one : rule.array()) {
        const std::string wrong = Check(value, one, path);
        if (!wrong.empty()) return wrong;
      }
      return "";
    }
    if (word == "if") return Check(value, rule).empty() ? Check(value, *schema.Find("then")) : "";
    if (word == "not") return Check(value, rule).empty() ? path + " fits what it must not" : "";
    if (word == "$ref")
      return Check(value, *root_.At(ReplaceAll(rule.string().substr(2), "/", ".")));
    if (word == "pattern") return CheckPattern(value, rule.string(), path);
    if (word == "minLength")
      return value.is_string() && value.string().empty() ? path + " is empty" : "";
    if (word == "minimum" || word == "maximum") return CheckBound(value, word, rule, path);
    if (value.is_object()) return CheckObjectWord(value, schema, word, rule, path);
    if (word == "items" && value.is_array()) {
      for (const Json& item : value.array()) {
        const std::string wrong = Check(item, rule, path + "[]");
        if (!wrong.empty()) return wrong;
      }
    }
    return "";
  }

  std::string CheckPattern(const Json& value, const std::string& pattern, const std::string& path) {
    if (!value.is_string()) return "";
    if (Matches(value.string(), pattern)) return "";
    return path + " is " + value.string().substr(0, 80) + ", expected " + pattern;
  }

  static std::string CheckBound(const Json& value, const std::string& word, const Json& rule,
                                const std::string& path) {
    if (!value.is_number()) return "";
    const double bound = rule.double_value();
    const bool is_good =
        word == "minimum" ? value.double_value() >= bound : value.double_value() <= bound;
    return is_good ? "" : path + " is out of bounds";
  }

  std::string CheckObjectWord(const Json& value, const Json& schema, const std::string& word,
                              const Json& rule, const std::string& path) {
    if (word == "required") {
      for (const Json& name : rule.array()) {
        if (value.Find(name.string()) == nullptr) return path + " lacks " + name.string();
      }
    }
    const Json* known = schema.Find("properties");
    for (const auto& [key, member] : value.object()) {
      const std::string place = path + "." + key;
      std::string wrong;
      if (word == "properties" && rule.Find(key) != nullptr) {
        wrong = Check(member, *rule.Find(key), place);
      }
      if (word == "additionalProperties" && (known == nullptr || known->Find(key) == nullptr)) {
        wrong = Check(member, rule, place);
      }
      if (word == "propertyNames") wrong = Check(Json(key), rule, place);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  const Json& root_;
};

Json Yaml(std::string_view text) {
  const auto parsed = ParseYaml(text);
  const auto* root = std::get_if<YamlNode>(&parsed);
  return root == nullptr ? Json() : root->ToJson();
}

std::string Verdict(std::string_view kind, std::string_view text) {
  const Result<Json> schema = JsonSchema(kind);
  EXPECT_TRUE(schema.ok());
  return Validator(*schema).Check(Yaml(text));
}

constexpr std::string_view kGood =
    "command: echo ${{inputs.lr}}\nenvironment: azureml:e@latest\ninputs:\n  lr: 0.1\n  data:\n"
    "    type: uri_folder\n    path: azureml:d:1\noutputs:\n  model:\nenvironment_variables: {A: "
    "1, "
    "B: }\nresources:\n  instance_count: 2\ndistribution: {type: PyTorch}\ntags:\n";

TEST(JsonSchema, TakesAJobInAllItsForms) {
  EXPECT_EQ(Verdict("commandJob", kGood), "");
  EXPECT_EQ(Verdict("job", "command: x\nenvironment: {image: python:3.11, conda_file: c.yml}\n"),
            "");
  EXPECT_EQ(Verdict("job", "command: x\nenvironment: {conda_file: {dependencies: []}}\n"), "");
  EXPECT_EQ(Verdict("job", "command: x\nenvironment: a:1\ninputs: {a: {mode: roMount}}\n"), "");
}

TEST(JsonSchema, RefusesWhatTheCheckerRefuses) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"instance_count: 2", "instance_cout: 2"},
           {"instance_count: 2", "instance_count: 0"},
           {"instance_count: 2", "instance_count: two"},
           {"type: uri_folder", "type: folder"},
           {"type: PyTorch", "type: Horovod"},
           {"{type: PyTorch}", "{}"},
           {"command: echo ${{inputs.lr}}", "display_name: x"},
           {"command: echo", "comand: echo"},
           {"azureml:e@latest", "environment.yml"},
           {"  lr: 0.1", "  lr: [0.1]"},
           {"  lr: 0.1", "  l r: 0.1"},
           {"{A: 1,", "{A: [1],"}}) {
    const std::string text = ReplaceAll(kGood, from, to);
    ASSERT_NE(text, kGood) << from;
    EXPECT_FALSE(LoadDocument(text, {"job", "x.yml", {}}).ok()) << to;
    EXPECT_NE(Verdict("job", text), "") << to;
  }
}

TEST(JsonSchema, OfAllKindsChoosesByTheDocumentsSchema) {
  const Json schema = JsonSchemaOfAll();
  const auto verdict = [&](std::string_view text) { return Validator(schema).Check(Yaml(text)); };
  const std::string head = "$schema: https://azuremlschemas.azureedge.net/latest/";
  EXPECT_EQ(verdict("any: thing\n"), "");
  EXPECT_EQ(verdict("dependencies: [python=3.11]\n"), "");
  EXPECT_EQ(verdict(head + "commandJob.schema.json\n" + std::string(kGood)), "");
  EXPECT_NE(verdict(head + "commandJob.schema.json\ncommand: x\n"), "");
  EXPECT_NE(verdict(head + "data.schema.json\nname: d\npth: x\n"), "");
  EXPECT_EQ(verdict(head + "data.schema.json\nname: d\npath: x\n"), "");
  EXPECT_EQ(verdict(head + "pipelineJob.schema.json\njobs: {}\n"), "");
  EXPECT_NE(verdict("command: x\nenvironment: a:1\ncompte: x\n"), "");
}

// The kind that LoadDocument found a file to be is the schema that must take it.
TEST(JsonSchema, TakesEveryGoodSample) {
  const std::string repository = NormalPath(JoinPath(DirName(__FILE__), "../.."));
  const Json all = JsonSchemaOfAll();
  Validator whole(all);
  std::map<std::string, int> taken;
  for (const std::string& root : {JoinPath(repository, "examples"),
                                  JoinPath(repository, "../shared/corpus/azureml-examples/cli")}) {
    if (!IsDir(root)) continue;
    const auto entries = WalkTree(root);
    ASSERT_TRUE(entries.ok());
    for (const WalkEntry& entry : *entries) {
      if (!S_ISREG(entry.info.st_mode) || !entry.path.ends_with(".yml")) continue;
      const Result<std::string> text = ReadFile(JoinPath(root, entry.path));
      ASSERT_TRUE(text.ok());
      const Json value = Yaml(*text);
      for (const char* noun :
           {"job", "data", "environment", "model", "compute", "workspace", "datastore"}) {
        const Loaded loaded = LoadDocument(*text, {noun, entry.path, {}});
        if (!loaded.ok()) continue;
        const Result<Json> schema = JsonSchema(loaded.kind);
        ASSERT_TRUE(schema.ok());
        EXPECT_EQ(Validator(*schema).Check(value), "") << entry.path << " as " << loaded.kind;
        if (value.Find("$schema") != nullptr) {
          EXPECT_EQ(whole.Check(value), "") << entry.path;
        }
        ++taken[loaded.kind];
      }
    }
  }
  for (const auto& [kind, count] : taken) RecordProperty(kind, count);
  EXPECT_GT(taken["commandJob"], 0);
  EXPECT_GT(taken["data"], 0);
}

TEST(ReferencePage, IsTheOneInTheDocumentation) {
  const std::string file = NormalPath(JoinPath(DirName(__FILE__), "../../docs/reference/yaml.md"));
  const Result<std::string> text = ReadFile(file);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, ReferencePage())
      << "lazurite schema --markdown > docs/reference/yaml.md puts it right";
}

}  // namespace
}  // namespace lazurite::spec
