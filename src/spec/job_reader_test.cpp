#include "spec/job_reader.h"

#include <gtest/gtest.h>

#include "spec/environment_reader.h"

namespace lazurite::spec {
namespace {

Json Parsed(std::string_view text) {
  auto json = Json::Parse(text);
  EXPECT_TRUE(json.ok()) << text << ": " << json.status().text();
  return json.ok() ? std::move(*json) : Json();
}

// The smallest good body with more members put in.
Json Body(std::string_view more) {
  Json json =
      Parsed(R"({"jobType": "Command", "command": "true", "environmentId": "azureml:e:1"})");
  const Json extra = Parsed(more);
  for (const auto& [key, value] : extra.object()) json[key] = value;
  return json;
}

JobSpec Read(std::string_view more) {
  auto spec = ReadJobSpec(Body(more));
  EXPECT_TRUE(spec.ok()) << more << ": " << spec.status().text();
  return spec.ok() ? std::move(*spec) : JobSpec();
}

Status Refused(std::string_view more) {
  const auto spec = ReadJobSpec(Body(more));
  EXPECT_FALSE(spec.ok()) << more;
  return spec.status();
}

// As the SDK sends it (azure-ai-ml 1.35.2, recorded).
constexpr std::string_view kRecorded = R"({
  "displayName": "acceptance command", "description": "desc",
  "command": "python train.py --x ${{inputs.x}} --out ${{outputs.out}} --flag ${{inputs.flag}}",
  "codeId": "/subscriptions/s/x/codes/c/versions/1",
  "computeId": "/subscriptions/s/x/computes/cpu",
  "properties": {}, "experimentName": "acc", "isArchived": false,
  "inputs": {"x": {"value": "1.5", "jobInputType": "literal"},
             "flag": {"value": "True", "jobInputType": "literal"},
             "data": {"uri": "azureml://datastores/workspaceblobstore/paths/LocalUpload/h/f.csv",
                "jobInputType": "uri_file"},
             "folder": {"uri": "/subscriptions/s/x/data/folder/versions/1", "mode": "Download",
                "jobInputType": "uri_folder"}},
  "outputs": {"out": {"jobOutputType": "uri_folder"}},
  "environmentId": "/subscriptions/s/x/environments/img/versions/1",
  "tags": {"run": "119a17"}, "environmentVariables": {"MY_VAR": "value"}, "jobType": "Command",
  "distribution": {"parameterServerCount": 1, "workerCount": 2, "distributionType": "TensorFlow"},
  "resources": {"instanceCount": 2, "instanceType": "STANDARD_DS3_V2", "properties": {},
                "dockerArgs": "--cap-add=X", "shmSize": "3g"},
  "limits": {"timeout": "PT1M17S", "jobLimitsType": "Command"},
                "identity": {"identityType": "UserIdentity"}})";

