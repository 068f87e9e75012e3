#include "domain/environment/conda_line.h"

#include <gtest/gtest.h>

#include "domain/environment/pep440.h"

namespace lazurite::environment {
namespace {

TEST(CondaLine, WhatCondaReadsIsTaken) {
  struct Case {
    std::string_view line, name, version;
  };
  for (const Case& c : {
           Case{"numpy", "numpy", ""},
           Case{"_libgcc_mutex=0.1=main", "_libgcc_mutex", "=0.1=main"},
           Case{"conda-forge::Numpy >=1.26", "numpy", ">=1.26"},
           Case{"https://example.org/mine::six", "six", ""},
           Case{"pkgs/main/linux-64::six=1", "six", "=1"},
           Case{"ruamel.yaml=0.18", "ruamel.yaml", "=0.18"},
           Case{"numpy=1.26", "numpy", "=1.26"},
           Case{"numpy==1.26.4", "numpy", "==1.26.4"},
           Case{"numpy>=1,<2", "numpy", ">=1,<2"},
           Case{"numpy >= 1, != 1.5.*, < 2", "numpy", ">= 1, != 1.5.*, < 2"},
           Case{"numpy~=1.5", "numpy", "~=1.5"},
           Case{"numpy=1.25|1.26", "numpy", "=1.25|1.26"},
           Case{"numpy=1.26=py311_0", "numpy", "=1.26=py311_0"},
           Case{"blas=*=*mkl*", "blas", "=*=*mkl*"},
           Case{"numpy 1.26 py311_0", "numpy", "1.26 py311_0"},
           Case{"numpy >=1,<2 py311_0", "numpy", ">=1,<2 py311_0"},
           Case{"numpy 1.26.*", "numpy", "1.26.*"},
           Case{"numpy *", "numpy", "*"},
           Case{"tzdata=2024a", "tzdata", "=2024a"},
           Case{"x=1!2.0+cpu", "x", "=1!2.0+cpu"},
           Case{"pip>=23", "pip", ">=23"},
           Case{"pip 23.1", "pip", "23.1"},
       }) {
    const CondaLine line = ReadCondaLine(c.line);
    EXPECT_FALSE(line.problem) << c.line << ": " << line.problem->message;
    EXPECT_EQ(line.name, c.name);
    EXPECT_EQ(line.version, c.version);
  }
}

TEST(CondaLine, WhatCondaCannotReadIsToldWithItsPlace) {
  struct Case {
    std::string_view line, marked, words;
  };
  for (const Case& c : {
           Case{"pip - rich", "pip", "no colon after \"pip\""},
           Case{"pip rich", "pip", "no colon after \"pip\""},
           Case{"pip:- rich", "pip", "no colon after \"pip\""},
           Case{"rich 13 xx yy", "yy", "after the version and the build"},
           Case{"numpy >> 1", ">>", "compares nothing"},
           Case{"numpy=!1", "=!", "compares nothing"},
           Case{"rich foo", "foo", "after the name"},
           Case{"rich;x", ";x", "a condition"},
           Case{"rich; python_version > '3'", "; python_version > '3'", "a condition"},
           Case{"-rich", "-rich", "no name"},
           Case{"-r more.txt", "-r", "no name"},
           Case{"https://example.org/rich.conda", "https://example.org/rich.conda", "an address"},
           Case{"git+https://example.org/x.git", "git+https://example.org/x.git", "an address"},
           Case{"rich @ https://example.org/x.whl", "@ https://example.org/x.whl", "an address"},
           Case{"ray[tune]>=2", "[tune]>=2", "no extras"},
           Case{"numpy=1.26[build=x]", "[build=x]", "no extras"},
           Case{"rich - six", "- six", "same column"},
           Case{"rich=13 - six", "- six", "same column"},
           Case{"rich six=1", "six=1", "after the name"},
           Case{"rich, six", ", ", "after the name"},
           Case{"numpy=", "=", "no version"},
           Case{"numpy=latest", "=latest", "no version"},
           Case{"numpy>=1,", "", "no version"},
           Case{"numpy=1==x", "==x", "after the version"},
           Case{"./rich.conda", "./rich.conda", "no name"},
           Case{"3.11", "3.11", "no name"},
           Case{"::numpy", "::", "no channel"},
           Case{"a b::numpy", "a b", "no channel"},
           Case{"numpy!", "!", "no version"},
           Case{"\xc3\xa9tude", "\xc3\xa9tude", "no name"},
       }) {
    const CondaLine line = ReadCondaLine(c.line);
    ASSERT_TRUE(line.problem) << c.line;
    EXPECT_NE(line.problem->message.find(c.words), std::string::npos) << line.problem->message;
    if (c.marked.empty() || c.marked == ", ") continue;
    EXPECT_EQ(c.line.substr(line.problem->offset, line.problem->length), c.marked) << c.line;
  }
  EXPECT_EQ(ReadCondaLine("numpy >> 1").problem->suggestion, "did you mean \"numpy>=1\"?");
  const CondaLine secret = ReadCondaLine("https://ada:s3cret@example.org/x.conda");
  EXPECT_EQ(secret.problem->message.find("s3cret"), std::string::npos);
}

TEST(Pep440, KnowsWhatPipCanRead) {
  for (const std::string_view good : {"1", "1.2.3", "v1.0", "2!1.0", "1.0rc1", "1.0.post1.dev2",
                                      "1.0-beta.2", "2024a", "1.0+cpu.1", "1.0a"}) {
    EXPECT_TRUE(IsPep440(good)) << good;
  }
  for (const std::string_view bad :
       {"", "9e", "1.1.1w", "1..2", "1.", "x", "1.0.dev1.post1", "1.0+", "!1", "1.*.3", "1.0-"}) {
    EXPECT_FALSE(IsPep440(bad)) << bad;
  }
}

}  // namespace
}  // namespace lazurite::environment
