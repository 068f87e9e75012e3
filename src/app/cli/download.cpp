#include "app/cli/download_files.h"
#include "app/cli/noun.h"
#include "app/cli/verbs.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {

// A data asset's or a model's files, into a folder of its name.
Status RunDownload(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const VersionedName found, FindVersion(context, *server, noun));
  const Result<Json> resource = server->Get(TargetOf(*server, noun, found.name, found.version));
  if (!resource.ok()) return Explained(context, resource.status(), noun, found.name, found.version);
  const std::string uri = PlainText(CellValue(*resource, "properties.modelUri|properties.dataUri"));
  const std::string folder = JoinPath(context.arguments.Get("--download-path", "."), found.name);
  ASSIGN_OR_RETURN(const Downloaded done, DownloadUri(context, *server, uri, folder));
  context.terminal.Note(folder + ": " + std::to_string(done.files) +
                        (done.files == 1 ? " file, " : " files, ") + FormatBytes(done.bytes));
  return {};
}

}  // namespace lazurite::cli
