// Data that is registered where it lies, without a copy.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "storage/blob/blob_store.h"

namespace lazurite {

// Checks that jobs may be given what lies at `place`, an absolute path of this machine, and writes
// its manifest into a new folder among the home's drafts, which it gives: KeepManifest it or remove
// it. Takes its time. kInvalidArgument, kPermissionDenied, kResourceExhausted: with the way out.
Result<std::string> DraftManifest(const BlobStore& blobs, const std::string& home,
                                  const std::string& place, Time now);

// The draft becomes the manifest in `folder`, in place of the one that was there.
Status KeepManifest(const std::string& draft, const std::string& folder);

}  // namespace lazurite
