// Datastores as folders of plain files at human paths: a job's input can be the stored file itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"

namespace lazurite {

struct BlobInfo {
  std::string path;  // below the folder that was listed
  int64_t bytes = 0;
  Time modified{};
};

// One file being written under a temporary name. Destroyed before Commit, it leaves nothing.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual Status Append(std::string_view bytes) = 0;
  virtual int64_t bytes() const = 0;
  // Makes the content durable and visible at its place (replacing what was there); its SHA-256 in
  // hex. kConflict: a folder is there, or a file is where a folder would be. At most once.
  virtual Result<std::string> Commit() = 0;
};

// Many files that become visible together.
class BlobStaging {
 public:
  virtual ~BlobStaging() = default;
  // Where the files are written meanwhile: an absolute folder of its own on the same file system.
  virtual const std::string& folder() const = 0;
  // A file beside the folder, which is not published: notes of its owner's.
  virtual std::string notes() const = 0;
  // One durability barrier for everything in the folder, then one rename to the place, which must
  // not exist: kConflict.
  virtual Status Publish(std::string_view datastore, std::string_view path) = 0;
  // Removes what is not published.
  virtual void Discard() = 0;
};

// Jobs write into datastores by themselves: single blobs are neither stored nor removed behind a
// symbolic link (kPermissionDenied). Safe for several threads; one for each root. All functions
// block: on a loop they belong into Loop::Blocking.
class BlobStore final {
 public:
  // `root` is DatastoresFolder(home). Makes it, and clears what an earlier process left unfinished
  // (but see Stage).
  static Result<std::unique_ptr<BlobStore>> Open(const std::string& root);

  const std::string& root() const { return root_; }
  // The absolute path of a blob or folder, confined to the datastore; "" is the datastore itself.
  // kInvalidArgument: a name that cannot be one. Looks at no disk.
  Result<std::string> PathOf(std::string_view datastore, std::string_view path) const;

  Result<std::unique_ptr<BlobWriter>> Create(std::string_view datastore, std::string_view path);
  // Destroyed before Publish, it leaves nothing.
  Result<std::unique_ptr<BlobStaging>> Stage();
  // With a name (letters and digits): what is in it stays, also when this process ends, until it is
  // published, discarded or swept; the same name finds it again. For one owner at a time.
  Result<std::unique_ptr<BlobStaging>> Stage(std::string_view name);
  // So long it may be counted on.
  static constexpr std::chrono::hours kStagedLife{1};
  // Times of files are by the clock that people set: two hours more or less take nothing away.
  static constexpr std::chrono::hours kStagedSlack{2};
  // Removes what has a name and whose notes nobody has written to for kStagedLife + kStagedSlack.
  void SweepStaged();
  // All files below a folder, sorted by path; the file itself (path = its name) if it is one. Links
  // are left out, so nothing outside of the datastore is ever listed. kNotFound.
  Result<std::vector<BlobInfo>> List(std::string_view datastore, std::string_view path) const;
  // Removes a file or folder, not a whole datastore; fine if it is not there.
  Status Remove(std::string_view datastore, std::string_view path);

 private:
  explicit BlobStore(std::string root) : root_(std::move(root)) {}
  std::string root_;
};

}  // namespace lazurite
