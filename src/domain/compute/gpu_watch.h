// Looks at the GPUs in the background, so that a driver that takes its time holds up nothing.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/compute/gpu.h"

namespace lazurite {

// A process that computes on a GPU.
struct GpuUser {
  pid_t pid = 0;
  std::string words;  // "process 4711 (python3) of user anna"
};

struct GpuView {
  bool is_known = false;  // the list has been made
  std::vector<Gpu> gpus;
  std::vector<std::vector<GpuUser>> users;  // of each GPU, when it was last looked at
  int looks = 0;                            // how many times that was
  // The last time: began and was done. Drivers may take long.
  std::chrono::steady_clock::time_point looked{}, done{};
};

// Any thread may call it. Its own thread is left behind, not waited for, when this ends: a driver
// may never answer.
class GpuWatch final {
 public:
  using OpenDrivers = std::function<std::vector<std::unique_ptr<GpuDriver>>()>;

  // `pretended` GPUs, without asking anybody; -1 asks the drivers.
  explicit GpuWatch(int pretended);
  // `open` is called by the watch's own thread. CUDA_VISIBLE_DEVICES and ROCR_VISIBLE_DEVICES of
  // this process bound what is seen.
  explicit GpuWatch(OpenDrivers open);
  ~GpuWatch();

  // Once. `on_look` is called by its thread when something new can be seen, never after this ends.
  void Start(std::function<void()> on_look);

  GpuView View() const;
  int Looks() const;  // as in View()
  // Has the processes looked at again, soon. Calls while a look is under way ask for one more.
  // Returns how many looks there will be when the one asked for is done.
  int Look();

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

// "process 4711 (python3) of user anna"
std::string ProcessWords(pid_t pid);
// What others called something, for a sentence: of it only what is printable ASCII, the rest as
// "?".
std::string OthersWord(std::string_view text);
// The name of the user; "uid 1234" if it has none.
std::string UserName(uid_t user);

}  // namespace lazurite
