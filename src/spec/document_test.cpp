#include "spec/document.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace lazurite::spec {
namespace {

Loaded Load(std::string_view noun, std::string_view text, std::vector<Override> overrides = {}) {
  return LoadDocument(text, {std::string(noun), "f.yml", std::move(overrides)});
}

// "3:5 message [suggestion]" for each problem.
std::string Problems(const Loaded& loaded) {
  std::string out;
  for (const Problem& problem : loaded.problems) {
    if (problem.file != "f.yml") out += problem.file + " ";
    out += std::to_string(problem.line) + ":" + std::to_string(problem.column) + "+" +
           std::to_string(problem.length) + " " + problem.message;
    if (!problem.suggestion.empty()) out += " [" + problem.suggestion + "]";
    out += "\n";
  }
  return out;
}

Override Set(std::string_view text) {
  const auto override = ParseOverride(text);
  EXPECT_TRUE(override.ok()) << text;
  return override.ok() ? *override : Override();
}

constexpr std::string_view kJob =
    R"($schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
command: >-
  python train.py --lr ${{inputs.lr}} --data ${{inputs.data}} $[[--note ${{inputs.note}}]]
  --out ${{outputs.model}}
code: src
environment: azureml://registries/azureml/environments/sklearn-1.5/labels/latest
compute: azureml:cpu-cluster
inputs:
  lr: 0.010
  flag: true
  note:
    type: string
    optional: true
  count: {type: integer, value: 3}
  data:
    type: uri_file
    path: data/x.csv
    mode: download
outputs:
  model:
  table: {type: uri_folder, mode: upload}
environment_variables: {A: 1, B: yes}
resources:
  instance_count: 2
  shm_size: 4g
  properties: {lazurite.gpus: 1}
distribution: {type: PyTorch, process_count_per_instance: 2}
limits: {timeout: 90}
tags: {owner: me, empty: }
)";

TEST(Document, ReadsACommandJob) {
  const Loaded loaded = Load("job", kJob);
  ASSERT_TRUE(loaded.ok()) << Problems(loaded);
  EXPECT_EQ(loaded.kind, "commandJob");
  EXPECT_EQ(loaded.value.At("inputs")->Dump(),
            R"({"lr":"0.010","flag":"True","count":"3",)"
            R"("data":{"type":"uri_file","path":"data/x.csv","mode":"download"}})");
  EXPECT_EQ(loaded.value.At("outputs")->Dump(),
            R"({"model":null,"table":{"type":"uri_folder","mode":"upload"}})");
  EXPECT_EQ(loaded.value.At("environment_variables")->Dump(), R"({"A":"1","B":"yes"})");
  EXPECT_EQ(loaded.value.At("resources")->Dump(),
            R"({"instance_count":2,"shm_size":"4g","properties":{"lazurite.gpus":1}})");
  EXPECT_EQ(loaded.value.At("distribution.type")->Dump(), R"("pytorch")");
  EXPECT_EQ(loaded.value.At("tags")->Dump(), R"({"owner":"me","empty":""})");
  EXPECT_EQ(loaded.positions.at("inputs.data.path").line, 17);
  EXPECT_EQ(loaded.positions.at("inputs.data.path").column, 11);
}

TEST(Document, FindsEveryProblemOfAFileAtOnce) {
  const Loaded loaded = Load("job", R"(command: python a.py ${{inputs.lrr}}
environment: azureml:e:1
inputs:
  lr: 0.1
  data: {type: uri_fil, path: x}
resources:
  instance_cout: 2
  shm_size: [1]
  instance_count: many
computee: x
computee: y
tags: 5
)");
  EXPECT_EQ(Problems(loaded),
            "11:1+8 \"computee\" stands twice, first in line 10\n"
            "5:16+7 inputs.data.type is \"uri_fil\", expected \"uri_folder\", \"uri_file\", "
            "\"mltable\", \"mlflow_model\", \"custom_model\", \"triton_model\", \"string\", "
            "\"number\", \"integer\" or \"boolean\" [did you mean \"uri_file\"?]\n"
            "7:3+13 unknown field \"instance_cout\" in resources [did you mean "
            "\"instance_count\"?]\n"
            "8:13+1 resources.shm_size is a list, expected a single value\n"
            "9:19+4 resources.instance_count is \"many\", expected a whole number 1 to 1024\n"
            "10:1+8 unknown field \"computee\" [did you mean \"compute\"?]\n"
            "11:1+8 unknown field \"computee\" [did you mean \"compute\"?]\n"
            "12:7+1 tags is \"5\", expected an object of names\n"
            "1:22+15 the job has no input called \"lrr\" [did you mean \"lr\"?]\n");
}

