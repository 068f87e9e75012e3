// NVIDIA's management library, loaded at run time. Its functions are called by the names and shapes
// of its published interface.
#include <dlfcn.h>

#include <array>

#include "domain/compute/gpu.h"

namespace lazurite {
namespace {

constexpr int kSuccess = 0;
constexpr int kInsufficientSize = 7;
constexpr unsigned kGpusMax = 256;
constexpr unsigned kProcessesMax = 256;
constexpr size_t kTextMax = 96;

using Handle = void*;

struct Memory {
  unsigned long long total = 0, free = 0, used = 0;
};
// Of the second and third version of the call; the first one has neither of the last two members.
struct Process {
  unsigned pid = 0;
  unsigned long long bytes = 0;
  unsigned gpu_instance = 0, compute_instance = 0;
};
struct OldProcess {
  unsigned pid = 0;
  unsigned long long bytes = 0;
};

struct Api {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, Handle*) = nullptr;
  int (*uuid)(Handle, char*, unsigned) = nullptr;
  int (*name)(Handle, char*, unsigned) = nullptr;
  int (*memory)(Handle, Memory*) = nullptr;
  int (*mig_mode)(Handle, unsigned*, unsigned*) = nullptr;
  int (*mig_count)(Handle, unsigned*) = nullptr;
  int (*mig_handle)(Handle, unsigned, Handle*) = nullptr;
  int (*processes)(Handle, unsigned*, Process*) = nullptr;
  int (*old_processes)(Handle, unsigned*, OldProcess*) = nullptr;
};

template <typename Function>
void Bind(void* library, std::initializer_list<const char*> names, Function& function) {
  for (const char* name : names) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (function != nullptr) return;
  }
}

Api Load(void* library) {
  Api api;
  Bind(library, {"nvmlInit_v2"}, api.init);
  Bind(library, {"nvmlShutdown"}, api.shutdown);
  Bind(library, {"nvmlDeviceGetCount_v2"}, api.count);
  Bind(library, {"nvmlDeviceGetHandleByIndex_v2"}, api.handle);
  Bind(library, {"nvmlDeviceGetUUID"}, api.uuid);
  Bind(library, {"nvmlDeviceGetName"}, api.name);
  Bind(library, {"nvmlDeviceGetMemoryInfo"}, api.memory);
  Bind(library, {"nvmlDeviceGetMigMode"}, api.mig_mode);
  Bind(library, {"nvmlDeviceGetMaxMigDeviceCount"}, api.mig_count);
  Bind(library, {"nvmlDeviceGetMigDeviceHandleByIndex"}, api.mig_handle);
  Bind(library,
       {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"},
       api.processes);
  Bind(library, {"nvmlDeviceGetComputeRunningProcesses"}, api.old_processes);
  return api;
}

class Nvml final : public GpuDriver {
 public:
  explicit Nvml(Api api) : api_(api) {}
  // The library stays loaded: a driver that is unloaded while another thread of it runs is none.
  ~Nvml() override {
    if (api_.shutdown != nullptr) api_.shutdown();
  }

  std::vector<Gpu> List() override {
    std::vector<Gpu> gpus;
    handles_.clear();
    unsigned count = 0;
    if (api_.count(&count) != kSuccess) return gpus;
    for (unsigned i = 0; i < std::min(count, kGpusMax); ++i) {
      Handle handle = nullptr;
      if (api_.handle(i, &handle) != kSuccess) continue;
      if (IsSliced(handle)) {
        AddSlices(handle, gpus);
      } else {
        Add(handle, std::to_string(i), gpus);
      }
    }
    return gpus;
  }

  std::vector<std::vector<pid_t>> Processes() override {
    std::vector<std::vector<pid_t>> all;
    for (const Handle handle : handles_) all.push_back(ProcessesOf(handle));
    return all;
  }

 private:
  bool IsSliced(Handle handle) const {
    unsigned current = 0;
    unsigned pending = 0;
    return api_.mig_mode != nullptr && api_.mig_count != nullptr && api_.mig_handle != nullptr &&
           api_.mig_mode(handle, &current, &pending) == kSuccess && current != 0;
  }

  void AddSlices(Handle card, std::vector<Gpu>& gpus) {
    unsigned most = 0;
    if (api_.mig_count(card, &most) != kSuccess) return;
    for (unsigned i = 0; i < std::min(most, kGpusMax); ++i) {
      Handle slice = nullptr;
      // Its places are not all taken.
      if (api_.mig_handle(card, i, &slice) == kSuccess) Add(slice, "", gpus);
    }
  }

  // A slice is called by its uuid; there is no other name that CUDA takes.
  void Add(Handle handle, std::string name, std::vector<Gpu>& gpus) {
    Gpu gpu{.name = std::move(name), .vendor = "nvidia", .id = "", .model = "", .memory_bytes = 0};
    std::array<char, kTextMax> text{};
    if (api_.uuid(handle, text.data(), kTextMax) == kSuccess) gpu.id = text.data();
    if (gpu.name.empty()) gpu.name = gpu.id;
    if (gpu.id.empty()) gpu.id = gpu.name;
    if (gpu.name.empty()) return;
    text = {};
    if (api_.name != nullptr && api_.name(handle, text.data(), kTextMax) == kSuccess) {
      gpu.model = text.data();
    }
    Memory memory;
    if (api_.memory != nullptr && api_.memory(handle, &memory) == kSuccess) {
      gpu.memory_bytes = static_cast<int64_t>(memory.total);
    }
    gpus.push_back(std::move(gpu));
    handles_.push_back(handle);
  }

  template <typename Entry>
  static std::vector<pid_t> Ask(int (*call)(Handle, unsigned*, Entry*), Handle handle) {
    std::array<Entry, kProcessesMax> entries{};
    unsigned count = kProcessesMax;
    const int answer = call(handle, &count, entries.data());
    if (answer != kSuccess && answer != kInsufficientSize) return {};
    std::vector<pid_t> pids;
    for (unsigned i = 0; i < std::min(count, kProcessesMax); ++i) {
      if (entries[i].pid != 0) pids.push_back(static_cast<pid_t>(entries[i].pid));
    }
    return pids;
  }

  std::vector<pid_t> ProcessesOf(Handle handle) const {
    if (api_.processes != nullptr) return Ask(api_.processes, handle);
    if (api_.old_processes != nullptr) return Ask(api_.old_processes, handle);
    return {};
  }

  const Api api_;
  std::vector<Handle> handles_;
};

}  // namespace

Result<std::unique_ptr<GpuDriver>> OpenNvml(const std::string& library) {
  void* const loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) return Unavailable(library + " cannot be loaded");
  const Api api = Load(loaded);
  if (api.init == nullptr || api.count == nullptr || api.handle == nullptr || api.uuid == nullptr) {
    return Unavailable(library + " lacks functions of NVIDIA's interface");
  }
  if (const int answer = api.init(); answer != kSuccess) {
    return Unavailable(library + " finds no driver (error " + std::to_string(answer) + ")");
  }
  return std::unique_ptr<GpuDriver>(std::make_unique<Nvml>(api));
}

}  // namespace lazurite
