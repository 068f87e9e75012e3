// The reference page of the YAML surface, made from the table of fields.
#include "base/text.h"
#include "spec/convert.h"
#include "spec/explain.h"
#include "spec/field.h"

namespace lazurite::spec {
namespace {

std::string Cell(std::string_view text) {
  std::string out = ReplaceAll(text, "|", "\\|");
  // An angle bracket would be read as a tag.
  return ReplaceAll(out, "<", "&lt;");
}

// What `show` prints is told in one line for all of a kind.
std::string ReadOnlyNames(const Kind& kind) {
  std::vector<std::string> names;
  for (const Field& field : kind.fields) {
    if (field.plain_type() == "readonly") names.push_back("`" + std::string(field.path) + "`");
  }
  return Join(names, ", ");
}

void AppendKind(std::string& out, const Kind& kind) {
  out += "\n## " + std::string(kind.name) + "\n\n";
  out += "For `lazurite " + std::string(kind.noun) + " create`";
  if (!kind.types.empty()) {
    out += "; `type: " + std::string(kind.types.substr(0, kind.types.find('|'))) + "`";
  }
  out += ".\n\n| field | type | default | |\n|---|---|---|---|\n";
  for (const Field& field : kind.fields) {
    if (field.plain_type() == "readonly") continue;
    out += "| `" + std::string(field.path) + "` | " + Cell(TypeText(field.plain_type())) +
           (field.is_required() ? ", **required**" : "") + " | " +
           (field.preset.empty() ? "" : "`" + std::string(field.preset) + "`") + " | " +
           Cell(field.sentence) + " |\n";
  }
  const std::string shown = ReadOnlyNames(kind);
  if (!shown.empty()) {
    out += "\nFields that `show` prints are accepted and not sent: " + shown + ".\n";
  }
}

}  // namespace

std::string ReferencePage() {
  std::string out =
      "# The YAML files\n\n"
      "Every field that Lazurite reads, made by `lazurite schema --markdown` from the table that "
      "also checks files,\nanswers `lazurite explain` and makes the JSON Schemas for editors. A "
      "`*` stands for a name of yours.\n";
  for (const Kind& kind : Kinds()) {
    if (!kind.fields.empty()) AppendKind(out, kind);
  }
  return out;
}

}  // namespace lazurite::spec
