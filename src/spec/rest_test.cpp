#include "spec/rest.h"

#include <gtest/gtest.h>

#include "spec/convert.h"
#include "spec/document.h"
#include "spec/job_reader.h"

namespace lazurite::spec {
namespace {

const Scope kScope{"s", "rg", "ws"};
constexpr std::string_view kWorkspace =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws";

Json Parsed(std::string text) {
  for (size_t at = text.find("WS/"); at != std::string::npos; at = text.find("WS/", at)) {
    text.replace(at, 2, kWorkspace);
    at += kWorkspace.size();
  }
  auto json = Json::Parse(text);
  EXPECT_TRUE(json.ok()) << text << ": " << json.status().text();
  return json.ok() ? SortedByKey(*json) : Json();
}

Json Load(std::string_view noun, std::string_view text) {
  const Loaded loaded = LoadDocument(text, {std::string(noun), "f.yml", {}});
  for (const Problem& problem : loaded.problems) {
    ADD_FAILURE() << problem.line << ":" << problem.column << " " << problem.message;
  }
  return loaded.value;
}

// The body that the YAML becomes, against the one that azure-ai-ml 1.35.2 was recorded to send.
void ExpectSame(std::string_view kind, std::string_view yaml, const std::string& recorded) {
  const Json body = ToRest(kind, Load(kind, yaml), kScope);
  EXPECT_EQ(SortedByKey(body).Dump(2), Parsed(recorded).Dump(2)) << yaml;
}

TEST(Rest, SendsACommandJobLikeTheSdk) {
  ExpectSame("commandJob", R"(
display_name: acceptance command
description: desc
experiment_name: acc
command: python train.py --x ${{inputs.x}} --out ${{outputs.out}} --flag ${{inputs.flag}}
code: azureml:/subscriptions/s/x/codes/c1/versions/1
compute: cpu-119a17
environment: azureml:img-119a17:1
inputs:
  x: 1.5
  flag: true
  data: {type: uri_file,
                path: azureml://datastores/workspaceblobstore/paths/LocalUpload/ce6f/119a17.csv}
  folder: {path: azureml:folder-119a17:1, mode: download}
outputs:
  out: {type: uri_folder}
tags: {run: 119a17}
environment_variables: {MY_VAR: value-119a17}
)",
             R"({"properties": {"displayName": "acceptance command", "description": "desc",
  "command": "python train.py --x ${{inputs.x}} --out ${{outputs.out}} --flag ${{inputs.flag}}",
  "codeId": "/subscriptions/s/x/codes/c1/versions/1", "computeId": "WS/computes/cpu-119a17",
  "properties": {},
  "experimentName": "acc", "isArchived": false,
  "inputs": {"x": {"value": "1.5", "jobInputType": "literal"}, "flag": {"value": "True",
                "jobInputType": "literal"},
    "data": {"uri": "azureml://datastores/workspaceblobstore/paths/LocalUpload/ce6f/119a17.csv",
                "jobInputType": "uri_file"},
    "folder": {"uri": "WS/data/folder-119a17/versions/1", "mode": "Download",
                "jobInputType": "uri_folder"}},
  "outputs": {"out": {"jobOutputType": "uri_folder"}},
                "environmentId": "WS/environments/img-119a17/versions/1",
  "tags": {"run": "119a17"}, "environmentVariables": {"MY_VAR": "value-119a17"},
                "jobType": "Command"}})");
}

TEST(Rest, SendsResourcesLimitsAndIdentityLikeTheSdk) {
  ExpectSame("commandJob", R"(
command: echo lim
compute: azureml:cpu-119a17
experiment_name: acc
environment: azureml:img-119a17:1
identity: {type: user_identity}
resources: {instance_type: STANDARD_DS3_V2, docker_args: --cap-add=X, shm_size: 3g}
limits: {timeout: 77}
)",
             R"({"properties": {"command": "echo lim", "computeId": "WS/computes/cpu-119a17",
                "properties": {},
  "experimentName": "acc", "isArchived": false, "inputs": {}, "outputs": {},
  "environmentId": "WS/environments/img-119a17/versions/1", "tags": {},
                "identity": {"identityType": "UserIdentity"},
  "environmentVariables": {}, "resources": {"instanceType": "STANDARD_DS3_V2", "properties": {},
  "dockerArgs": "--cap-add=X", "shmSize": "3g"}, "limits": {"timeout": "PT1M17S",
                "jobLimitsType": "Command"},
  "jobType": "Command"}})");
}

