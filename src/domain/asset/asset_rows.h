// Rows of the asset tables. Internal to domain/asset.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/asset/asset_store.h"

namespace lazurite::asset {

inline constexpr std::string_view kVersionColumns =
    "sequence, workspace, name, version, is_anonymous, is_archived, hash, properties, created,"
    " created_by, modified";
inline constexpr std::string_view kContainerColumns =
    "sequence, workspace, name, is_archived, next_version, properties, created, modified,"
    " (SELECT v.version FROM asset_versions v WHERE v.workspace = c.workspace AND v.kind = c.kind"
    " AND v.name = c.name ORDER BY v.sequence DESC LIMIT 1)";

// The singular noun, for messages and changes: "environment".
std::string NounOf(AssetKind kind);

Result<AssetVersion> ReadVersion(const Statement& row, AssetKind kind);
Result<AssetContainer> ReadContainer(const Statement& row, AssetKind kind);
// All rows of a statement that is bound.
Result<std::vector<AssetVersion>> ReadVersions(Statement& statement, AssetKind kind);
Result<std::vector<AssetContainer>> ReadContainers(Statement& statement, AssetKind kind);

}  // namespace lazurite::asset
