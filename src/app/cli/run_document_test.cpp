#include "app/cli/run_document.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "app/cli/run_environment.h"
#include "base/file.h"
#include "spec/document.h"

namespace lazurite::cli {
namespace {

std::string Line(std::vector<std::string> words) { return CommandLine(words); }

TEST(CommandLine, ReadsBackAsTheSameWords) {
  EXPECT_EQ(Line({"python", "train.py", "--lr=0.1"}), "python train.py --lr=0.1");
  EXPECT_EQ(Line({"echo", "a b", "it's", ""}), "echo 'a b' 'it'\\''s' ''");
  EXPECT_EQ(Line({"python", "x.py", "--data", "${{inputs.data}}"}),
            "python x.py --data '${{inputs.data}}'");
  EXPECT_EQ(Line({"echo", "$HOME", "*"}), "echo '$HOME' '*'");
  EXPECT_EQ(Line({"python a.py && ls"}), "python a.py && ls");
  EXPECT_EQ(Line({"./a.sh"}), "./a.sh");
}

TEST(SetInput, TellsDataFromValues) {
  FlagDocument document;
  for (const char* text : {"lr=0.1", "data=azureml:d:1", "here=./", "file=/etc/passwd",
                           "web=https://x.example/a", "word=a=b", "none="}) {
    ASSERT_TRUE(SetInput(document, text).ok()) << text;
  }
  EXPECT_EQ(document.json().Find("inputs")->Dump(),
            R"({"lr":"0.1","data":{"type":"uri_folder","path":"azureml:d:1"},)"
            R"("here":{"type":"uri_folder","path":"./"},)"
            R"("file":{"type":"uri_file","path":"/etc/passwd"},)"
            R"("web":{"type":"uri_folder","path":"https://x.example/a"},)"
            R"("word":"a=b","none":""})");
  EXPECT_FALSE(SetInput(document, "lr").ok());
  EXPECT_FALSE(SetInput(document, "=1").ok());
  EXPECT_FALSE(SetInput(document, "a.b=1").ok());
}

TEST(RunDocument, IsAValidJobWithEveryFlag) {
  Arguments arguments;
  arguments.rest = {"python", "train.py"};
  arguments.flags = {{"--input", "lr=0.1"},   {"--out", "model"},
                     {"--env", "A=b c: d"},   {"--instances", "2"},
                     {"--gpus", "1"},         {"--compute", "big"},
                     {"--cpus", "3"},         {"--memory", "4GB"},
                     {"--display-name", "1"}, {"--out", "o=azureml://datastores/d/paths/x"}};
  Result<FlagDocument> document = MakeRunDocument(arguments, "/home/ada/my project");
  ASSERT_TRUE(document.ok()) << document.status().text();
  ASSERT_TRUE(ChooseEnvironment(*document, "host", "/", "http://127.0.0.1:1").ok());
  const spec::Loaded loaded =
      spec::LoadDocument("", {.noun = "job", .file = "", .overrides = document->overrides()});
  EXPECT_TRUE(loaded.ok()) << spec::RenderProblems(loaded.problems, "");
  EXPECT_EQ(loaded.value.GetString("experiment_name"), "my_project");
  EXPECT_EQ(loaded.value.At("environment_variables.A")->string(), "b c: d");
  EXPECT_EQ(loaded.value.GetString("compute"), "azureml:big");
  EXPECT_EQ(loaded.value.At("resources.instance_count")->Dump(), "2");
  EXPECT_EQ(loaded.value.At("resources.memory")->string(), "4GB");
  arguments.flags = {{"--instances", "0"}};
  EXPECT_FALSE(MakeRunDocument(arguments, "/x").ok());
  arguments.flags = {{"--env", "A"}};
  EXPECT_FALSE(MakeRunDocument(arguments, "/x").ok());
}

TEST(Rebased, KeepsWhatThePathsMean) {
  Json document = Json::MakeObject();
  document["code"] = ".";
  document.Set("inputs.a.path", "./data");
  document.Set("inputs.b.path", "azureml:d:1");
  document.Set("inputs.c", "0.1");
  EXPECT_EQ(Rebased(document, "/w", "/w"), document);
  const Json moved = Rebased(document, "/w", "/w/jobs");
  EXPECT_EQ(moved.Dump(),
            R"({"code":"..","inputs":{"a":{"path":"../data"},"b":{"path":"azureml:d:1"},)"
            R"("c":"0.1"}})");
}

TEST(SetAssetTypes, AsksForWhatLiesOnTheServerOnly) {
  FlagDocument document;
  EXPECT_TRUE(SetInput(document, "a=azureml:table:1").ok());
  EXPECT_TRUE(SetInput(document, "b=azureml:unknown@latest").ok());
  EXPECT_TRUE(SetInput(document, "c=./here").ok());
  EXPECT_TRUE(SetInput(document, "d=0.1").ok());
  std::string asked;
  SetAssetTypes(document, [&asked](const std::string& uri) {
    asked += uri + " ";
    return std::string(uri == "azureml:table:1" ? "mltable" : "");
  });
  EXPECT_EQ(asked, "azureml:table:1 azureml:unknown@latest ");
  const Json* inputs = document.json().Find("inputs");
  EXPECT_EQ(inputs->At("a.type")->string(), "mltable");
  EXPECT_EQ(inputs->At("b.type")->string(), "uri_folder");
  EXPECT_EQ(inputs->At("c.type")->string(), "uri_folder");
  EXPECT_EQ(document.overrides().back().path, "inputs.a.type");
}

class RunEnvironmentFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/lazurite-run-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(folder_).ok()); }
  std::string Put(const std::string& name, std::string_view text) {
    EXPECT_TRUE(WriteFile(folder_ + "/" + name, text).ok());
    return folder_ + "/" + name;
  }
  std::string Choose(const std::string& wish, const std::string& server = "http://127.0.0.1:8451") {
    FlagDocument document;
    const auto chosen = ChooseEnvironment(document, wish, folder_, server);
    if (!chosen.ok()) return "refused: " + chosen.status().text();
    sentence_ = chosen->sentence;
    const Json* environment = document.json().Find("environment");
    return environment->is_string()                     ? environment->string()
           : environment->Find("conda_file") != nullptr ? environment->Find("conda_file")->Dump()
                                                        : environment->Dump();
  }

  std::string folder_;
  std::string sentence_;
};

