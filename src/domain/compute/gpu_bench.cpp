// How long it takes to find the GPUs of this machine (aim: 20 ms), and to look who computes on
// them.
#include <chrono>
#include <cstdio>

#include "domain/compute/gpu.h"

namespace {

template <typename Work>
void Show(const char* what, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  const size_t count = work();
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
  std::printf("%-28s %8.2f ms  (%zu)\n", what, spent.count(), count);
}

}  // namespace

int main() {
  using namespace lazurite;
  Result<std::unique_ptr<GpuDriver>> nvml = Unavailable("");
  Show("NVIDIA's library loaded", [&] {
    nvml = OpenNvml();
    return nvml.ok() ? size_t{1} : size_t{0};
  });
  if (nvml.ok()) {
    Show("NVIDIA's GPUs listed", [&] { return (*nvml)->List().size(); });
    Show("their processes", [&] { return (*nvml)->Processes().size(); });
  }
  const auto kfd = OpenKfd();
  Show("AMD's GPUs listed", [&] { return kfd->List().size(); });
}
