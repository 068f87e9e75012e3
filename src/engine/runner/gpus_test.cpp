#include "engine/runner/gpus.h"

#include <gtest/gtest.h>

namespace lazurite::runner {
namespace {

AttemptSpec With(std::vector<std::string> gpus, const std::string& vendor, int instances = 1) {
  AttemptSpec spec;
  spec.gpus = std::move(gpus);
  spec.gpu_vendor = vendor;
  spec.instance_count = instances;
  return spec;
}

Variables Seen(const AttemptSpec& spec, int node = 0) {
  Variables out;
  AddGpuVariables(spec, DevicesOf(spec, node), out);
  return out;
}

TEST(Gpus, SlicesAreGivenByTheirUuids) {
  const Variables seen = Seen(With({"MIG-a", "MIG-b"}, "nvidia"));
  EXPECT_EQ(seen.at("CUDA_VISIBLE_DEVICES"), "MIG-a,MIG-b");
  EXPECT_EQ(seen.at("NVIDIA_VISIBLE_DEVICES"), "MIG-a,MIG-b");
  EXPECT_EQ(seen.at("ROCR_VISIBLE_DEVICES"), "");
}

TEST(Gpus, AmdCountsWhatIsLeftFromZero) {
  const Variables seen = Seen(With({"2", "3"}, "amd"));
  EXPECT_EQ(seen.at("ROCR_VISIBLE_DEVICES"), "2,3");
  EXPECT_EQ(seen.at("HIP_VISIBLE_DEVICES"), "0,1");
  EXPECT_EQ(seen.at("CUDA_VISIBLE_DEVICES"), "0,1");
  EXPECT_EQ(seen.at("NVIDIA_VISIBLE_DEVICES"), "");
}

TEST(Gpus, NodesSeeDifferentOnes) {
  const AttemptSpec spec = With({"0", "1", "4", "5"}, "nvidia", 2);
  EXPECT_EQ(Seen(spec, 0).at("CUDA_VISIBLE_DEVICES"), "0,1");
  EXPECT_EQ(Seen(spec, 1).at("CUDA_VISIBLE_DEVICES"), "4,5");
}

TEST(Gpus, AJobWithoutGpusHasAllVariablesEmpty) {
  const Variables seen = Seen(With({}, "nvidia"));
  EXPECT_EQ(seen.size(), 4U);
  for (const auto& [name, value] : seen) EXPECT_EQ(value, "") << name;
}

}  // namespace
}  // namespace lazurite::runner
