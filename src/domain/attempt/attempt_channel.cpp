#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "domain/attempt/attempt.h"
#include "domain/attempt/control_group.h"
#include "domain/attempt/tombstone.h"
#include "storage/journal/journal.h"

namespace lazurite {
namespace {

constexpr std::string_view kLock = "nodes/0/runner.lock";
constexpr std::string_view kEvents = "nodes/0/events.jsonl";
constexpr std::string_view kExit = "nodes/0/exit.json";
constexpr std::string_view kGroups = "nodes/0/groups";

// The whole file as JSON; nothing if there is no such file.
Result<std::optional<Json>> ReadJson(const std::string& path) {
  Result<std::string> text = ReadFile(path);
  if (!text.ok() && text.status().code() == Code::kNotFound) return std::optional<Json>();
  if (!text.ok()) return text.status();
  Result<Json> json = Json::Parse(text.value());
  if (!json.ok()) return std::move(json.status()).With(path);
  return std::optional<Json>(std::move(json).value());
}

template <typename Record>
Result<std::optional<Record>> ReadRecord(const std::string& path) {
  ASSIGN_OR_RETURN(const std::optional<Json> json, ReadJson(path));
  if (!json) return std::optional<Record>();
  Result<Record> record = Record::FromJson(*json);
  if (!record.ok()) return std::move(record.status()).With(path);
  return std::optional<Record>(std::move(record).value());
}

struct flock WholeFile(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whole or not at all for every reader, but not durable.
Status WriteBeside(const std::string& path, std::string_view content, mode_t mode) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  TRY(WriteFile(temporary, content, mode));
  return Rename(temporary, path);
}

// In the room that the file has already: on a full disk what is given back is gone to others.
Status WriteOver(const std::string& path, std::string_view content) {
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, O_WRONLY | O_CREAT));
  TRY(WriteAll(file.get(), content));
  if (ftruncate(file.get(), static_cast<off_t>(content.size())) == 0) return {};
  return ErrnoStatus("writing " + path, errno);
}

}  // namespace

std::string AttemptChannel::FolderOf(const std::string& home, std::string_view job, int attempt) {
  return home + "/jobs/" + std::string(job) + "/" + std::to_string(attempt);
}

std::string AttemptChannel::Path(std::string_view relative) const {
  return JoinPath(folder_, relative);
}

Status AttemptChannel::Create(const AttemptSpec& spec, const AttemptSecrets& secrets) const {
  TRY(RemoveOtherLife(spec));
  TRY(MakeDirs(folder_));
  TRY(WriteBeside(Path("secrets"), secrets.ToJson().Dump(), 0600));
  return WriteBeside(Path("spec.json"), spec.ToJson().Dump(), 0644);
}

Status AttemptChannel::RemoveOtherLife(const AttemptSpec& spec) const {
  if (!Exists(folder_)) return {};
  const Result<AttemptSpec> there = ReadSpec();
  if (there.ok() && there->life == spec.life) return {};
  // Made half, and no runner was there.
  if (there.status().code() == Code::kNotFound && !Exists(Path("nodes"))) return {};
  const std::string job_folder = DirName(folder_);
  ASSIGN_OR_RETURN(const std::string grave, Bury(DirName(DirName(job_folder)), folder_));
  // What is left of it is removed at the next start of the server.
  if (!grave.empty()) (void)RemoveTree(grave);
  return {};
}

Status AttemptChannel::AskCancel() const { return WriteFile(Path("cancel"), ""); }

std::string AttemptChannel::LockPath() const { return Path(kLock); }

std::string AttemptChannel::EventsPath() const { return Path(kEvents); }

Result<EventPage> AttemptChannel::ReadEvents(int64_t offset) const {
  ASSIGN_OR_RETURN(const std::vector<JournalLine> lines,
                   ReadJournal(EventsPath(), offset, EventPage::kLinesMax));
  EventPage page;
  page.end = lines.empty() ? offset : lines.back().end;
  page.is_last = lines.size() < EventPage::kLinesMax;
  for (const JournalLine& line : lines) {
    const Result<Json> json = Json::Parse(line.text);
    Result<AttemptEvent> event = json.ok() ? AttemptEvent::FromJson(*json) : json.status();
    if (event.ok()) {
      page.events.push_back(std::move(event).value());
    } else {
      page.has_unreadable = true;
    }
  }
  return page;
}

Result<std::optional<ExitRecord>> AttemptChannel::ReadExit() const {
  return ReadRecord<ExitRecord>(Path(kExit));
}

Result<std::optional<Verdict>> AttemptChannel::ReadVerdict() const {
  return ReadRecord<Verdict>(Path("verdict.json"));
}

void AttemptChannel::DropSecrets() const { unlink(Path("secrets").c_str()); }