TEST(Rest, SendsDistributionsLikeTheSdk) {
  const std::string head =
      "command: echo x\nenvironment: azureml:img:1\nresources: {instance_count: 2}\n";
  const auto distribution = [&](const std::string& yaml) {
    const Json body = ToRest("commandJob", Load("job", head + "distribution: " + yaml), kScope);
    return SortedByKey(*body.At("properties.distribution")).Dump();
  };
  EXPECT_EQ(distribution("{type: pytorch, process_count_per_instance: 2}"),
            R"({"distributionType":"PyTorch","processCountPerInstance":2})");
  EXPECT_EQ(distribution("{type: mpi, process_count_per_instance: 2}"),
            R"({"distributionType":"Mpi","processCountPerInstance":2})");
  EXPECT_EQ(distribution("{type: tensorflow, parameter_server_count: 1, worker_count: 2}"),
            R"({"distributionType":"TensorFlow","parameterServerCount":1,"workerCount":2})");
  const Json body = ToRest("commandJob", Load("job", head), kScope);
  EXPECT_EQ(SortedByKey(*body.At("properties.resources")).Dump(),
            R"({"instanceCount":2,"properties":{}})");
}

TEST(Rest, SendsEnvironmentReferencesLikeTheSdk) {
  const auto id = [](const std::string& environment) {
    const Json yaml = Load("job", "command: x\nenvironment: " + environment + "\n");
    return ToRest("commandJob", yaml, kScope).At("properties")->GetString("environmentId");
  };
  EXPECT_EQ(id("azureml:AzureML-sklearn-1.5@latest"), "azureml:AzureML-sklearn-1.5@latest");
  EXPECT_EQ(id("azureml://registries/azureml/environments/sklearn-1.5/labels/latest"),
            "azureml://registries/azureml/environments/sklearn-1.5/labels/latest");
  EXPECT_EQ(id("azureml:e:1"), std::string(kWorkspace) + "/environments/e/versions/1");
  EXPECT_EQ(id("azureml:" + std::string(kWorkspace) + "/environments/e/versions/1"),
            std::string(kWorkspace) + "/environments/e/versions/1");
}

TEST(Rest, LeavesOutTheComputeThatIsMeantAnyway) {
  for (const std::string compute : {"", "compute: serverless\n", "compute: azureml:serverless\n"}) {
    const Json body = ToRest(
        "commandJob", Load("job", "command: x\nenvironment: azureml:e:1\n" + compute), kScope);
    EXPECT_EQ(body.At("properties.computeId"), nullptr) << compute;
  }
}

TEST(Rest, SendsOutputsLikeTheSdk) {
  const Json yaml = Load("job", R"(
command: x
environment: azureml:e:1
outputs:
  f: {type: uri_file, path: azureml://datastores/workspaceblobstore/paths/acc/f.txt}
  o: {type: uri_folder, name: regout, version: 1}
  n:
  m: {type: mlflow_model, mode: rw_mount}
queue_settings: {priority: high}
)");
  const Json body = ToRest("commandJob", yaml, kScope);
  EXPECT_EQ(SortedByKey(*body.At("properties.outputs")).Dump(),
            R"({"f":{"jobOutputType":"uri_file",)"
            R"("uri":"azureml://datastores/workspaceblobstore/paths/acc/f.txt"},)"
            R"("m":{"jobOutputType":"mlflow_model","mode":"ReadWriteMount"},)"
            R"("n":{"jobOutputType":"uri_folder"},)"
            R"("o":{"assetName":"regout","assetVersion":"1","jobOutputType":"uri_folder"}})");
  EXPECT_EQ(body.At("properties.queueSettings.priority")->int_value(), 3);
}

TEST(Rest, SendsDataLikeTheSdk) {
  ExpectSame("data",
             "name: file\ntype: uri_file\ndescription: one file\ntags: {t: 1}\n"
             "path: azureml://datastores/workspaceblobstore/paths/LocalUpload/ce/f.csv\n",
             R"({"properties": {"description": "one file", "isAnonymous": false, "tags": {"t": "1"},
                "isArchived": false,
                "properties": {},
                  "dataUri": "azureml://datastores/workspaceblobstore/paths/LocalUpload/ce/f.csv",
                "dataType": "uri_file"}})");
  ExpectSame(
      "data", "name: d\npath: https://example.com/iris\n",
      R"({"properties": {"isAnonymous": false, "tags": {}, "isArchived": false, "properties": {},
                "dataUri": "https://example.com/iris", "dataType": "uri_folder"}})");
}

