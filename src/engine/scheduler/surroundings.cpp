#include "engine/scheduler/surroundings.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/text.h"

namespace lazurite::scheduler {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookPause{900};
// A driver that takes longer may never answer.
constexpr std::chrono::seconds kSilentAfter{30};
// Folders for temporary files are swept of what is old.
constexpr std::chrono::hours kTouchPause{1};

std::string WordsOf(const std::vector<GpuUser>& users) {
  std::vector<const GpuUser*> living;
  for (const GpuUser& user : users) {
    if (kill(user.pid, 0) == 0 || errno != ESRCH) living.push_back(&user);
  }
  if (living.empty()) return "";
  const std::string more = std::to_string(living.size() - 1);
  return living.front()->words + (living.size() > 1 ? " and " + more + " more" : "");
}

AttemptKey KeyOf(const Placed& placed) { return {placed.job, placed.attempt}; }

int HeldSeats(const std::vector<Held>& running, const std::string& gpu) {
  int seats = 0;
  for (const Held& held : running) {
    seats += static_cast<int>(std::count(held.gpus.begin(), held.gpus.end(), gpu));
  }
  return seats;
}

}  // namespace

Surroundings::Surroundings(SurroundingsOptions options)
    : options_(std::move(options)), machine_(options_.machine) {
  machine_.is_looking = options_.gpus != nullptr;
}

bool Surroundings::IsUrgent(const std::vector<Held>& running, bool is_waited_for) {
  std::set<AttemptKey> holders;
  for (const Held& held : running) {
    if (!held.gpus.empty()) holders.emplace(held.ask.job, held.ask.attempt);
  }
  const bool is_changed = holders != holders_ || !was_waited_for_;
  holders_ = std::move(holders);
  was_waited_for_ = is_waited_for;
  if (!is_waited_for) return false;
  return is_changed || (options_.gpus != nullptr && options_.gpus->Looks() != looks_);
}

void Surroundings::Look(const std::vector<Held>& running, bool is_waited_for) {
  const auto now = steady_clock::now();
  if (!IsUrgent(running, is_waited_for) && now - looked_ < kLookPause) return;
  looked_ = now;
  LookAtGpus(running);
  if (!options_.board) return;
  const Elsewhere elsewhere = options_.board->LookElsewhere();
  machine_.slots_elsewhere = elsewhere.slots;
  machine_.memory_elsewhere = elsewhere.memory_bytes;
  machine_.elsewhere = elsewhere.words;
  KeepYoung();
}

void Surroundings::LookAtGpus(const std::vector<Held>& running) {
  std::vector<std::vector<GpuUser>> users;
  if (options_.gpus != nullptr) {
    GpuView view = options_.gpus->View();
    machine_.is_looking = !view.is_known;
    looks_ = view.looks;
    look_begun_ = view.looked;
    look_done_ = view.done;
    machine_.gpus.clear();
    for (Gpu& gpu : view.gpus) {
      machine_.gpus.push_back({.name = std::move(gpu.name),
                               .id = std::move(gpu.id),
                               .vendor = std::move(gpu.vendor),
                               .model = std::move(gpu.model),
                               .memory_bytes = gpu.memory_bytes});
    }
    users = std::move(view.users);
  }
  if (machine_.gpus.size() != prepared_) PrepareFiles();
  users.resize(machine_.gpus.size());
  for (size_t i = 0; i < machine_.gpus.size(); ++i) {
    Device& device = machine_.gpus[i];
    FindHolder(device, HeldSeats(running, device.name), users[i]);
  }
}

void Surroundings::PrepareFiles() {
  prepared_ = machine_.gpus.size();
  if (!options_.board) return;
  for (const Device& device : machine_.gpus) {
    const Status made = options_.board->Prepare(options_.board->PartOf(device.LockId()));
    if (made.ok()) continue;
    Log(LogLevel::kWarning, "scheduler: a GPU cannot be locked against other servers",
        {{"gpu", device.name}, {"error", made.text()}});
  }
}

