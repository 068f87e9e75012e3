// The documentation of the YAML surface, made from the table of fields.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::spec {

// What a field means: "job.resources.instance_count"; a prefix lists the fields below it, "" lists
// the nouns. Ends with a line feed. kNotFound: no such field, with the nearest name.
Result<std::string> Explain(std::string_view path);

// JSON Schema (draft 7) of a kind or noun, for editors. kNotFound: no such kind, with those there
// are. It accepts what LoadDocument accepts but for conversions ("4" for 4, yes for true), and
// refuses unknown fields, wrong types, missing ones and unknown words.
Result<Json> JsonSchema(std::string_view kind);
// One schema for all kinds: a document is held against the one that its $schema names, any other
// YAML passes.
Json JsonSchemaOfAll();

// The reference page of all fields, in Markdown (docs/reference/yaml.md).
std::string ReferencePage();

// A field's type in words: "one of ro_mount, download", "whole number 1..1024".
std::string TypeText(std::string_view type);

}  // namespace lazurite::spec
