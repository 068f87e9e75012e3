#include "domain/asset/asset_rows.h"

namespace lazurite {

std::string_view ToText(AssetKind kind) {
  switch (kind) {
    case AssetKind::kData:
      return "data";
    case AssetKind::kEnvironment:
      return "environments";
    case AssetKind::kModel:
      return "models";
    case AssetKind::kCode:
      return "codes";
    case AssetKind::kComponent:
      return "components";
  }
  return "";
}

namespace asset {

std::string NounOf(AssetKind kind) {
  std::string noun(ToText(kind));
  if (kind != AssetKind::kData) noun.pop_back();
  return noun;
}

Result<AssetVersion> ReadVersion(const Statement& row, AssetKind kind) {
  AssetVersion version;
  version.kind = kind;
  version.sequence = row.Int(0);
  version.workspace = row.Text(1);
  version.name = row.Text(2);
  version.version = row.Text(3);
  version.is_anonymous = row.Int(4) != 0;
  version.is_archived = row.Int(5) != 0;
  version.hash = row.Text(6);
  ASSIGN_OR_RETURN(version.properties, Json::Parse(row.Text(7)));
  version.created = FromMillis(row.Int(8));
  version.created_by = row.Text(9);
  version.modified = FromMillis(row.Int(10));
  return version;
}

Result<AssetContainer> ReadContainer(const Statement& row, AssetKind kind) {
  AssetContainer container;
  container.kind = kind;
  container.sequence = row.Int(0);
  container.workspace = row.Text(1);
  container.name = row.Text(2);
  container.is_archived = row.Int(3) != 0;
  container.next_version = std::to_string(row.Int(4));
  ASSIGN_OR_RETURN(container.properties, Json::Parse(row.Text(5)));
  container.created = FromMillis(row.Int(6));
  container.modified = FromMillis(row.Int(7));
  container.latest_version = row.Text(8);
  return container;
}

Result<std::vector<AssetVersion>> ReadVersions(Statement& statement, AssetKind kind) {
  std::vector<AssetVersion> versions;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, statement.Step());
    if (!more) return versions;
    ASSIGN_OR_RETURN(AssetVersion version, ReadVersion(statement, kind));
    versions.push_back(std::move(version));
  }
}

Result<std::vector<AssetContainer>> ReadContainers(Statement& statement, AssetKind kind) {
  std::vector<AssetContainer> containers;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, statement.Step());
    if (!more) return containers;
    ASSIGN_OR_RETURN(AssetContainer container, ReadContainer(statement, kind));
    containers.push_back(std::move(container));
  }
}

}  // namespace asset
}  // namespace lazurite
