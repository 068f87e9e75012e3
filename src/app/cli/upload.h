// Brings files and folders of this machine to the server (docs/formats/upload.md): unchanged ones
// cost one question, a broken upload goes on where it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/http/client.h"
#include "base/status.h"

namespace lazurite::cli {

struct UploadProgress {
  int64_t files = 0;  // to be sent, in all
  int64_t bytes = 0;
  int64_t files_sent = 0;
  int64_t bytes_sent = 0;
};

struct UploadRequest {
  enum class Purpose : unsigned char {
    kData,  // everything as it is
    kCode   // a folder, without what .amlignore or .gitignore lists; no links that lead out of it
  } purpose = Purpose::kData;
  std::string path;          // file or folder
  Headers headers;           // for each request to the server: Authorization
  std::string cache_folder;  // "" = $XDG_CACHE_HOME/lazurite/uploads, ~/.cache/lazurite/uploads
  // Called once when the server has gone away in the middle and is waited for.
  std::function<void()> waits_for_server;
  // Called on this thread while bytes are sent, at most ten times a second, and once at the end.
  // Not called if nothing is.
  std::function<void(const UploadProgress&)> progress;
};

struct Uploaded {
  std::string uri;   // azureml://datastores/workspaceblobstore/paths/LocalUpload/<hash>/<name>
  std::string hash;  // of the content
  std::string name;  // last part of the path
  bool is_folder = false;
  bool was_known = false;  // the server had it: nothing was sent, or in vain
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t bytes_sent = 0;
  // Links that lead out of the folder; what they lead to was uploaded as if it lay there.
  int64_t links_out = 0;
  std::string link_out;  // the first, "a/link to /where"
};

// Limits of code snapshots; all uploads have those of upload::kFilesMax and kBytesMax.
inline constexpr size_t kCodeFilesMax = 100'000;
inline constexpr int64_t kCodeBytesMax = int64_t{2} << 30;
// How often an upload that has begun is tried again without any progress, and how long a server
// that went away meanwhile is waited for: it goes on there when it is started again.
inline constexpr int kUploadRetriesMax = 5;
inline constexpr std::chrono::seconds kServerAwayMax{60};

// kNotFound: no such path; kInvalidArgument: links out of a code folder, pipes and the like, a file
// that changed meanwhile, an empty code folder; kResourceExhausted: a limit; else what the server
// or the connection said.
Result<Uploaded> UploadPath(BlockingClient& client, const UploadRequest& request);

// The same for a code folder (or one script), registered as a code asset: its ARM id, for `codeId`
// of jobs. `workspace_id` is
// "/subscriptions/…/workspaces/W".
struct UploadedCode {
  Uploaded content;
  std::string id;
};
Result<UploadedCode> UploadCode(BlockingClient& client, const UploadRequest& request,
                                const std::string& workspace_id);

// What would be uploaded: relative paths, sorted. For `doctor` and tests.
Result<std::vector<std::string>> ListUpload(const UploadRequest& request);

}  // namespace lazurite::cli