TEST(Rest, SendsModelsLikeTheSdk) {
  ExpectSame("model",
             "name: m\ndescription: d\ntags: {a: 1}\nproperties: {p: q}\npath: "
             "azureml://jobs/j/outputs/out/paths/\n",
             R"({"properties": {"description": "d", "tags": {"a": "1"}, "properties": {"p": "q"},
                "modelType": "custom_model",
                "modelUri": "azureml://jobs/j/outputs/out/paths/", "isAnonymous": false,
                  "isArchived": false}})");
}

TEST(Rest, SendsEnvironmentsLikeTheSdk) {
  ExpectSame("environment", R"(
name: env
description: e
image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest
conda_file: {name: ex, dependencies: [python=3.11], channels: [conda-forge]}
)",
             R"({"properties": {
                "condaFile": "channels:\n- conda-forge\ndependencies:\n- python=3.11\nname: ex\n",
                "image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest",
                  "isAnonymous": false,
                "isArchived": false, "description": "e"}})");
  ExpectSame(
      "environment",
      "name: ctx\nbuild: {path: https://h/c/LocalUpload/62/ctx/, dockerfile_path: Dockerfile}\n",
      R"({"properties": {"build": {"contextUri": "https://h/c/LocalUpload/62/ctx/"},
                "isAnonymous": false, "isArchived": false}})");
}

TEST(Rest, SendsComputesLikeTheSdk) {
  ExpectSame("amlCompute", "name: cpu\ntype: amlcompute\nsize: STANDARD_DS3_V2\ntags: {a: b}\n",
             R"({"location": "local", "properties": {"computeType": "AmlCompute",
                "properties": {"vmSize": "STANDARD_DS3_V2",
                "vmPriority": "Dedicated", "scaleSettings": {"maxNodeCount": 4, "minNodeCount": 0,
                "nodeIdleTimeBeforeScaleDown": "PT2M"},
                  "remoteLoginPortPublicAccess": "NotSpecified",
                "enableNodePublicIp": true, "osType": "Linux"}, "disableLocalAuth": true},
                  "tags": {"a": "b"}})");
  ExpectSame("computeInstance", "name: ci\ntype: computeinstance\nsize: STANDARD_DS3_V2\n",
             R"({"location": "local", "properties": {"computeType": "ComputeInstance",
                "properties": {"vmSize": "STANDARD_DS3_V2",
                "enableNodePublicIp": true, "enableSSO": true, "enableRootAccess": true,
                  "releaseQuotaOnStop": false,
                "enableOSPatching": false, "applicationSharingPolicy": "Shared",
                  "computeInstanceAuthorizationType": "personal"},
                "disableLocalAuth": true}})");
}

TEST(Rest, SendsDatastoresLikeTheSdk) {
  ExpectSame(
      "blobDatastore",
      "name: ds\ntype: azure_blob\naccount_name: someaccount\ncontainer_name: c1\ndescription: "
      "d\ncredentials: {sas_token: sv=1&sig=x}\n",
      R"({"properties": {"accountName": "someaccount", "containerName": "c1",
                "credentials": {"secrets": {"sasToken": "sv=1&sig=x",
                "secretsType": "Sas"}, "credentialsType": "Sas"}, "endpoint": "core.windows.net",
                  "protocol": "https",
                "tags": {}, "description": "d", "datastoreType": "AzureBlob"}})");
  ExpectSame(
      "blobDatastore",
      "name: ds\ntype: azure_blob\naccount_name: someaccount\ncontainer_name: c1\ncredentials: "
      "{account_key: a2V5}\n",
      R"({"properties": {"accountName": "someaccount", "containerName": "c1",
                "credentials": {"secrets": {"key": "a2V5",
                "secretsType": "AccountKey"}, "credentialsType": "AccountKey"},
                  "endpoint": "core.windows.net",
                "protocol": "https", "tags": {}, "datastoreType": "AzureBlob"}})");
}