TEST(JobReader, ReadsWhatTheSdkSends) {
  const auto spec = ReadJobSpec(Parsed(kRecorded));
  ASSERT_TRUE(spec.ok()) << spec.status().text();
  EXPECT_EQ(spec->type, "Command");
  EXPECT_EQ(spec->display_name, "acceptance command");
  EXPECT_EQ(spec->experiment_name, "acc");
  EXPECT_EQ(spec->inputs.at("x").value, "1.5");
  EXPECT_TRUE(spec->inputs.at("x").is_literal());
  EXPECT_EQ(spec->inputs.at("data").type, "uri_file");
  EXPECT_EQ(spec->inputs.at("data").mode, DataMode::kReadOnlyMount);
  EXPECT_EQ(spec->inputs.at("folder").mode, DataMode::kDownload);
  EXPECT_EQ(spec->outputs.at("out").mode, DataMode::kReadWriteMount);
  EXPECT_EQ(spec->tags.at("run"), "119a17");
  EXPECT_EQ(spec->environment_variables.at("MY_VAR"), "value");
  EXPECT_EQ(spec->distribution.kind, Distribution::Kind::kTensorFlow);
  EXPECT_EQ(spec->distribution.worker_count, 2);
  EXPECT_EQ(spec->distribution.parameter_server_count, 1);
  EXPECT_EQ(spec->instance_count, 2);
  EXPECT_EQ(spec->shm_size, "3g");
  EXPECT_EQ(*spec->timeout, Duration(77'000));
}

TEST(JobReader, FillsDefaults) {
  const JobSpec spec = Read("{}");
  EXPECT_EQ(spec.experiment_name, "Default");
  EXPECT_EQ(spec.instance_count, 1);
  EXPECT_EQ(spec.Ranks(), 1);
  EXPECT_EQ(spec.priority, 0);
  EXPECT_FALSE(spec.timeout.has_value());
  EXPECT_EQ(spec.distribution.kind, Distribution::Kind::kNone);
}

TEST(JobReader, TakesMembersInAnyCaseAndNullsAsAbsent) {
  const auto spec = ReadJobSpec(Parsed(
      R"({"JobType": "command", "Command": "true", "EnvironmentID": "azureml:e:1", "tags": null,
          "inputs": {"gone": null}, "outputs": {"o": null}, "resources": {"InstanceCount": "3"},
          "distribution": {"distributionType": "pytorch", "processCountPerInstance": null}})"));
  ASSERT_TRUE(spec.ok()) << spec.status().text();
  EXPECT_EQ(spec->instance_count, 3);
  EXPECT_TRUE(spec->inputs.empty());
  EXPECT_EQ(spec->outputs.at("o").type, "uri_folder");
  EXPECT_EQ(spec->Ranks(), 3);
}

TEST(JobReader, ReadsPrioritiesGpusAndModes) {
  const JobSpec spec = Read(
      R"({"queueSettings": {"priority": 3}, "resources": {"properties": {"lazurite.gpus": 2}},
          "outputs": {"o": {"jobOutputType": "UriFile", "mode": "upload", "assetName": "a",
                "assetVersion": 4}},
          "inputs": {"i": {"jobInputType": "mltable", "uri": "azureml:t:1", "mode": "EvalMount"},
                     "n": {"jobInputType": "literal", "value": 3},
                       "b": {"jobInputType": "Literal", "value": true}}})");
  EXPECT_EQ(spec.priority, 1);
  EXPECT_EQ(spec.gpus_per_instance, 2);
  EXPECT_EQ(spec.outputs.at("o").type, "uri_file");
  EXPECT_EQ(spec.outputs.at("o").mode, DataMode::kUpload);
  EXPECT_EQ(spec.outputs.at("o").version, "4");
  EXPECT_EQ(spec.inputs.at("i").mode, DataMode::kEvalMount);
  EXPECT_EQ(spec.inputs.at("n").value, "3");
  EXPECT_EQ(spec.inputs.at("b").value, "True");
  EXPECT_EQ(Read(R"({"queueSettings": {"priority": "low"}})").priority, -1);
  EXPECT_EQ(Read(R"({"queueSettings": {"jobTier": "Spot"}})").priority, 0);
}

TEST(JobReader, CountsRanks) {
  EXPECT_EQ(Read(R"({"resources": {"instanceCount": 2},
                     "distribution": {"distributionType": "PyTorch",
                       "processCountPerInstance": 2}})")
                .Ranks(),
            4);
  EXPECT_EQ(Read(
                R"({"resources": {"instanceCount": 2},
                "distribution": {"distributionType": "TensorFlow"}})")
                .RanksPerInstance(),
            1);
}

TEST(JobReader, NamesThePropertyThatIsWrong) {
  EXPECT_EQ(Refused(R"({"resources": {"instanceCount": -1}})").text(),
            "properties.resources.instanceCount is -1, expected 1 to 1024");
  EXPECT_EQ(Refused(R"({"command": " "})").text(),
            "properties.command is missing, expected the command to run");
  EXPECT_EQ(Refused(R"({"inputs": {"a": {"jobInputType": "uri_file"}}})").text(),
            "properties.inputs.a.uri is missing, expected a URI or the id of an asset version");
  EXPECT_EQ(Refused(R"({"limits": {"timeout": "soon"}})").text(),
            "properties.limits.timeout is \"soon\", expected a duration such as PT90S or PT1H30M, "
            "at most 10 years");
  EXPECT_EQ(Refused(R"({"distribution": {"distributionType": "mpx"}})").text(),
            "properties.distribution.distributionType is \"mpx\", expected \"PyTorch\", "
            "\"TensorFlow\" or \"Mpi\"");
}

