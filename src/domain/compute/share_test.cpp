#include "domain/compute/share.h"

#include <gtest/gtest.h>

namespace lazurite {
namespace {

Json Compute(const std::string& own) {
  Json properties = Json::MakeObject();
  properties["properties"] = *Json::Parse(own);
  return properties;
}

TEST(Share, KnowsTheSizesOfAzureWhateverTheirSpelling) {
  for (const char* name : {"Standard_NC6s_v3", "STANDARD_NC6S_V3", "nc6s_v3"}) {
    const std::optional<Share> share = SizeShare(name);
    ASSERT_TRUE(share.has_value()) << name;
    EXPECT_EQ(share->cpus, 6);
    EXPECT_EQ(share->gpus, 1);
    EXPECT_EQ(share->memory_bytes, int64_t{112} << 30);
  }
  EXPECT_EQ(SizeShare("STANDARD_DS3_v2")->cpus, 4);
  EXPECT_EQ(SizeShare("STANDARD_DS3_v2")->gpus, 0);
  EXPECT_EQ(SizeShare("Standard_ND96asr_v4")->gpus, 8);
  EXPECT_EQ(SizeShare("Standard_DS1_v2")->memory_bytes, (int64_t{7} << 30) / 2);
}

TEST(Share, AnUnknownSizeIsToldWithTheNearest) {
  EXPECT_FALSE(SizeShare("Standard_NC6s_v9"));
  const Status status = CheckShape(*Json::Parse(R"({"vmSize": "STANDARD_NC6_v3"})"));
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.text().find("did you mean Standard_NC6s_v3?"), std::string::npos)
      << status.text();
  EXPECT_EQ(NearestSize("a-very-different-word"), "");
}

TEST(Share, AnOwnNameNeedsOwnFigures) {
  EXPECT_TRUE(CheckShape(*Json::Parse(R"({"vmSize": "half a card", "gpus": 1})")).ok());
  EXPECT_FALSE(CheckShape(*Json::Parse(R"({"gpus": -1})")).ok());
  EXPECT_FALSE(CheckShape(*Json::Parse(R"({"cpus": 0})")).ok());
  EXPECT_FALSE(CheckShape(*Json::Parse(R"({"memory": 16})")).ok());
}

TEST(Share, ItsOwnFieldsGoOverThoseOfTheSize) {
  const ComputeShape shape = ShapeOf(Compute(
      R"({"vmSize": "Standard_NC12s_v3", "gpus": 1, "memory": "10GiB",
          "scaleSettings": {"maxNodeCount": 0}, "vmPriority": "LowPriority"})"));
  EXPECT_EQ(shape.instance.cpus, 12);
  EXPECT_EQ(shape.instance.gpus, 1);
  EXPECT_EQ(shape.instance.memory_bytes, int64_t{10} << 30);
  EXPECT_EQ(shape.instances_max, 0);
  EXPECT_TRUE(shape.is_spot);
}

TEST(Share, ReadsMemoryWithItsUnit) {
  EXPECT_EQ(*ParseMemory("2g"), int64_t{2} << 30);
  EXPECT_EQ(*ParseMemory("16GB"), 16'000'000'000);
  EXPECT_EQ(*ParseMemory("0.5 GiB"), int64_t{512} << 20);
  EXPECT_EQ(*ParseMemory("512Mi"), int64_t{512} << 20);
  for (const char* wrong : {"", "16", "GB", "-1g", "1.2.3g", "0g", "4 parsecs", "1e9t"}) {
    EXPECT_FALSE(ParseMemory(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace lazurite
