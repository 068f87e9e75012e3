#include "app/cli/server_problems.h"

#include <gtest/gtest.h>

namespace lazurite::cli {
namespace {

TEST(ServerProblems, PathsOfTheTableAreRespelled) {
  EXPECT_EQ(YamlPathOf("commandJob", "properties.resources.instanceCount"),
            "resources.instance_count");
  EXPECT_EQ(YamlPathOf("commandJob", "properties.inputs.dayData.uri"), "inputs.dayData.path");
}

TEST(ServerProblems, NamesOfEntriesStayAsTheyAre) {
  EXPECT_EQ(YamlPathOf("commandJob", "properties.inputs.dayData"), "inputs.dayData");
  EXPECT_EQ(YamlPathOf("commandJob", "properties.environmentVariables.HF_TOKEN"),
            "environment_variables.HF_TOKEN");
}

TEST(ServerProblems, WhatIsNoPropertyHasNoPath) {
  EXPECT_EQ(YamlPathOf("commandJob", "identity.type"), "");
  EXPECT_EQ(YamlPathOf("commandJob", ""), "");
}

}  // namespace
}  // namespace lazurite::cli
