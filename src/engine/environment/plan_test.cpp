#include "engine/environment/plan.h"

#include <gtest/gtest.h>

namespace lazurite::environment {
namespace {

const Machine kMachine{.pythons = {{"/usr/bin/python3.11", 11}, {"/opt/python3.8", 8}},
                       .conda = "",
                       .platform = "linux-x86_64"};

EnvironmentSpec Conda(std::string text) {
  EnvironmentSpec spec;
  spec.name = "mine";
  spec.conda = std::move(text);
  return spec;
}

Plan Must(const EnvironmentSpec& spec, const Machine& machine = kMachine,
          const EnvironmentSettings& settings = {}) {
  Result<Plan> plan = MakePlan(spec, settings, machine);
  EXPECT_TRUE(plan.ok()) << plan.status().text();
  return plan.ok() ? *plan : Plan();
}

std::string Notes(const Plan& plan) {
  std::string out;
  for (const std::string& note : plan.notes) out += note + "\n";
  return out;
}

TEST(Plan, OrderAndCommentsDoNotMatter) {
  const Plan a =
      Must(Conda("name: a\ndependencies:\n- python=3.11\n- numpy=1.26\n- pip:\n  - Six\n"
                 "  - pandas==2.2\n"));
  const Plan b =
      Must(Conda("# other\ndependencies:\n- pip:\n  - pandas == 2.2 # why\n  - six\n"
                 "- numpy=1.26\n- python=3.11\n"));
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.hash.size(), 32u);
  EXPECT_EQ(a.requirements, (std::vector<std::string>{"numpy==1.26.*", "pandas==2.2", "six"}));
}

TEST(Plan, PackagesPythonAndPlatformDoMatter) {
  const Plan base = Must(Conda("dependencies:\n- python=3.11\n- pip:\n  - six\n"));
  EXPECT_NE(base.hash, Must(Conda("dependencies:\n- python=3.8\n- pip:\n  - six\n")).hash);
  EXPECT_NE(base.hash, Must(Conda("dependencies:\n- python=3.11\n- pip:\n  - six==1.16\n")).hash);
  Machine other = kMachine;
  other.platform = "linux-aarch64";
  EXPECT_NE(base.hash, Must(Conda("dependencies:\n- python=3.11\n- pip:\n  - six\n"), other).hash);
}

TEST(Plan, CuratedNamesBecomeTheirPackages) {
  EnvironmentSpec spec;
  spec.name = "AzureML-sklearn-1.5";
  const Plan plan = Must(spec);
  EXPECT_EQ(plan.kind, Plan::Kind::kUv);
  EXPECT_NE(Notes(plan).find("curated environment sklearn-1.5"), std::string::npos);
  // 3.10 is Azure's; this machine has another.
  EXPECT_NE(Notes(plan).find("WARNING: Python 3.10"), std::string::npos);
  spec.name = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest";
  EXPECT_EQ(Must(spec).hash, plan.hash);
  spec.name = "";
  spec.image = "mcr.microsoft.com/azureml/curated/sklearn-1.5:24";
  EXPECT_EQ(Must(spec).hash, plan.hash);
}

TEST(Plan, APlainPythonImageIsAVirtualEnvironment) {
  EnvironmentSpec spec;
  spec.image = "docker.io/python:3.8-slim";
  const Plan plan = Must(spec);
  EXPECT_EQ(plan.kind, Plan::Kind::kUv);
  EXPECT_EQ(plan.python.minor, 8);
  EXPECT_TRUE(plan.requirements.empty());
  EXPECT_NE(Notes(plan).find("plain Python"), std::string::npos);
  spec.conda = "dependencies:\n- pip:\n  - six\n";
  EXPECT_EQ(Must(spec).python.minor, 8);
}

TEST(Plan, AnyOtherImageIsRefusedWithWhatItWouldNeed) {
  EnvironmentSpec spec;
  spec.name = "mine";
  spec.image = "pytorch/pytorch:latest";
  for (const std::string conda : {"", "dependencies:\n- pip:\n  - six\n"}) {
    spec.conda = conda;
    const Status status = MakePlan(spec, {}, kMachine).status();
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_NE(status.text().find("podman"), std::string::npos) << status.text();
    EXPECT_NE(status.text().find("host_fallback"), std::string::npos) << status.text();
  }
  spec = EnvironmentSpec();
  spec.build = Json::MakeObject();
  spec.build["dockerfilePath"] = "Dockerfile";
  EXPECT_EQ(MakePlan(spec, {}, kMachine).status().code(), Code::kFailedPrecondition);
}

TEST(Plan, HostFallbackIsToldLoudly) {
  EnvironmentSpec spec;
  spec.image = "pytorch/pytorch:latest";
  EnvironmentSettings settings;
  settings.host_fallback = true;
  const Plan plan = Must(spec, kMachine, settings);
  EXPECT_EQ(plan.kind, Plan::Kind::kHost);
  EXPECT_NE(Notes(plan).find("WARNING"), std::string::npos);
  spec.conda = "dependencies:\n- pip:\n  - six\n";
  EXPECT_EQ(Must(spec, kMachine, settings).kind, Plan::Kind::kUv);
}

TEST(Plan, CondaIsUsedForCondaPackagesWhereItIs) {
  Machine machine = kMachine;
  machine.conda = "/opt/bin/micromamba";
  const Plan plan =
      Must(Conda("channels: [conda-forge]\ndependencies:\n- python=3.10\n- r-base\n"), machine);
  EXPECT_EQ(plan.kind, Plan::Kind::kConda);
  EXPECT_NE(plan.conda_text.find("r-base"), std::string::npos);
  EXPECT_NE(plan.conda_text.find("conda-forge"), std::string::npos);
  EXPECT_EQ(Must(Conda("dependencies:\n- python=3.11\n- pip:\n  - six\n"), machine).kind,
            Plan::Kind::kUv);
}

TEST(Plan, ChannelsThatAreNotUsedAreTold) {
  const Plan plan = Must(Conda("channels: [conda-forge]\ndependencies:\n- numpy\n"));
  EXPECT_NE(Notes(plan).find("conda-forge are not used"), std::string::npos) << Notes(plan);
}

TEST(Plan, AllThatStandsAgainstItIsToldAtOnceWithItsTarget) {
  EnvironmentSpec spec =
      Conda("dependencies:\n- python=3.10\n- r-base=4.1\n- ffmpeg\n- pip:\n  - six=1\n");
  spec.image = "pytorch/pytorch:latest";
  const Planning planning = PlanEnvironment(spec, {}, kMachine);
  std::vector<std::string> targets;
  for (const EnvironmentFinding& finding : planning.findings) targets.push_back(finding.target);
  EXPECT_EQ(targets, (std::vector<std::string>{
                         "image", "condaFile.dependencies.3.pip.0", "condaFile.dependencies.0",
                         "condaFile.dependencies.2", "condaFile.dependencies.1"}));
  EXPECT_NE(planning.findings[0].message.find("python:3.*"), std::string::npos);
  // Another minor version of Python is a warning.
  EXPECT_EQ(planning.findings[2].code, Code::kOk);
}

TEST(Plan, TheNearestKnownNameIsSuggested) {
  EnvironmentSpec spec;
  spec.image = "pyhton:3.11";
  EXPECT_EQ(PlanEnvironment(spec, {}, kMachine).findings.at(0).suggestion,
            "did you mean \"python:3.11\"?");
  spec.image = "mcr.microsoft.com/azureml/curated/sklern-1.5:24";
  EXPECT_EQ(PlanEnvironment(spec, {}, kMachine).findings.at(0).suggestion,
            "did you mean \"mcr.microsoft.com/azureml/curated/sklearn-1.5\"?");
  spec.image = "";
  spec.name = "AzureML-sklern-1.5";
  EXPECT_EQ(PlanEnvironment(spec, {}, kMachine).findings.at(0).suggestion,
            "did you mean \"AzureML-sklearn-1.5\"?");
}

TEST(Plan, CredentialsAreNoPartOfTheHash) {
  const auto with = [](const std::string& index) {
    return Conda("dependencies:\n- pip:\n  - --extra-index-url " + index + "\n  - six\n");
  };
  const Plan ada = Must(with("https://ada:secret@pypi.example.org/simple"));
  EXPECT_EQ(ada.hash, Must(with("https://bob:other@pypi.example.org/simple")).hash);
  EXPECT_NE(ada.hash, Must(with("https://ada:secret@elsewhere.example.org/simple")).hash);
  // The index itself is told to uv as it was written.
  EXPECT_EQ(ada.requirements.front(),
            "--extra-index-url https://ada:secret@pypi.example.org/simple");
  const Plan plain = Must(Conda("dependencies:\n- pip:\n  - six\n"));
  EXPECT_EQ(plain.hash, Must(Conda("dependencies:\n- pip:\n  - six\n  - --trusted-host a\n")).hash);
  Machine other = kMachine;
  other.indexes = {"https://mirror.example.org/simple"};
  EXPECT_NE(plain.hash, Must(Conda("dependencies:\n- pip:\n  - six\n"), other).hash);
}

TEST(Plan, WrongSpecificationsAreNamed) {
  EnvironmentSpec spec;
  spec.name = "unheard-of";
  EXPECT_EQ(MakePlan(spec, {}, kMachine).status().code(), Code::kInvalidArgument);
  const Status status = MakePlan(Conda("dependencies: 3\n"), {}, kMachine).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.text().find("environment mine: conda file"), std::string::npos) << status.text();
  EXPECT_EQ(Must(EnvironmentSpec()).kind, Plan::Kind::kHost);
}

}  // namespace
}  // namespace lazurite::environment
