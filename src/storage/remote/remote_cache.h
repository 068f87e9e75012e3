// Files of other servers, kept once for all who want them.
#pragma once

#include <string>

#include "base/file.h"
#include "storage/remote/download.h"

namespace lazurite {

// A file that stays as it is as long as `held` lives.
struct RemoteFile {
  std::string path;  // absolute; read-only, ends in the name that it has at its server
  int64_t bytes = 0;
  bool was_there = false;     // nothing was sent
  bool is_unchecked = false;  // its server could not be asked whether it is still the same
  Fd held;
};

// A folder that many processes may use at a time, each through an object of its own:
//
//   <key>/lock          held while somebody asks the server for that address
//   <key>/current.json  {"url", "name", "version", "etag", "modified", "bytes"}; touched at each
//   use <key>/<version>/    the file; locked, shared, by those who use it <key>/part, …json   what
//   is being brought, or was when somebody was interrupted
//
// Each use asks the server whether the file is still the same. The files used longest ago make room
// for others; those in use never do.
class RemoteCache final {
 public:
  RemoteCache(std::string folder, int64_t bytes_max)
      : folder_(std::move(folder)), bytes_max_(bytes_max) {}

  // As Download, whose hooks are used but make_room; kResourceExhausted if the file, or what is in
  // use beside it, leaves no room in the cache.
  Result<RemoteFile> Get(const std::string& url, const DownloadHooks& hooks) const;

  // What is kept, in all.
  int64_t Bytes() const;

 private:
  struct Entry;

  Result<RemoteFile> GetLocked(const Entry& entry, const std::string& url,
                               const DownloadHooks& hooks) const;
  Result<RemoteFile> Keep(const Entry& entry, const std::string& url, const Downloaded& got) const;
  Status MakeRoom(int64_t bytes, const std::string& own) const;

  const std::string folder_;
  const int64_t bytes_max_;
};

}  // namespace lazurite
