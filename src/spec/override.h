// `--set a.b.c=v`, applied to a parsed document before it is checked.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.h"
#include "spec/document.h"
#include "spec/field.h"

namespace lazurite::spec {

// Nodes that came from the override with that index stand on this line, which no file has.
inline constexpr int OverrideLine(size_t index) { return -1 - static_cast<int>(index); }
inline constexpr size_t OverrideIndex(int line) { return static_cast<size_t>(-1 - line); }

// What the file calls `override`: its origin or "--set path".
std::string OriginOf(const Override& override);

// The parts of a path: "a.0.b", "a.[0].b" and "a[0].b" are the same; a part in double quotes may
// hold dots; "lazurite." belongs to the name after it.
std::vector<std::string> SplitPath(std::string_view path);

// Sets the value inside `root`. Below a map of texts the rest of the path is one key. The message
// says what is in the way; "" = done.
std::string ApplyOverride(YamlNode& root, const Kind& kind, const Override& override, int line);

}  // namespace lazurite::spec
