// GPUs as their drivers tell of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace lazurite {

struct Gpu {
  std::string name;    // as the driver's variables take it: "0", "MIG-<uuid>"
  std::string vendor;  // "nvidia", "amd"
  std::string id;      // the same for every program of this machine: the uuid, else the name
  std::string model;   // "NVIDIA H100 80GB HBM3", "" if not known
  int64_t memory_bytes = 0;
};

// One way to ask. Calls may take as long as a driver takes; one thread at a time.
class GpuDriver {
 public:
  virtual ~GpuDriver() = default;
  virtual std::vector<Gpu> List() = 0;
  // The processes that compute on each GPU of the last List, in its order.
  virtual std::vector<std::vector<pid_t>> Processes() = 0;
};

// NVIDIA's, by its library (libnvidia-ml.so.1, loaded now): GPUs in the order of the bus, as
// CUDA_DEVICE_ORDER=PCI_BUS_ID numbers them; of a GPU in MIG mode its slices. kUnavailable without
// the library or a driver behind it.
Result<std::unique_ptr<GpuDriver>> OpenNvml(const std::string& library = "libnvidia-ml.so.1");

// AMD's, by the kernel's topology below `root`/sys/class/kfd; no GPUs where there is none.
std::unique_ptr<GpuDriver> OpenKfd(const std::string& root = "");

// Where NVIDIA's library is missing (containers may have CUDA without it): the device files that
// can be opened. It knows of no processes.
std::unique_ptr<GpuDriver> OpenDeviceFiles();

// As many as told, for machines without any: their only signs are the lock files (slot_board.h).
std::unique_ptr<GpuDriver> PretendGpus(int count);

}  // namespace lazurite
