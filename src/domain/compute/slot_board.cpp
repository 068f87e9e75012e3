#include "domain/compute/slot_board.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "base/text.h"
#include "domain/compute/gpu_watch.h"

namespace lazurite {
namespace {

constexpr mode_t kFolderMode = 01777;
constexpr mode_t kFileMode = 0666;
constexpr off_t kRecordBytes = 256;
constexpr std::string_view kGpuPrefix = "gpu-";
constexpr std::string_view kSharePrefix = "share-";
constexpr size_t kSharesMax = 4096;
constexpr int kOpenTriesMax = 5;

struct flock Range(const SlotPart& part, short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = std::max(0, part.seat);
  range.l_len = part.seat < 0 ? 0 : 1;
  return range;
}

off_t RecordAt(const SlotPart& part) { return std::max(0, part.seat) * kRecordBytes; }

// Neither a link nor a second name of another file, nor anything but a plain file.
Status CheckFile(int file, const std::string& path) {
  struct stat status {};
  if (fstat(file, &status) != 0) return ErrnoStatus("looking at " + path, errno);
  if (S_ISREG(status.st_mode) && status.st_nlink <= 1) return {};
  return FailedPrecondition(path + " is no plain file; remove it");
}

// Files of others are opened without O_CREAT, which the kernel may forbid in such a folder
// (fs.protected_regular).
Result<Fd> OpenShared(const std::string& path) {
  for (int i = 0; i < kOpenTriesMax; ++i) {
    Fd file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.valid() && errno == ENOENT) {
      file = Fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
      if (!file.valid() && errno == EEXIST) continue;
      // The mask of this process must not keep others out.
      if (file.valid() && fchmod(file.get(), kFileMode) != 0) {
        return ErrnoStatus("opening " + path + " to all", errno);
      }
    }
    if (!file.valid()) return ErrnoStatus("opening " + path, errno);
    TRY(CheckFile(file.get(), path));
    return file;
  }
  return Unavailable(path + " comes and goes");
}

// False if the file has another name now, or none: its lock keeps nobody out.
bool IsStillThere(int file, const std::string& path) {
  struct stat mine {};
  struct stat there {};
  return fstat(file, &mine) == 0 && lstat(path.c_str(), &there) == 0 &&
         mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

void WriteRecord(int file, const SlotPart& part, const SlotClaim& claim) {
  Json record = Json::MakeObject();
  record["pid"] = claim.pid != 0 ? claim.pid : static_cast<int>(getpid());
  record["job"] = claim.job;
  std::string text = record.Dump();
  if (text.size() >= kRecordBytes) return;
  text.resize(kRecordBytes, ' ');
  text.back() = '\n';
  // Words for people: without them the lock holds as well.
  if (pwrite(file, text.data(), text.size(), RecordAt(part)) < 0) return;
}

// What is written there counts only for a process that lives.
std::string RecordWords(int file, const SlotPart& part) {
  std::array<char, kRecordBytes> buffer{};
  const ssize_t count = pread(file, buffer.data(), buffer.size(), RecordAt(part));
  if (count <= 0) return "another program";
  const Result<Json> record =
      Json::Parse(Trim(std::string_view(buffer.data(), static_cast<size_t>(count))));
  if (!record.ok()) return "another program";
  const int64_t pid = record->GetInt("pid");
  struct stat status {};
  if (pid <= 0 || stat(("/proc/" + std::to_string(pid)).c_str(), &status) != 0) {
    return "another program";
  }
  const std::string job = OthersWord(record->GetString("job"));
  if (job.empty()) return ProcessWords(static_cast<pid_t>(pid));
  return "job " + job + " of user " + UserName(status.st_uid) + " (process " + std::to_string(pid) +
         ")";
}

// Who has the file locked as a whole, by flock(1) or lockf: /proc/locks tells for each lock.
//   7: FLOCK  ADVISORY  WRITE 4711 fd:01:131 0 EOF
std::string LockerWords(int file) {
  struct stat status {};
  const Result<std::string> locks = ReadFile("/proc/locks");
  if (fstat(file, &status) != 0 || !locks.ok()) return "another program";
  const std::string inode = ":" + std::to_string(status.st_ino);
  for (const std::string_view line : Split(*locks, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : Split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    if (words.size() < 6 || words[1] != "FLOCK" || words[3] != "WRITE") continue;
    if (!words[5].ends_with(inode)) continue;
    if (const auto pid = ParseInt(words[4]); pid && *pid > 0) {
      return ProcessWords(static_cast<pid_t>(*pid));
    }
  }
  return "another program";
}

std::optional<SlotHolder> LookAt(int file, const SlotPart& part) {
  // The older kind of lock is told with its process.
  struct flock range = Range(part, F_WRLCK);
  if (fcntl(file, F_GETLK, &range) == 0 && range.l_type != F_UNLCK) {
    if (range.l_pid > 0) return SlotHolder{ProcessWords(range.l_pid)};
    SlotPart held = part;
    if (part.seat < 0 && range.l_len != 0) held.seat = static_cast<int>(range.l_start);
    return SlotHolder{RecordWords(file, held)};
  }
  if (flock(file, LOCK_SH | LOCK_NB) != 0) return SlotHolder{LockerWords(file)};
  flock(file, LOCK_UN);
  return std::nullopt;
}

// True of "share-<uid>-<pid>" of this user.
bool IsOwnShare(std::string_view name) {
  const std::string prefix = std::string(kSharePrefix) + std::to_string(geteuid()) + "-";
  return name.starts_with(prefix) && ParseInt(name.substr(prefix.size())).has_value();
}

// Under its lock, so that nobody locks it just then and believes to have it.
void RemoveIfUnlocked(const std::string& path) {
  const Fd file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct flock range = Range({}, F_WRLCK);
  if (!file.valid() || fcntl(file.get(), F_OFD_SETLK, &range) != 0) return;
  if (IsStillThere(file.get(), path)) unlink(path.c_str());
}

// Why this process could not lock the part.
Status Held(int file, const SlotPart& part) {
  struct flock own = Range(part, F_UNLCK);
  fcntl(file, F_OFD_SETLK, &own);
  const std::optional<SlotHolder> holder = LookAt(file, part);
  return Conflict(BaseName(part.path) + " is held by " +
                  (holder ? holder->words : std::string("another program")));
}

}  // namespace

Result<SlotBoard> SlotBoard::Open(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) == 0) {
    if (chmod(folder.c_str(), kFolderMode) != 0) return ErrnoStatus("opening " + folder, errno);
  } else if (errno != EEXIST) {
    return ErrnoStatus("making " + folder, errno);
  }
  struct stat status {};
  if (lstat(folder.c_str(), &status) != 0) return ErrnoStatus("looking at " + folder, errno);
  if (!S_ISDIR(status.st_mode)) {
    return FailedPrecondition(folder + " is no folder; remove it, or set [compute] locks");
  }
  // Where not all may write, the others' servers see nothing; without the sticky bit anybody can
  // remove what is locked.
  if ((status.st_mode & 07777) != kFolderMode) {
    return FailedPrecondition(folder + " has another mode than 1777; its owner, user " +
                              UserName(status.st_uid) + ", can mend that: chmod 1777 " + folder);
  }
  return SlotBoard(folder);
}