TEST(Document, PointsIntoTheCommandWhereverItIsWritten) {
  const std::string_view tail = "environment: azureml:e:1\n";
  const auto place = [&](std::string_view command) {
    return Problems(Load("job", std::string(command) + std::string(tail)));
  };
  EXPECT_EQ(place("command: \"a ${{inputs.x}}\"\n").substr(0, 8), "1:13+13 ");
  EXPECT_EQ(place("command: |\n  one\n  two ${{inputs.x}}\n").substr(0, 7), "3:7+13 ");
  EXPECT_EQ(place("command: >-\n  one\n  two $[[ open\n").substr(0, 6), "3:7+3 ");
  EXPECT_EQ(
      place("inputs: {y: 1}\ncommand: ${{inputs.y}} ${{inputs.y}} ${{inputs.y\n").substr(0, 7),
      "2:38+3 ");
  EXPECT_EQ(
      place("command: ${{inputs.x}} ${{inputs.x}}\n"),
      "1:10+13 the job has no input called \"x\"\n1:24+13 the job has no input called \"x\"\n");
  EXPECT_NE(place("command: ${{parent.inputs.x}}\n").find("means nothing"), std::string::npos);
  EXPECT_NE(place("inputs: {x: }\ncommand: echo ${{inputs.x}}\n").find("has no value"),
            std::string::npos);
}

TEST(Document, NamesWhatIsMissing) {
  EXPECT_EQ(Problems(Load("job", "display_name: x\n")),
            "1:1+1 \"command\" is missing\n1:1+1 \"environment\" is missing\n");
  EXPECT_EQ(Problems(Load("job", "command: x\nenvironment:\nidentity:\n  client_id: 1\n")),
            "3:1+8 \"type\" is missing in identity\n1:1+1 \"environment\" is missing\n");
  EXPECT_EQ(Problems(Load("data", "name: x\n")), "1:1+1 \"path\" is missing\n");
}

TEST(Document, HoldsInputsAgainstTheirTypes) {
  const std::string head = "command: x\nenvironment: azureml:e:1\ninputs:\n";
  const auto problems = [&](std::string_view input) {
    return Problems(Load("job", head + std::string(input)));
  };
  EXPECT_EQ(problems("  a: {type: integer, value: x}\n"),
            "4:29+1 inputs.a.value is \"x\", expected a whole number\n");
  EXPECT_EQ(problems("  a: {type: number, value: 1e-3}\n  b: {type: boolean, value: True}\n"), "");
  EXPECT_EQ(problems("  a: {type: integer}\n"), "4:3+1 \"value\" is missing in inputs.a\n");
  EXPECT_EQ(problems("  a: {type: uri_file}\n"), "4:3+1 \"path\" is missing in inputs.a\n");
  EXPECT_EQ(problems("  a: {type: uri_file, value: x}\n"),
            "4:30+1 inputs.a is a uri_file, which has a path and no value [did you mean "
            "\"path\"?]\n");
  EXPECT_EQ(problems("  a: [1, 2]\n"),
            "4:6+1 inputs.a is a list, expected a value, or an object with type and path\n");
  EXPECT_EQ(problems("  a.b: 1\n"),
            "4:3+3 \"a.b\" is no name for one of the inputs; expected letters, digits and "
            "underscores\n");
  // The corpus has it: an input that is called "type".
  EXPECT_EQ(problems("  type: uri_file\n  iris_csv: https://x/y.csv\n"), "");
}

