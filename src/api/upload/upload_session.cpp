#include "api/upload/upload_session.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>

#include "base/log.h"
#include "base/text.h"
#include "domain/workspace/places.h"

namespace lazurite::upload {
namespace {

// Beside the stored folder: what is in it, for later uploads of nearly the same.
constexpr std::string_view kManifestFile = ".lazurite-files.json";
// Left free on the disk for everything else.
constexpr int64_t kReserveBytes = int64_t{64} << 20;

std::string PlaceOf(const BlobStore& blobs, std::string_view hash, std::string_view below) {
  const Result<std::string> folder = blobs.PathOf(kBlobDatastore, UploadPath(hash));
  LAZURITE_CHECK(folder.ok());
  return JoinPath(*folder, below);
}

// hash of a file's content -> where it is stored
using Stored = std::unordered_map<std::string, std::string>;

void AddFolder(const BlobStore& blobs, const std::string& hash, Stored& stored) {
  const Result<std::string> text = ReadFile(PlaceOf(blobs, hash, kManifestFile), kManifestBytesMax);
  if (!text.ok()) return;
  const Result<Json> json = Json::Parse(*text);
  if (!json.ok()) return;
  const Result<Manifest> manifest = Manifest::FromJson(*json);
  if (!manifest.ok()) return;
  const std::string root = PlaceOf(blobs, hash, manifest->name) + "/";
  for (const FileEntry& file : manifest->files) {
    if (!file.hash.empty()) stored.emplace(file.hash, root + file.path);
  }
}

void AddFile(const BlobStore& blobs, const std::string& hash, Stored& stored) {
  const std::string folder = PlaceOf(blobs, hash, "");
  const Result<std::vector<std::string>> names = ListDir(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const std::string path = JoinPath(folder, name);
    if (name != kManifestFile && !IsDir(path)) stored.emplace(hash, path);
  }
}

Status CheckRoom(const BlobStore& blobs, int64_t bytes) {
  struct statvfs info {};
  if (statvfs(blobs.root().c_str(), &info) != 0) return {};
  const auto room = static_cast<int64_t>(info.f_bavail * info.f_frsize) - kReserveBytes;
  if (bytes <= room) return {};
  return {Code::kResourceExhausted, "the upload needs " + FormatBytes(bytes) +
                                        " and the server's disk has " +
                                        FormatBytes(std::max<int64_t>(room, 0)) + " left"};
}

// Not durable, not needed: an upload without it is complete, only nothing is taken from it later.
void KeepManifest(const BlobStore& blobs, const std::string& hash, const Manifest& manifest) {
  if (!manifest.is_folder) return;
  const std::string file = PlaceOf(blobs, hash, kManifestFile);
  const std::string fresh = file + ".new";
  Status status = WriteFile(fresh, manifest.ToJson().Dump());
  if (status.ok()) status = Rename(fresh, file);
  if (!status.ok()) {
    Log(LogLevel::kWarning, "keeping an upload's list of files failed", {{"error", status.text()}});
  }
}

}  // namespace

std::string UriOf(std::string_view hash, std::string_view name) {
  return "azureml://datastores/" + std::string(kBlobDatastore) + "/paths/" + UploadPath(hash) +
         "/" + std::string(name);
}

bool IsStored(const BlobStore& blobs, std::string_view hash, std::string_view name) {
  return Exists(PlaceOf(blobs, hash, name));
}

bool IsStoredFolder(const BlobStore& blobs, std::string_view hash, std::string_view name) {
  return IsDir(PlaceOf(blobs, hash, name));
}

Receiving::Receiving(const Manifest& manifest, StagedFiles& files)
    : cutter_(manifest, files.Next(), buffers_), crew_([this, &files](Load& load) {
        Status status = files.Put(load);
        buffers_.Put(std::move(load.bytes));
        return status;
      }) {}

Result<std::shared_ptr<UploadSession>> UploadSession::Begin(BlobStore& blobs, Manifest manifest,
                                                            const std::string& id) {
  std::shared_ptr<UploadSession> session(new UploadSession());
  session->manifest_ = std::move(manifest);
  ASSIGN_OR_RETURN(session->staging_, blobs.Stage(id));
  const std::string& folder = session->staging_->folder();
  session->files_ =
      std::make_unique<StagedFiles>(session->manifest_, folder, session->staging_->notes());
  ASSIGN_OR_RETURN(const bool goes_on, session->files_->Resume());
  if (!goes_on) {
    TRY(RemoveTree(folder));
    TRY(MakeDirs(folder));
  }
  session->TakeKnown(blobs);
  const Status has_room = CheckRoom(blobs, session->MissingBytes());
  if (!has_room.ok()) session->Discard();
  TRY(has_room);
  return session;
}

void UploadSession::Discard() {
  const std::lock_guard lock(mutex_);
  if (receiving_) receiving_->End();
  is_discarded_ = true;
  staging_->Discard();
}

// The files whose content is stored already, linked into the new upload.
void UploadSession::TakeKnown(const BlobStore& blobs) {
  const bool is_hashed = std::all_of(manifest_.files.begin(), manifest_.files.end(),
                                     [](const FileEntry& file) { return !file.hash.empty(); });
  Stored stored;
  for (const std::string& hash :
       {manifest_.base, is_hashed ? ContentHash(manifest_) : std::string()}) {
    if (hash.empty()) continue;
    AddFolder(blobs, hash, stored);
    AddFile(blobs, hash, stored);
  }
  for (size_t i = 0; i < manifest_.files.size() && !stored.empty(); ++i) {
    const auto found = stored.find(manifest_.files[i].hash);
    if (found != stored.end()) files_->Link(static_cast<uint32_t>(i), found->second);
  }
}

std::shared_ptr<Receiving> UploadSession::BeginReceiving() {
  const std::lock_guard lock(mutex_);
  if (receiving_) receiving_->End();
  if (is_discarded_) return nullptr;
  files_->BeginBody();
  receiving_ = std::make_shared<Receiving>(manifest_, *files_);
  return receiving_;
}

bool UploadSession::IsCurrent(const std::shared_ptr<Receiving>& receiving) const {
  const std::lock_guard lock(mutex_);
  return receiving_ == receiving;
}

Result<UploadResult> UploadSession::Publish(BlobStore& blobs) {
  const std::lock_guard lock(mutex_);
  if (!published_) published_ = PublishOnce(blobs);
  return *published_;
}

Result<UploadResult> UploadSession::PublishOnce(BlobStore& blobs) {
  LAZURITE_CHECK(IsComplete());
  UploadResult result;
  result.hash = ContentHash(manifest_);
  result.uri = UriOf(result.hash, manifest_.name);
  result.was_known = IsStored(blobs, result.hash, manifest_.name);
  if (result.was_known) return result;
  std::string place = UploadPath(result.hash);
  if (manifest_.is_folder) place += "/" + manifest_.name;
  const Status status = staging_->Publish(kBlobDatastore, place);
  if (status.code() == Code::kConflict) {
    // Somebody else was faster, or has the same file under another name.
    const std::string target = PlaceOf(blobs, result.hash, manifest_.name);
    const std::string source = JoinPath(staging_->folder(), manifest_.name);
    if (!manifest_.is_folder && link(source.c_str(), target.c_str()) == 0) {
      TRY(SyncFile(target));
      TRY(SyncDir(DirName(target)));
      return result;
    }
    result.was_known = true;
    if (IsStored(blobs, result.hash, manifest_.name)) return result;
  }
  TRY(status);
  KeepManifest(blobs, result.hash, manifest_);
  return result;
}

}  // namespace lazurite::upload
