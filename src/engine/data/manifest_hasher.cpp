#include "engine/data/manifest_hasher.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "domain/workspace/places.h"
#include "engine/data/sparse_hash.h"
#include "storage/journal/journal.h"

namespace lazurite::data {
namespace {

constexpr std::chrono::seconds kSyncEvery{2};

// Only what is left over of processors and disks. The numbers are ioprio_set(2)'s: not every
// <linux/ioprio.h> is one for C++.
void BeIdle() {
  constexpr int kThread = 1, kIdle = 3 << 13;
  const sched_param none{};
  sched_setscheduler(0, SCHED_IDLE, &none);
  syscall(SYS_ioprio_set, kThread, 0, kIdle);
}

// Which file it is, 0 for none: a manifest may be replaced by another while it is worked at.
ino_t IdentityOf(const std::string& folder) {
  struct stat info {};
  return stat(ManifestFilesPath(folder).c_str(), &info) == 0 ? info.st_ino : 0;
}

bool IsAsRegistered(const Fd& file, const ManifestFile& registered) {
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  return info.st_size == registered.bytes &&
         int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec ==
             registered.modified_ns;
}

// All folders with a manifest whose hashes are not all there.
std::vector<std::string> FindUnfinished(const std::string& root) {
  std::vector<std::string> folders = {root};
  for (int depth = 0; depth < 3; ++depth) {
    std::vector<std::string> below;
    for (const std::string& folder : folders) {
      const Result<std::vector<std::string>> names = ListDir(folder);
      if (!names.ok()) continue;
      for (const std::string& name : *names) {
        if (!name.starts_with('.')) below.push_back(JoinPath(folder, name));
      }
    }
    folders = std::move(below);
  }
  std::erase_if(folders, [](const std::string& folder) {
    return IdentityOf(folder) == 0 || AreHashesDone(folder);
  });
  return folders;
}

}  // namespace

ManifestHasher::~ManifestHasher() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ManifestHasher::Start() {
  const Status removed = RemoveTree(ManifestDraftsFolder(home_));
  if (!removed.ok()) Log(LogLevel::kWarning, "drafts are left", {{"error", removed.text()}});
  for (const std::string& folder : FindUnfinished(ManifestsFolder(home_))) Added(folder);
}

void ManifestHasher::Added(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(folder);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  changed_.notify_all();
}

int64_t ManifestHasher::BytesInHand(const std::string& folder) const {
  const std::lock_guard lock(mutex_);
  return folder == current_ ? bytes_in_hand_ : 0;
}

void ManifestHasher::WaitUntilIdle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && current_.empty(); });
}

bool ManifestHasher::MayGoOn() {
  const std::lock_guard lock(mutex_);
  return !is_stopping_;
}

void ManifestHasher::Run() {
  BeIdle();
  std::unique_lock lock(mutex_);
  while (true) {
    current_.clear();
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (is_stopping_) return;
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    const std::string folder = current_;
    lock.unlock();
    Hash(folder);
    lock.lock();
  }
}

// The line for one file; "" if the thread is to stop.
std::string ManifestHasher::LineOf(const std::string& path, const ManifestFile& file) {
  const Result<Fd> opened = OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!opened.ok()) {
    const bool is_gone = opened.status().code() == Code::kNotFound;
    return std::string(is_gone ? ManifestHashes::kChanged : ManifestHashes::kUnreadable);
  }
  if (!IsAsRegistered(*opened, file)) return std::string(ManifestHashes::kChanged);
  const Result<std::string> hash = HashSparsely(*opened, file.bytes, [this](int64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_in_hand_ = bytes;
    return !is_stopping_;
  });
  const bool is_same = IsAsRegistered(*opened, file);
  {
    const std::lock_guard lock(mutex_);
    bytes_in_hand_ = 0;
  }
  if (hash.status().code() == Code::kCancelled) return "";
  if (!is_same) return std::string(ManifestHashes::kChanged);
  return hash.ok() ? *hash : std::string(ManifestHashes::kUnreadable);
}

// kCancelled if the thread is to stop, or the manifest is gone.
Status ManifestHasher::HashAll(const std::string& folder, ManifestReader& reader) {
  const ino_t identity = IdentityOf(folder);
  ASSIGN_OR_RETURN(JournalWriter journal, JournalWriter::Open(ManifestHashesPath(folder)));
  auto synced = std::chrono::steady_clock::now();
  size_t known = ReadManifestHashes(folder).lines.size();
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<ManifestFile> file, reader.Next());
    if (!file) return journal.AppendDurably(ManifestHashes::kDone);
    if (known > 0) {
      --known;
      continue;
    }
    const std::string line =
        LineOf(file->path.empty() ? reader.head().place : JoinPath(reader.head().place, file->path),
               *file);
    const bool is_over = line.empty() || !MayGoOn() || IdentityOf(folder) != identity;
    if (is_over) return {Code::kCancelled, "stopped"};
    TRY(journal.Append(line));
    if (std::chrono::steady_clock::now() - synced < kSyncEvery) continue;
    TRY(journal.Sync());
    synced = std::chrono::steady_clock::now();
  }
}

void ManifestHasher::Hash(const std::string& folder) {
  Result<ManifestReader> reader = ManifestReader::Open(folder);
  const Status status = reader.ok() ? HashAll(folder, *reader) : reader.status();
  if (status.ok()) {
    Log(LogLevel::kInfo, "the data's hashes are there", {{"place", reader->head().place}});
  } else if (status.code() != Code::kCancelled && status.code() != Code::kNotFound) {
    Log(LogLevel::kWarning, "the data's hashes could not be written; they follow after a restart",
        {{"manifest", folder}, {"error", status.text()}});
  }
}

}  // namespace lazurite::data