TEST(Document, HoldsEachDistributionToItsFields) {
  const std::string head = "command: x\nenvironment: azureml:e:1\n";
  EXPECT_EQ(Problems(Load("job", head + "distribution: {type: pytorch, worker_count: 2}\n")),
            "3:31+12 distributions of type pytorch have no \"worker_count\"\n");
  EXPECT_EQ(Problems(Load("job", head + "distribution: {type: tensorflow, worker_count: 2}\n")),
            "");
}

TEST(Document, RefusesOtherKindsOfJobsInOneSentence) {
  EXPECT_EQ(Problems(Load("job", "type: pipeline\njobs: {a: {command: x}}\n")),
            "1:7+8 this version of Lazurite does not have pipeline jobs; it has command jobs\n");
  for (const std::string_view type : {"sweep", "spark", "automl", "parallel", "import"}) {
    EXPECT_EQ(Load("job", "type: " + std::string(type) + "\nx: 1\n").problems.size(), 1U) << type;
  }
  EXPECT_EQ(Problems(Load("job", "$schema: https://x/latest/pipelineJob.schema.json\njobs: {}\n")),
            "1:10+40 this version of Lazurite does not have pipeline jobs; it has command jobs\n");
  EXPECT_NE(Problems(Load("compute", "type: kubernetes\nname: k\n")).find("it has AmlComputes"),
            std::string::npos);
}

TEST(Document, SaysWhenAFileDescribesSomethingElse) {
  EXPECT_EQ(Problems(Load("job", "name: d\ntype: uri_folder\npath: x\n")),
            "2:7+10 this file describes a data asset, not a job [lazurite data create -f FILE]\n");
  EXPECT_EQ(Problems(Load("job", "$schema: https://x/data.schema.json\nname: d\npath: x\n")),
            "1:10+26 this file describes a data asset, not a job [lazurite data create -f FILE]\n");
  EXPECT_EQ(Problems(Load("data", "command: x\nenvironment: azureml:e:1\nname: j\n")),
            "1:1+1 this file describes a job, not a data asset [lazurite job create -f FILE]\n");
  EXPECT_EQ(Problems(Load("environment", "channels: [x]\ndependencies: [python]\n")),
            "1:1+1 this is a conda file, not an environment [name it in \"conda_file\" of an "
            "environment]\n");
  EXPECT_EQ(Problems(Load("job", "type: comand\ncommand: x\nenvironment: azureml:e:1\n")),
            "1:7+6 type is \"comand\", expected \"command\" [did you mean \"command\"?]\n");
}

TEST(Document, SaysWhereItIsNoYamlAtAll) {
  EXPECT_EQ(Problems(Load("job", "")), "1:1+1 the file is empty\n");
  EXPECT_EQ(Problems(Load("job", "- a\n")),
            "1:1+1 the file holds a list, expected fields and their values\n");
  EXPECT_EQ(Load("job", "a: [1\nb: 2\n").problems.size(), 1U);
  EXPECT_GT(Load("job", "a: [1\nb: 2\n").problems[0].line, 0);
  EXPECT_EQ(Problems(Load("nonsense", "a: 1")), "0:0+1 no documents are called \"nonsense\"\n");
}

