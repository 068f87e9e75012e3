#include "engine/environment/freeze.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "engine/environment/bytecode.h"
#include "engine/environment/pythons.h"

namespace lazurite::environment {
namespace {

class Environment : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lazurite-freeze-XXXXXX";
    root_ = ::mkdtemp(name);
    folder_ = root_ + "/abc";
    site_ = folder_ + "/lib/python3.11/site-packages";
    ASSERT_TRUE(MakeDirs(site_).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(root_).ok()); }

  void Write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(MakeDirs(DirName(path)).ok());
    ASSERT_TRUE(WriteFile(path, text).ok());
  }
  void Install(const std::string& name, const std::string& version) {
    Write(
        site_ + "/" + name + "-" + version + ".dist-info/METADATA",
        "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n\nName: not this\n");
  }
  void FinishWith(const std::string& python) {
    Write(folder_ + "/ready", R"({"folder": ")" + folder_ + R"(", "python": ")" + python + "\"}");
  }

  std::string root_, folder_, site_;
};

TEST_F(Environment, ItsPackagesAreListedByName) {
  Install("six", "1.16.0");
  Install("PyYAML", "6.0");
  Install("mine", "0.1");
  Write(site_ + "/mine-0.1.dist-info/direct_url.json",
        R"({"url": "https://ada:pw@host/m.git", "vcs_info": {"vcs": "git", "commit_id": "c0"}})");
  Write(folder_ + "/conda-meta/r-base-4.1.json",
        R"({"name": "r-base", "version": "4.1", "build": "h1"})");
  EXPECT_EQ(FreezeOf(folder_),
            "# conda: r-base=4.1=h1\n"
            "mine @ git+https://***@host/m.git@c0\n"
            "PyYAML==6.0\n"
            "six==1.16.0\n");
  EXPECT_EQ(FreezeOf(root_ + "/nothing"), "");
}

TEST_F(Environment, IsCompiledOnceWithoutRunningItsCode) {
  const std::vector<Interpreter> pythons = FindPythons(OwnVariables());
  if (pythons.empty()) GTEST_SKIP() << "there is no Python here";
  FinishWith(pythons.front().path);
  Write(site_ + "/six.py", "x = 1\n");
  Write(site_ + "/broken.py", "this is no python\n");
  Write(site_ + "/bad.pth", "import os; open('" + root_ + "/ran', 'w')\n");
  BytecodeCompiler compiler(root_);
  compiler.Used(folder_);
  compiler.WaitUntilIdle();
  const Result<std::vector<std::string>> files = ListDir(site_ + "/__pycache__");
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files->size(), 1u);
  EXPECT_TRUE(Exists(folder_ + "/compiled"));
  EXPECT_FALSE(Exists(root_ + "/ran"));
  ASSERT_TRUE(RemoveTree(site_ + "/__pycache__").ok());
  BytecodeCompiler again(root_);
  again.Used(folder_);
  again.WaitUntilIdle();
  EXPECT_FALSE(Exists(site_ + "/__pycache__"));
}

TEST_F(Environment, IsLeftAloneWhereItIsNoneOrNotFinished) {
  Write(site_ + "/six.py", "x = 1\n");
  BytecodeCompiler compiler(root_);
  compiler.Used(folder_);
  compiler.Used("");
  compiler.Used(root_ + "/abc/lib");
  compiler.WaitUntilIdle();
  EXPECT_FALSE(Exists(site_ + "/__pycache__"));
}

}  // namespace
}  // namespace lazurite::environment
