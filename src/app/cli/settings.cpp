#include "app/cli/settings.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/http/client.h"
#include "base/text.h"
#include "base/toml.h"
#include "domain/workspace/places.h"

namespace lazurite::cli {
namespace {

constexpr int kParentsMax = 64;

bool IsLoopback(const std::string& address) {
  const Result<Origin> origin = Origin::Parse(address);
  if (!origin.ok()) return false;
  if (!origin->unix_path.empty() || origin->host == "localhost") return true;
  if (origin->host == "::1" || origin->host == "[::1]") return true;
  in_addr ip{};
  return inet_pton(AF_INET, origin->host.c_str(), &ip) == 1 && (ntohl(ip.s_addr) >> 24) == 127;
}

// A configuration being put together, layer by layer.
class Layers {
 public:
  Layers(Settings& settings, const GetEnvironment& environment)
      : settings_(settings), environment_(environment) {}

  Status AddToml(const std::string& file, bool is_project) {
    ASSIGN_OR_RETURN(const Json json, ReadTomlFile(file));
    Add(json, file, is_project);
    // The server's own settings stand in a table called "server"; "client" is ours.
    if (const Json* client = json.Find("client")) Add(*client, file, is_project);
    return {};
  }

  // The nearest project file, looking upwards from `folder`.
  Status AddProject(std::string folder) {
    for (int level = 0; level < kParentsMax; ++level) {
      if (Exists(JoinPath(folder, ".lazurite.toml"))) {
        return AddToml(JoinPath(folder, ".lazurite.toml"), true);
      }
      for (const char* name : {"config.json", ".azureml/config.json"}) {
        if (AddAzure(JoinPath(folder, name))) return {};
      }
      if (folder == "/" || folder.empty()) break;
      folder = DirName(folder);
    }
    return {};
  }

  void AddEnvironment() {
    Json json = Json::MakeObject();
    for (const auto& [key, name] :
         {std::pair{"server", "LAZURITE_SERVER"}, std::pair{"workspace", "LAZURITE_WORKSPACE"},
          std::pair{"resource_group", "LAZURITE_RESOURCE_GROUP"},
          std::pair{"subscription", "LAZURITE_SUBSCRIPTION"}}) {
      const std::string value = environment_(name);
      if (!value.empty()) json[key] = value;
    }
    Add(json, "LAZURITE_SERVER", false);
  }

  void AddFlags(const Arguments& arguments) {
    Json json = Json::MakeObject();
    for (const auto& [key, name] :
         {std::pair{"server", "--server"}, std::pair{"workspace", "--workspace-name"},
          std::pair{"resource_group", "--resource-group"},
          std::pair{"subscription", "--subscription"}}) {
      if (arguments.Has(name)) json[key] = arguments.Get(name);
    }
    Add(json, "--server", false);
  }

  bool is_from_project() const { return is_from_project_; }

 private:
  // Many tools have a config.json: it is Azure's only if it names a workspace.
  bool AddAzure(const std::string& file) {
    const Result<std::string> text = ReadFile(file, size_t{1} << 20);
    if (!text.ok()) return false;
    const Result<Json> json = Json::Parse(*text);
    if (!json.ok() || json->GetString("workspace_name").empty()) return false;
    Json known = Json::MakeObject();
    known["workspace"] = json->GetString("workspace_name");
    for (const auto& [key, name] : {std::pair{"resource_group", "resource_group"},
                                    std::pair{"subscription", "subscription_id"}}) {
      if (!json->GetString(name).empty()) known[key] = json->GetString(name);
    }
    Add(known, file, true);
    return true;
  }

  void Add(const Json& json, const std::string& origin, bool is_project) {
    if (const std::string server = json.GetString("server"); !server.empty()) {
      settings_.server = server;
      settings_.server_origin = origin;
      is_from_project_ = is_project;
    }
    settings_.scope.workspace = json.GetString("workspace", settings_.scope.workspace);
    settings_.scope.resource_group =
        json.GetString("resource_group", settings_.scope.resource_group);
    settings_.scope.subscription = json.GetString("subscription", settings_.scope.subscription);
  }

