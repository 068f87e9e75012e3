// The YAML surface as one table: checking, messages, `--set`, explanations, JSON Schema and the
// conversion to and from REST are all made from these rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lazurite::spec {

// One field. A "*" in a path stands for any key of a map.
//
// Types ("!" at the end: the field must be there):
//   string, name (of an asset or a job), version (a text; 01 is 1), path (local, or a URI)
//   integer[:low..high], number[:low..high], boolean, switch (boolean; REST: Enabled, Disabled)
//   seconds[:low..high] (REST: PT…S), minutes (REST: PT…M)
//   enum:yaml=Rest|yaml=Rest  any case, snake or camel; digits in REST are a number; a word with
//                             the REST word of an earlier one is an old name of that
//   object                    the rows below it
//   map:string, map:any, map:object, map:input, map:output, list:string, list:any, any
//   reference:COLLECTION      an asset or a compute in any form
//   environment               a reference or an object; conda: a path or an object
//   readonly                  what `show` prints; accepted, not sent
struct Field {
  std::string_view path;      // "resources.instance_count"
  std::string_view type;      // see above
  std::string_view preset;    // default as written in YAML, "" if none
  std::string_view rest;      // "properties.resources.instanceCount", "" = not sent as such
  std::string_view sentence;  // what it does

  bool is_required() const { return type.ends_with('!'); }
  std::string_view plain_type() const {
    return is_required() ? type.substr(0, type.size() - 1) : type;
  }
};

// A kind of document.
struct Kind {
  std::string_view name;          // "commandJob"
  std::string_view noun;          // of the command line: "job"
  std::string_view plural;        // "command jobs"
  std::string_view types;         // values of `type` that mean it, separated by "|"; "" = any
  std::string_view schemas;       // $schema's file name before ".schema.json", separated by "|"
  std::span<const Field> fields;  // empty: recognised, so that it can be refused clearly
};

// All kinds; of several for one noun the first is what a document without `type` and $schema means.
std::span<const Kind> Kinds();
// The kind by name or, if no kind is called so, the first one of that noun; else nullptr.
const Kind* FindKind(std::string_view name_or_noun);
// The rows of a kind, in the order of the reference page; none if there is no such kind.
std::span<const Field> FieldsOf(std::string_view kind_or_noun);
// The row at that very path ("inputs.*.mode"), or nullptr.
const Field* FindField(std::string_view kind_or_noun, std::string_view path);

// The words of an enumeration.
struct EnumWord {
  std::string_view yaml;
  std::string_view rest;
};
std::vector<EnumWord> EnumWords(std::string_view enum_type);
// The word meant by `text`, in YAML's or REST's spelling, whatever its case and underscores.
std::optional<EnumWord> FindEnumWord(std::string_view enum_type, std::string_view text);
// Equal but for case, "_" and "-".
bool IsSameWord(std::string_view a, std::string_view b);

}  // namespace lazurite::spec