TEST(Rest, TakesTheEnvironmentOutOfAJob) {
  const Json yaml = Load(
      "job",
      "command: x\nenvironment: {name: n, image: i, conda_file: {b: 1, dependencies: [python]}}\n");
  const auto taken = TakeInlineEnvironment(yaml);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->version.size(), 64U);
  EXPECT_EQ(taken->reference, "azureml:CliV2AnonymousEnvironment:" + taken->version);
  EXPECT_EQ(SortedByKey(taken->body).Dump(),
            R"({"properties":{"condaFile":"b: 1\ndependencies:\n- python\n","image":"i",)"
            R"("isAnonymous":true,"isArchived":false}})");
  const auto again =
      TakeInlineEnvironment(Load("job",
                                 "command: y\nenvironment: {conda_file: {dependencies: [python], "
                                 "b: 1}, image: i, description: z}\n"));
  EXPECT_EQ(again->version, taken->version);
  EXPECT_FALSE(
      TakeInlineEnvironment(Load("job", "command: x\nenvironment: azureml:e:1\n")).has_value());
}

TEST(Rest, ShowsAJobAsYaml) {
  const Json rest = Parsed(R"({"id": "WS/jobs/j1", "name": "j1", "type": "Microsoft.X/jobs",
    "systemData": {"createdAt": "2026-01-01T00:00:00Z", "createdBy": "me", "lastModifiedAt": null},
    "properties": {"jobType": "Command", "command": "x", "status": "Completed",
                "computeId": "WS/computes/cpu",
      "environmentId": "WS/environments/e/versions/3", "codeId": "WS/codes/c/versions/1",
                "experimentName": "acc",
      "displayName": null, "isArchived": false, "newThing": {"aB": 1}, "tags": {"A_b": "1"},
                "properties": {"azureml.git.dirty": "True"},
      "inputs": {"lr": {"jobInputType": "literal", "value": "0.1"},
                 "inData": {"jobInputType": "uri_folder", "uri": "WS/data/d/versions/1",
                   "mode": "ReadOnlyMount", "pathOnCompute": "/x"}},
      "outputs": {"o": {"jobOutputType": "uri_folder", "mode": "ReadWriteMount"}},
      "limits": {"jobLimitsType": "Command", "timeout": "PT1M17S"},
                "queueSettings": {"priority": 3},
      "resources": {"instanceCount": 1, "properties": {}, "futureThing": 5},
      "services": {"Studio": {"jobServiceType": "Studio", "endpoint": "http://h/ui"}}}})");
  const Json yaml = FromRest("job", rest);
  EXPECT_EQ(SortedByKey(yaml).Dump(2),
            Parsed(R"({"id": "azureml:WS/jobs/j1", "name": "j1", "resourceGroup": "rg",
    "creation_context": {"created_at": "2026-01-01T00:00:00Z", "created_by": "me"},
                "type": "command", "command": "x",
    "status": "Completed", "compute": "azureml:cpu", "environment": "azureml:e:3",
                "code": "azureml:WS/codes/c/versions/1",
    "experiment_name": "acc", "new_thing": {"aB": 1}, "tags": {"A_b": "1"},
                "properties": {"azureml.git.dirty": "True"},
    "inputs": {"lr": "0.1", "inData": {"type": "uri_folder", "path": "azureml:d:1",
                "mode": "ro_mount", "path_on_compute": "/x"}},
    "outputs": {"o": {"type": "uri_folder", "mode": "rw_mount"}}, "limits": {"timeout": 77},
    "queue_settings": {"priority": "high"}, "resources": {"instance_count": 1, "properties": {},
                "future_thing": 5},
    "services": {"Studio": {"type": "studio", "endpoint": "http://h/ui"}}})")
                .Dump(2));
}