TEST(JobReader, RefusesWhatCannotRun) {
  for (const std::string_view wrong :
       {R"({"jobType": "Comand"})",
        R"({"jobType": null})",
        R"({"environmentId": ""})",
        R"({"command": 5})",
        R"({"command": "${{inputs.a}}"})",
        R"({"command": "${{inputs"})",
        R"({"inputs": []})",
        R"({"inputs": {"a": 1}})",
        R"({"inputs": {"../a": {"jobInputType": "literal", "value": ""}}})",
        R"({"inputs": {"a": {"jobInputType": "what", "uri": "x"}}})",
        R"({"inputs": {"a": {"jobInputType": "literal"}}})",
        R"({"inputs": {"a": {"jobInputType": "uri_file", "uri": "x", "mode": "Upload"}}})",
        R"({"outputs": {"a": {"mode": "Download"}}})",
        R"({"outputs": {"": null}})",
        R"({"environmentVariables": {"A=B": "1"}})",
        R"({"environmentVariables": {"A": ["1"]}})",
        R"({"environmentVariables": {"A": "\u0000"}})",
        R"({"tags": "x"})",
        R"({"resources": 1})",
        R"({"resources": {"shmSize": "big"}})",
        R"({"resources": {"properties": {"lazurite.gpus": 65}}})",
        R"({"resources": {"gpus": -1}})",
        R"({"resources": {"cpus": 0}})",
        R"({"resources": {"memory": "16"}})",
        R"({"resources": {"instanceCount": 1.5}})",
        R"({"limits": {"timeout": "PT0S"}})",
        R"({"limits": {"timeout": "PT99999999999999999999S"}})",
        R"({"queueSettings": {"priority": 9}})",
        R"({"distribution": {}})",
        R"({"distribution": {"distributionType": "PyTorch", "processCountPerInstance": 0}})",
        R"({"resources": {"instanceCount": 1024}, "distribution": {"distributionType": "Mpi",
                "processCountPerInstance": 5}})"}) {
    EXPECT_EQ(Refused(wrong).code(), Code::kInvalidArgument) << wrong;
  }
  for (const Json& body : {Json(), Json(1), Json::MakeArray(), Json::MakeObject()}) {
    EXPECT_EQ(ReadJobSpec(body).status().code(), Code::kInvalidArgument);
  }
}

TEST(JobReader, RefusesOtherKindsOfJobsAsNotThereYet) {
  for (const std::string_view type : {"Pipeline", "Sweep", "AutoML", "spark"}) {
    const Status status = Refused(R"({"jobType": ")" + std::string(type) + "\"}");
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_NE(status.text().find("it runs Command jobs"), std::string::npos);
  }
  EXPECT_EQ(Refused(R"({"distribution": {"distributionType": "Ray"}})").code(),
            Code::kFailedPrecondition);
}

TEST(JobReader, BoundsCountsAndLengths) {
  Json tags = Json::MakeObject();
  for (size_t i = 0; i <= kEntriesMax; ++i) tags[std::to_string(i)] = "x";
  Json body = Body("{}");
  body["tags"] = tags;
  EXPECT_NE(ReadJobSpec(body).status().text().find("at most 1000"), std::string::npos);
  body = Body("{}");
  body["command"] = std::string(kCommandBytesMax + 1, 'x');
  EXPECT_FALSE(ReadJobSpec(body).ok());
}

TEST(EnvironmentReader, ReadsImageCondaAndBuild) {
  const auto conda = ReadEnvironment(
      "e", "1", Parsed(R"({"condaFile": "dependencies:\n- python=3.11\n", "image": "img:1"})"));
  ASSERT_TRUE(conda.ok()) << conda.status().text();
  EXPECT_EQ(conda->name, "e");
  EXPECT_EQ(conda->version, "1");
  EXPECT_EQ(conda->image, "img:1");
  EXPECT_EQ(conda->conda, "dependencies:\n- python=3.11\n");
  EXPECT_TRUE(conda->build.is_null());
  const auto build =
      ReadEnvironment("e", "2", Parsed(R"({"build": {"contextUri": "https://h/c/ctx/"}})"));
  ASSERT_TRUE(build.ok()) << build.status().text();
  EXPECT_EQ(build->build.Dump(),
            R"({"contextUri":"https://h/c/ctx/","dockerfilePath":"Dockerfile"})");
}

TEST(EnvironmentReader, RefusesWhatNobodyCouldBuild) {
  for (const std::string_view wrong :
       {"{}", "[]", R"({"image": 5})", R"({"image": ""})", R"({"build": {}})", R"({"build": "x"})",
        R"({"condaFile": "a: [1"})", R"({"condaFile": "just text"})", R"({"condaFile": {}})"}) {
    EXPECT_EQ(ReadEnvironment("e", "1", Parsed(wrong)).status().code(), Code::kInvalidArgument)
        << wrong;
  }
}

TEST(JobReader, ReadsWhatEachInstanceNeedsAndWhetherItGivesWay) {
  const Result<JobSpec> spec = ReadJobSpec(*Json::Parse(
      R"({"jobType": "Command", "command": "true", "environmentId": "azureml:e:1",
          "resources": {"cpus": 4, "memory": "16GB", "gpus": 0, "properties": {"lazurite.gpus": 2}},
          "queueSettings": {"jobTier": "spot"}})"));
  ASSERT_TRUE(spec.ok()) << spec.status().text();
  EXPECT_EQ(spec->cpus_per_instance, 4);
  EXPECT_EQ(spec->memory_bytes_per_instance, 16'000'000'000);
  EXPECT_EQ(spec->gpus_per_instance, 0);
  EXPECT_TRUE(spec->is_spot);
}

}  // namespace
}  // namespace lazurite::spec
