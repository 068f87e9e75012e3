// The machine around the scheduler: GPUs as their drivers tell of them, and what others on the
// machine hold. Belongs to the scheduler's thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/compute/gpu_watch.h"
#include "domain/compute/slot_board.h"
#include "engine/scheduler/placement.h"

namespace lazurite::scheduler {

struct SurroundingsOptions {
  Machine machine;                   // its GPUs count only without a watch
  GpuWatch* gpus = nullptr;          // there until the scheduler is stopped, which it wakes
  std::optional<SlotBoard> board{};  // without one nothing is locked and nobody else is seen
  // What is known of the processes on the GPUs is good for so long.
  std::chrono::milliseconds fresh_max{2000};
};

class Surroundings final {
 public:
  explicit Surroundings(SurroundingsOptions options);

  // Looks again: at most once a second, but at once if somebody waits for a GPU and either begins
  // to, or the driver has told news, or other jobs have GPUs now. `running` are this server's own
  // jobs.
  void Look(const std::vector<Held>& running, bool is_waited_for);
  const Machine& machine() const { return machine_; }
  // Sees to it, if somebody waits for GPUs, that what is known of the processes on them is not too
  // old: else machine() says that the driver is asked, and the watch tells when it has answered.
  void AskGpus(bool is_waited_for);

  // Locks what was chosen, and writes down how into `placed`. False if others were faster: nothing
  // of it is locked then, and machine() knows the holders.
  bool Take(std::vector<Placed>& placed);
  // The same for one whose place was chosen earlier; what is locked already stays so. kConflict
  // names the holder.
  Status TakeAgain(Placed& placed);
  // Gives back what is not held for these.
  void KeepOnly(const std::set<AttemptKey>& attempts);
  // The folder in which servers of other users look; "" = none.
  std::string folder() const { return options_.board ? options_.board->folder() : ""; }

 private:
  bool IsUrgent(const std::vector<Held>& running, bool is_waited_for);
  void LookAtGpus(const std::vector<Held>& running);
  void FindHolder(Device& device, int own, const std::vector<GpuUser>& users) const;
  Status TakeOne(const Device& device, Placed& placed);
  Device* DeviceOf(const std::string& name);
  void PrepareFiles();
  void KeepYoung();

  const SurroundingsOptions options_;
  Machine machine_;
  size_t prepared_ = 0;  // GPUs whose lock files were made
  std::chrono::steady_clock::time_point looked_{}, touched_{};
  bool was_waited_for_ = false;
  std::set<AttemptKey> holders_;  // own attempts with GPUs, at the last look
  // The look of the watch by which machine_ is, and the one that was asked for.
  int looks_ = 0, awaited_ = 0;
  std::chrono::steady_clock::time_point look_begun_{}, look_done_{}, asked_{};
  std::map<AttemptKey, std::vector<std::pair<AttemptLock, Fd>>> locks_;
};

}  // namespace lazurite::scheduler
