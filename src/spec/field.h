// The YAML surface as one table: checking, messages, `--set`, explanations, JSON Schema and the conversion to and from
// REST are all made from these rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lazurite::spec {

// One field. A "*" in a path stands for any key of a map, "[]" for any item of a list.
//
// Types: "string", "integer[:low..high]", "number[:low..high]", "boolean", "version" (a text; 01 is 1), "seconds" (REST:
// PT…S), "minutes" (REST: PT…M), "enum:yaml=Rest|yaml=Rest" (any case, snake or camel), "object" (the rows below it), "map:string",
// "map:any", "list:string", "list:object", "any", "reference:COLLECTION" (an asset or compute in any form),
// "path" (local, or a URI), "input", "output", "environment" (a reference or an object), "conda" (a path or an
// object). A "!" at the end: the field must be there. Type names are for this table only.
struct Field {
  std::string_view path;      // "resources.instance_count"
  std::string_view type;      // see above
  std::string_view preset;    // default as written in YAML, "" if none
  std::string_view rest;      // "properties.resources.instanceCount"; "" = not sent, or made by the conversion
  std::string_view sentence;  // what it does

  bool is_required() const { return type.ends_with('!'); }
  std::string_view plain_type() const { return is_required() ? type.substr(0, type.size() - 1) : type; }
};

// A kind of document.
struct Kind {
  std::string_view name;        // "commandJob"
  std::string_view noun;        // of the command line: "job"
  std::string_view plural;      // "command jobs"
  std::string_view types;       // values of `type` that mean it, separated by "|"; "" = any
  std::string_view schemas;     // the part of $schema before ".schema.json", separated by "|"
  std::span<const Field> fields;  // empty: recognised, so that it can be refused clearly
};

// All kinds; of several for one noun the first is what a document without `type` and $schema means.
std::span<const Kind> Kinds();
// The kind by name or, if no kind is called so, the first one of that noun; nullptr if there is none.
const Kind* FindKind(std::string_view name_or_noun);
// The rows of a kind, in the order of the reference page.
std::span<const Field> FieldsOf(std::string_view kind);

// The words of an enumeration as {YAML, REST}.
struct EnumWord {
  std::string_view yaml;
  std::string_view rest;
};
std::vector<EnumWord> EnumWords(std::string_view enum_type);
// The word meant by `text`, whatever its case and with or without underscores, in YAML's or in REST's spelling.
std::optional<EnumWord> FindEnumWord(std::string_view enum_type, std::string_view text);

}  // namespace lazurite::spec
