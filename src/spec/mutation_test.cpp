// Good files and bodies, changed at random: whatever comes out is read, or refused in words.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "spec/document.h"
#include "spec/environment_reader.h"
#include "spec/job_reader.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

constexpr int kMutations = 1000;
constexpr unsigned kSeed = 20261124;

struct Seed {
  std::string_view noun;
  std::string_view text;
};

constexpr Seed kSeeds[] = {
    {"job", R"($schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
command: >-
  python train.py --lr ${{inputs.lr}} --data ${{inputs.data}} $[[--note ${{inputs.note}}]]
  --out ${{outputs.model}}
code: src
environment:
  image: python:3.11
  conda_file: &conda
    channels: [conda-forge]
    dependencies: [python=3.11, {pip: [mlflow]}]
compute: azureml:cpu-cluster
inputs:
  lr: 0.01
  flag: true
  note: {type: string, optional: true}
  data:
    type: uri_file
    path: azureml://datastores/workspaceblobstore/paths/x.csv
    mode: download
outputs:
  model:
  table: {type: uri_folder, mode: upload}
environment_variables: {A: 1, "B C": 'yes'}
resources: {instance_count: 2, shm_size: 4g, properties: {lazurite.gpus: 1}}
distribution: {type: PyTorch, process_count_per_instance: 2}
limits: {timeout: 90}
queue_settings: {priority: high}
tags: {owner: "me\ttoo", empty: }
services:
  board: {type: tensor_board, log_dir: logs, nodes: all}
)"},
    {"job", R"(type: command
display_name: hello
command: |
  echo "hello ${{inputs.a}}" > ${{outputs.o}}/x   # ä
  [[ -f x ]] && exit 0
environment: azureml://registries/azureml/environments/sklearn-1.5/labels/latest
inputs: {a: 'one', b: {type: integer, value: 3}, c: {type: mltable, path: "azureml:t:1"}}
outputs: {o: {type: uri_folder, name: out, version: 4}}
identity: {type: user_identity}
)"},
    {"data",
     "name: d\nversion: 01\ntype: uri_folder\npath: ./data\ntags: {a: b}\n"
     "auto_delete_setting: {condition: created_greater_than, value: 30d}\n"},
    {"environment",
     "name: e\nimage: i:1\nconda_file:\n  dependencies:\n  - python\n  - pip:\n    - x\n"
     "inference_config: {liveness_route: {port: 80, path: /}}\n"},
    {"model",
     "name: m\ntype: mlflow_model\npath: runs:/r/m\nflavors: {python_function: {a: [1, 2]}}\n"},
    {"compute",
     "name: c\ntype: amlcompute\nmin_instances: 0\nmax_instances: 4\ntier: low_priority\n"
     "idle_time_before_scale_down: 120\nidentity: {type: user_assigned, user_assigned_identities: "
     "[{resource_id: x}]}\n"},
    {"workspace",
     "name: w\nlocation: eastus\ntags: {a: b}\ncustomer_managed_key: {key_vault: k, key_uri: u}\n"},
    {"datastore",
     "name: b\ntype: azure_blob\naccount_name: a\ncontainer_name: c\ncredentials: {sas_token: "
     "s}\n"},
};

using namespace std::string_view_literals;

constexpr std::string_view kParts[] = {"[",
                                       "]",
                                       "{",
                                       "}",
                                       ":",
                                       ": ",
                                       "- ",
                                       "\n",
                                       "  ",
                                       "\t",
                                       "'",
                                       "\"",
                                       "#",
                                       "&a ",
                                       "*a",
                                       "<<: ",
                                       "!!str ",
                                       "!x ",
                                       "null",
                                       "~",
                                       "${{",
                                       "}}",
                                       "$[[",
                                       "]]",
                                       "${{inputs.q}}",
                                       "---\n",
                                       "|",
                                       ">",
                                       "%",
                                       "@",
                                       "\xff",
                                       "\xc3",
                                       "\0"sv,
                                       "\x1b",
                                       "\xef\xbb\xbf",
                                       "99999999999999999999",
                                       "-1",
                                       ".nan",
                                       "0x",
                                       "true",
                                       "type: pipeline\n",
                                       "inputs: 5\n",
                                       "\\0",
                                       "*",
                                       "."};

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  size_t Below(size_t count) { return count == 0 ? 0 : random_() % count; }

  std::string Change(std::string text) {
    for (size_t i = 1 + Below(3); i > 0; --i) ChangeOnce(text);
    return text;
  }

 private:
  void ChangeOnce(std::string& text) {
    const size_t at = Below(text.size() + 1);
    switch (Below(7)) {
      case 0:
        text.insert(at, kParts[Below(std::size(kParts))]);
        break;
      case 1:
        text.erase(at, 1 + Below(8));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      case 3:
        text.insert(at, text.substr(Below(text.size()), Below(60)));
        break;
      case 4:
        text.resize(at);
        break;
      case 5:
        text.insert(at, 5000, 'x');
        break;
      default:
        ReplaceWord(text, kParts[Below(std::size(kParts))]);
    }
  }

  void ReplaceWord(std::string& text, std::string_view part) {
    const size_t at = text.find_first_not_of(" \n", Below(text.size()));
    if (at == std::string::npos) return;
    text.replace(at, std::min(text.find_first_of(" \n", at), text.size()) - at, part);
  }

  std::mt19937 random_;
};

