#include "spec/docker_args.h"

#include <gtest/gtest.h>

#include "spec/job_reader.h"

namespace lazurite::spec {
namespace {

constexpr int64_t kGibibyte = int64_t{1} << 30;

Json Text(const char* text) { return Json(std::string(text)); }

TEST(DockerArgs, MemoryIsReadInAllOfDockersForms) {
  for (const char* text : {"-m 2g", "-m2g", "-m=2G", "--memory=2g", "--memory 2048m",
                           "--cap-add=X  --memory 2097152k --ipc=host", "-m 1g --memory=2g"}) {
    EXPECT_EQ(MemoryOfDockerArgs(Text(text)).value(), 2 * kGibibyte) << text;
  }
  Json list = Json::MakeArray();
  list.Push("--memory");
  list.Push("1g");
  EXPECT_EQ(MemoryOfDockerArgs(list).value(), kGibibyte);
}

TEST(DockerArgs, WhatAsksForNoMemoryGivesNone) {
  for (const char* text : {"", "--cap-add=X", "--memory-swap=3g", "--shm-size 2g", "--mount a"}) {
    EXPECT_FALSE(MemoryOfDockerArgs(Text(text)).value()) << text;
  }
  EXPECT_FALSE(MemoryOfDockerArgs(Json()).value());
}

TEST(DockerArgs, AWrongSizeIsRefused) {
  for (const char* text : {"--memory=much", "-m", "--memory=-1g", "-m 99999999999999999g"}) {
    EXPECT_EQ(MemoryOfDockerArgs(Text(text)).status().code(), Code::kInvalidArgument) << text;
  }
  EXPECT_EQ(MemoryOfDockerArgs(Text("-m 2q")).status().text(),
            "the memory is \"2q\", expected a number and b, k, m or g, such as --memory=2g");
}

TEST(DockerArgs, CountForAJobThatSaysNothingElseOfMemory) {
  Json job = Json::MakeObject();
  job["jobType"] = "Command";
  job["command"] = "true";
  job["environmentId"] = "azureml:x:1";
  job.Set("resources.dockerArgs", "--memory=1g");
  const Result<JobSpec> asked = ReadJobSpec(job);
  ASSERT_TRUE(asked.ok()) << asked.status().text();
  EXPECT_EQ(asked->memory_bytes_per_instance, kGibibyte);
  job.Set("resources.memory", "3GiB");
  EXPECT_EQ(ReadJobSpec(job)->memory_bytes_per_instance, 3 * kGibibyte);
}

}  // namespace
}  // namespace lazurite::spec
