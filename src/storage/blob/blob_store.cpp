#include "storage/blob/blob_store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <utility>

#include "base/hash.h"
#include "base/log.h"

namespace lazurite {
namespace {

// Where unfinished things lie. No datastore can be called so.
constexpr std::string_view kStagingFolder = ".staging";
// What may be gone on with is called so there, with its name after it.
constexpr std::string_view kNamedPrefix = "named-";
// Up to here each file is synced by itself; beyond, the whole file system at once is quicker.
constexpr int kFilesSyncedSinglyMax = 8;

Result<std::string> DatastoreName(std::string_view name) {
  ASSIGN_OR_RETURN(std::string safe, SafeRelative(name));
  if (safe.find('/') == std::string::npos && safe.front() != '.') return safe;
  return InvalidArgument("\"" + std::string(name) + "\" cannot be the name of a datastore");
}

// The reason why something could not be put at `target`, said better if something of another kind
// stands in the way.
Status Explain(Status failed, const std::string& target) {
  if (failed.ok()) return failed;
  std::string above = DirName(target);
  while (!Exists(above)) above = DirName(above);
  if (!IsDir(above)) return Conflict("\"" + above + "\" is a file, so nothing can lie below it");
  if (IsDir(target)) return Conflict("\"" + target + "\" is a folder, so no file can be put there");
  return failed;
}

// Makes a folder with its parents, durably: each new one is synced into the one above.
Status MakeDirsDurably(const std::string& path) {
  if (IsDir(path)) return {};
  const std::string parent = DirName(path);
  TRY(MakeDirsDurably(parent));
  if (mkdir(path.c_str(), 0755) != 0 && (errno != EEXIST || !IsDir(path))) {
    return ErrnoStatus("making " + path, errno);
  }
  return SyncDir(parent);
}

// Jobs write into datastores by themselves: what is stored or removed at `target` must not go by a
// link of theirs to another place. As far as its folders exist.
Status CheckNoLinkAbove(const std::string& root, const std::string& target) {
  for (std::string above = DirName(target); above.size() > root.size(); above = DirName(above)) {
    const Result<Fd> folder = OpenBeneath(root, above.substr(root.size() + 1));
    if (folder.status().code() != Code::kNotFound) return folder.status();
  }
  return {};
}

struct WriterPlace {
  std::string root, temporary, target;
};

class FileWriter final : public BlobWriter {
 public:
  FileWriter(WriterPlace place, Fd file)
      : root_(std::move(place.root)),
        temporary_(std::move(place.temporary)),
        target_(std::move(place.target)),
        file_(std::move(file)) {}
  ~FileWriter() override {
    if (!is_committed_) unlink(temporary_.c_str());
  }

  Status Append(std::string_view bytes) override {
    TRY(WriteAll(file_.get(), bytes));
    hasher_.Add(bytes);
    bytes_ += static_cast<int64_t>(bytes.size());
    return {};
  }
  int64_t bytes() const override { return bytes_; }

  Result<std::string> Commit() override {
    LAZURITE_CHECK(!is_committed_);
    if (fsync(file_.get()) != 0) return ErrnoStatus("syncing " + temporary_, errno);
    const std::string folder = DirName(target_);
    TRY(Explain(MakeDirsDurably(folder), target_));
    TRY(Explain(MoveInto(folder), target_));
    is_committed_ = true;
    TRY(SyncDir(folder));
    return hasher_.Hex();
  }

 private:
  // Into the very folder that was looked at.
  Status MoveInto(const std::string& folder) {
    ASSIGN_OR_RETURN(const Fd opened, OpenBeneath(root_, folder.substr(root_.size() + 1)));
    const std::string name = BaseName(target_);
    if (renameat(AT_FDCWD, temporary_.c_str(), opened.get(), name.c_str()) == 0) return {};
    return ErrnoStatus("storing " + target_, errno);
  }

  const std::string root_;
  const std::string temporary_;
  const std::string target_;
  Fd file_;
  Hasher hasher_;
  int64_t bytes_ = 0;
  bool is_committed_ = false;
};

// One barrier for all that lies below the folder.
Status SyncTree(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> few;
  for (auto entry = std::filesystem::recursive_directory_iterator(folder, error);
       !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    const auto status = entry->symlink_status(error);
    if (!std::filesystem::is_regular_file(status) && !std::filesystem::is_directory(status)) {
      continue;
    }
    few.push_back(entry->path());
    if (few.size() > kFilesSyncedSinglyMax) return SyncFileSystem(folder);
  }
  if (error) return ErrnoStatus("reading " + folder, error.value());
  for (const std::string& path : few) TRY(SyncFile(path));
  return SyncDir(folder);
}

class FolderStaging final : public BlobStaging {
 public:
  FolderStaging(const BlobStore& store, std::string outer, bool stays)
      : store_(store), outer_(std::move(outer)), folder_(outer_ + "/files"), stays_(stays) {}
  ~FolderStaging() override {
    if (!stays_) Discard();
  }

  const std::string& folder() const override { return folder_; }
  std::string notes() const override { return outer_ + "/notes"; }
  void Discard() override {
    const Status removed = RemoveTree(outer_);
    if (!removed.ok()) {
      Log(LogLevel::kWarning, "an unfinished upload was left", {{"error", removed.text()}});
    }
  }

  Status Publish(std::string_view datastore, std::string_view path) override {
    LAZURITE_CHECK(!is_published_);
    ASSIGN_OR_RETURN(const std::string target, store_.PathOf(datastore, path));
    TRY(SyncTree(folder_));
    TRY(Explain(MakeDirsDurably(DirName(target)), target));
    if (renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) return Conflict("\"" + std::string(path) + "\" is stored already");
      return ErrnoStatus("publishing " + target, errno);
    }
    is_published_ = true;
    Discard();
    return SyncDir(DirName(target));
  }