SlotPart SlotBoard::PartOf(const std::string& gpu_id, int seat) const {
  std::string name = gpu_id;
  std::replace(name.begin(), name.end(), '/', '-');
  return {JoinPath(folder_, std::string(kGpuPrefix) + name), seat};
}

Status SlotBoard::Prepare(const SlotPart& part) const { return OpenShared(part.path).status(); }

Result<Fd> SlotBoard::Take(const SlotPart& part, const SlotClaim& claim) const {
  ASSIGN_OR_RETURN(Fd file, OpenShared(part.path));
  struct flock range = Range(part, F_WRLCK);
  if (fcntl(file.get(), F_OFD_SETLK, &range) != 0) return Held(file.get(), part);
  if (flock(file.get(), LOCK_SH | LOCK_NB) != 0) return Held(file.get(), part);
  if (!IsStillThere(file.get(), part.path)) return Conflict(part.path + " was removed just now");
  // From exclusive to shared in one step: nobody comes in between.
  range = Range(part, F_RDLCK);
  if (fcntl(file.get(), F_OFD_SETLK, &range) != 0) {
    return ErrnoStatus("sharing " + part.path, errno);
  }
  WriteRecord(file.get(), part, claim);
  return file;
}

std::optional<SlotHolder> SlotBoard::HolderOf(const SlotPart& part) const {
  const Fd file(open(part.path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) {
    if (errno == ENOENT) return std::nullopt;
    return SlotHolder{"nobody, but " + part.path + " cannot be opened"};
  }
  if (const Status plain = CheckFile(file.get(), part.path); !plain.ok()) {
    return SlotHolder{"nobody, but " + plain.text()};
  }
  return LookAt(file.get(), part);
}

Elsewhere SlotBoard::LookElsewhere() const {
  Elsewhere all;
  const Result<std::vector<std::string>> names = ListDir(folder_);
  if (!names.ok()) return all;
  std::map<std::string, int> slots_of;
  size_t seen = 0;
  for (const std::string& name : *names) {
    if (!name.starts_with(kSharePrefix) || ++seen > kSharesMax) continue;
    const std::string path = JoinPath(folder_, name);
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    struct flock range = Range({}, F_RDLCK);
    const bool is_held = fcntl(file.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
    // Its own user's leftovers only: the sticky bit keeps those of others.
    if (!is_held && status.st_uid == geteuid() && IsOwnShare(name)) RemoveIfUnlocked(path);
    if (!is_held || status.st_uid == geteuid()) continue;
    const Result<std::string> text = ReadRange(file, 0, kRecordBytes);
    const Result<Json> record = text.ok() ? Json::Parse(Trim(*text)) : Result<Json>(text.status());
    if (!record.ok()) continue;
    const int64_t slots = std::clamp<int64_t>(record->GetInt("slots"), 0, 1 << 16);
    all.slots += static_cast<int>(slots);
    all.memory_bytes += std::clamp<int64_t>(record->GetInt("memory_bytes"), 0, int64_t{1} << 50);
    slots_of[UserName(status.st_uid)] += static_cast<int>(slots);
  }
  std::vector<std::string> words;
  for (const auto& [user, slots] : slots_of) {
    words.push_back(std::to_string(slots) + " by jobs of user " + user);
  }
  all.words = Join(words, ", ");
  return all;
}

Result<Fd> JoinSlot(const SlotPart& part, const SlotClaim& claim) {
  ASSIGN_OR_RETURN(Fd file, OpenShared(part.path));
  struct flock range = Range(part, F_RDLCK);
  if (fcntl(file.get(), F_OFD_SETLK, &range) != 0) return Held(file.get(), part);
  if (flock(file.get(), LOCK_SH | LOCK_NB) != 0) return Held(file.get(), part);
  WriteRecord(file.get(), part, claim);
  return file;
}

namespace {

// New, with the whole of it locked. A server that finds it before it is locked may remove it.
Result<Fd> MakeLocked(const std::string& path) {
  for (int i = 0; i < kOpenTriesMax; ++i) {
    unlink(path.c_str());
    Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file.valid()) return ErrnoStatus("making " + path, errno);
    if (fchmod(file.get(), 0644) != 0) return ErrnoStatus("opening " + path + " to all", errno);
    struct flock range = Range({}, F_WRLCK);
    const bool is_locked = fcntl(file.get(), F_OFD_SETLK, &range) == 0;
    if (!is_locked && errno != EAGAIN && errno != EACCES) {
      return ErrnoStatus("locking " + path, errno);
    }
    if (is_locked && IsStillThere(file.get(), path)) return file;
  }
  return Unavailable(path + " comes and goes");
}

}  // namespace

std::string ShareFile(const std::string& folder) {
  return JoinPath(folder, std::string(kSharePrefix) + std::to_string(geteuid()) + "-" +
                              std::to_string(getpid()));
}

Result<Fd> ClaimShare(const std::string& folder, int slots, int64_t memory_bytes) {
  ASSIGN_OR_RETURN(Fd file, MakeLocked(ShareFile(folder)));
  Json record = Json::MakeObject();
  record["slots"] = slots;
  record["memory_bytes"] = memory_bytes;
  TRY(WriteAll(file.get(), record.Dump()));
  return file;
}

}  // namespace lazurite