// What our own jobs hold is no business of others, and their processes are ours.
void Surroundings::FindHolder(Device& device, int own, const std::vector<GpuUser>& users) const {
  device.holder.clear();
  device.seats_elsewhere = 0;
  const int seats = machine_.seats_per_gpu;
  if (own > 0 && seats == 1) return;
  if (options_.board) {
    const std::string& id = device.LockId();
    const std::optional<SlotHolder> holder = options_.board->HolderOf(options_.board->PartOf(id));
    if (holder && seats == 1) {
      device.holder = holder->words;
      return;
    }
    for (int seat = 0; holder && seat < seats; ++seat) {
      device.seats_elsewhere += options_.board->HolderOf(options_.board->PartOf(id, seat)) ? 1 : 0;
    }
    device.seats_elsewhere = std::max(0, device.seats_elsewhere - own);
    if (own == 0 && device.seats_elsewhere >= seats) device.holder = holder->words;
    // Of those who share it, each has its processes there.
    if (holder) return;
  }
  if (own == 0) device.holder = WordsOf(users);
}

void Surroundings::AskGpus(bool is_waited_for) {
  machine_.is_asking = machine_.is_silent = false;
  if (options_.gpus == nullptr || !is_waited_for) return;
  const auto now = steady_clock::now();
  const bool is_young = looks_ > 0 && now - look_begun_ < options_.fresh_max;
  // What a slow driver tells is old already; it counts if it was asked for before.
  const bool is_done = awaited_ > 0 && looks_ >= awaited_;
  if (is_young || (is_done && now - look_done_ < options_.fresh_max)) return;
  if (awaited_ == 0 || is_done) {
    awaited_ = options_.gpus->Look();
    asked_ = now;
  }
  machine_.is_asking = true;
  machine_.is_silent = now - asked_ >= kSilentAfter;
}

Device* Surroundings::DeviceOf(const std::string& name) {
  const auto found = std::find_if(machine_.gpus.begin(), machine_.gpus.end(),
                                  [&](const Device& device) { return device.name == name; });
  return found == machine_.gpus.end() ? nullptr : &*found;
}

// Any free seat, or the whole.
Status Surroundings::TakeOne(const Device& device, Placed& placed) {
  const bool is_whole = machine_.seats_per_gpu == 1;
  Status status;
  for (int seat = 0; seat < machine_.seats_per_gpu; ++seat) {
    const SlotPart part = options_.board->PartOf(device.LockId(), is_whole ? -1 : seat);
    Result<Fd> taken = options_.board->Take(part, {placed.job, 0});
    status = taken.status();
    if (!taken.ok()) continue;
    placed.locks.push_back({part.path, part.seat});
    locks_[KeyOf(placed)].emplace_back(placed.locks.back(), std::move(taken).value());
    return {};
  }
  return status;
}

Status Surroundings::TakeAgain(Placed& placed) {
  placed.locks.clear();
  if (!options_.board) return {};
  if (const auto held = locks_.find(KeyOf(placed)); held != locks_.end()) {
    for (const auto& [lock, file] : held->second) placed.locks.push_back(lock);
    return {};
  }
  for (const std::string& name : placed.gpus) {
    Device* device = DeviceOf(name);
    if (device == nullptr) return NotFound("GPU " + name + " is not there any more");
    if (Status taken = TakeOne(*device, placed); !taken.ok()) {
      device->holder = "others";
      const auto holder = options_.board->HolderOf(options_.board->PartOf(device->LockId()));
      if (holder) device->holder = holder->words;
      locks_.erase(KeyOf(placed));
      return taken;
    }
  }
  return {};
}

bool Surroundings::Take(std::vector<Placed>& placed) {
  bool is_ok = true;
  for (Placed& one : placed) {
    if (one.gpus.empty()) continue;
    if (const Device* device = DeviceOf(one.gpus.front())) one.gpu_vendor = device->vendor;
    is_ok = TakeAgain(one).ok();
    if (!is_ok) break;
  }
  if (is_ok) return true;
  for (const Placed& one : placed) locks_.erase(KeyOf(one));
  return false;
}

void Surroundings::KeepOnly(const std::set<AttemptKey>& attempts) {
  std::erase_if(locks_, [&](const auto& entry) { return !attempts.contains(entry.first); });
}

void Surroundings::KeepYoung() {
  const auto now = steady_clock::now();
  if (now - touched_ < kTouchPause) return;
  touched_ = now;
  for (const auto& [attempt, locks] : locks_) {
    for (const auto& [lock, file] : locks) {
      if (futimens(file.get(), nullptr) != 0) continue;
    }
  }
}

}  // namespace lazurite::scheduler
