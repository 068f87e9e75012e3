#include "app/cli/context.h"
#include "app/cli/jsonc_edit.h"
#include "base/file.h"
#include "spec/explain.h"
#include "spec/field.h"

namespace lazurite::cli {
namespace {

constexpr std::string_view kSchemaFile = "lazurite.schema.json";
constexpr size_t kSettingsBytesMax = size_t{4} << 20;

std::string ListKinds() {
  std::string out;
  for (const spec::Kind& kind : spec::Kinds()) {
    if (kind.fields.empty()) continue;
    std::string name(kind.name);
    name.append(18 - std::min<size_t>(17, name.size()), ' ');
    out += name + "lazurite " + std::string(kind.noun) + " create\n";
  }
  return out;
}

Status Run(Context& context) {
  if (context.arguments.Has("--markdown")) {
    WriteOut(spec::ReferencePage());
    return {};
  }
  if (context.arguments.words.empty()) {
    WriteOut(ListKinds());
    return {};
  }
  const std::string& kind = context.arguments.words[0];
  if (kind == "all") {
    WriteOut(spec::JsonSchemaOfAll().Dump(2) + "\n");
    return {};
  }
  const Result<Json> schema = spec::JsonSchema(kind);
  if (!schema.ok()) return context.Fail(schema.status(), "lazurite schema lists what there is");
  WriteOut(schema->Dump(2) + "\n");
  return {};
}

// Where the schema and the settings lie, and how the one names the other.
struct Place {
  std::string schema;
  std::string settings;
  std::string address;
};

Result<Place> FindPlace(const Context& context) {
  if (!context.arguments.Has("--user")) {
    const std::string folder = JoinPath(CurrentFolder(), ".vscode");
    return Place{.schema = JoinPath(folder, kSchemaFile),
                 .settings = JoinPath(folder, "settings.json"),
                 .address = "./.vscode/" + std::string(kSchemaFile)};
  }
  std::string root = ProcessEnvironment("XDG_CONFIG_HOME");
  const std::string home = ProcessEnvironment("HOME");
  if (root.empty() && home.empty()) return FailedPrecondition("HOME is not set");
  if (root.empty()) root = JoinPath(home, ".config");
  const std::string schema = JoinPath(root, "lazurite/" + std::string(kSchemaFile));
  return Place{.schema = schema,
               .settings = JoinPath(root, "Code/User/settings.json"),
               .address = "file://" + schema};
}

Status Install(Context& context) {
  ASSIGN_OR_RETURN(const Place place, FindPlace(context));
  const Json globs(Json::Array{"*.yml", "*.yaml"});
  Result<std::string> text = ReadFile(place.settings, kSettingsBytesMax);
  if (text.status().code() == Code::kNotFound) text = std::string();
  if (!text.ok()) return text.status();
  const Result<std::string> changed = SetInSection(*text, "yaml.schemas", place.address, globs);
  if (!changed.ok()) {
    return context.Fail(
        changed.status().With(place.settings),
        "put in yourself:  \"yaml.schemas\": {\"" + place.address + "\": " + globs.Dump() + "}");
  }
  TRY(MakeDirs(DirName(place.schema)));
  TRY(WriteFileAtomic(place.schema, spec::JsonSchemaOfAll().Dump(1) + "\n"));
  TRY(MakeDirs(DirName(place.settings)));
  if (*changed != *text) TRY(WriteFileAtomic(place.settings, *changed));
  WriteOut(place.schema + "\n" + place.settings + "\n");
  context.terminal.Note(
      "VS Code's YAML extension (redhat.vscode-yaml) now checks and completes files with an Azure "
      "ML $schema");
  return {};
}

constexpr Flag kFlags[] = {{"--markdown", "", "", "print the reference page of all fields"}};
constexpr Flag kInstallFlags[] = {
    {"--user", "", "", "for all projects of this user, not only the current folder"}};

}  // namespace

extern const Command kSchema, kSchemaInstall;
const Command kSchema = {
    .name = "schema",
    .sentence = "Print the JSON Schema of a kind of YAML file, or list the kinds.",
    .arguments = "[KIND]",
    .words_max = 1,
    .flags = kFlags,
    .examples = "lazurite schema\nlazurite schema commandJob > commandJob.schema.json",
    .run = Run};
const Command kSchemaInstall = {
    .name = "schema install",
    .sentence = "Let VS Code check and complete the YAML files of this project.",
    .flags = kInstallFlags,
    .examples = "lazurite schema install\nlazurite schema install --user",
    .run = Install};

}  // namespace lazurite::cli
