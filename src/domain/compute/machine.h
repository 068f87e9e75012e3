// What this machine has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lazurite {

struct MachineFacts {
  int cores = 1;             // that this process may use (affinity, cgroup quota rounded up)
  int64_t memory_bytes = 0;  // the smaller of the machine's and the cgroup's limit
  std::vector<std::string>
      gpus;  // "0", "1" …: CUDA's numbers, in the order of the bus (CUDA_DEVICE_ORDER=PCI_BUS_ID)
  bool user_namespaces = false;  // this process can make a mount namespace
};

// How many NVIDIA devices this process can open. In a container the driver may tell of more than it
// is given.
int GpuDeviceFiles();

// Looks at /proc, /sys and /dev; about 1 ms, but for user_namespaces, which is tried in a child
// process.
MachineFacts LookAtMachine();

}  // namespace lazurite
