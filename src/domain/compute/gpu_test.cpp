#include "domain/compute/gpu.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "base/file.h"
#include "domain/compute/gpu_watch.h"

namespace lazurite {
namespace {

class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/lazurite-gpu-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    root_ = pattern;
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(root_).ok()); }
  void Write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(MakeDirs(DirName(root_ + path)).ok());
    ASSERT_TRUE(WriteFile(root_ + path, text).ok());
  }
  std::string root_;
};

// A library with NVIDIA's functions: one whole card, one in two slices.
constexpr const char* kLibrary = R"(
#include <string.h>
#include <stdio.h>
typedef struct { unsigned pid; unsigned long long bytes; unsigned a, b; } process;
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* n) { *n = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void** h) {
  *h = (void*)(unsigned long)(i + 1); return 0; }
int nvmlDeviceGetUUID(void* h, char* out, unsigned n) {
  unsigned long at = (unsigned long)h;
  snprintf(out, n, at > 10 ? "MIG-%lu" : "GPU-%lu", at); return 0; }
int nvmlDeviceGetName(void* h, char* out, unsigned n) { snprintf(out, n, "Card"); return 0; }
int nvmlDeviceGetMemoryInfo(void* h, unsigned long long* m) { m[0] = 80ull << 30; return 0; }
int nvmlDeviceGetMigMode(void* h, unsigned* now, unsigned* then) {
  *now = *then = h == (void*)2; return 0; }
int nvmlDeviceGetMaxMigDeviceCount(void* h, unsigned* n) { *n = 7; return 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(void* h, unsigned i, void** out) {
  if (i != 0 && i != 3) return 6;
  *out = (void*)(unsigned long)(11 + i); return 0; }
int nvmlDeviceGetComputeRunningProcesses_v3(void* h, unsigned* n, process* out) {
  *n = 0;
  if (h == (void*)14) { out[0].pid = 4711; *n = 1; }
  return 0; }
)";

TEST_F(GpuTest, ReadsCardsSlicesAndProcessesFromTheDriversLibrary) {
  Write("/nvml.c", kLibrary);
  const std::string library = root_ + "/libnvidia-ml.so.1";
  const std::string build = "cc -w -shared -fPIC -o " + library + " " + root_ + "/nvml.c";
  ASSERT_EQ(std::system(build.c_str()), 0);
  Result<std::unique_ptr<GpuDriver>> driver = OpenNvml(library);
  ASSERT_TRUE(driver.ok()) << driver.status().text();
  const std::vector<Gpu> gpus = (*driver)->List();
  ASSERT_EQ(gpus.size(), 3U);
  EXPECT_EQ(gpus[0].name, "0");
  EXPECT_EQ(gpus[0].id, "GPU-1");
  EXPECT_EQ(gpus[0].model, "Card");
  EXPECT_EQ(gpus[0].memory_bytes, int64_t{80} << 30);
  EXPECT_EQ(gpus[1].name, "MIG-11");
  EXPECT_EQ(gpus[2].name, "MIG-14");
  const std::vector<std::vector<pid_t>> processes = (*driver)->Processes();
  ASSERT_EQ(processes.size(), 3U);
  EXPECT_TRUE(processes[0].empty());
  EXPECT_EQ(processes[2], std::vector<pid_t>{4711});
}

TEST_F(GpuTest, AMissingLibraryIsSaid) {
  const auto driver = OpenNvml(root_ + "/none.so");
  EXPECT_EQ(driver.status().code(), Code::kUnavailable);
}

TEST_F(GpuTest, ReadsAmdsFromTheKernel) {
  const std::string nodes = "/sys/class/kfd/kfd/topology/nodes/";
  Write(nodes + "0/properties", "cpu_cores_count 64\nsimd_count 0\n");
  Write(nodes + "0/gpu_id", "0\n");
  Write(nodes + "1/properties", "simd_count 440\nunique_id 81985529216486895\n");
  Write(nodes + "1/gpu_id", "51140\n");
  Write(nodes + "1/name", "gfx90a\n");
  Write(nodes + "1/mem_banks/0/properties", "heap_type 1\nsize_in_bytes 68702699520\n");
  Write(nodes + "10/properties", "simd_count 440\n");
  Write(nodes + "10/gpu_id", "777\n");
  Write("/sys/class/kfd/kfd/proc/4711/vram_777", "1048576\n");
  Write("/sys/class/kfd/kfd/proc/4711/vram_51140", "0\n");
  const auto driver = OpenKfd(root_);
  const std::vector<Gpu> gpus = driver->List();
  ASSERT_EQ(gpus.size(), 2U);
  EXPECT_EQ(gpus[0].name, "0");
  EXPECT_EQ(gpus[0].vendor, "amd");
  EXPECT_EQ(gpus[0].id, "amd-81985529216486895");
  EXPECT_EQ(gpus[0].memory_bytes, 68702699520);
  EXPECT_EQ(gpus[1].id, "amd-777");
  EXPECT_EQ(driver->Processes(), (std::vector<std::vector<pid_t>>{{}, {4711}}));
}

TEST_F(GpuTest, TheWatchTellsWhenItHasLookedAndHoldsUpNobody) {
  std::atomic<int> told = 0;
  const auto begin = std::chrono::steady_clock::now();
  GpuWatch watch(3);
  EXPECT_FALSE(watch.View().is_known);
  watch.Start([&told] { ++told; });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(200));
  for (int i = 0; i < 1000 && told == 0; ++i) usleep(5000);
  GpuView view = watch.View();
  EXPECT_TRUE(view.is_known);
  ASSERT_EQ(view.gpus.size(), 3U);
  EXPECT_EQ(view.gpus[2].name, "2");
  EXPECT_EQ(view.looks, 1);
  watch.Look();
  for (int i = 0; i < 1000 && told == 1; ++i) usleep(5000);
  EXPECT_EQ(watch.View().looks, 2);
}

std::vector<std::string> SeenUnder(const char* visible) {
  setenv("CUDA_VISIBLE_DEVICES", visible, 1);
  std::atomic<bool> is_told = false;
  GpuWatch watch([] {
    std::vector<std::unique_ptr<GpuDriver>> drivers;
    drivers.push_back(PretendGpus(3));
    return drivers;
  });
  watch.Start([&is_told] { is_told = true; });
  for (int i = 0; i < 1000 && !is_told; ++i) usleep(5000);
  unsetenv("CUDA_VISIBLE_DEVICES");
  std::vector<std::string> names;
  for (const Gpu& gpu : watch.View().gpus) names.push_back(gpu.name);
  return names;
}

TEST_F(GpuTest, OnlyWhatTheServerWasGivenIsSeen) {
  EXPECT_EQ(SeenUnder("2, 0"), (std::vector<std::string>{"0", "2"}));
  EXPECT_EQ(SeenUnder(""), std::vector<std::string>{});
  EXPECT_EQ(SeenUnder("-1"), std::vector<std::string>{});
}

TEST_F(GpuTest, AProcessIsToldWithItsNameAndUser) {
  const std::string words = ProcessWords(getpid());
  EXPECT_TRUE(words.starts_with("process " + std::to_string(getpid()) + " (")) << words;
  EXPECT_TRUE(words.ends_with(" of user " + UserName(geteuid()))) << words;
}

}  // namespace
}  // namespace lazurite
