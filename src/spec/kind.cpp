#include "spec/kind.h"

#include <algorithm>

#include "base/text.h"

namespace lazurite::spec {
namespace {

const YamlNode* FindText(const YamlNode& root, std::string_view key) {
  const YamlNode* node = root.Find(key);
  return node != nullptr && node->kind == YamlNode::Kind::kScalar ? node : nullptr;
}

bool IsOneOf(std::string_view words, std::string_view word) {
  if (words.empty()) return false;
  for (const std::string_view known : Split(words, '|')) {
    if (IsSameWord(known, word)) return true;
  }
  return false;
}

// "https://…/commandJob.schema.json" -> "commandJob"
std::string_view SchemaName(std::string_view schema) {
  schema = Trim(schema);
  const size_t slash = schema.rfind('/');
  if (slash != std::string_view::npos) schema.remove_prefix(slash + 1);
  for (const std::string_view ending : {".json", ".schema"}) {
    if (schema.ends_with(ending)) schema.remove_suffix(ending.size());
  }
  return schema;
}

const Kind* KindBySchema(std::string_view schema, std::string_view noun) {
  for (const Kind& kind : Kinds()) {
    const bool is_asked = noun.empty() || kind.noun == noun;
    if (is_asked && IsOneOf(kind.schemas, SchemaName(schema))) return &kind;
  }
  return nullptr;
}

const Kind* KindByType(std::string_view type, std::string_view noun) {
  for (const Kind& kind : Kinds()) {
    const bool is_asked = noun.empty() || kind.noun == noun;
    if (is_asked && IsOneOf(kind.types, type)) return &kind;
  }
  if (!noun.empty()) return nullptr;
  // Nouns of one kind tell apart what their documents are by the same field.
  for (const std::string_view asset : {"data", "model"}) {
    const Field* field = FindField(asset, "type");
    if (field != nullptr && FindEnumWord(field->plain_type(), type)) return FindKind(asset);
  }
  return nullptr;
}

bool KnowsAllFields(const Kind& kind, const YamlNode& root) {
  return std::all_of(root.entries.begin(), root.entries.end(), [&](const YamlNode::Entry& entry) {
    return FindField(kind.name, entry.key) != nullptr;
  });
}

bool HasAllRequired(const Kind& kind, const YamlNode& root) {
  return std::all_of(kind.fields.begin(), kind.fields.end(), [&](const Field& field) {
    const bool is_top = field.path.find('.') == std::string_view::npos;
    // A name may also come from a flag.
    return !is_top || !field.is_required() || field.path == "name" ||
           root.Find(field.path) != nullptr;
  });
}

std::string An(std::string_view noun) {
  return (std::string_view("aeiou").find(noun[0]) != std::string_view::npos ? "an " : "a ") +
         std::string(noun);
}

std::string Called(std::string_view noun) { return noun == "data" ? "a data asset" : An(noun); }

int LengthOf(const YamlNode& node) { return std::max(static_cast<int>(node.text.size()), 1); }

Misfit OtherNoun(const Kind& asked, const Kind& found, Position position, int length) {
  Misfit misfit{position, length, "", ""};
  misfit.message = "this file describes " + Called(found.noun) + ", not " + Called(asked.noun);
  if (!found.fields.empty()) {
    misfit.suggestion = "lazurite " + std::string(found.noun) + " create -f FILE";
  }
  return misfit;
}

std::optional<Misfit> CondaFile(const YamlNode& root, const Kind& kind) {
  const YamlNode* dependencies = root.Find("dependencies");
  if (dependencies == nullptr || FindField(kind.name, "dependencies") != nullptr) return {};
  if (dependencies->kind != YamlNode::Kind::kSequence) return {};
  return Misfit{root.position, 1, "this is a conda file, not " + Called(kind.noun),
                "name it in \"conda_file\" of an environment"};
}

// By the fields alone: some are foreign here, and exactly one other noun has them all.
const Kind* KindByFields(const YamlNode& root, const Kind& asked) {
  if (KnowsAllFields(asked, root)) return nullptr;
  const Kind* found = nullptr;
  for (const Kind& kind : Kinds()) {
    if (kind.fields.empty() || kind.noun == asked.noun) continue;
    if (!KnowsAllFields(kind, root) || !HasAllRequired(kind, root)) continue;
    if (found != nullptr && found->noun != kind.noun) return nullptr;
    found = &kind;
  }
  return found;
}

}  // namespace

const Kind& KindOf(const YamlNode& root, const Kind& noun) {
  if (&noun != FindKind(noun.noun)) return noun;
  if (const YamlNode* type = FindText(root, "type")) {
    if (const Kind* kind = KindByType(type->text, noun.noun)) return *kind;
    return noun;
  }
  if (const YamlNode* schema = FindText(root, "$schema")) {
    if (const Kind* kind = KindBySchema(schema->text, noun.noun)) return *kind;
  }
  return noun;
}

std::vector<std::string_view> TypeWords(const Kind& kind) {
  std::vector<std::string_view> words;
  for (const Kind& other : Kinds()) {
    if (other.noun != kind.noun || other.fields.empty() || other.types.empty()) continue;
    for (const std::string_view word : Split(other.types, '|')) words.push_back(word);
  }
  return words;
}

std::optional<Misfit> RefusalOf(const YamlNode& root, const Kind& kind) {
  if (!kind.fields.empty()) return {};
  std::vector<std::string> there;
  for (const Kind& other : Kinds()) {
    if (other.noun == kind.noun && !other.fields.empty()) there.emplace_back(other.plural);
  }
  Misfit misfit{root.position, 1, "", ""};
  misfit.message = "this version of Lazurite does not have " + std::string(kind.plural);
  if (!there.empty()) misfit.message += "; it has " + Join(there, ", ");
  const YamlNode* type = FindText(root, "type");
  const YamlNode* word = type != nullptr ? type : FindText(root, "$schema");
  if (word != nullptr) {
    misfit.position = word->position;
    misfit.length = LengthOf(*word);
  }
  return misfit;
}

std::optional<Misfit> MisfitOf(const YamlNode& root, const Kind& kind) {
  if (auto conda = CondaFile(root, kind)) return conda;
  if (const YamlNode* type = FindText(root, "type")) {
    const Field* field = FindField(kind.name, "type");
    const bool is_own = KindByType(type->text, kind.noun) != nullptr ||
                        (field != nullptr && FindEnumWord(field->plain_type(), type->text));
    if (is_own) return {};
    if (const Kind* other = KindByType(type->text, "")) {
      return OtherNoun(kind, *other, type->position, LengthOf(*type));
    }
  }
  const YamlNode* schema = FindText(root, "$schema");
  if (schema != nullptr) {
    const Kind* other = KindBySchema(schema->text, "");
    if (other != nullptr && other->noun != kind.noun) {
      return OtherNoun(kind, *other, schema->position, LengthOf(*schema));
    }
  }
  if (const Kind* other = KindByFields(root, kind)) {
    return OtherNoun(kind, *other, root.position, 1);
  }
  return {};
}

}  // namespace lazurite::spec