TEST_F(RunEnvironmentFiles, EachKindOfFileBecomesPackages) {
  Put("more.txt", "b>=2  # why\n\n");
  EXPECT_EQ(Choose(Put("requirements.txt", "# x\na==1\n-r more.txt\nc; python_version>'3' \\\n\n")),
            R"({"dependencies":["python","pip",{"pip":["a==1","b>=2","c; python_version>'3'"]}]})");
  Put(".python-version", "3.11.4\n");
  EXPECT_EQ(
      Choose(Put("pyproject.toml",
                 "[project]\nname = 'x'\nrequires-python = '>=3.9'\ndependencies = ['a>1']\n")),
      R"({"dependencies":["python=3.11","pip",{"pip":["a>1"]}]})");
  const std::string conda = Put("environment.yml", "dependencies: [python=3.11]\n");
  EXPECT_EQ(Choose(conda), Json(conda).Dump());
  EXPECT_EQ(Choose(Put("mine.yml", "name: m\nimage: python:3.11\n")), R"({"image":"python:3.11"})");
  EXPECT_TRUE(Choose(Put("loop.txt", "-r loop.txt\n")).starts_with("refused: "));
  EXPECT_TRUE(Choose(Put("bare.toml", "[tool]\n")).starts_with("refused: "));
  EXPECT_TRUE(Choose(folder_ + "/none.yml").starts_with("refused: "));
}

TEST_F(RunEnvironmentFiles, NamesAndImagesAreTakenAsTheyAre) {
  EXPECT_EQ(Choose("azureml:e@latest"), "azureml:e@latest");
  EXPECT_EQ(Choose("e:3"), "azureml:e:3");
  EXPECT_EQ(Choose("image:python:3.12"), R"({"image":"python:3.12"})");
}

TEST_F(RunEnvironmentFiles, WithoutAWishItIsTheShellsPythonWhichIsSaid) {
  Put("requirements.txt", "a\n");
  EXPECT_NE(Choose("").find("lazurite.python"), std::string::npos);
  EXPECT_NE(sentence_.find("-e requirements.txt"), std::string::npos) << sentence_;
  EXPECT_TRUE(Choose("", "https://gpu.example:8451").starts_with("refused: "));
  EXPECT_NE(Choose("host", "https://gpu.example:8451").find("lazurite.python"), std::string::npos);
}

TEST(IsThisMachine, KnowsLoopback) {
  EXPECT_TRUE(IsThisMachine("http://127.0.0.1:8451"));
  EXPECT_TRUE(IsThisMachine("https://localhost:1"));
  EXPECT_TRUE(IsThisMachine("http://[::1]:8451"));
  EXPECT_FALSE(IsThisMachine("http://127.evil.example.com.:80x"));
  EXPECT_FALSE(IsThisMachine("https://gpu.example:8451"));
}

}  // namespace
}  // namespace lazurite::cli