TEST(Document, AppliesOverridesBeforeItChecks) {
  const Loaded loaded = Load("job", kJob,
                             {Set("inputs.lr=0.5"),
                              Set("command=echo a: b ${{inputs.lr}} #c"),
                              Set("limits=null"),
                              Set("inputs.data={type: uri_folder, path: other}"),
                              Set("tags.a.b=c"),
                              Set("resources.properties.lazurite.gpus=2"),
                              {"name", "mine", "--name"}});
  ASSERT_TRUE(loaded.ok()) << Problems(loaded);
  EXPECT_EQ(loaded.value.At("inputs.lr")->Dump(), R"("0.5")");
  EXPECT_EQ(loaded.value.At("command")->Dump(), R"("echo a: b ${{inputs.lr}} #c")");
  EXPECT_EQ(loaded.value.Find("limits"), nullptr);
  EXPECT_EQ(loaded.value.At("inputs.data.path")->Dump(), R"("other")");
  EXPECT_EQ(loaded.value.At("tags")->Dump(), R"({"owner":"me","empty":"","a.b":"c"})");
  EXPECT_EQ(loaded.value.At("resources.properties")->Dump(), R"({"lazurite.gpus":2})");
  EXPECT_EQ(loaded.value.GetString("name"), "mine");
  EXPECT_EQ(loaded.origins.at("name"), "--name");
  EXPECT_EQ(loaded.origins.at("inputs.data.path"), "--set inputs.data");
  EXPECT_LT(loaded.positions.at("inputs.lr").line, 1);
}

TEST(Document, BlamesTheFlagForWhatAFlagGave) {
  const Loaded loaded = Load("job", kJob,
                             {Set("resources.instance_count=no"), Set("compute.x=1"),
                              Set("inputs.new.path=a"), Set("resurces.x=1")});
  EXPECT_EQ(Problems(loaded),
            "--set compute.x 0:0+1 compute is \"azureml:cpu-cluster\", not an object that has "
            "\"x\"\n"
            "--set resources.instance_count 0:0+1 resources.instance_count is \"no\", expected a "
            "whole number 1 to 1024\n"
            "--set resurces.x 0:0+1 unknown field \"resurces\" [did you mean \"resources\"?]\n");
}

TEST(Document, MakesADocumentOfFlagsAlone) {
  const Loaded loaded =
      LoadDocument("", {"data", "", {{"name", "d", "--name"}, {"path", "https://x/y", "--path"}}});
  EXPECT_TRUE(loaded.ok()) << Problems(loaded);
  EXPECT_EQ(loaded.value.Dump(), R"({"name":"d","path":"https://x/y"})");
}

TEST(Document, SplitsOverridesAtTheFirstEqualsSign) {
  EXPECT_EQ(Set("command=a=b").value, "a=b");
  EXPECT_FALSE(ParseOverride("nothing").ok());
  EXPECT_FALSE(ParseOverride("=x").ok());
  EXPECT_FALSE(ParseOverride("..=x").ok());
}

TEST(Document, SetsItemsOfLists) {
  const std::string_view text =
      "command: x\nenvironment: azureml:e:1\nresources: {locations: [a, b]}\n";
  EXPECT_EQ(Load("job", text, {Set("resources.locations.[1]=c"), Set("resources.locations.2=d")})
                .value.At("resources.locations")
                ->Dump(),
            R"(["a","c","d"])");
  EXPECT_NE(Problems(Load("job", text, {Set("resources.locations.7=c")})).find("no item"),
            std::string::npos);
}

TEST(Document, ReadsTheOtherKinds) {
  const Loaded data =
      Load("data", "name: d\nversion: 01\ntype: mltable\npath: azureml://datastores/w/paths/x\n");
  ASSERT_TRUE(data.ok()) << Problems(data);
  EXPECT_EQ(data.value.GetString("version"), "1");
  const Loaded compute = Load(
      "compute", "name: c\ntype: AmlCompute\nmin_instances: 0\nidle_time_before_scale_down: 60\n");
  ASSERT_TRUE(compute.ok()) << Problems(compute);
  EXPECT_EQ(compute.kind, "amlCompute");
  EXPECT_EQ(Load("compute", "name: c\ntype: computeinstance\n").kind, "computeInstance");
  const Loaded datastore = Load("datastore",
                                "name: b\ntype: azure_blob\naccount_name: a\ncontainer_name: "
                                "c\ncredentials: {account_key: k}\n");
  ASSERT_TRUE(datastore.ok()) << Problems(datastore);
  EXPECT_EQ(datastore.kind, "blobDatastore");
  EXPECT_TRUE(Load("workspace", "name: w\nlocation: eastus\n").ok());
  EXPECT_TRUE(
      Load("environment", "name: e\nimage: python\nconda_file: {dependencies: [python]}\n").ok());
  EXPECT_TRUE(
      Load("model", "name: m\ntype: mlflow_model\npath: azureml://jobs/j/outputs/o/paths/m\n")
          .ok());
  EXPECT_NE(Problems(Load("environment", "name: e\n")).find("none of"), std::string::npos);
  EXPECT_NE(
      Problems(Load("compute", "name: c\ntype: amlcompte\n")).find("did you mean \"amlcompute\""),
      std::string::npos);
}

TEST(Document, HoldsAComputesBoundsAgainstEachOther) {
  EXPECT_EQ(
      Problems(Load("compute", "name: c\ntype: amlcompute\nmin_instances: 3\nmax_instances: 2\n")),
      "3:16+1 min_instances is \"3\", more than max_instances\n");
}

TEST(Document, PutsAProblemAtTheNearestPlace) {
  const Loaded loaded = Load("job", kJob, {Set("compute=gpu")});
  EXPECT_EQ(ProblemAt(loaded, "inputs.data.path", "x").line, 17);
  EXPECT_EQ(ProblemAt(loaded, "inputs.data.path", "x").length, 10);
  EXPECT_EQ(ProblemAt(loaded, "inputs.data.nothing.there", "x").line, 16);
  EXPECT_EQ(ProblemAt(loaded, "nothing", "x").line, 1);
  EXPECT_EQ(ProblemAt(loaded, "compute", "x").file, "--set compute");
}

TEST(Document, TellsRemotePathsFromLocalOnes) {
  for (const std::string_view path :
       {"azureml:d:1", "azureml://datastores/w/paths/x", "https://x/y", "wasbs://c@a/x",
        "runs:/r/m", "/subscriptions/s/x", "abfss://f@a/x", "s3://b/k", "azureml:wasbs://c@a/x"}) {
    EXPECT_TRUE(IsRemotePath(path)) << path;
  }
  for (const std::string_view path :
       {"data", "./data", "../x", "/abs/x", "file:x", "file:///x", "C:\\x"}) {
    EXPECT_FALSE(IsRemotePath(path)) << path;
  }
}

class LocalFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "lazurite-spec-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Write("src/train.py", "");
    Write("data/x.csv", "1\n");
    Write("env/conda.yml",
          "channels: [conda-forge]\ndependencies:\n- python=3.11\n- pip:\n  - -r req.txt\n  - "
          "mlflow\n");
    Write("env/req.txt", "# needed\npandas>=2  # newer\n\nscikit-learn\n");
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  void Write(const std::string& name, std::string_view content) {
    const std::string path = JoinPath(folder_, name);
    ASSERT_TRUE(MakeDirs(DirName(path)).ok());
    ASSERT_TRUE(WriteFile(path, content).ok());
  }
  Loaded LoadHere(std::string_view noun, std::string_view text) {
    return LoadDocument(text, {std::string(noun), JoinPath(folder_, "job.yml"), {}});
  }

  std::string folder_;
};

TEST_F(LocalFilesTest, FindsWhatAJobNames) {
  const Loaded loaded = LoadHere("job", R"(command: x
code: ./src
environment: {build: {path: env}}
inputs:
  a: {type: uri_file, path: data/x.csv}
  b: {path: data}
  c: {path: azureml:d:1}
  d: {type: mlflow_model, path: file:src}
)");
  ASSERT_TRUE(loaded.ok()) << Problems(loaded);
  const LocalFiles files = FindLocalFiles(loaded);
  EXPECT_TRUE(files.problems.empty());
  ASSERT_EQ(files.references.size(), 5U);
  EXPECT_EQ(files.references[0].path, "code");
  EXPECT_EQ(files.references[0].file, JoinPath(folder_, "src"));
  EXPECT_TRUE(files.references[0].is_folder);
  EXPECT_EQ(files.references[1].kind, LocalReference::Kind::kBuildContext);
  EXPECT_EQ(files.references[2].type, "uri_file");
  EXPECT_FALSE(files.references[2].is_folder);
  EXPECT_EQ(files.references[3].path, "inputs.b.path");
  EXPECT_EQ(files.references[3].type, "uri_folder");
  EXPECT_EQ(files.references[4].kind, LocalReference::Kind::kModel);
  Loaded changed = loaded;
  changed.value.Set(files.references[2].path, "azureml://datastores/w/paths/x");
  EXPECT_EQ(changed.value.At("inputs.a.path")->string(), "azureml://datastores/w/paths/x");
}

TEST_F(LocalFilesTest, SaysWhatIsNotThere) {
  const Loaded loaded = LoadHere("job", R"(command: x
code: data/x.csv
environment: azureml:e:1
inputs:
  a: {type: uri_file, path: data}
  b: {path: nothing}
  c: {type: mltable, path: src}
)");
  const LocalFiles files = FindLocalFiles(loaded);
  ASSERT_EQ(files.problems.size(), 4U);
  EXPECT_EQ(files.problems[0].message, "code: \"data/x.csv\" is a file, expected a folder");
  EXPECT_EQ(files.problems[0].line, 2);
  EXPECT_EQ(files.problems[1].line, 5);
  EXPECT_EQ(files.problems[1].column, 29);
  EXPECT_NE(files.problems[2].message.find("does not exist"), std::string::npos);
  EXPECT_NE(files.problems[3].message.find("MLTable"), std::string::npos);
}

TEST_F(LocalFilesTest, PutsCondaFilesIntoTheDocument) {
  Loaded loaded =
      LoadHere("job", "command: x\nenvironment: {image: i, conda_file: env/conda.yml}\n");
  EXPECT_TRUE(InlineCondaFiles(loaded).empty());
  EXPECT_EQ(loaded.value.At("environment.conda_file")->Dump(),
            R"({"channels":["conda-forge"],"dependencies":["python=3.11",)"
            R"({"pip":["pandas>=2","scikit-learn","mlflow"]}]})");
  Loaded pip = LoadHere("environment", "name: e\nconda_file: env/req.txt\n");
  EXPECT_TRUE(InlineCondaFiles(pip).empty());
  EXPECT_EQ(pip.value.At("conda_file")->Dump(),
            R"({"dependencies":["python","pip",{"pip":["pandas>=2","scikit-learn"]}]})");
}

TEST_F(LocalFilesTest, ShowsTheProblemsOfACondaFileInThatFile) {
  Write("bad.yml", "dependencies:\n- a: [1\n");
  Loaded loaded = LoadHere("environment", "name: e\nconda_file: bad.yml\n");
  const auto problems = InlineCondaFiles(loaded);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].file, JoinPath(folder_, "bad.yml"));
  EXPECT_GE(problems[0].line, 2);
  Write("list.yml", "- a\n");
  Loaded list = LoadHere("environment", "name: e\nconda_file: list.yml\n");
  EXPECT_EQ(InlineCondaFiles(list).size(), 1U);
  Loaded absent = LoadHere("environment", "name: e\nconda_file: none.yml\n");
  const auto missing = InlineCondaFiles(absent);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].line, 2);
  EXPECT_EQ(missing[0].column, 13);
}

TEST(Document, WhatShowPrintsCanBeGivenToCreateAgain) {
  const Loaded loaded = Load("job",
                             "command: true\nenvironment: azureml:e:1\nstatus: Completed\n"
                             "lazurite: {queue_place: 1, notes: [x]}\n");
  EXPECT_TRUE(loaded.ok()) << Problems(loaded);
  const Loaded compute = Load("compute",
                              "type: amlcompute\nname: c\nos_type: Linux\n"
                              "modified_on: x\nlazurite: {held: {}}\n");
  EXPECT_TRUE(compute.ok()) << Problems(compute);
  const Loaded data = Load("data", "name: d\npath: file:///d\nin_place: {files: 1}\n");
  EXPECT_TRUE(data.ok()) << Problems(data);
}

}  // namespace
}  // namespace lazurite::spec