 private:
  const BlobStore& store_;
  const std::string outer_;
  const std::string folder_;
  const bool stays_;
  bool is_published_ = false;
};

std::string UnusedName() {
  static std::atomic<uint64_t> counter{0};
  return std::to_string(getpid()) + "-" + std::to_string(counter++);
}

BlobInfo InfoOf(std::string path, const struct stat& info) {
  const auto millis = std::chrono::seconds(info.st_mtim.tv_sec) +
                      std::chrono::milliseconds(info.st_mtim.tv_nsec / 1'000'000);
  return {.path = std::move(path), .bytes = info.st_size, .modified = Time(millis)};
}

}  // namespace

Result<std::unique_ptr<BlobStore>> BlobStore::Open(const std::string& root) {
  const std::string staging = JoinPath(root, kStagingFolder);
  TRY(MakeDirs(staging, 0700));
  ASSIGN_OR_RETURN(const std::vector<std::string> left, ListDir(staging));
  for (const std::string& name : left) {
    if (!name.starts_with(kNamedPrefix)) TRY(RemoveTree(JoinPath(staging, name)));
  }
  std::unique_ptr<BlobStore> store(new BlobStore(root));
  store->SweepStaged();
  return store;
}

void BlobStore::SweepStaged() {
  const std::string staging = JoinPath(root_, kStagingFolder);
  const Result<std::vector<std::string>> names = ListDir(staging);
  if (!names.ok()) return;
  constexpr std::chrono::seconds kAgeMax = kStagedLife + kStagedSlack;
  const time_t oldest = std::time(nullptr) - kAgeMax.count();
  for (const std::string& name : *names) {
    if (!name.starts_with(kNamedPrefix)) continue;
    const std::string outer = JoinPath(staging, name);
    struct stat info {};
    const bool is_there =
        stat((outer + "/notes").c_str(), &info) == 0 || stat(outer.c_str(), &info) == 0;
    if (is_there && info.st_mtim.tv_sec < oldest) {
      const Status removed = RemoveTree(outer);
      if (!removed.ok()) {
        Log(LogLevel::kWarning, "an old upload was left", {{"error", removed.text()}});
      }
    }
  }
}

Result<std::string> BlobStore::PathOf(std::string_view datastore, std::string_view path) const {
  ASSIGN_OR_RETURN(const std::string name, DatastoreName(datastore));
  const std::string folder = JoinPath(root_, name);
  if (path.empty()) return folder;
  return ConfinedPath(folder, path);
}

Result<std::unique_ptr<BlobWriter>> BlobStore::Create(std::string_view datastore,
                                                      std::string_view path) {
  ASSIGN_OR_RETURN(const std::string target, PathOf(datastore, path));
  if (path.empty()) return InvalidArgument("a blob needs a path within its datastore");
  TRY(CheckNoLinkAbove(root_, target));
  if (IsDir(target)) {
    return Conflict("\"" + std::string(path) + "\" cannot be stored: a folder is there");
  }
  const std::string temporary = JoinPath(JoinPath(root_, kStagingFolder), UnusedName());
  ASSIGN_OR_RETURN(Fd file, OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL));
  return std::unique_ptr<BlobWriter>(
      std::make_unique<FileWriter>(WriterPlace{root_, temporary, target}, std::move(file)));
}

Result<std::unique_ptr<BlobStaging>> BlobStore::Stage() {
  const std::string outer = JoinPath(JoinPath(root_, kStagingFolder), UnusedName());
  TRY(MakeDirs(outer + "/files"));
  return std::unique_ptr<BlobStaging>(std::make_unique<FolderStaging>(*this, outer, false));
}

Result<std::unique_ptr<BlobStaging>> BlobStore::Stage(std::string_view name) {
  const std::string outer =
      JoinPath(JoinPath(root_, kStagingFolder), std::string(kNamedPrefix) + std::string(name));
  TRY(MakeDirs(outer + "/files"));
  return std::unique_ptr<BlobStaging>(std::make_unique<FolderStaging>(*this, outer, true));
}

Result<std::vector<BlobInfo>> BlobStore::List(std::string_view datastore,
                                              std::string_view path) const {
  ASSIGN_OR_RETURN(const std::string place, PathOf(datastore, path));
  struct stat info;
  const bool is_there = lstat(place.c_str(), &info) == 0;
  std::vector<BlobInfo> blobs;
  if (is_there && S_ISREG(info.st_mode)) {
    blobs.push_back(InfoOf(BaseName(place), info));
    return blobs;
  }
  if (!is_there || !S_ISDIR(info.st_mode)) {
    return NotFound("nothing is stored at \"" + std::string(path) + "\" in datastore \"" +
                    std::string(datastore) + "\"");
  }
  ASSIGN_OR_RETURN(std::vector<WalkEntry> entries, WalkTree(place));
  for (WalkEntry& entry : entries) {
    if (S_ISREG(entry.info.st_mode)) blobs.push_back(InfoOf(std::move(entry.path), entry.info));
  }
  std::sort(blobs.begin(), blobs.end(),
            [](const BlobInfo& a, const BlobInfo& b) { return a.path < b.path; });
  return blobs;
}

Status BlobStore::Remove(std::string_view datastore, std::string_view path) {
  if (path.empty()) return InvalidArgument("a whole datastore cannot be removed");
  ASSIGN_OR_RETURN(const std::string place, PathOf(datastore, path));
  TRY(CheckNoLinkAbove(root_, place));
  return RemoveTree(place);
}

}  // namespace lazurite
