#include "domain/compute/gpu_watch.h"

#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/text.h"

namespace lazurite {
namespace {

// All that this machine has, each with the driver to ask about it.
struct Found {
  std::vector<std::unique_ptr<GpuDriver>> drivers;
  std::vector<Gpu> gpus;
  std::vector<size_t> positions;  // of each GPU in the answers of all drivers, one after the other
};

// Whoever started the server may have given it only some, or, by an empty variable, none.
bool IsVisible(const Gpu& gpu) {
  const char* variable =
      std::getenv(gpu.vendor == "amd" ? "ROCR_VISIBLE_DEVICES" : "CUDA_VISIBLE_DEVICES");
  if (variable == nullptr) return true;
  for (const std::string_view part : Split(variable, ',')) {
    const std::string_view one = Trim(part);
    if (one == gpu.name || (one.size() > 4 && gpu.id.starts_with(one))) return true;
  }
  return false;
}

std::vector<std::unique_ptr<GpuDriver>> OpenAll() {
  std::vector<std::unique_ptr<GpuDriver>> drivers;
  Result<std::unique_ptr<GpuDriver>> nvml = OpenNvml();
  drivers.push_back(nvml.ok() ? std::move(nvml).value() : OpenDeviceFiles());
  drivers.push_back(OpenKfd());
  return drivers;
}

Found Find(const GpuWatch::OpenDrivers& open, bool is_bounded) {
  Found found;
  found.drivers = open();
  size_t position = 0;
  for (const auto& driver : found.drivers) {
    for (Gpu& gpu : driver->List()) {
      if (!is_bounded || IsVisible(gpu)) {
        found.gpus.push_back(std::move(gpu));
        found.positions.push_back(position);
      }
      ++position;
    }
  }
  return found;
}

std::vector<std::vector<GpuUser>> UsersOf(const Found& found) {
  std::vector<std::vector<pid_t>> all;
  for (const auto& driver : found.drivers) {
    for (std::vector<pid_t>& pids : driver->Processes()) all.push_back(std::move(pids));
  }
  std::vector<std::vector<GpuUser>> users;
  for (const size_t position : found.positions) {
    std::vector<GpuUser>& here = users.emplace_back();
    if (position >= all.size()) continue;
    for (const pid_t pid : all[position]) here.push_back({pid, ProcessWords(pid)});
  }
  return users;
}

}  // namespace

struct GpuWatch::State {
  OpenDrivers open;
  bool is_bounded = true;  // by what the environment of this process says
  std::function<void()> on_look;
  std::mutex mutex;
  std::condition_variable wake;
  bool is_asked = true;
  bool is_under_way = false;
  bool is_over = false;
  GpuView view;
};

GpuWatch::GpuWatch(int pretended) : GpuWatch(OpenDrivers(OpenAll)) {
  if (pretended < 0) return;
  state_->is_bounded = false;
  state_->open = [pretended] {
    std::vector<std::unique_ptr<GpuDriver>> drivers;
    drivers.push_back(PretendGpus(pretended));
    return drivers;
  };
}

GpuWatch::GpuWatch(OpenDrivers open) : state_(std::make_shared<State>()) {
  state_->open = std::move(open);
}

void GpuWatch::Start(std::function<void()> on_look) {
  state_->on_look = std::move(on_look);
  std::thread([state = state_] { Run(state); }).detach();
}

GpuWatch::~GpuWatch() {
  const std::lock_guard lock(state_->mutex);
  state_->is_over = true;
  state_->wake.notify_all();
}

void GpuWatch::Run(const std::shared_ptr<State>& state) {
  const Found found = Find(state->open, state->is_bounded);
  std::unique_lock lock(state->mutex);
  while (true) {
    state->wake.wait(lock, [&] { return state->is_asked || state->is_over; });
    if (state->is_over) return;
    state->is_asked = false;
    state->is_under_way = true;
    lock.unlock();
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::vector<GpuUser>> users = UsersOf(found);
    lock.lock();
    if (state->is_over) return;
    state->is_under_way = false;
    state->view.is_known = true;
    state->view.gpus = found.gpus;
    state->view.users = std::move(users);
    ++state->view.looks;
    state->view.looked = begin;
    state->view.done = std::chrono::steady_clock::now();
    // Under the lock, so that whoever is told is still there: the destructor waits for it.
    state->on_look();
  }
}

GpuView GpuWatch::View() const {
  const std::lock_guard lock(state_->mutex);
  return state_->view;
}

int GpuWatch::Looks() const {
  const std::lock_guard lock(state_->mutex);
  return state_->view.looks;
}

int GpuWatch::Look() {
  const std::lock_guard lock(state_->mutex);
  state_->is_asked = true;
  state_->wake.notify_all();
  return state_->view.looks + (state_->is_under_way ? 2 : 1);
}

std::string UserName(uid_t user) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return entry.pw_name;
  }
  return "uid " + std::to_string(user);
}

std::string OthersWord(std::string_view text) {
  std::string word(text);
  std::replace_if(
      word.begin(), word.end(), [](char letter) { return letter < ' ' || letter > '~'; }, '_');
  return word;
}

std::string ProcessWords(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::string words = "process " + std::to_string(pid);
  const Result<std::string> name = ReadFile(folder + "/comm", 4096);
  if (name.ok()) words += " (" + OthersWord(Trim(*name)) + ")";
  struct stat status {};
  if (stat(folder.c_str(), &status) == 0) words += " of user " + UserName(status.st_uid);
  return words;
}

}  // namespace lazurite
