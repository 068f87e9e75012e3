#include "domain/workspace/key_file.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr size_t kKeyFileBytesMax = 8192;

}  // namespace

Result<std::string> ReadOrMakeKeyFile(const std::string& file, std::string_view prefix,
                                      size_t bytes) {
  if (!Exists(file)) {
    TRY(MakeDirs(DirName(file), 0700));
    TRY(WriteFileAtomic(file, std::string(prefix) + Base64UrlEncode(RandomBytes(bytes)) + "\n",
                        0600));
  }
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return ErrnoStatus("looking at " + file, errno);
  if ((info.st_mode & 077) != 0) {
    return Status(Code::kPermissionDenied,
                  file + " can be read by others; take that away with: chmod 600 " + file);
  }
  ASSIGN_OR_RETURN(const std::string content, ReadFile(file, kKeyFileBytesMax));
  std::string key(Trim(content));
  if (key.size() < bytes) {
    return FailedPrecondition(file + " is damaged; remove it and a new one is made");
  }
  return key;
}

}  // namespace lazurite