  Settings& settings_;
  const GetEnvironment& environment_;
  bool is_from_project_ = false;
};

void FindToken(Settings& settings, bool is_trusted, const GetEnvironment& environment) {
  settings.token = environment("LAZURITE_TOKEN");
  settings.token_origin = "LAZURITE_TOKEN";
  if (!settings.token.empty()) return;
  const std::string file = JoinPath(TokensFolder(settings.home), "owner");
  if (!is_trusted) {
    settings.token_origin = "the token of " + settings.home + " is not sent to " + settings.server +
                            " (" + settings.server_origin + ")";
    return;
  }
  const Result<std::string> text = ReadFile(file, 4096);
  settings.token = text.ok() ? std::string(Trim(*text)) : "";
  settings.token_origin = text.ok() ? file : "no token at " + file;
}

}  // namespace

std::string ProcessEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string CurrentFolder() {
  const std::unique_ptr<char, void (*)(void*)> folder(getcwd(nullptr, 0), std::free);
  return folder ? folder.get() : "/";
}

std::string FindHome(const Arguments& arguments, const GetEnvironment& environment) {
  std::string home = arguments.Get("--home", environment("LAZURITE_HOME"));
  if (home.empty()) {
    const std::string data = environment("XDG_DATA_HOME");
    const std::string user = environment("HOME");
    home = !data.empty()   ? JoinPath(data, "lazurite")
           : !user.empty() ? JoinPath(user, ".local/share/lazurite")
                           : DefaultHome();
  }
  return NormalPath(JoinPath(CurrentFolder(), home));
}

Status CheckHomeReadable(const std::string& home) {
  if (access(ServerFile(home).c_str(), R_OK) == 0 || errno != EACCES) return {};
  return {Code::kPermissionDenied,
          "the home " + home +
              " is not readable for this user; --home or LAZURITE_HOME names another one, --server "
              "with LAZURITE_TOKEN needs none"};
}

Json ReadServerFile(const std::string& home) {
  const Result<std::string> text = ReadFile(ServerFile(home), size_t{1} << 16);
  if (!text.ok()) return {};
  Result<Json> json = Json::Parse(*text);
  return json.ok() && json->is_object() ? std::move(json).value() : Json();
}

Result<Settings> LoadSettings(const Arguments& arguments, const std::string& folder,
                              const GetEnvironment& environment) {
  Settings settings;
  settings.home = FindHome(arguments, environment);
  Layers layers(settings, environment);
  const std::string config = environment("XDG_CONFIG_HOME").empty()
                                 ? JoinPath(environment("HOME"), ".config")
                                 : environment("XDG_CONFIG_HOME");
  TRY(layers.AddToml("/etc/lazurite/config.toml", false));
  TRY(layers.AddToml(JoinPath(config, "lazurite/config.toml"), false));
  TRY(layers.AddToml(JoinPath(settings.home, "config.toml"), false));
  TRY(layers.AddProject(folder));
  layers.AddEnvironment();
  layers.AddFlags(arguments);

  const Json running = ReadServerFile(settings.home);
  const std::string own = running.GetString("address");
  bool is_trusted = false;
  if (settings.server.empty()) {
    TRY(CheckHomeReadable(settings.home));
    is_trusted = !own.empty();
    settings.server = own.empty() ? std::string(kDefaultAddress) : own;
    settings.server_origin = own.empty() ? "default" : ServerFile(settings.home);
  } else {
    while (settings.server.ends_with('/')) settings.server.pop_back();
    is_trusted = (!own.empty() &&
                  (settings.server == own || settings.server == running.GetString("https"))) ||
                 (!layers.is_from_project() && IsLoopback(settings.server));
  }
  FindToken(settings, is_trusted, environment);
  settings.ca_file = environment("LAZURITE_CA_FILE");
  const std::string ca = JoinPath(TlsFolder(settings.home), "ca.pem");
  if (settings.ca_file.empty() && IsLoopback(settings.server) && Exists(ca)) settings.ca_file = ca;
  return settings;
}

}  // namespace lazurite::cli
