#include "app/cli/context.h"
#include "app/cli/sdk_environment.h"
#include "base/text.h"

namespace lazurite::cli {

namespace {

// The default workspace is at the server's own address.
std::string TrackingUri(const Settings& settings) {
  if (EqualNoCase(settings.scope.workspace, kDefaultWorkspace)) return settings.server;
  return settings.server + "/mlflow/v1.0" + WorkspaceId(settings.scope);
}

}  // namespace

Variables SdkEnvironment(const Settings& settings) {
  Variables variables = {{"LAZURITE_SERVER", settings.server},
                         {"MLFLOW_TRACKING_URI", TrackingUri(settings)},
                         {"AZUREML_ARM_SUBSCRIPTION", settings.scope.subscription},
                         {"AZUREML_ARM_RESOURCEGROUP", settings.scope.resource_group},
                         {"AZUREML_ARM_WORKSPACE_NAME", settings.scope.workspace}};
  if (!settings.token.empty()) {
    variables.emplace_back("LAZURITE_TOKEN", settings.token);
    variables.emplace_back("MLFLOW_TRACKING_TOKEN", settings.token);
  }
  if (settings.server.starts_with("https://") && !settings.ca_file.empty()) {
    variables.emplace_back("LAZURITE_CA_FILE", settings.ca_file);
    variables.emplace_back("MLFLOW_TRACKING_SERVER_CERT_PATH", settings.ca_file);
  }
  return variables;
}

namespace {

std::string ShellQuote(const std::string& text) {
  return "'" + ReplaceAll(text, "'", "'\\''") + "'";
}

Status Run(Context& context) {
  ASSIGN_OR_RETURN(const Settings settings, context.LoadSettings());
  const Variables variables = SdkEnvironment(settings);
  const std::string form = context.arguments.Get("--format", "sh");
  if (form == "json") {
    Json json = Json::MakeObject();
    for (const auto& [name, value] : variables) json[name] = value;
    WriteOut(json.Dump(2) + "\n");
    return {};
  }
  std::string out;
  for (const auto& [name, value] : variables) {
    out += form == "dotenv" ? name + "=" + Json(value).Dump() + "\n"
           : form == "fish" ? "set -gx " + name + " " + ShellQuote(value) + "\n"
                            : "export " + name + "=" + ShellQuote(value) + "\n";
  }
  WriteOut(out);
  if (context.terminal.is_out_terminal && form == "sh") {
    context.terminal.Note("use it:  eval \"$(lazurite env)\"");
  }
  return {};
}

constexpr Flag kFlags[] = {{"--format", "", "FORM", "how it is written", "sh|fish|dotenv|json"}};

}  // namespace

extern const Command kEnv;
const Command kEnv = {
    .name = "env",
    .sentence = "Print the variables that mlflow and the SDKs need, secrets included.",
    .flags = kFlags,
    .examples = "eval \"$(lazurite env)\"\nlazurite env --format dotenv > .env",
    .run = Run};

}  // namespace lazurite::cli
