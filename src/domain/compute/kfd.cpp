// AMD's GPUs as the kernel's compute driver shows them, and GPUs without a driver to ask.
#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "domain/compute/gpu.h"
#include "domain/compute/machine.h"

namespace lazurite {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 16;

std::string Look(const std::string& path) {
  const Result<std::string> content = ReadFile(path, kFileBytesMax);
  return content.ok() ? std::string(Trim(*content)) : std::string();
}

// Lines of "name value".
std::map<std::string, int64_t> Numbers(const std::string& text) {
  std::map<std::string, int64_t> numbers;
  for (const std::string_view line : Split(text, '\n')) {
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    if (const auto number = ParseInt(Trim(line.substr(blank + 1)))) {
      numbers[std::string(line.substr(0, blank))] = *number;
    }
  }
  return numbers;
}

class Kfd final : public GpuDriver {
 public:
  explicit Kfd(const std::string& root) : folder_(root + "/sys/class/kfd/kfd") {}

  std::vector<Gpu> List() override {
    std::vector<Gpu> gpus;
    ids_.clear();
    const std::string nodes = folder_ + "/topology/nodes";
    std::vector<int64_t> numbers;
    const Result<std::vector<std::string>> names = ListDir(nodes);
    if (!names.ok()) return gpus;
    for (const std::string& name : *names) {
      if (const auto number = ParseInt(name)) numbers.push_back(*number);
    }
    std::sort(numbers.begin(), numbers.end());
    for (const int64_t number : numbers) Add(nodes + "/" + std::to_string(number), gpus);
    return gpus;
  }

  // A process that computes has a folder with a file for each GPU on which it has memory.
  std::vector<std::vector<pid_t>> Processes() override {
    std::vector<std::vector<pid_t>> all(ids_.size());
    const Result<std::vector<std::string>> processes = ListDir(folder_ + "/proc");
    if (!processes.ok()) return all;
    for (const std::string& name : *processes) {
      const auto pid = ParseInt(name);
      if (!pid) continue;
      for (size_t i = 0; i < ids_.size(); ++i) {
        const auto bytes = ParseInt(Look(folder_ + "/proc/" + name + "/vram_" + ids_[i]));
        if (bytes && *bytes > 0) all[i].push_back(static_cast<pid_t>(*pid));
      }
    }
    return all;
  }

 private:
  // Nodes that are CPUs have no SIMD units.
  void Add(const std::string& node, std::vector<Gpu>& gpus) {
    std::map<std::string, int64_t> facts = Numbers(Look(node + "/properties"));
    if (facts["simd_count"] <= 0) return;
    const std::string id = Look(node + "/gpu_id");
    if (id.empty() || id == "0") return;
    const int64_t unique = facts["unique_id"];
    int64_t memory = 0;
    const Result<std::vector<std::string>> banks = ListDir(node + "/mem_banks");
    for (const std::string& bank : banks.ok() ? *banks : std::vector<std::string>()) {
      memory += Numbers(Look(node + "/mem_banks/" + bank + "/properties"))["size_in_bytes"];
    }
    gpus.push_back({.name = std::to_string(gpus.size()),
                    .vendor = "amd",
                    .id = "amd-" + (unique != 0 ? std::to_string(unique) : id),
                    .model = Look(node + "/name"),
                    .memory_bytes = memory});
    ids_.push_back(id);
  }

  const std::string folder_;
  std::vector<std::string> ids_;
};

// GPUs of which only the number is known.
class Counted final : public GpuDriver {
 public:
  explicit Counted(size_t count) : count_(count) {}
  std::vector<Gpu> List() override {
    std::vector<Gpu> gpus;
    for (size_t i = 0; i < count_; ++i) {
      const std::string name = std::to_string(i);
      gpus.push_back(
          {.name = name, .vendor = "nvidia", .id = name, .model = "", .memory_bytes = 0});
    }
    return gpus;
  }
  std::vector<std::vector<pid_t>> Processes() override {
    return std::vector<std::vector<pid_t>>(count_);
  }

 private:
  const size_t count_;
};

}  // namespace

std::unique_ptr<GpuDriver> OpenKfd(const std::string& root) { return std::make_unique<Kfd>(root); }

std::unique_ptr<GpuDriver> OpenDeviceFiles() { return PretendGpus(GpuDeviceFiles()); }

std::unique_ptr<GpuDriver> PretendGpus(int count) {
  return std::make_unique<Counted>(static_cast<size_t>(std::max(0, count)));
}

}  // namespace lazurite
