#include "domain/data/data_resolver.h"
#include "storage/remote/remote_url.h"

namespace lazurite {

Status CheckRemoteInput(const std::string& url, std::string_view type, DataMode mode) {
  if (mode == DataMode::kDirect) return {};
  const std::string shown = "\"" + RedactedUrl(url) + "\"";
  if (!IsHttpUrl(url)) {
    return InvalidArgument(shown +
                           " lies outside of this server, which cannot fetch it; upload the data, "
                           "or use mode direct to hand the address to the job as it is");
  }
  TRY(ParseRemoteUrl(url).status());
  TRY(CheckNoCredentials(url));
  if (mode != DataMode::kReadOnlyMount && mode != DataMode::kEvalMount &&
      mode != DataMode::kDownload) {
    return InvalidArgument(shown +
                           " lies at another server and cannot be written; use mode "
                           "ro_mount or download");
  }
  if (type == "uri_folder" || type == "mltable" || type == "mlflow_model") {
    return InvalidArgument(shown + " is a file of another server, and the type is " +
                           std::string(type) +
                           "; use type uri_file, or download the folder and "
                           "register it");
  }
  return {};
}

Status CheckNoCredentials(const std::string& url) {
  if (!IsHttpUrl(url) || !HasCredentials(url)) return {};
  return InvalidArgument("\"" + RedactedUrl(url) +
                         "\" carries a password, key or signature, which everybody who sees the "
                         "job or the data could use; upload the data, or hand the job a secret "
                         "(${{secrets.NAME}}) to fetch it with");
}

}  // namespace lazurite
