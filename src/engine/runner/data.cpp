#include "engine/runner/data.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/real_path.h"
#include "base/text.h"
#include "domain/data/manifest.h"
#include "domain/workspace/places.h"
#include "storage/remote/remote_cache.h"
#include "storage/remote/remote_url.h"

namespace lazurite::runner {
namespace {

// What a script writes below these folders of its working directory belongs to its run.
constexpr std::array<const char*, 2> kArtifactFolders = {"outputs", "logs"};

bool IsMounted(DataMode mode) {
  return mode == DataMode::kReadOnlyMount || mode == DataMode::kEvalMount;
}

bool IsFileType(const std::string& type) { return type == "uri_file"; }

Status CheckName(const std::string& name) {
  ASSIGN_OR_RETURN(const std::string safe, SafeRelative(name));
  if (safe.find('/') != std::string::npos) return InvalidArgument("\"" + name + "\" is no name");
  return {};
}

// A copy file by file, so that a cancel is heard.
Status CopyData(const std::string& from, const std::string& to,
                const JobData::Cancelled& cancelled) {
  if (!IsDir(from)) return CopyTree(from, to);
  TRY(MakeDirs(to));
  ASSIGN_OR_RETURN(const std::vector<WalkEntry> entries, WalkTree(from));
  for (const WalkEntry& entry : entries) {
    if (cancelled()) return Status(Code::kCancelled, "cancelled");
    const std::string target = JoinPath(to, entry.path);
    if (S_ISDIR(entry.info.st_mode)) {
      TRY(MakeDirs(target));
    } else {
      TRY(CopyTree(JoinPath(from, entry.path), target));
    }
  }
  return {};
}

bool IsBelow(const std::string& path, const std::string& folder) {
  return path.starts_with(folder + "/");
}

// The finished file under a second name if that can be, else a copy; replaces what is there.
Status LinkOrCopy(const std::string& from, const std::string& to) {
  TRY(MakeDirs(DirName(to)));
  if (link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == EEXIST) {
    if (unlink(to.c_str()) != 0) return ErrnoStatus("replacing " + to, errno);
    if (link(from.c_str(), to.c_str()) == 0) return {};
  }
  return CopyTree(from, to);
}

}  // namespace

Result<DataPlaces> JobData::Prepare(Sandbox& sandbox, const Cancelled& cancelled) {
  const std::string code = folder_ + "/code";
  if (!spec_.code_source.empty()) {
    Status copied = CopyData(spec_.code_source, code, cancelled);
    if (!copied.ok()) return std::move(copied).With("copying the code");
  }
  for (const char* name : kArtifactFolders) TRY(MakeDirs(JoinPath(code, name)));
  if (!spec_.inputs.empty() || !spec_.outputs.empty()) TRY(MakeDirs(folder_ + "/data"));
  places_.inputs = spec_.literals;
  for (const AttemptInput& input : spec_.inputs) {
    Status prepared = PrepareInput(input, sandbox, cancelled);
    if (!prepared.ok()) return std::move(prepared).With("input " + input.name);
  }
  for (const AttemptOutput& output : spec_.outputs) {
    Status prepared = PrepareOutput(output, sandbox);
    if (!prepared.ok()) return std::move(prepared).With("output " + output.name);
  }
  return places_;
}

Status JobData::PrepareInput(const AttemptInput& input, Sandbox& sandbox,
                             const Cancelled& cancelled) {
  TRY(CheckName(input.name));
  TRY(CheckRegistered(input));
  if (input.mode == DataMode::kDirect) {
    places_.inputs[input.name] = input.uri;
    log_("input " + input.name + ": as its address " + input.uri);
    return {};
  }
  std::string source = input.source;
  if (source.empty()) {
    ASSIGN_OR_RETURN(source, Bring(input, cancelled));
  }
  if (!Exists(source)) return NotFound("nothing lies at " + source);
  const bool is_folder = IsDir(source);
  // A file keeps its name, since programs look at its ending.
  std::string place = folder_ + "/inputs/" + input.name;
  if (!is_folder) place += "/" + BaseName(source);
  places_.inputs[input.name] = place;
  TRY(Link(place, "INPUT_" + input.name));
  TRY(MakeDirs(DirName(place)));
  if (IsMounted(input.mode)) {
    if (is_folder) {
      TRY(MakeDirs(place));
    } else {
      TRY(WriteFile(place, ""));
    }
    sandbox.AddReadOnly(source, place);
    log_("input " + input.name + ": " + source + " itself, read-only");
    return {};
  }
  if (input.mode == DataMode::kReadWriteMount) {
    if (symlink(source.c_str(), place.c_str()) != 0) return ErrnoStatus("linking", errno);
    sandbox.Allow(source);
    log_("input " + input.name + ": " + source + " itself, writable");
    return {};
  }
  log_("input " + input.name + ": copying " + source);
  return CopyData(source, place, cancelled);
}

// A file of another server, from the cache that all jobs share.
Result<std::string> JobData::Bring(const AttemptInput& input, const Cancelled& cancelled) {
  log_("input " + input.name + ": asking for " + RedactedUrl(input.uri));
  DownloadHooks hooks;
  hooks.log = [this, &input](std::string_view line) {
    log_("input " + input.name + ": " + std::string(line));
  };
  hooks.cancelled = cancelled;
  const RemoteCache cache(RemoteCacheFolder(spec_.home), spec_.cache_bytes_max);
  Result<RemoteFile> file = cache.Get(input.uri, hooks);
  if (!file.ok()) return file.status();
  log_("input " + input.name + ": " + FormatBytes(file->bytes) +
       (file->was_there ? ", unchanged since it was brought" : ", brought now"));
  if (file->is_unchecked) {
    places_.notes.push_back("input " + input.name + ": " + RedactedUrl(input.uri) +
                            " could not be asked whether it has changed; the job has what was "
                            "brought earlier");
  }
  held_.push_back(std::move(file->held));
  return file->path;
}

// Tells what of data that is used in place is not as it was registered. What cannot be told is no
// reason to stop; what is not there at all is.
Status JobData::CheckRegistered(const AttemptInput& input) {
  if (input.manifest.empty()) return {};
  const Result<Manifest> then = ReadManifest(input.manifest);
  if (!then.ok()) {
    log_("input " + input.name + ": not compared with " + input.registered + ": " +
         then.status().text());
    return {};
  }
  const std::string when = FormatTime(then->taken);
  const Result<Manifest> now = TakeManifest(then->place, Time());
  const bool is_empty = now.ok() && now->files.empty() && !then->files.empty();
  if (now.status().code() == Code::kNotFound || is_empty) {
    return NotFound(then->place + (is_empty ? " is empty, and had " : " is not there, and had ") +
                    std::to_string(then->files.size()) + " files when " + input.registered +
                    " was registered at " + when + "; is its disk mounted?");
  }
  if (!now.ok()) {
    places_.notes.push_back("input " + input.name + " could not be compared with " +
                            input.registered + ": " + now.status().text());
    return {};
  }
  const ManifestChanges changes = CompareManifest(*then, *now);
  if (changes.count() == 0) {
    log_("input " + input.name + ": as " + input.registered + " was registered at " + when);
    return {};
  }
  places_.notes.push_back("input " + input.name + ": " + changes.Count() + " of " +
                          input.registered + " changed since it was registered at " + when + ": " +
                          changes.Named() + "; if that is meant, register a new version");
  log_(places_.notes.back());
  places_.changed[input.name] = changes.count();
  return {};
}

Status JobData::PrepareOutput(const AttemptOutput& output, Sandbox& sandbox) {
  TRY(CheckName(output.name));
  const bool is_file = IsFileType(output.type);
  const std::string place = folder_ + "/outputs/" + output.name;
  if (output.mode == DataMode::kUpload) {
    TRY(MakeDirs(place));
    places_.outputs[output.name] = is_file ? place + "/" + BaseName(output.target) : place;
    log_("output " + output.name + ": stored at " + output.target + " when the job has ended");
  } else {
    const std::string folder = is_file ? DirName(output.target) : output.target;
    TRY(MakeDirs(folder));
    TRY(MakeDirs(DirName(place)));
    sandbox.Allow(folder);
    if (symlink(output.target.c_str(), place.c_str()) != 0) return ErrnoStatus("linking", errno);
    places_.outputs[output.name] = output.target;
    log_("output " + output.name + ": written straight to " + output.target);
  }
  return Link(places_.outputs[output.name], output.name);
}

Status JobData::Link(const std::string& target, const std::string& name) const {
  const std::string path = folder_ + "/data/" + name;
  if (symlink(target.c_str(), path.c_str()) == 0) return {};
  return ErrnoStatus("linking " + path, errno);
}

Status JobData::Store() {
  Status result;
  bool has_any = false;
  for (const AttemptOutput& output : spec_.outputs) {
    has_any = true;
    Status stored = StoreOutput(output);
    if (!stored.ok()) result = std::move(stored).With("output " + output.name);
  }
  for (const char* name : kArtifactFolders) {
    Status stored = StoreArtifacts(name, has_any);
    if (!stored.ok()) result = std::move(stored).With("artifacts");
  }
  if (!has_any || !result.ok()) return result;
  const std::string some = spec_.outputs.empty() ? spec_.artifacts_folder : spec_.outputs[0].target;
  return SyncFileSystem(IsDir(some) ? some : DirName(some));
}

Status JobData::StoreOutput(const AttemptOutput& output) {
  if (output.mode != DataMode::kUpload) return {};
  const auto place = places_.outputs.find(output.name);
  if (place == places_.outputs.end()) return {};
  if (!Exists(place->second)) {
    log_("output " + output.name + ": the job wrote nothing");
    return {};
  }
  log_("output " + output.name + ": storing " + output.target);
  return Gather("output " + output.name, place->second, output.target);
}

Status JobData::StoreArtifacts(const std::string& name, bool& has_any) {
  const std::string from = folder_ + "/code/" + name;
  if (spec_.artifacts_folder.empty() || !IsDir(from)) return {};
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(from));
  if (names.empty()) return {};
  has_any = true;
  return Gather("the folder " + name, from, JoinPath(spec_.artifacts_folder, name));
}

