#include "engine/environment/pythons.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/environment/machine.h"
#include "engine/environment/pip_settings.h"

namespace lazurite::environment {
namespace {

// A folder with interpreters that are only looked at, never run.
class Pythons : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lazurite-pythons-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(root_).ok()); }

  void Put(const std::string& path, std::string_view content =
                                        "\x7f"
                                        "ELF") {
    const std::string full = JoinPath(root_, path);
    ASSERT_TRUE(MakeDirs(DirName(full)).ok());
    ASSERT_TRUE(WriteFile(full, content, 0755).ok());
  }
  std::vector<int> Minors(const std::vector<Interpreter>& found) {
    std::vector<int> out;
    for (const Interpreter& one : found) {
      if (one.path.starts_with(root_)) out.push_back(one.minor);
    }
    return out;
  }

  std::string root_;
};

TEST_F(Pythons, TheFirstOnThePathIsTheDefault) {
  Put("a/python3.12");
  Put("b/python3.9");
  ASSERT_EQ(::symlink("python3.9", (root_ + "/b/python3").c_str()), 0);
  const auto found = FindPythons({{"PATH", root_ + "/a:" + root_ + "/b"}, {"HOME", root_}});
  EXPECT_EQ(Minors(found), (std::vector<int>{9, 12}));
}

TEST_F(Pythons, PyenvsShimsAreSeenThrough) {
  Put(".pyenv/shims/python3", "#!/bin/sh\n");
  Put(".pyenv/shims/python3.8", "#!/bin/sh\n");
  Put(".pyenv/versions/3.8.18/bin/python3.8");
  Put(".pyenv/versions/3.10.13/bin/python3.10");
  ASSERT_EQ(::symlink("python3.10", (root_ + "/.pyenv/versions/3.10.13/bin/python3").c_str()), 0);
  Put(".pyenv/version", "3.10.13\n");
  const auto found = FindPythons({{"PATH", root_ + "/.pyenv/shims"}, {"HOME", root_}});
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].path, root_ + "/.pyenv/versions/3.10.13/bin/python3.10");
  EXPECT_EQ(Minors(found), (std::vector<int>{10, 8}));
}

TEST_F(Pythons, WhatWasSeenIsRememberedUntilAFolderChanges) {
  Put("a/python3.9");
  const Variables variables = {{"PATH", root_ + "/a"}, {"HOME", root_}};
  const std::string file = root_ + "/machine.json";
  EXPECT_EQ(Minors(RememberedMachine(variables, file).pythons), std::vector<int>{9});
  ASSERT_TRUE(Exists(file));
  // As it was written down, not looked at again.
  const std::string kept = ReadFile(file).value();
  ASSERT_TRUE(WriteFile(file, ReplaceAll(kept, "\"minor\":9", "\"minor\":7")).ok());
  EXPECT_EQ(Minors(RememberedMachine(variables, file).pythons), std::vector<int>{7});
  Put("a/python3.12");
  EXPECT_EQ(Minors(RememberedMachine(variables, file).pythons), (std::vector<int>{9, 12}));
  ASSERT_TRUE(WriteFile(file, "half a fi").ok());
  EXPECT_EQ(Minors(RememberedMachine(variables, file).pythons), (std::vector<int>{9, 12}));
}

TEST(ChoosePython, WhatFitsIsTakenSilently) {
  const std::vector<Interpreter> have = {{"/a", 11}, {"/b", 8}, {"/c", 12}};
  struct Case {
    std::string_view wish;
    int minor;
  };
  for (const Case& c :
       {Case{"", 11}, Case{"3.8", 8}, Case{"=3.8", 8}, Case{"=3.8.5", 8}, Case{"==3.12.*", 12},
        Case{">=3.8,<3.12", 11}, Case{">=3.12", 12}, Case{"<3.11", 8}, Case{"3", 11},
        Case{">=3.8.1", 11}, Case{"<4", 11}, Case{"=3.8=h123", 8}}) {
    const Result<ChosenPython> chosen = ChoosePython(have, c.wish);
    ASSERT_TRUE(chosen.ok()) << c.wish << chosen.status().text();
    EXPECT_EQ(chosen->interpreter.minor, c.minor) << c.wish;
    EXPECT_EQ(chosen->warning, "") << c.wish;
  }
}

TEST(ChoosePython, AnotherMinorVersionIsToldLoudly) {
  const Result<ChosenPython> chosen = ChoosePython({{"/a", 13}, {"/b", 11}}, "=3.10");
  ASSERT_TRUE(chosen.ok());
  EXPECT_EQ(chosen->interpreter.minor, 11);
  EXPECT_EQ(chosen->warning,
            "Python 3.10 is asked for but this machine has only 3.11, 3.13; Python 3.11 "
            "is used instead");
}

TEST(ChoosePython, NonsenseIsRefused) {
  EXPECT_EQ(ChoosePython({{"/a", 11}}, "latest").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(ChoosePython({{"/a", 11}}, "=2.7").status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(ChoosePython({}, "3.10").status().code(), Code::kFailedPrecondition);
}

TEST(PipSettings, ReachUvUnlessUvKnowsBetter) {
  const FileReader read = [](const std::string& path) -> std::optional<std::string> {
    if (path != "/etc/pip.conf") return std::nullopt;
    return "[global]\nindex-url = https://a.example/simple\ncert = /c.pem\n"
           "extra-index-url =\n  https://b.example/simple\n  https://c.example/simple\n"
           "[search]\nindex = no\n";
  };
  Variables uv =
      UvVariables({{"HOME", "/h"}, {"VIRTUAL_ENV", "/v"}, {"PIP_DEFAULT_TIMEOUT", "9"}}, read);
  EXPECT_EQ(uv["UV_DEFAULT_INDEX"], "https://a.example/simple");
  EXPECT_EQ(uv["UV_INDEX"], "https://b.example/simple https://c.example/simple");
  EXPECT_EQ(uv["SSL_CERT_FILE"], "/c.pem");
  EXPECT_EQ(uv["UV_HTTP_TIMEOUT"], "9");
  EXPECT_EQ(uv["UV_PYTHON_DOWNLOADS"], "never");
  EXPECT_FALSE(uv.contains("VIRTUAL_ENV"));

  uv = UvVariables({{"PIP_INDEX_URL", "https://p.example"}, {"UV_LINK_MODE", "copy"}}, read);
  EXPECT_EQ(uv["UV_DEFAULT_INDEX"], "https://p.example");
  EXPECT_EQ(uv["UV_LINK_MODE"], "copy");
  uv = UvVariables({{"UV_DEFAULT_INDEX", "https://u.example"}, {"PIP_CONFIG_FILE", "/dev/null"}},
                   read);
  EXPECT_EQ(uv["UV_DEFAULT_INDEX"], "https://u.example");
  EXPECT_FALSE(uv.contains("SSL_CERT_FILE"));
}

}  // namespace
}  // namespace lazurite::environment
