#include "storage/remote/remote_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "storage/remote/remote_url.h"

namespace lazurite {
namespace {

constexpr std::chrono::milliseconds kLockPause{50};

bool IsSameFile(const Fd& file, const std::string& path) {
  struct stat held {};
  struct stat there {};
  return fstat(file.get(), &held) == 0 && stat(path.c_str(), &there) == 0 &&
         held.st_ino == there.st_ino && held.st_dev == there.st_dev;
}

// The lock of an address, if nobody has it; its folder is made. A lock whose file was removed
// meanwhile is none.
Result<std::optional<Fd>> TryLock(const std::string& folder) {
  const std::string path = JoinPath(folder, "lock");
  TRY(MakeDirs(folder, 0700));
  Result<Fd> file = OpenFile(path, O_RDWR | O_CREAT, 0600);
  // The folder was removed by one who made room.
  if (file.status().code() == Code::kNotFound) return std::optional<Fd>();
  if (!file.ok()) return file.status();
  if (flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK || errno == EINTR) return std::optional<Fd>();
    return ErrnoStatus("locking " + path, errno);
  }
  if (!IsSameFile(*file, path)) return std::optional<Fd>();
  return std::optional<Fd>(std::move(*file));
}

Result<Fd> Lock(const std::string& folder, const DownloadHooks& hooks) {
  for (bool has_told = false;; has_told = true) {
    ASSIGN_OR_RETURN(std::optional<Fd> lock, TryLock(folder));
    if (lock) return std::move(*lock);
    if (hooks.cancelled()) return Status(Code::kCancelled, "cancelled");
    if (!has_told) hooks.log("another job asks for it already; waiting");
    std::this_thread::sleep_for(kLockPause);
  }
}

int64_t BytesOf(const std::string& path) {
  const Result<int64_t> size = FileSize(path);
  return size.ok() ? *size : 0;
}

// Nobody uses the version, and it is gone.
bool RemoveUnused(const std::string& version) {
  const Result<Fd> folder = OpenFile(version, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) return folder.status().code() == Code::kNotFound;
  return flock(folder->get(), LOCK_EX | LOCK_NB) == 0 && RemoveTree(version).ok();
}

}  // namespace

// One address.
struct RemoteCache::Entry {
  std::string folder;

  std::string PathOf(std::string_view name) const { return JoinPath(folder, name); }
  // {} if there is none.
  Json Current() const {
    const Result<std::string> text = ReadFile(PathOf("current.json"));
    const Result<Json> json = text.ok() ? Json::Parse(*text) : Result<Json>(text.status());
    return json.ok() && json->is_object() ? *json : Json::MakeObject();
  }
  // Versions that are kept, in use or not.
  std::vector<std::string> Versions() const {
    std::vector<std::string> versions;
    const Result<std::vector<std::string>> names = ListDir(folder);
    if (!names.ok()) return versions;
    for (const std::string& name : *names) {
      if (name.starts_with("v-")) versions.push_back(PathOf(name));
    }
    return versions;
  }
  int64_t Bytes() const {
    int64_t bytes = BytesOf(PathOf("part"));
    for (const std::string& version : Versions()) {
      const Result<std::vector<std::string>> names = ListDir(version);
      if (!names.ok()) continue;
      for (const std::string& name : *names) bytes += BytesOf(JoinPath(version, name));
    }
    return bytes;
  }
  Result<RemoteFile> Use(const Json& current) const {
    if (current.GetString("version").empty()) return NotFound("nothing is kept");
    const std::string version = PathOf(current.GetString("version"));
    RemoteFile file;
    file.path = JoinPath(version, current.GetString("name"));
    ASSIGN_OR_RETURN(file.bytes, FileSize(file.path));
    ASSIGN_OR_RETURN(file.held, OpenFile(version, O_RDONLY | O_DIRECTORY));
    if (flock(file.held.get(), LOCK_SH | LOCK_NB) != 0) return ErrnoStatus("locking", errno);
    utimensat(AT_FDCWD, PathOf("current.json").c_str(), nullptr, 0);
    return file;
  }
  // All that nobody uses; true if that is everything.
  bool Remove() const {
    bool is_all = true;
    for (const std::string& version : Versions()) is_all = RemoveUnused(version) && is_all;
    return is_all && RemoveTree(folder).ok();
  }
};

Result<RemoteFile> RemoteCache::Get(const std::string& url, const DownloadHooks& hooks) const {
  TRY(ParseRemoteUrl(url).status());
  const Entry entry{JoinPath(folder_, Sha256Hex(url).substr(0, 32))};
  ASSIGN_OR_RETURN(const Fd lock, Lock(entry.folder, hooks));
  return GetLocked(entry, url, hooks);
}

