#include "spec/explain.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "spec/checker.h"
#include "spec/convert.h"
#include "spec/field.h"

namespace lazurite::spec {
namespace {

constexpr size_t kWidth = 100;

// Text in lines of at most kWidth columns, each led by blanks.
void AppendWrapped(std::string& out, std::string_view text, size_t indent) {
  size_t column = 0;
  for (const std::string_view word : Split(text, ' ')) {
    if (word.empty()) continue;
    if (column > 0 && column + 1 + word.size() > kWidth) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out.append(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

// The words of an enumeration that are not old names.
std::vector<std::string_view> CurrentWords(std::string_view type) {
  std::vector<std::string_view> words;
  std::vector<std::string_view> seen;
  for (const EnumWord& word : EnumWords(type)) {
    if (std::find(seen.begin(), seen.end(), word.rest) != seen.end()) continue;
    seen.push_back(word.rest);
    words.push_back(word.yaml);
  }
  return words;
}

std::string_view AfterColon(std::string_view type) {
  const size_t colon = type.find(':');
  return colon == std::string_view::npos ? std::string_view() : type.substr(colon + 1);
}

std::string Summary(const Field& field) {
  std::string out = TypeText(field.plain_type());
  if (field.is_required()) out += ", required";
  if (!field.preset.empty()) out += ", default " + std::string(field.preset);
  return out;
}

void AppendField(std::string& out, const Field& field, size_t indent) {
  AppendWrapped(out, std::string(LastPart(field.path)) + " (" + Summary(field) + ")", indent);
  AppendWrapped(out, field.sentence, indent + 4);
}

// The rows below a row; those of a map's entries count as its own.
std::vector<const Field*> RowsBelow(const Kind& kind, std::string_view row) {
  std::vector<const Field*> rows = ChildrenOf(kind, row);
  if (!row.empty()) {
    const auto entries = ChildrenOf(kind, std::string(row) + ".*");
    rows.insert(rows.end(), entries.begin(), entries.end());
  }
  return rows;
}

std::string ExplainNouns() {
  std::string out = "What can be written as a YAML file:\n";
  std::vector<std::string_view> seen;
  for (const Kind& kind : Kinds()) {
    if (kind.fields.empty() || std::find(seen.begin(), seen.end(), kind.noun) != seen.end())
      continue;
    seen.push_back(kind.noun);
    std::vector<std::string> plurals;
    for (const Kind& other : Kinds()) {
      if (other.noun == kind.noun && !other.fields.empty()) plurals.emplace_back(other.plural);
    }
    out += "  " + std::string(kind.noun) + ": " + Join(plurals, ", ") + "\n";
  }
  return out +
         "\nlazurite explain job lists the fields of a job, lazurite explain job.resources those "
         "of a part.\n";
}

std::string ExplainKind(const Kind& kind) {
  std::string out = std::string(kind.noun) + " (" + std::string(kind.plural) + ")\n\n";
  for (const Field* field : ChildrenOf(kind, "")) AppendField(out, *field, 2);
  std::vector<std::string> others;
  for (const Kind& other : Kinds()) {
    if (other.noun == kind.noun && &other != &kind && !other.fields.empty()) {
      others.push_back("lazurite explain " + std::string(other.name));
    }
  }
  if (!others.empty()) out += "\nOther kinds: " + Join(others, ", ") + "\n";
  return out;
}

std::string ExplainField(const Kind& kind, const Field& field) {
  std::string out = std::string(kind.noun) + "." + std::string(field.path) + "\n";
  AppendWrapped(out, Summary(field), 2);
  out += '\n';
  AppendWrapped(out, field.sentence, 2);
  if (!field.rest.empty()) out += "\n  REST: " + std::string(field.rest) + "\n";
  const auto rows = RowsBelow(kind, field.path);
  if (!rows.empty()) out += "\n";
  for (const Field* row : rows) AppendField(out, *row, 2);
  return out;
}

Status UnknownKind(std::string_view word) {
  std::vector<std::string_view> names;
  for (const Kind& kind : Kinds()) {
    if (kind.fields.empty()) continue;
    names.push_back(kind.noun);
    names.push_back(kind.name);
  }
  const std::string_view near = Nearest(word, names);
  std::string text = "no documents are called \"" + std::string(word) + "\"";
  if (!near.empty()) text += "; did you mean \"" + std::string(near) + "\"?";
  return NotFound(text);
}

// The row named by the parts after the kind; a part that is no field is a map's key.
Result<const Field*> FindRow(const Kind& kind, std::string_view path) {
  std::string row;
  for (const std::string_view part : Split(path, '.')) {
    std::string next = JoinRow(row, part);
    if (part != "*" && FindField(kind.name, next) == nullptr &&
        !ChildrenOf(kind, row + ".*").empty()) {
      const std::string below_entry = row + ".*." + std::string(part);
      next = FindField(kind.name, below_entry) != nullptr ? below_entry : row + ".*";
    }
    const bool is_entry = next.ends_with('*') && !ChildrenOf(kind, next).empty();
    if (!is_entry && FindField(kind.name, next) == nullptr) {
      std::vector<std::string_view> names;
      for (const Field* field : RowsBelow(kind, row)) names.push_back(LastPart(field->path));
      const std::string_view near = Nearest(part, names);
      std::string text = "no field \"" + std::string(part) + "\" in " + JoinRow(kind.noun, row);
      if (row.empty()) text = "no field \"" + std::string(part) + "\" in " + std::string(kind.noun);
      if (!near.empty()) text += "; did you mean \"" + std::string(near) + "\"?";
      return NotFound(text);
    }
    row = next;
  }
  if (row.ends_with(".*")) row.resize(row.size() - 2);
  return FindField(kind.name, row);
}

// What documents of a noun have in common is explained for its first kind.
Result<std::string> ExplainPath(const Kind& kind, std::string_view path) {
  Result<const Field*> field = FindRow(kind, path);
  if (field.ok()) return ExplainField(kind, **field);
  for (const Kind& other : Kinds()) {
    if (other.noun != kind.noun || other.fields.empty() || &other == &kind) continue;
    const Result<const Field*> found = FindRow(other, path);
    if (found.ok()) return ExplainField(other, **found);
  }
  return field.status();
}

}  // namespace

std::string TypeText(std::string_view type) {
  if (type.starts_with("enum:")) {
    std::vector<std::string> words;
    for (const std::string_view word : CurrentWords(type)) words.emplace_back(word);
    return words.size() == 1 ? "\"" + words[0] + "\"" : "one of " + Join(words, ", ");
  }
  const std::string range = AfterColon(type).empty() ? "" : " " + std::string(AfterColon(type));
  if (type.starts_with("integer")) return "whole number" + range;
  if (type.starts_with("number")) return "number" + range;
  if (type.starts_with("seconds")) return "seconds";
  if (type.starts_with("minutes")) return "minutes";
  if (type.starts_with("map:")) return "object of names";
  if (type.starts_with("list:")) return "list";
  if (type.starts_with("reference:")) return "reference";
  if (type == "boolean" || type == "switch") return "true or false";
  if (type == "readonly") return "read-only";
  if (type == "conda") return "path or object";
  if (type == "environment") return "reference or object";
  if (type == "string" || type == "name" || type == "version") return "text";
  if (type == "any") return "anything";
  return std::string(type);
}

Result<std::string> Explain(std::string_view path) {
  if (Trim(path).empty()) return ExplainNouns();
  const size_t dot = path.find('.');
  const std::string_view word = path.substr(0, dot);
  const Kind* kind = FindKind(word);
  if (kind == nullptr) return UnknownKind(word);
  if (kind->fields.empty()) {
    return NotFound("this version of Lazurite does not have " + std::string(kind->plural));
  }
  if (dot == std::string_view::npos) return ExplainKind(*kind);
  return ExplainPath(*kind, path.substr(dot + 1));
}

}  // namespace lazurite::spec
