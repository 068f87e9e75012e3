// Sizes and times of all files of a folder, by several threads: the disk, or the server that it
// belongs to, is asked for many at once.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "domain/data/manifest.h"

namespace lazurite {
namespace {

constexpr size_t kThreadsMax = 8;
constexpr size_t kNamesAtOnce = 512;
constexpr int kDepthMax = 128;  // of folders, also by links

int64_t NanosecondsOf(const struct stat& info) {
  return int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

// The folders above one, by identity: a link back to one of them is not followed.
struct Lineage {
  dev_t device;
  ino_t inode;
  int depth;
  std::shared_ptr<const Lineage> above;
};

bool Has(const Lineage* lineage, const struct stat& info) {
  for (; lineage != nullptr; lineage = lineage->above.get()) {
    if (lineage->device == info.st_dev && lineage->inode == info.st_ino) return true;
  }
  return false;
}

class Walker {
 public:
  explicit Walker(std::string place) : place_(std::move(place)) {}

  Result<std::vector<ManifestFile>> Walk() {
    ASSIGN_OR_RETURN(root_, OpenFile(place_, O_RDONLY | O_DIRECTORY));
    Push({.path = "", .above = nullptr, .names = {}});
    std::vector<std::thread> threads;
    const size_t wanted = std::clamp<size_t>(std::thread::hardware_concurrency(), 2, kThreadsMax);
    try {
      while (threads.size() + 1 < wanted) threads.emplace_back([this] { Work(); });
    } catch (const std::system_error&) {
      // No more threads are to be had: fewer do it too.
    }
    Work();
    for (std::thread& thread : threads) thread.join();
    if (!failure_.ok()) return failure_;
    std::sort(files_.begin(), files_.end(),
              [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
    return std::move(files_);
  }

 private:
  using Above = std::shared_ptr<const Lineage>;

  // A folder to be listed, or, with names, some of its files to be looked at.
  struct Task {
    std::string path;
    Above above;  // with names: the folder itself is the first
    std::vector<std::string> names;
  };

  void Push(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      ++open_;
    }
    changed_.notify_one();
  }

  void Work() {
    std::vector<ManifestFile> found;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !tasks_.empty() || open_ == 0 || !failure_.ok(); });
      if (tasks_.empty() || !failure_.ok()) break;
      // The newest first, so that few are open at a time.
      Task task = std::move(tasks_.back());
      tasks_.pop_back();
      lock.unlock();
      Status status = task.names.empty() ? List(task, found) : LookAt(task, found);
      lock.lock();
      Take(found, std::move(status));
      --open_;
    }
    changed_.notify_all();
  }

  void Take(std::vector<ManifestFile>& found, Status status) {
    std::move(found.begin(), found.end(), std::back_inserter(files_));
    found.clear();
    if (status.ok() && files_.size() > kManifestFilesMax) status = TooMany();
    if (failure_.ok()) failure_ = std::move(status);
  }

  Status TooMany() const {
    return {Code::kResourceExhausted,
            "\"" + place_ + "\" holds more than " + std::to_string(kManifestFilesMax) +
                " files; register folders of it one by one, or pack small files together"};
  }

  std::string Full(const std::string& path) const { return JoinPath(place_, path); }

  Status List(const Task& task, std::vector<ManifestFile>& found) {
    const char* const path = task.path.empty() ? "." : task.path.c_str();
    const int fd = openat(root_.get(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? Status() : ErrnoStatus("listing " + Full(path), errno);
    struct stat info {};
    fstat(fd, &info);
    const int depth = task.above == nullptr ? 0 : task.above->depth + 1;
    DIR* const folder = fdopendir(fd);
    if (folder == nullptr) return ErrnoStatus("listing " + Full(path), errno);
    if (depth > kDepthMax || Has(task.above.get(), info)) {
      closedir(folder);
      return {};
    }
    const Above here(new Lineage{info.st_dev, info.st_ino, depth, task.above});
    Task files{.path = task.path, .above = here, .names = {}};
    Status status;
    size_t count = 0;
    while (const dirent* entry = readdir(folder)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++count > kManifestFilesMax) {
        status = TooMany();
        break;
      }
      if (entry->d_type == DT_DIR) {
        Push({.path = JoinPath(task.path, name), .above = here, .names = {}});
        continue;
      }
      files.names.emplace_back(name);
      if (files.names.size() < kNamesAtOnce) continue;
      Push(files);
      files.names.clear();
    }
    closedir(folder);
    return status.ok() ? LookAt(files, found) : status;
  }

  Status LookAt(const Task& task, std::vector<ManifestFile>& found) {
    for (const std::string& name : task.names) {
      std::string path = JoinPath(task.path, name);
      struct stat info {};
      if (fstatat(root_.get(), path.c_str(), &info, 0) != 0) {
        // Gone, or a link that leads nowhere.
        if (errno == ENOENT || errno == ELOOP || errno == ENOTDIR) continue;
        return ErrnoStatus("looking at " + Full(path), errno);
      }
      if (S_ISDIR(info.st_mode)) {
        Push({.path = std::move(path), .above = task.above, .names = {}});
      } else if (S_ISREG(info.st_mode)) {
        found.push_back({std::move(path), info.st_size, NanosecondsOf(info)});
      }
    }
    return {};
  }

  const std::string place_;
  Fd root_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  size_t open_ = 0;  // tasks that wait or are worked at
  std::vector<ManifestFile> files_;
  Status failure_;
};

}  // namespace

Result<Manifest> TakeManifest(const std::string& place, Time now) {
  struct stat info {};
  if (stat(place.c_str(), &info) != 0) return ErrnoStatus("looking at " + place, errno);
  Manifest manifest;
  manifest.place = place;
  manifest.taken = now;
  manifest.is_folder = S_ISDIR(info.st_mode);
  if (manifest.is_folder) {
    ASSIGN_OR_RETURN(manifest.files, Walker(place).Walk());
    return manifest;
  }
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument("\"" + place + "\" is neither a file nor a folder");
  }
  manifest.files.push_back({"", info.st_size, NanosecondsOf(info)});
  return manifest;
}

}  // namespace lazurite
