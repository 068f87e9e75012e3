// Data versions that stay where they are: their manifests come and go with them.
#pragma once

#include <string>

#include "api/arm/asset_request.h"

namespace lazurite::arm {

// A manifest that is taken, but of no version yet.
class ManifestDraft final {
 public:
  explicit ManifestDraft(std::string folder = "") : folder_(std::move(folder)) {}
  ~ManifestDraft();  // removes what was not kept
  ManifestDraft(ManifestDraft&& other) noexcept : folder_(std::exchange(other.folder_, "")) {}
  ManifestDraft& operator=(ManifestDraft&&) = delete;

  bool has_one() const { return !folder_.empty(); }
  // It is the one of the version in that folder from now on.
  Status Keep(const std::string& folder);

 private:
  std::string folder_;
};

// If the version is data at file:///…, and not one that has its manifest already: checks the place
// and takes it. Else a draft that has none.
Task<Result<ManifestDraft>> TakeDraft(const AssetRequest& asked, const Json& properties);

// After the version was stored; `version` is its number.
Task<Status> KeepDraft(const AssetRequest& asked, ManifestDraft& draft, std::string version);

// After versions were deleted; "" for all of the name.
Task<void> DropManifests(const AssetRequest& asked, std::string version);

}  // namespace lazurite::arm