// All files at and below `from`; what is not taken becomes a note.
Status JobData::Gather(const std::string& title, const std::string& from, const std::string& to) {
  std::string first;
  ASSIGN_OR_RETURN(const int left_out, GatherAll(from, to, first));
  if (left_out == 0) return {};
  left_out_.push_back(
      title + ": " + std::to_string(left_out) + (left_out == 1 ? " entry is" : " entries are") +
      " not stored: a pipe, a socket or a link to what is not the job's (" +
      (left_out == 1 ? "" : "first: ") + first + "); all are listed in system_logs/data.txt");
  return {};
}

// Gives how many entries were not taken.
Result<int> JobData::GatherAll(const std::string& from, const std::string& to, std::string& first) {
  std::vector<WalkEntry> entries;
  const bool is_folder = IsDir(from);
  if (is_folder) {
    TRY(MakeDirs(to));
    ASSIGN_OR_RETURN(entries, WalkTree(from));
  } else {
    entries.emplace_back();
  }
  int left_out = 0;
  for (const WalkEntry& entry : entries) {
    const std::string source = is_folder ? JoinPath(from, entry.path) : from;
    const std::string target = is_folder ? JoinPath(to, entry.path) : to;
    if (is_folder && S_ISDIR(entry.info.st_mode)) {
      TRY(MakeDirs(target));
      continue;
    }
    bool is_taken = false;
    TRY(GatherFile(source, target, is_taken));
    if (is_taken) continue;
    log_("left out: " + source + " is no file of this job's");
    if (left_out++ == 0) first = is_folder ? entry.path : BaseName(from);
  }
  return left_out;
}

// Links are followed, but only to what is the attempt's own: the store must not get what a job was
// not allowed to see.
Status JobData::GatherFile(const std::string& source, const std::string& target, bool& is_taken) {
  const std::string real = RealPath(source);
  struct stat info {};
  const bool is_file = stat(real.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  is_taken = is_file && IsBelow(real, RealPath(folder_));
  return is_taken ? LinkOrCopy(real, target) : Status();
}

}  // namespace lazurite::runner
