#include "domain/environment/conda_file.h"

#include <gtest/gtest.h>

#include "domain/environment/conda_names.h"

namespace lazurite::environment {
namespace {

constexpr std::string_view kFile = R"(
name: train
channels: [conda-forge]
dependencies:
  - python=3.10   # the version
  - pip=23
  - conda-forge::Numpy >=1.26
  - pip:
      - Scikit_Learn == 1.5.2
      - mlflow-skinny[databricks]>=2 ; python_version > "3.8"
      - --extra-index-url https://example.org/simple
variables:
  A: "1"
)";

TEST(CondaFile, SaysWhatItAsksFor) {
  const Result<CondaFile> file = ReadCondaFile(kFile);
  ASSERT_TRUE(file.ok()) << file.status().text();
  EXPECT_EQ(file->python, "=3.10");
  EXPECT_EQ(file->channels, std::vector<std::string>{"conda-forge"});
  EXPECT_EQ(file->conda,
            (std::vector<CondaPackage>{{"conda-forge::Numpy >=1.26", "dependencies.2"}}));
  EXPECT_EQ(file->python_path, "dependencies.0");
  const std::vector<std::string> pip = {"--extra-index-url https://example.org/simple",
                                        "mlflow-skinny[databricks]>=2 ; python_version > \"3.8\"",
                                        "scikit-learn==1.5.2"};
  EXPECT_EQ(file->pip, pip);
  EXPECT_EQ(file->variables.at("A"), "1");
}

TEST(CondaFile, ATextThatIsNoneIsAListOfRequirements) {
  const Result<CondaFile> file = ReadCondaFile("# mine\npandas==2.2\n\nNumPy  # later\n");
  ASSERT_TRUE(file.ok()) << file.status().text();
  EXPECT_EQ(file->pip, (std::vector<std::string>{"numpy", "pandas==2.2"}));
  const Result<CondaFile> single = ReadCondaFile("pandas[all] @ git+https://example.org/x.git");
  ASSERT_TRUE(single.ok()) << single.status().text();
  EXPECT_EQ(single->pip.size(), 1u);
}

TEST(CondaFile, ProblemsHaveAPosition) {
  struct Case {
    std::string_view text, words;
  };
  for (const Case& c : {
           Case{"name: x\n", "no \"dependencies\""},
           Case{"dependencies: numpy\n", "line 1, column 15"},
           Case{"dependencies:\n- pip:\n  - -e .\n", "line 3, column 5"},
           Case{"dependencies:\n- pip:\n  - ./mine.whl\n", "names a path"},
           Case{"dependencies:\n- pip:\n  - -r requirements.txt\n", "list the packages themselves"},
           Case{"dependencies:\n- conda: [x]\n", "unknown member \"conda\""},
           Case{"dependencies:\n- [a, b]\n", "expected a package"},
           Case{"- numpy\n- pandas\n", "expected a conda file"},
           Case{"dependencies: [\n", "line"},
       }) {
    const Result<CondaFile> file = ReadCondaFile(c.text);
    EXPECT_EQ(file.status().code(), Code::kInvalidArgument) << c.text;
    EXPECT_NE(file.status().text().find(c.words), std::string::npos) << file.status().text();
  }
}

TEST(CondaFile, AllProblemsAreToldAtOnceEachWithItsPathAndPlace) {
  const CondaReading reading = ReadConda(
      "chanels: [conda-forge]\n"
      "dependencies:\n"
      "- numpy=1.26\n"
      "- pip:\n"
      "  - pandas=2.2\n"
      "  - \"six ; python_versio > '3'\"\n"
      "  - -r more.txt\n"
      "- [a]\n");
  ASSERT_EQ(reading.problems.size(), 4u);
  EXPECT_TRUE(reading.problems[0].is_warning);
  EXPECT_EQ(reading.problems[0].suggestion, "did you mean \"channels\"?");
  const CondaProblem& pandas = reading.problems[1];
  EXPECT_EQ(pandas.path, "dependencies.1.pip.0");
  EXPECT_EQ(pandas.position.line, 5);
  EXPECT_EQ(pandas.position.column, 11);
  EXPECT_EQ(pandas.length, 4);
  EXPECT_EQ(pandas.suggestion, "did you mean \"pandas==2.2\"?");
  const CondaProblem& marker = reading.problems[2];
  EXPECT_EQ(marker.position.column, 12) << marker.message;
  EXPECT_EQ(marker.length, 13);
  EXPECT_EQ(marker.suggestion, "did you mean \"python_version\"?");
  EXPECT_EQ(reading.problems[3].path, "dependencies.2");
  ASSERT_EQ(reading.includes.size(), 1u);
  EXPECT_EQ(reading.includes[0].file, "more.txt");
  EXPECT_EQ(reading.file.conda.size(), 1u);
}

// line:column+length
std::string PlaceOf(const CondaProblem& problem) {
  return std::to_string(problem.position.line) + ":" + std::to_string(problem.position.column) +
         "+" + std::to_string(problem.length);
}

TEST(CondaFile, AForgottenColonAfterPipIsToldAtThePip) {
  for (const std::string_view text : {"dependencies:\n- python=3.11\n- pip\n    - rich\n",
                                      "dependencies:\n- python=3.11\n- pip\n  - rich\n  - six\n",
                                      "dependencies:\n- python=3.11\n- pip\n    rich\n"}) {
    const CondaReading reading = ReadConda(text);
    ASSERT_EQ(reading.problems.size(), 1u) << text;
    const CondaProblem& problem = reading.problems[0];
    EXPECT_EQ(problem.path, "dependencies.1");
    EXPECT_EQ(PlaceOf(problem), "3:3+3");
    EXPECT_NE(problem.message.find("has no colon after \"pip\""), std::string::npos);
    EXPECT_EQ(problem.suggestion, "did you mean \"pip:\"?");
  }
}

TEST(CondaFile, LinesThatYamlJoinedAreMarkedWhereTheyBegin) {
  const CondaReading reading =
      ReadConda("dependencies:\n- python=3.11\n   - rich\n- \"numpy >> 1\"\n- six;x  # why\n");
  ASSERT_EQ(reading.problems.size(), 3u);
  EXPECT_EQ(PlaceOf(reading.problems[0]), "2:3+11");
  EXPECT_NE(reading.problems[0].message.find("same column"), std::string::npos);
  EXPECT_EQ(PlaceOf(reading.problems[1]), "4:10+2");
  EXPECT_EQ(PlaceOf(reading.problems[2]), "5:6+2");
}

TEST(CondaFile, TheExampleOfOneWithoutDependenciesIsALineThatCanBeRead) {
  const CondaReading reading = ReadConda("name: x\n");
  ASSERT_EQ(reading.problems.size(), 1u);
  const std::string& message = reading.problems[0].message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
  const size_t begin = message.find("\"dependencies: [") + 1;
  const Result<CondaFile> example =
      ReadCondaFile(message.substr(begin, message.rfind('"') - begin));
  ASSERT_TRUE(example.ok()) << example.status().text();
  EXPECT_EQ(example->python, "=3.11");
  EXPECT_EQ(example->pip, std::vector<std::string>{"scikit-learn"});
}

TEST(CondaFile, TwoVersionsOfPythonAreRefused) {
  const CondaReading reading = ReadConda("dependencies:\n- python=3.11\n- python\n- python=3.9\n");
  ASSERT_EQ(reading.problems.size(), 1u);
  EXPECT_EQ(PlaceOf(reading.problems[0]), "4:3+10");
  EXPECT_EQ(reading.file.python, "=3.11");
}

TEST(CondaNames, VersionsBecomePep440) {
  struct Case {
    std::string_view conda, pip;
  };
  for (const Case& c :
       {Case{"", ""}, Case{"=1.5", "==1.5.*"}, Case{"==1.5", "==1.5"}, Case{"=1.5.*", "==1.5.*"},
        Case{"=1.5=py38_0", "==1.5.*"}, Case{">=1,<2", ">=1,<2"}, Case{" 1.2.3", "==1.2.3"},
        Case{"1.21.*", "==1.21.*"}, Case{">= 1.5.*", ">=1.5"}, Case{"*", ""},
        Case{"~=1.5", "~=1.5"}, Case{"!=1.5.*", "!=1.5.*"}, Case{"=2024a", "==2024a"},
        Case{"=2.1.0rc1", "==2.1.0rc1"}, Case{"1.2 py311_0", "==1.2"}}) {
    const Result<std::string> version = TranslateVersion(c.conda);
    ASSERT_TRUE(version.ok()) << c.conda;
    EXPECT_EQ(*version, c.pip) << c.conda;
  }
  EXPECT_EQ(TranslateVersion("1.5|1.6").status().code(), Code::kFailedPrecondition);
  for (const std::string_view version : {"=9e", "=1.*.3", "==1.1.1w", "~=2"}) {
    EXPECT_EQ(TranslateVersion(version).status().code(), Code::kFailedPrecondition) << version;
  }
  EXPECT_EQ(TranslateVersion("=").status().code(), Code::kInvalidArgument);
}

std::vector<CondaPackage> Packages(const std::vector<std::string>& texts) {
  std::vector<CondaPackage> out;
  for (const std::string& text : texts) {
    out.push_back({text, "dependencies." + std::to_string(out.size())});
  }
  return out;
}

TEST(CondaNames, EveryTranslationIsTold) {
  const Translated out = TranslateConda(Packages(
      {"conda-forge::pytorch=2.1", "opencv", "numpy=1.26", "cudatoolkit=11.8", "scikit-learn"}));
  EXPECT_TRUE(out.problems.empty());
  EXPECT_EQ(out.requirements, (std::vector<std::string>{"torch==2.1.*", "opencv-python-headless",
                                                        "numpy==1.26.*", "scikit-learn"}));
  ASSERT_EQ(out.notes.size(), 5u);
  EXPECT_EQ(out.notes[0],
            "conda package conda-forge::pytorch=2.1 is taken from PyPI as torch==2.1.*");
  EXPECT_NE(out.notes[3].find("cudatoolkit=11.8 is left out"), std::string::npos);
}

TEST(CondaNames, EachPackageThatPypiHasNotIsRefusedWithTheWayOut) {
  const Translated out =
      TranslateConda(Packages({"r-base=4.1", "numpy", "ffmpeg", "scipy=1|2", "_tflow_select"}));
  ASSERT_EQ(out.problems.size(), 4u);
  EXPECT_EQ(out.problems[0].package.path, "dependencies.0");
  EXPECT_NE(out.problems[0].message.find("micromamba"), std::string::npos);
  EXPECT_EQ(out.problems[1].package.path, "dependencies.2");
  EXPECT_EQ(out.problems[2].package.path, "dependencies.3");
  EXPECT_EQ(out.requirements, std::vector<std::string>{"numpy"});
}

}  // namespace
}  // namespace lazurite::environment
