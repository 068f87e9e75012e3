#include "app/cli/download_files.h"

#include <fcntl.h>
#include <unistd.h>

#include "app/cli/progress.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

Status DownloadFile(Server& server, const std::string& target, const std::string& file,
                    const std::function<void(int64_t)>& progress) {
  TRY(MakeDirs(DirName(file)));
  const std::string temporary = file + ".part";
  ASSIGN_OR_RETURN(const Fd fd, OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  Status written;
  const auto take = [&](std::string_view piece) {
    written = WriteAll(fd.get(), piece);
    progress(static_cast<int64_t>(piece.size()));
    return written.ok();
  };
  ClientRequest request;
  request.target = target;
  const Result<ClientResponse> response = server.Call(std::move(request), take);
  Status status = !written.ok() ? written : response.status();
  if (status.ok()) status = Server::StatusOf(*response);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return std::move(status).With("downloading " + BaseName(file));
  }
  return Rename(temporary, file);
}

}  // namespace

Result<Downloaded> DownloadUri(Context& context, Server& server, const std::string& uri,
                               const std::string& folder) {
  const std::string query =
      "?uri=" + UrlEncode(uri) + "&workspace=" + UrlEncode(server.settings().scope.workspace);
  ASSIGN_OR_RETURN(const Json found, server.Get("/lazurite/v1/files" + query));
  const Json* files = found.Find("files");
  if (files == nullptr || !files->is_array()) return NotFound("nothing lies at " + uri);
  int64_t total = 0;
  for (const Json& file : files->array()) total += file.GetInt("bytes");
  Progress progress(context.terminal, "downloading to " + folder);
  Downloaded done;
  for (const Json& file : files->array()) {
    const std::string path = file.GetString("path");
    ASSIGN_OR_RETURN(const std::string place, ConfinedPath(folder, path));
    TRY(DownloadFile(server, "/lazurite/v1/files/content" + query + "&path=" + UrlEncode(path),
                     place, [&](int64_t bytes) {
                       done.bytes += bytes;
                       progress.Show(done.bytes, total);
                     }));
    ++done.files;
  }
  return done;
}

}  // namespace lazurite::cli