Status AttemptChannel::WriteVerdict(const Verdict& verdict) const {
  ASSIGN_OR_RETURN(const Fd lock, LockRunner());
  // No runner will read them any more.
  DropSecrets();
  return WriteFileAtomic(Path("verdict.json"), verdict.ToJson().Dump());
}

std::vector<std::string> AttemptChannel::ReadGroups() const {
  std::vector<std::string> folders;
  const Result<std::string> text = ReadFile(Path(kGroups));
  if (!text.ok()) return folders;
  const std::string name = ControlGroup::NameOf(folder_);
  for (const std::string_view line : Split(text.value(), '\n')) {
    if (BaseName(line) == name && NormalPath(line) == line) folders.emplace_back(line);
  }
  return folders;
}

Status AttemptChannel::WriteGroups(const std::vector<std::string>& folders) const {
  return WriteFile(Path(kGroups), Join(folders, "\n") + "\n");
}

std::string AttemptChannel::UnseenExit() const { return Path(kExit) + ".new"; }

Status AttemptChannel::WriteExit(const ExitRecord& exit, const ExitSteps& steps) const {
  const std::string path = Path(kExit);
  const std::string temporary = UnseenExit();
  TRY(MakeDirs(DirName(path)));
  Status written = WriteOver(temporary, exit.ToJson().Dump());
  if (written.ok()) written = SyncFile(temporary);
  steps.before_seen();
  if (written.ok()) written = Rename(temporary, path);
  if (!written.ok()) {
    unlink(temporary.c_str());
    return written;
  }
  steps.when_seen();
  return SyncDir(DirName(path));
}

Result<AttemptChannel::RunnerView> AttemptChannel::LookAtRunner() const {
  RunnerView view;
  const std::string path = LockPath();
  // First what is inside, then whether it is held: an identity is written only under the lock, so a
  // free lock after a written identity means that its writer is gone. The other order would take a
  // runner that just starts for dead.
  Result<std::string> text = ReadFile(path);
  if (!text.ok() && text.status().code() == Code::kNotFound) return view;
  if (!text.ok()) return text.status();
  ASSIGN_OR_RETURN(const Fd file, OpenFile(path, O_RDONLY));
  struct flock lock = WholeFile(F_WRLCK);
  if (fcntl(file.get(), F_OFD_GETLK, &lock) != 0) return ErrnoStatus("asking about " + path, errno);
  const bool is_held = lock.l_type != F_UNLCK;
  const Result<Json> json = Json::Parse(text.value());
  Result<RunnerIdentity> identity =
      json.ok() ? RunnerIdentity::FromJson(json.value()) : json.status();
  if (identity.ok()) view.identity = std::move(identity).value();
  if (is_held) {
    view.state = Runner::kAlive;
  } else if (!view.identity.boot_id.empty()) {
    view.state = view.identity.boot_id == BootId() ? Runner::kGone : Runner::kRebooted;
  }
  return view;
}

// kConflict: somebody holds it.
Result<Fd> AttemptChannel::LockRunner() const {
  const std::string path = LockPath();
  TRY(MakeDirs(DirName(path)));
  ASSIGN_OR_RETURN(Fd file, OpenFile(path, O_RDWR | O_CREAT, 0644));
  struct flock lock = WholeFile(F_WRLCK);
  if (fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return file;
  if (errno != EAGAIN && errno != EACCES) return ErrnoStatus("locking " + path, errno);
  return Conflict("another runner has this attempt");
}

Result<Fd> AttemptChannel::TakeRunnerLock(const RunnerIdentity& identity) const {
  const std::string path = LockPath();
  ASSIGN_OR_RETURN(Fd file, LockRunner());
  ASSIGN_OR_RETURN(const int64_t size, FileSize(path));
  if (size > 0) return Conflict("another runner had this attempt; it is not run twice");
  if (Exists(Path(kExit)) || Exists(Path("verdict.json"))) {
    return Conflict("this attempt has ended");
  }
  TRY(WriteAll(file.get(), identity.ToJson().Dump()).With(path));
  return file;
}

Result<AttemptSpec> AttemptChannel::ReadSpec() const {
  const std::string path = Path("spec.json");
  ASSIGN_OR_RETURN(const std::optional<Json> json, ReadJson(path));
  if (!json) return NotFound("there is no " + path);
  return AttemptSpec::FromJson(*json);
}

Result<AttemptSecrets> AttemptChannel::TakeSecrets() const {
  const std::string path = Path("secrets");
  ASSIGN_OR_RETURN(const std::optional<Json> json, ReadJson(path));
  if (!json) return AttemptSecrets();
  if (unlink(path.c_str()) != 0) return ErrnoStatus("removing " + path, errno);
  return AttemptSecrets::FromJson(*json);
}

}  // namespace lazurite
