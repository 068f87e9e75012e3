// The nouns that share their verbs: where they live in REST and how a list of them looks.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/cli/context.h"
#include "app/cli/draft.h"

namespace lazurite::cli {

struct Noun {
  std::string_view word;        // "data"
  std::string_view plural;      // "data assets"
  std::string_view collection;  // REST's word below a workspace; "" for workspaces themselves
  bool is_versioned = false;
  std::span<const Column> columns;         // of a list
  std::span<const FieldFlag> fields = {};  // flags of `create` that set fields
};

// The noun of the command that runs; its name's first word.
const Noun& NounOf(const Context& context);

// "WS/data/x" or "WS/data/x/versions/1"; workspaces lie beside the one in use.
std::string TargetOf(const Server& server, const Noun& noun, std::string_view name,
                     std::string_view version = "");
std::string ListTargetOf(const Server& server, const Noun& noun);

// A resource as `az ml` shows it.
Json ViewOf(const Noun& noun, const Json& resource);
View ViewOf(const Noun& noun);

// The version that is meant: --version, "name:3" or "name@latest" as the name, --label, else the
// latest. kNotFound in words of the noun.
struct VersionedName {
  std::string name;
  std::string version;
};
Result<VersionedName> FindVersion(Context& context, Server& server, const Noun& noun);

// The status with "no data asset named …" if that is what it means.
Status Explained(Context& context, Status status, const Noun& noun, const std::string& name,
                 const std::string& version = "");

}  // namespace lazurite::cli
