// Hashes, in the background, the files of data that is used in place.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "domain/data/manifest.h"

namespace lazurite::data {

// One thread, which gets what nobody else wants of processors and disks, goes through the manifests
// of a home one by one and writes a hash for each file (domain/data/manifest.h). It goes on after a
// restart where it was, but for the file it was in.
class ManifestHasher final {
 public:
  explicit ManifestHasher(std::string home) : home_(std::move(home)) {}
  ~ManifestHasher();  // stops within a piece of a file
  ManifestHasher(const ManifestHasher&) = delete;
  ManifestHasher& operator=(const ManifestHasher&) = delete;

  // Begins with what an earlier server left. Manifests that were never finished are removed.
  void Start();
  // A new manifest is in `folder`.
  void Added(const std::string& folder);
  // Of the file that is read just now, if it belongs to that manifest; else 0.
  int64_t BytesInHand(const std::string& folder) const;
  // Waits until nothing is left to do, for tests.
  void WaitUntilIdle();

 private:
  void Run();
  void Hash(const std::string& folder);
  std::string LineOf(const std::string& path, const ManifestFile& file);
  Status HashAll(const std::string& folder, ManifestReader& reader);
  bool MayGoOn();

  const std::string home_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::string current_;
  int64_t bytes_in_hand_ = 0;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace lazurite::data
