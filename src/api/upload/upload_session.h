// One upload under way: what it is to become, what has arrived, and its end.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "api/upload/crew.h"
#include "api/upload/cutter.h"
#include "api/upload/staged_files.h"
#include "base/clock.h"
#include "storage/blob/blob_store.h"

namespace lazurite::upload {

struct UploadResult {
  std::string hash;
  std::string uri;
  bool was_known = false;
};

// "azureml://datastores/workspaceblobstore/paths/LocalUpload/<hash>/<name>"
std::string UriOf(std::string_view hash, std::string_view name);
// Whether that content is stored under that name. Blocks.
bool IsStored(const BlobStore& blobs, std::string_view hash, std::string_view name);

bool IsStoredFolder(const BlobStore& blobs, std::string_view hash, std::string_view name);

// One body being received. The session outlives it.
class Receiving {
 public:
  Receiving(const Manifest& manifest, StagedFiles& files);

  // For the one who reads the body: hand what Cutter takes to the crew.
  Cutter& cutter() { return cutter_; }
  Crew& crew() { return crew_; }
  // Works through what has come in and takes no more. Blocks.
  void End() { crew_.End(); }

 private:
  Buffers buffers_;
  Cutter cutter_;
  Crew crew_;
};

// Used by one request at a time: each PUT ends the one before it with BeginReceiving.
class UploadSession {
 public:
  // Takes from stored uploads what is known, and from an earlier session of this `id`, also of an
  // earlier process, what had arrived. Blocks.
  static Result<std::shared_ptr<UploadSession>> Begin(BlobStore& blobs, Manifest manifest,
                                                      const std::string& id);

  const Manifest& manifest() const { return manifest_; }
  // Blocks until an earlier body is worked through. nullptr: the upload was discarded.
  std::shared_ptr<Receiving> BeginReceiving();
  // False once another body is being received.
  bool IsCurrent(const std::shared_ptr<Receiving>& receiving) const;
  // Only while nothing is being received.
  std::vector<MissingRange> Missing() const { return files_->Missing(); }
  int64_t MissingBytes() const { return files_->MissingBytes(); }
  bool IsComplete() const { return files_->IsComplete(); }

  // Makes a complete upload durable and visible; again, it gives the same result. Blocks.
  Result<UploadResult> Publish(BlobStore& blobs);
  // Forgets what has arrived, if it is not published, and takes no more. Blocks.
  void Discard();

  // Its sender is there.
  void Touch(Instant now) {
    touched_ = now;
    is_left_ = false;
  }
  Instant touched() const { return touched_; }
  // Its sender's connection is gone: another one may go on.
  void Leave() { is_left_ = true; }
  bool is_left() const { return is_left_; }

 private:
  UploadSession() = default;
  Result<UploadResult> PublishOnce(BlobStore& blobs);
  void TakeKnown(const BlobStore& blobs);

  Manifest manifest_;  // the hashes of files that were sent are our own
  std::unique_ptr<BlobStaging> staging_;
  std::unique_ptr<StagedFiles> files_;
  mutable std::mutex mutex_;
  std::optional<Result<UploadResult>> published_;
  std::shared_ptr<Receiving> receiving_;
  bool is_discarded_ = false;
  std::atomic<Instant> touched_{Instant()};
  std::atomic<bool> is_left_ = false;
};

}  // namespace lazurite::upload