TEST(Rest, ShowsAssetsAndComputesAsYaml) {
  const Json data = FromRest("data", Parsed(R"({"id": "WS/data/d/versions/2", "name": "2",
    "properties": {"dataType": "uri_file", "dataUri": "azureml://x", "isAnonymous": false,
                "tags": {}}})"));
  EXPECT_EQ(data.GetString("name"), "d");
  EXPECT_EQ(data.GetString("version"), "2");
  EXPECT_EQ(data.GetString("path"), "azureml://x");
  EXPECT_EQ(data.GetString("type"), "uri_file");
  const Json environment =
      FromRest("environment", Parsed(R"({"id": "WS/environments/e/versions/1", "name": "1",
    "properties": {"condaFile": "dependencies:\n- python\n", "osType": "Linux"}})"));
  EXPECT_EQ(environment.At("conda_file")->Dump(), R"({"dependencies":["python"]})");
  EXPECT_EQ(environment.GetString("os_type"), "linux");
  const Json compute =
      FromRest("compute", Parsed(R"({"id": "WS/computes/ci", "name": "ci", "location": "local",
    "properties": {"computeType": "ComputeInstance", "provisioningState": "Succeeded",
      "properties": {"vmSize": "S", "enableSSO": true, "idleTimeBeforeShutdown": "PT30M",
                "state": "Running"}}})"));
  EXPECT_EQ(compute.GetString("type"), "computeinstance");
  EXPECT_EQ(compute.GetString("size"), "S");
  EXPECT_EQ(compute.GetString("provisioning_state"), "Succeeded");
  EXPECT_EQ(compute.GetString("idle_time_before_shutdown"), "PT30M");
  EXPECT_EQ(compute.GetString("id"), std::string(kWorkspace) + "/computes/ci");
}

TEST(Rest, RenamesWhatItDoesNotKnow) {
  const Json yaml = FromRest("job", Parsed(R"({"id": "WS/jobs/p", "name": "p",
    "properties": {"jobType": "Pipeline", "displayName": "d",
                "jobs": {"aB": {"_source": "X"}}}})"));
  EXPECT_EQ(yaml.GetString("type"), "pipeline");
  EXPECT_EQ(yaml.GetString("display_name"), "d");
  EXPECT_EQ(yaml.At("jobs")->Dump(), R"({"aB":{"_source":"X"}})");
}

// What `show` prints can be created again, and means the same.
TEST(Rest, GivesBackWhatWasWritten) {
  const std::string_view job = R"(
command: x ${{inputs.a}} ${{outputs.o}}
environment: azureml:e:1
compute: azureml:cpu
code: azureml:/subscriptions/s/x/codes/c/versions/1
inputs: {a: "1", d: {type: mltable, path: azureml:t:4, mode: eval_mount}}
outputs: {o: {type: uri_file, mode: upload}}
tags: {a: b}
limits: {timeout: 5400}
services: {s: {type: ssh, nodes: all, ssh_public_keys: k}}
queue_settings: {job_tier: spot, priority: low}
distribution: {type: mpi, process_count_per_instance: 3}
resources: {instance_count: 2, properties: {lazurite.gpus: 1}}
)";
  const Json first = ToRest("commandJob", Load("job", job), kScope);
  const Json again = FromRest("commandJob", first);
  const Loaded loaded = LoadDocument(again.Dump(), {"job", "", {}});
  ASSERT_TRUE(loaded.ok()) << loaded.problems[0].message;
  EXPECT_EQ(SortedByKey(ToRest("commandJob", loaded.value, kScope)).Dump(2),
            SortedByKey(first).Dump(2));
  EXPECT_TRUE(ReadJobSpec(*first.Find("properties")).ok());
}

TEST(Rest, SpellsNamesAndDurations) {
  EXPECT_EQ(CamelCase("instance_count"), "instanceCount");
  EXPECT_EQ(CamelCase("azureml.git_x"), "azureml.git_x");
  EXPECT_EQ(CamelCase("_source"), "_source");
  EXPECT_EQ(CamelCase("a_"), "a_");
  EXPECT_EQ(SnakeCase("instanceCount"), "instance_count");
  EXPECT_EQ(SnakeCase("enableSSO"), "enable_sso");
  EXPECT_EQ(SnakeCase("HTTPServer2Go"), "http_server2_go");
  EXPECT_EQ(SecondsToIso(77), "PT1M17S");
  EXPECT_EQ(SecondsToIso(120), "PT2M");
  EXPECT_EQ(SecondsToIso(0), "PT0S");
  EXPECT_EQ(IsoToSeconds("P1DT2H3M4.5S"), 93784.5);
  EXPECT_EQ(IsoToSeconds("PT90S"), 90);
  for (const std::string_view wrong : {"", "P", "PT", "90", "PT5", "PTS", "P1H", "PT1HT"}) {
    EXPECT_FALSE(IsoToSeconds(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace lazurite::spec