// Every problem can be shown: it has a place in the file, or a flag to blame.
void ExpectPlaces(const Loaded& loaded, const std::string& text) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const Problem& problem : loaded.problems) {
    EXPECT_FALSE(problem.message.empty()) << text;
    if (problem.file.starts_with("--")) continue;
    EXPECT_GE(problem.line, 1) << problem.message << "\n" << text;
    EXPECT_GE(problem.column, 1) << problem.message << "\n" << text;
    EXPECT_GE(problem.length, 1) << problem.message << "\n" << text;
    EXPECT_LE(problem.line, lines + 1) << problem.message << "\n" << text;
  }
}

// What passed here passes at the server too.
void ExpectServerTakes(Loaded loaded, const std::string& text) {
  if (const auto environment = TakeInlineEnvironment(loaded.value)) {
    loaded.value["environment"] = environment->reference;
    const Json* conda = environment->body.At("properties.condaFile");
    const auto read = ReadEnvironment("e", "1", *environment->body.Find("properties"));
    EXPECT_TRUE(read.ok() || conda != nullptr) << read.status().text() << "\n" << text;
  }
  const Json body = ToRest(loaded.kind, loaded.value);
  const auto spec = ReadJobSpec(*body.Find("properties"));
  EXPECT_TRUE(spec.ok()) << spec.status().text() << "\n" << text;
}

TEST(Mutation, NoFileBreaksTheReader) {
  Mutator mutator(kSeed);
  int good = 0;
  for (const Seed& seed : kSeeds) {
    const Loaded loaded = LoadDocument(seed.text, {std::string(seed.noun), "f.yml", {}});
    ASSERT_TRUE(loaded.ok()) << seed.text << loaded.problems[0].message;
  }
  for (int i = 0; i < kMutations; ++i) {
    const Seed& seed = kSeeds[static_cast<size_t>(i) % std::size(kSeeds)];
    const std::string text = mutator.Change(std::string(seed.text));
    std::vector<Override> overrides;
    if (i % 7 == 0)
      overrides.push_back({mutator.Change("inputs.a.path"), mutator.Change("{a: 1}"), ""});
    Loaded loaded = LoadDocument(text, {std::string(seed.noun), "f.yml", overrides});
    ExpectPlaces(loaded, text);
    EXPECT_EQ(RenderProblems(loaded.problems, text).empty(), loaded.ok());
    if (!loaded.ok()) continue;
    ++good;
    static_cast<void>(FindLocalFiles(loaded));
    const Json body = ToRest(loaded.kind, loaded.value);
    static_cast<void>(FromRest(loaded.kind, body));
    if (loaded.kind == "commandJob") ExpectServerTakes(std::move(loaded), text);
  }
  EXPECT_GT(good, 20);
  EXPECT_LT(good, kMutations - 100);
}

Json Nonsense(Mutator& mutator) {
  static const std::vector<std::string_view> kTexts = {"null",
                                                       "-1",
                                                       "0",
                                                       "1e308",
                                                       "9223372036854775807",
                                                       "\"\"",
                                                       "\"x\"",
                                                       "\"${{inputs.zz}}\"",
                                                       "\"\\u0000\"",
                                                       "[]",
                                                       "[1]",
                                                       "{}",
                                                       "{\"a\": {}}",
                                                       "true",
                                                       "{\"\": null}",
                                                       "\"PT1H\"",
                                                       "\"PyTorch\""};
  auto json = Json::Parse(kTexts[mutator.Below(kTexts.size())]);
  return json.ok() ? std::move(*json) : Json();
}

// Changes one value somewhere inside.
void ChangeJson(Json& json, Mutator& mutator) {
  const bool has_children =
      (json.is_object() && !json.object().empty()) || (json.is_array() && !json.array().empty());
  if (!has_children || mutator.Below(5) == 0) {
    json = Nonsense(mutator);
    return;
  }
  if (json.is_array()) return ChangeJson(json.array()[mutator.Below(json.array().size())], mutator);
  Json::Object& members = json.object();
  const size_t at = mutator.Below(members.size());
  switch (mutator.Below(8)) {
    case 0:
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 1:
      members[at].first = mutator.Change(members[at].first);
      break;
    case 2:
      members.emplace_back(mutator.Change("name"), Nonsense(mutator));
      break;
    default:
      ChangeJson(members[at].second, mutator);
  }
}

TEST(Mutation, NoBodyBreaksTheServersReader) {
  Mutator mutator(kSeed);
  Json good = Json::MakeObject();
  {
    Loaded loaded = LoadDocument(kSeeds[1].text, {"job", "f.yml", {}});
    loaded.value["distribution"] = Json::MakeObject();
    loaded.value.Set("distribution.type", "tensorflow");
    loaded.value.Set("resources.instance_count", 2);
    loaded.value.Set("limits.timeout", 60);
    good = ToRest("commandJob", loaded.value);
    ASSERT_TRUE(ReadJobSpec(*good.Find("properties")).ok());
  }
  int refused = 0;
  for (int i = 0; i < kMutations; ++i) {
    Json body = good;
    for (size_t k = 1 + mutator.Below(3); k > 0; --k) ChangeJson(body["properties"], mutator);
    const auto spec = ReadJobSpec(*body.Find("properties"));
    const Json yaml = FromRest("job", body);
    static_cast<void>(LoadDocument(yaml.Dump(), {"job", "f.yml", {}}));
    if (spec.ok()) continue;
    ++refused;
    const bool is_users_mistake = spec.status().code() == Code::kInvalidArgument ||
                                  spec.status().code() == Code::kFailedPrecondition;
    EXPECT_TRUE(is_users_mistake) << body.Dump();
    EXPECT_TRUE(spec.status().text().starts_with("properties") ||
                spec.status().text().starts_with("jobs of type"))
        << spec.status().text();
  }
  EXPECT_GT(refused, 100);
  EXPECT_LT(refused, kMutations);
}

}  // namespace
}  // namespace lazurite::spec
