#include "app/cli/context.h"
#include "app/cli/jupyter_kernel.h"
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

std::string DescribeReplaced(const Variables& variables, const GetEnvironment& environment) {
  std::vector<std::string> names;
  for (const auto& [name, value] : variables) {
    const std::string now = environment(name.c_str());
    if (!now.empty() && now != value) names.push_back(name);
  }
  if (names.empty()) return "";
  return "replaces what this shell has in " + Join(names, ", ");
}

namespace {

std::string ShellQuote(const std::string& text) {
  return "'" + ReplaceAll(text, "'", "'\\''") + "'";
}

// All that SdkEnvironment may ever set.
constexpr std::string_view kNames[] = {
    "LAZURITE_SERVER",           "MLFLOW_TRACKING_URI",        "AZUREML_ARM_SUBSCRIPTION",
    "AZUREML_ARM_RESOURCEGROUP", "AZUREML_ARM_WORKSPACE_NAME", "LAZURITE_TOKEN",
    "MLFLOW_TRACKING_TOKEN",     "LAZURITE_CA_FILE",           "MLFLOW_TRACKING_SERVER_CERT_PATH"};

Status Unset(const std::string& form) {
  if (form == "dotenv" || form == "json") {
    return InvalidArgument("--unset is for a shell, expected --format sh or fish");
  }
  std::string out;
  for (const std::string_view name : kNames) {
    out += (form == "fish" ? "set -e " : "unset ") + std::string(name) + "\n";
  }
  WriteOut(out);
  return {};
}

Status Run(Context& context) {
  std::string form = context.arguments.Get("--format", "sh");
  if (form == "shell") form = "sh";
  if (context.arguments.Has("--jupyter")) {
    return context.arguments.Has("--unset") ? RemoveKernel(context) : InstallKernel(context);
  }
  if (context.arguments.Has("--unset")) return Unset(form);
  ASSIGN_OR_RETURN(const Settings settings, context.LoadSettings());
  const Variables variables = SdkEnvironment(settings);
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
  if (form == "dotenv") return {};
  const std::string replaced = DescribeReplaced(variables, ProcessEnvironment);
  if (!replaced.empty()) context.terminal.Note(replaced + "; lazurite env --unset takes ours away");
  if (context.terminal.is_out_terminal && form == "sh") {
    context.terminal.Note("use it:  eval \"$(lazurite env)\"");
  }
  return {};
}

constexpr Flag kFlags[] = {
    {"--format", "", "FORM", "how it is written", "sh|shell|fish|dotenv|json"},
    {"--unset", "", "", "what takes the variables away again"},
    {"--jupyter", "", "", "install a Jupyter kernel that has the variables; --unset removes it"}};

}  // namespace

extern const Command kEnv;
const Command kEnv = {
    .name = "env",
    .sentence = "Print the variables that mlflow and the SDKs need, secrets included.",
    .flags = kFlags,
    .examples =
        "eval \"$(lazurite env)\"\n"
        "eval \"$(lazurite env --unset)\"\n"
        "lazurite env --format dotenv > .env\n"
        "lazurite env --jupyter",
    .run = Run};

}  // namespace lazurite::cli
