#include "domain/environment/environment.h"

#include <gtest/gtest.h>

namespace lazurite {
namespace {

TEST(EnvironmentSpec, ComesBackFromJsonAsItWas) {
  EnvironmentSpec spec;
  spec.name = "train";
  spec.version = "3";
  spec.image = "python:3.11";
  spec.conda = "dependencies:\n- python=3.11\n";
  spec.build["dockerfilePath"] = "Dockerfile";
  const Result<EnvironmentSpec> read = EnvironmentSpec::FromJson(spec.ToJson());
  ASSERT_TRUE(read.ok()) << read.status().text();
  EXPECT_EQ(read->ToJson().Dump(), spec.ToJson().Dump());
}

TEST(EnvironmentSpec, NamesTheMemberThatIsNoText) {
  const Result<Json> json = Json::Parse(R"({"image": 3})");
  ASSERT_TRUE(json.ok());
  const Result<EnvironmentSpec> read = EnvironmentSpec::FromJson(*json);
  EXPECT_EQ(read.status().code(), Code::kInvalidArgument);
  EXPECT_NE(read.status().text().find("image"), std::string::npos);
  EXPECT_FALSE(EnvironmentSpec::FromJson(Json("x")).ok());
}

}  // namespace
}  // namespace lazurite
