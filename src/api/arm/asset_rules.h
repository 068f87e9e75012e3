// What the kinds of assets demand of their versions, and what of one never changes.
#pragma once

#include <string>

#include "base/json.h"
#include "domain/asset/asset_store.h"
#include "domain/workspace/resource_id.h"
#include "storage/blob/blob_store.h"
#include "storage/sql/database.h"

namespace lazurite::arm {

// Checks a version that is to be stored and completes it: types, references, URIs of job outputs
// replaced by the place where they lie, the content hash of codes, name and version inside
// component specifications.
Status PrepareVersion(Transaction& transaction, const BlobStore& blobs, const Scope& scope,
                      AssetVersion& version);

// What lies at the place of data or a model is what its type says: a file for uri_file, a folder
// for uri_folder and mltable, a folder with an MLmodel file for mlflow_model. Nothing may lie there
// yet, unless a model is due. Looks at the disk. kInvalidArgument with the way out.
Status CheckPlaceOf(const AssetVersion& version, const std::string& path, bool is_due);

// True if both have the same content; descriptions, tags, stage and archive mark may differ.
bool IsSameContent(const AssetVersion& a, const AssetVersion& b);

// What to say when they have not: clients match on some of these words.
struct ContentConflict {
  std::string code;
  std::string message;
};
ContentConflict ConflictOf(const AssetVersion& existing);

// Names that clients give to what they register in passing; a later definition replaces the earlier
// one.
bool IsReplaceable(const AssetVersion& existing);

// Where the MLmodel file of an mlflow model lies, absolute; "" for other versions.
std::string ModelFileOf(const BlobStore& blobs, const AssetVersion& version);
// "flavors" of an MLmodel file as REST shows them; {} if the text has none.
Json FlavorsOf(const std::string& mlmodel);

}  // namespace lazurite::arm
