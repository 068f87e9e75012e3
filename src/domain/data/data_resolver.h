// From a data URI to the place on this machine where the data lies.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "domain/job/job_spec.h"
#include "domain/workspace/resource_id.h"
#include "storage/blob/blob_store.h"
#include "storage/sql/database.h"

namespace lazurite {

struct ResolvedData {
  std::string path;  // absolute
  std::string
      uri;  // in its longest form, azureml://subscriptions/…/datastores/D/paths/P, or file:///…
  std::string asset;  // ARM id of the data or model version it came by, or ""
  std::string
      type;  // of that asset: uri_file, uri_folder, mltable, custom_model, mlflow_model …, or ""
  // ARM id of the data version that a place outside the datastores was registered by, or "".
  std::string registered = {};
};

// What is made of data at another web server, which has no path here.
enum class RemoteData : unsigned char {
  kRefused,
  kGiven  // http and https: ResolvedData with an empty path, and the address as its uri
};

class DataResolver final {
 public:
  DataResolver(const BlobStore& blobs, Scope scope) : blobs_(blobs), scope_(std::move(scope)) {}

  // Any form of ParseDataUri, kRemote only as `remote` says. Does not look whether anything lies
  // there. A reference without a collection is looked for among data, then among models. kNotFound
  // names the asset or datastore; kFailedPrecondition: a kind of place that this version does not
  // read.
  Result<ResolvedData> Resolve(Transaction& transaction, std::string_view uri,
                               RemoteData remote = RemoteData::kRefused) const;

 private:
  const BlobStore& blobs_;
  Scope scope_;
};

enum class DataAccess : unsigned char { kRead, kWrite };

// Whether a job may be given this place. kPermissionDenied: of the server's home only datastores
// are; nor a folder that the home lies in, nor, to write, the uploads, which assets share. Looks at
// the disk for links.
Status CheckJobPlace(const BlobStore& blobs, const ResolvedData& place, DataAccess access);

// Whether an input of that type may be brought from another server (or, if direct, be left there).
// kInvalidArgument with the way out.
Status CheckRemoteInput(const std::string& url, std::string_view type, DataMode mode);
// Of an address that is kept where others see it. kInvalidArgument.
Status CheckNoCredentials(const std::string& url);

}  // namespace lazurite
