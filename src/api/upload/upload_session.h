// One upload under way: what it is to become, what has arrived, and its end.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "api/upload/file_sequence.h"
#include "api/upload/lane.h"
#include "api/upload/sinks.h"
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

// One body being received: its bytes are written on one thread and hashed on another.
class Receiving {
 public:
  Receiving(FileSequence& writing, FileSequence& hashing);

  Lane& writer() { return writer_; }
  Lane& hasher() { return hasher_; }
  Status status() const;
  // Works through what has come in and takes no more. Blocks.
  void End();

 private:
  Lane writer_;
  Lane hasher_;
};

// Used by one request at a time: each PUT ends the one before it with BeginReceiving.
class UploadSession {
 public:
  // Takes from stored uploads what is known. Blocks.
  static Result<std::shared_ptr<UploadSession>> Begin(BlobStore& blobs, Manifest manifest);

  const Manifest& manifest() const { return manifest_; }
  // Blocks until an earlier body is worked through.
  std::shared_ptr<Receiving> BeginReceiving();
  // False once another body is being received.
  bool IsCurrent(const std::shared_ptr<Receiving>& receiving) const;
  // Only while nothing is being received.
  std::vector<MissingRange> Missing() const { return writing_->Missing(); }
  int64_t MissingBytes() const { return writing_->MissingBytes(); }
  bool IsComplete() const { return writing_->IsComplete() && hashing_->IsComplete(); }

  // Makes a complete upload durable and visible; again, it gives the same result. Blocks.
  Result<UploadResult> Publish(BlobStore& blobs);

  void Touch(Time now) { touched_ms_ = ToMillis(now); }
  Time touched() const { return FromMillis(touched_ms_); }

 private:
  UploadSession() = default;
  Result<UploadResult> PublishOnce(BlobStore& blobs);
  std::vector<bool> TakeKnown(const BlobStore& blobs);

  Manifest manifest_;  // sha256 of files that were sent are the hasher's
  std::unique_ptr<BlobStaging> staging_;
  std::unique_ptr<FileWriter> writer_;
  std::unique_ptr<FileHasher> hasher_;
  std::unique_ptr<FileSequence> writing_;
  std::unique_ptr<FileSequence> hashing_;
  mutable std::mutex mutex_;
  std::optional<Result<UploadResult>> published_;
  std::shared_ptr<Receiving> receiving_;
  std::atomic<int64_t> touched_ms_{0};
};

}  // namespace lazurite::upload
