#include "domain/environment/requirement.h"

#include <gtest/gtest.h>

namespace lazurite::environment {
namespace {

TEST(Requirement, WhatPipReadsIsTaken) {
  struct Case {
    std::string_view line, text;
  };
  for (const Case& c : {
           Case{"", ""},
           Case{"  # why", ""},
           Case{"Scikit_Learn == 1.5.2  # pinned", "scikit-learn==1.5.2"},
           Case{"numpy>=1.26,<2", "numpy>=1.26,<2"},
           Case{"numpy (>=1.26, <2)", "numpy(>=1.26,<2)"},
           Case{"torch==2.8.*", "torch==2.8.*"},
           Case{"ray[tune, default]~=2.0", "ray[tune,default]~=2.0"},
           Case{"x === whatever-1", "x===whatever-1"},
           Case{"tf ; sys_platform == 'linux' and (python_version<'3.12' or extra == 'a')",
                "tf ; sys_platform == 'linux' and (python_version<'3.12' or extra == 'a')"},
           Case{"a @ https://example.org/a-1.whl ; os_name in 'posix nt'",
                "a @ https://example.org/a-1.whl ; os_name in 'posix nt'"},
           Case{"git+https://example.org/x.git@v1#egg=x", "git+https://example.org/x.git@v1#egg=x"},
           Case{"six==1.0 --hash=sha256:abc", "six==1.0 --hash=sha256:abc"},
           Case{"--index-url https://a.example/simple", "--index-url https://a.example/simple"},
           Case{"--index-url=https://a.example/simple", "--index-url=https://a.example/simple"},
           Case{"--pre", "--pre"},
       }) {
    const Requirement line = ReadRequirement(c.line);
    EXPECT_FALSE(line.problem) << c.line << ": " << line.problem->message;
    EXPECT_EQ(line.text, c.text);
  }
  EXPECT_EQ(ReadRequirement("-r more.txt").file, "more.txt");
}

TEST(Requirement, WhatPipCannotReadIsToldWithItsPlace) {
  struct Case {
    std::string_view line, marked, words;
  };
  for (const Case& c : {
           Case{"numpy=1.26", "=1.26", "conda's words"},
           Case{"numpy 1.26", "1.26", "without a comparison"},
           Case{"numpy>=1.2 <2", "<2", "means nothing"},
           Case{"numpy>=", ">=", "no version"},
           Case{"pandas =! 2", "=!", "compares nothing"},
           Case{"pandas<>2", "<>", "compares nothing"},
           Case{"pandas>=1, =< 2", "=<", "compares nothing"},
           Case{"numpy[extra", "[extra", "without its"},
           Case{"-numpy", "-numpy", "an option"},
           Case{"!numpy", "!numpy", "no name"},
           Case{"a @ nowhere", "nowhere", "no address"},
           Case{"a ; pythn_version > '3'", "pythn_version", "pythn_version"},
           Case{"a ; python_version 3", "3", "no comparison"},
           Case{"a ; python_version > '3", "'3", "without an end"},
           Case{"a ;", ";", ""},
           Case{"./wheel.whl", "./wheel.whl", "names a path"},
           Case{"-e .", "-e", "list the packages themselves"},
           Case{"--index-url", "--index-url", "no value"},
       }) {
    const Requirement line = ReadRequirement(c.line);
    ASSERT_TRUE(line.problem) << c.line;
    EXPECT_NE(line.problem->message.find(c.words), std::string::npos) << line.problem->message;
    if (c.marked == ";") continue;
    EXPECT_EQ(c.line.substr(line.problem->offset, line.problem->length), c.marked) << c.line;
  }
  EXPECT_EQ(ReadRequirement("pandas =! 2").problem->suggestion, "did you mean \"pandas!=2\"?");
  EXPECT_EQ(ReadRequirement("pandas => 2 ; os_name == 'nt'").problem->suggestion,
            "did you mean \"pandas>=2\"?");
  EXPECT_EQ(ReadRequirement("--index-ulr https://x").problem->suggestion,
            "did you mean \"--index-url\"?");
}

TEST(Requirement, CredentialsAreTakenOutOfAddresses) {
  EXPECT_EQ(RedactCredentials("get https://ada:s3cret@a.example/x?y and http://t@b/ done"),
            "get https://***@a.example/x?y and http://***@b/ done");
  EXPECT_EQ(RedactCredentials("git+https://example.org/x.git@v1"),
            "git+https://example.org/x.git@v1");
  EXPECT_EQ(RedactCredentials("https://p@ss:w@rd@host"), "https://***@host");
  EXPECT_EQ(RedactCredentials("a@b nothing ://"), "a@b nothing ://");
  const Requirement line = ReadRequirement("a=1 @ https://ada:s3cret@a.example/x");
  EXPECT_EQ(line.problem->message.find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace lazurite::environment