Result<RemoteFile> RemoteCache::GetLocked(const Entry& entry, const std::string& url,
                                          const DownloadHooks& hooks) const {
  const Json current = entry.Current();
  Result<RemoteFile> kept = entry.Use(current);
  Validators known;
  if (kept.ok()) known = {current.GetString("etag"), current.GetString("modified")};
  DownloadHooks own = hooks;
  own.make_room = [this, &entry, &kept](int64_t bytes) {
    const Status status = MakeRoom(bytes, entry.folder);
    if (status.ok() || !kept.ok()) return status;
    // The new version needs the place of the old one.
    kept = NotFound("replaced");
    for (const std::string& version : entry.Versions()) RemoveUnused(version);
    return MakeRoom(bytes, entry.folder);
  };
  const Result<Downloaded> got = Download(url, known, entry.PathOf("part"), own);
  if (got.ok() && !got->is_unchanged) {
    kept = NotFound("replaced");
    return Keep(entry, url, *got);
  }
  const Code code = got.status().code();
  const bool is_away = code == Code::kUnavailable || code == Code::kDeadlineExceeded;
  if (!got.ok() && (!is_away || !kept.ok())) return got.status();
  if (!got.ok()) hooks.log(got.status().text() + "; using what was brought earlier");
  unlink(entry.PathOf("part").c_str());
  kept->was_there = true;
  kept->is_unchecked = !got.ok();
  return kept;
}

// The finished part becomes the version that is given from now on.
Result<RemoteFile> RemoteCache::Keep(const Entry& entry, const std::string& url,
                                     const Downloaded& got) const {
  ASSIGN_OR_RETURN(const RemoteUrl parsed, ParseRemoteUrl(url));
  const std::string version = "v-" + HexEncode(RandomBytes(8));
  const std::string path = JoinPath(entry.PathOf(version), parsed.name);
  TRY(MakeDirs(DirName(path), 0700));
  if (chmod(entry.PathOf("part").c_str(), 0444) != 0) return ErrnoStatus("keeping " + path, errno);
  TRY(Rename(entry.PathOf("part"), path));
  const Json current(Json::Object{{"url", RedactedUrl(url)},
                                  {"name", parsed.name},
                                  {"version", version},
                                  {"etag", got.validators.etag},
                                  {"modified", got.validators.modified},
                                  {"bytes", got.bytes}});
  TRY(WriteFileAtomic(entry.PathOf("current.json"), current.Dump(), 0600));
  Result<RemoteFile> file = entry.Use(current);
  // Earlier ones, unless a job still reads them.
  for (const std::string& other : entry.Versions()) {
    if (other != entry.PathOf(version)) RemoveUnused(other);
  }
  return file;
}

int64_t RemoteCache::Bytes() const {
  int64_t bytes = 0;
  const Result<std::vector<std::string>> keys = ListDir(folder_);
  if (!keys.ok()) return 0;
  for (const std::string& key : *keys) bytes += Entry{JoinPath(folder_, key)}.Bytes();
  return bytes;
}

// For so many more bytes; -1: for a few.
Status RemoteCache::MakeRoom(int64_t bytes, const std::string& own) const {
  const int64_t wanted = std::max<int64_t>(bytes, 0);
  const auto refuse = [&](const std::string& why) {
    return Status(Code::kResourceExhausted,
                  "it has " + FormatBytes(wanted) + " or more, and " + why + "; raise " +
                      "[data] cache_max in config.toml, or put the data on the server's disk and " +
                      "register it in place");
  };
  if (wanted > bytes_max_) {
    return refuse("the cache holds at most " + FormatBytes(bytes_max_));
  }
  struct Candidate {
    Entry entry;
    int64_t used_ns;
    int64_t bytes;
  };
  std::vector<Candidate> candidates;
  int64_t kept = 0;
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, ListDir(folder_));
  for (const std::string& key : keys) {
    Candidate one{Entry{JoinPath(folder_, key)}, 0, 0};
    one.bytes = one.entry.Bytes();
    kept += one.bytes;
    struct stat info {};
    if (stat(one.entry.PathOf("current.json").c_str(), &info) == 0) {
      one.used_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
    }
    if (one.entry.folder != own) candidates.push_back(std::move(one));
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.used_ns < b.used_ns; });
  for (const Candidate& one : candidates) {
    if (kept + wanted <= bytes_max_) break;
    const Result<std::optional<Fd>> lock = TryLock(one.entry.folder);
    if (!lock.ok() || !*lock) continue;
    if (one.entry.Remove()) kept -= one.bytes;
  }
  if (kept + wanted <= bytes_max_) return {};
  return refuse("what jobs use just now leaves " +
                FormatBytes(std::max<int64_t>(bytes_max_ - kept, 0)) + " of the cache's " +
                FormatBytes(bytes_max_));
}

}  // namespace lazurite
