// The uploads under way: each has a staging folder that nobody else writes to.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/upload/upload_session.h"
#include "base/clock.h"
#include "base/locked.h"

namespace lazurite::upload {

// Safe for several threads.
class Sessions {
 public:
  static constexpr size_t kSessionsMax = 64;
  // So long after the last that was heard of its sender an upload is not another one's to go on
  // with.
  static constexpr std::chrono::seconds kHeldMax{10};

  struct Asked {
    Manifest manifest;
    std::string caller;
    std::string sender;  // a word of the sending process's own, or ""
  };
  struct Session {
    std::string id;
    std::shared_ptr<UploadSession> upload;
  };

  Sessions(BlobStore* blobs, const Clock* clock) : blobs_(blobs), clock_(clock) {}

  // Begins an upload, or goes on with what the same request began, also in an earlier process.
  // While another sender is at that, this one gets a session of its own. Without an `upload`: there
  // are too many. Blocks.
  Result<Session> Open(Asked asked);
  // nullptr: there is none.
  std::shared_ptr<UploadSession> Find(const std::string& id) const;
  // The end of a session; what it has not published is removed. Blocks.
  void Drop(const Session& session);

 private:
  struct Entry {
    std::string id;
    std::mutex changing;   // of who begins, goes on with or drops the upload
    bool is_over = false;  // under `changing`: another entry may have the id now
    // Under the lock of all.
    std::shared_ptr<UploadSession> upload;  // once it is begun
    std::string sender;
  };
  using Entries = std::map<std::string, std::shared_ptr<Entry>>;

  static void Expire(Entries& entries, Instant now);
  static bool IsHeld(const Entry& entry, Instant now);
  std::shared_ptr<Entry> Reserve(const std::string& common, const std::string& sender);
  void Remove(const std::shared_ptr<Entry>& entry);

  BlobStore* const blobs_;
  const Clock* const clock_;
  Locked<Entries> entries_;
};

}  // namespace lazurite::upload
