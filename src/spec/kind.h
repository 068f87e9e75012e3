// Finds out which kind of document a file holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "spec/field.h"

namespace lazurite::spec {

// The kind by the document's `type`, else its $schema, else the noun's first; a document of another
// noun counts as the noun's first too. `noun` may be one kind of several by name: then it is that.
const Kind& KindOf(const YamlNode& root, const Kind& noun);

// The values of `type` that this version has for documents of the kind's noun; none if they need no
// `type`.
std::vector<std::string_view> TypeWords(const Kind& kind);

// Why a document is not what was asked for.
struct Misfit {
  Position position;
  int length = 1;
  std::string message;
  std::string suggestion;
};
// Kinds that are recognised but not there in this version; nothing for the others.
std::optional<Misfit> RefusalOf(const YamlNode& root, const Kind& kind);
// For a document that has problems as `kind`: says what it is instead, if that is plain to see.
std::optional<Misfit> MisfitOf(const YamlNode& root, const Kind& kind);

}  // namespace lazurite::spec
