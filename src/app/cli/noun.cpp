#include "app/cli/noun.h"

#include "base/text.h"
#include "spec/rest.h"

namespace lazurite::cli {
namespace {

constexpr std::string_view kCreated = "creation_context.created_at";

constexpr Column kJobColumns[] = {{"NAME", "name", CellStyle::kId, 0},
                                  {"STATUS", "status", CellStyle::kState, 1},
                                  {"EXPERIMENT", "experiment_name", CellStyle::kText, 3},
                                  {"CREATED", kCreated, CellStyle::kTime, 2},
                                  {"COMPUTE", "compute", CellStyle::kText, 5},
                                  {"DISPLAY NAME", "display_name", CellStyle::kText, 4}};
constexpr Column kAssetColumns[] = {
    {"NAME", "name", CellStyle::kText, 0},
    {"VERSION", "version|latest version|latest_version", CellStyle::kText, 1},
    {"TYPE", "type|data_type", CellStyle::kText, 2},
    {"CREATED", kCreated, CellStyle::kTime, 3},
    {"DESCRIPTION", "description", CellStyle::kText, 4}};
constexpr Column kComputeColumns[] = {{"NAME", "name", CellStyle::kText, 0},
                                      {"TYPE", "type", CellStyle::kText, 1},
                                      {"SIZE", "size", CellStyle::kText, 2},
                                      {"MIN", "min_instances", CellStyle::kNumber, 3},
                                      {"MAX", "max_instances", CellStyle::kNumber, 3},
                                      {"STATE", "provisioning_state", CellStyle::kState, 2}};
constexpr Column kWorkspaceColumns[] = {
    {"NAME", "name", CellStyle::kText, 0},
    {"RESOURCE GROUP", "resource_group|resourceGroup", CellStyle::kText, 2},
    {"LOCATION", "location", CellStyle::kText, 3},
    {"DESCRIPTION", "description", CellStyle::kText, 4}};
constexpr Column kDatastoreColumns[] = {{"NAME", "name", CellStyle::kText, 0},
                                        {"TYPE", "type", CellStyle::kText, 1},
                                        {"ACCOUNT", "account_name", CellStyle::kText, 3},
                                        {"CONTAINER", "container_name", CellStyle::kText, 3},
                                        {"DESCRIPTION", "description", CellStyle::kText, 4}};

constexpr FieldFlag kJobFields[] = {{"--name", "name"}};
constexpr FieldFlag kDataFields[] = {{"--name", "name"},
                                     {"--version", "version"},
                                     {"--type", "type"},
                                     {"--path", "path"},
                                     {"--description", "description"}};
constexpr FieldFlag kEnvironmentFields[] = {{"--name", "name"},
                                            {"--version", "version"},
                                            {"--image", "image"},
                                            {"--conda-file", "conda_file"},
                                            {"--description", "description"}};
constexpr FieldFlag kComputeFields[] = {
    {"--name", "name"},
    {"--type", "type"},
    {"--size", "size"},
    {"--cpus", "cpus"},
    {"--memory", "memory"},
    {"--gpus", "gpus"},
    {"--min-instances", "min_instances"},
    {"--max-instances", "max_instances"},
    {"--idle-time-before-scale-down", "idle_time_before_scale_down"},
    {"--tier", "tier"},
    {"--description", "description"}};
constexpr FieldFlag kWorkspaceFields[] = {{"--name", "name"},
                                          {"--location", "location"},
                                          {"--display-name", "display_name"},
                                          {"--description", "description"}};
constexpr FieldFlag kDatastoreFields[] = {{"--name", "name"}};

constexpr Noun kNouns[] = {
    {"job", "jobs", "jobs", false, kJobColumns, kJobFields},
    {"data", "data assets", "data", true, kAssetColumns, kDataFields},
    {"environment", "environments", "environments", true, kAssetColumns, kEnvironmentFields},
    {"model", "models", "models", true, kAssetColumns, kDataFields},
    {"compute", "computes", "computes", false, kComputeColumns, kComputeFields},
    {"workspace", "workspaces", "", false, kWorkspaceColumns, kWorkspaceFields},
    {"datastore", "datastores", "datastores", false, kDatastoreColumns, kDatastoreFields},
};

// "name:3" and "name@label" taken apart; names have neither sign.
void Separate(std::string& name, std::string& version, std::string& label) {
  if (name.starts_with("azureml:")) name = name.substr(8);
  if (const size_t at = name.find('@'); at != name.npos) {
    label = name.substr(at + 1);
    name.resize(at);
  } else if (const size_t colon = name.find(':'); colon != name.npos) {
    version = name.substr(colon + 1);
    name.resize(colon);
  }
}

}  // namespace

const Noun& NounOf(const Context& context) {
  const std::string_view word = context.command.name.substr(0, context.command.name.find(' '));
  for (const Noun& noun : kNouns) {
    if (noun.word == word) return noun;
  }
  // `submit` and the other shortcuts are about jobs.
  return kNouns[0];
}

std::string ListTargetOf(const Server& server, const Noun& noun) {
  if (!noun.collection.empty()) return server.Workspace(noun.collection);
  const std::string own = server.Workspace("");
  return own.substr(0, own.rfind('/'));
}

std::string TargetOf(const Server& server, const Noun& noun, std::string_view name,
                     std::string_view version) {
  std::string target = ListTargetOf(server, noun) + "/" + UrlEncode(name);
  if (!version.empty()) target += "/versions/" + UrlEncode(version);
  return target;
}

Json ViewOf(const Noun& noun, const Json& resource) { return spec::FromRest(noun.word, resource); }

View ViewOf(const Noun& noun) {
  return {{noun.columns.begin(), noun.columns.end()}, "no " + std::string(noun.plural)};
}

Status Explained(Context& context, Status status, const Noun& noun, const std::string& name,
                 const std::string& version) {
  if (status.code() != Code::kNotFound) return status;
  std::string text = "no " + std::string(noun.word) + " named \"" + name + "\"";
  if (!version.empty()) text += " with version \"" + version + "\"";
  if (!noun.collection.empty()) {
    const Result<Settings> settings = context.LoadSettings();
    if (settings.ok()) text += " in workspace \"" + settings->scope.workspace + "\"";
  }
  const std::string list = "lazurite " + std::string(noun.word) + " list";
  return context.Fail(NotFound(std::move(text)), version.empty() ? list : list + " --name " + name);
}

Result<VersionedName> FindVersion(Context& context, Server& server, const Noun& noun) {
  ASSIGN_OR_RETURN(std::string name, context.Name());
  std::string version = context.arguments.Get("--version");
  std::string label = context.arguments.Get("--label");
  Separate(name, version, label);
  if (!version.empty()) return VersionedName{name, version};
  if (!label.empty() && label != "latest") {
    return InvalidArgument("there is no label \"" + label + "\", expected latest");
  }
  Result<Json> container = server.Get(TargetOf(server, noun, name));
  if (!container.ok()) return Explained(context, container.status(), noun, name);
  const Json* latest = container->At("properties.latestVersion");
  version = latest == nullptr ? "" : PlainText(*latest);
  if (version.empty()) {
    return Explained(context, NotFound(""), noun, name, "latest");
  }
  return VersionedName{name, version};
}

}  // namespace lazurite::cli
