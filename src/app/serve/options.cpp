#include "app/serve/options.h"

#include <unistd.h>

#include <cstdlib>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "base/toml.h"
#include "domain/workspace/places.h"

namespace lazurite::serve {
namespace {

constexpr size_t kConfigBytesMax = size_t{1} << 20;
// All that a config.toml can say: the server's settings, and the command line's
// (app/cli/settings.h).
const std::vector<std::string_view> kConfigKeys = {
    "server",
    "workspace",
    "resource_group",
    "subscription",
    "client.server",
    "client.workspace",
    "client.resource_group",
    "client.subscription",
    "server.port",
    "server.address",
    "server.auth",
    "server.log_level",
    "server.network_home",
    "environment.host_fallback",
    "environment.uv",
    "environment.build_timeout",
    "environment.index_url",
    "environment.extra_index_urls",
    "compute.slots",
    "compute.gpus",
    "compute.gpu_fractions",
    "compute.max_running_per_user",
    "compute.locks",
    "compute.unknown",
    "data.cache_max",
    "log.max_size",
    "log.keep",
};
constexpr int kPortMax = 65535;
constexpr int kSlotsMax = 4096;
constexpr int64_t kTimeoutSecondsMax = int64_t{30} * 24 * 3600;
constexpr int64_t kLogBytesMin = 4096;
constexpr int64_t kLogBytesMost = int64_t{1} << 40;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Result<int> ReadNumber(std::string_view what, std::string_view text, int most) {
  const std::optional<int64_t> number = ParseInt(text);
  if (!number || *number < 0 || *number > most) {
    return InvalidArgument(std::string(what) + " is \"" + std::string(text) +
                           "\", expected a number from 0 to " + std::to_string(most));
  }
  return static_cast<int>(*number);
}

Result<Guard::Mode> ReadAuth(std::string_view what, std::string_view text) {
  if (text == "token") return Guard::Mode::kToken;
  if (text == "none") return Guard::Mode::kNone;
  return InvalidArgument(std::string(what) + " is \"" + std::string(text) +
                         "\", expected token or none");
}

Result<LogLevel> ReadLevel(std::string_view what, std::string_view text) {
  static const std::map<std::string_view, LogLevel> kLevels = {{"debug", LogLevel::kDebug},
                                                               {"info", LogLevel::kInfo},
                                                               {"warning", LogLevel::kWarning},
                                                               {"error", LogLevel::kError}};
  const auto level = kLevels.find(text);
  if (level != kLevels.end()) return level->second;
  return InvalidArgument(std::string(what) + " is \"" + std::string(text) +
                         "\", expected debug, info, warning or error");
}

// "500000", "64MB", "1 GiB"; the units are powers of two.
Result<int64_t> ReadSize(std::string_view what, std::string_view text) {
  static const std::map<std::string_view, int64_t> kUnits = {
      {"", 1},          {"b", 1},        {"k", 1 << 10},  {"kb", 1 << 10},
      {"kib", 1 << 10}, {"m", 1 << 20},  {"mb", 1 << 20}, {"mib", 1 << 20},
      {"g", 1 << 30},   {"gb", 1 << 30}, {"gib", 1 << 30}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int64_t> number = ParseInt(text.substr(0, digits));
  const std::string unit_text = Lower(Trim(text.substr(digits)));
  const auto unit = kUnits.find(unit_text);
  const bool is_size = number && unit != kUnits.end() && *number <= kLogBytesMost / unit->second &&
                       *number * unit->second >= kLogBytesMin;
  if (is_size) return *number * unit->second;
  return InvalidArgument(std::string(what) + " is \"" + std::string(text) +
                         "\", expected a size from 4KiB to 1024GiB such as 32MiB");
}

Status ApplyLog(const Json& log, const std::string& file, Options& options) {
  if (const Json* size = log.Find("max_size")) {
    const std::string text = size->is_string() ? size->string() : size->Dump();
    ASSIGN_OR_RETURN(options.log_bytes_max, ReadSize(file + ": log.max_size", text));
  }
  if (const Json* keep = log.Find("keep")) {
    const std::string text = keep->is_string() ? keep->string() : keep->Dump();
    ASSIGN_OR_RETURN(options.logs_kept, ReadNumber(file + ": log.keep", text, kLogsKeptMax));
  }
  return {};
}

// "90", "90s", "45m", "2h".
Result<Duration> ReadTime(const std::string& what, std::string_view text) {
  static const std::map<std::string_view, int64_t> kUnits = {
      {"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int64_t> number = ParseInt(text.substr(0, digits));
  const auto unit = kUnits.find(Trim(text.substr(digits)));
  const bool is_time =
      number && unit != kUnits.end() && *number > 0 && *number <= kTimeoutSecondsMax / unit->second;
  if (is_time) return Duration(std::chrono::seconds(*number * unit->second));
  return InvalidArgument(what + " is \"" + std::string(text) +
                         "\", expected a time up to 720h such as 90s, 45m or 2h");
}

// The text is not told: an address may have a password in it.
Status CheckAddress(const std::string& what, const std::string& text) {
  if (text.find("://") != std::string::npos && text.find_first_of(" \t\n") == std::string::npos)
    return {};
  return InvalidArgument(what + " is no address of a package index such as https://HOST/simple");
}

Status ApplyEnvironment(const Json& own, const std::string& file, Options& options) {
  const std::string name = file + ": environment.";
  if (const std::string uv = own.GetString("uv"); !uv.empty()) options.uv = uv;
  options.is_host_fallback = own.GetBool("host_fallback", options.is_host_fallback);
  if (const Json* timeout = own.Find("build_timeout")) {
    const std::string text = timeout->is_string() ? timeout->string() : timeout->Dump();
    ASSIGN_OR_RETURN(options.build_timeout, ReadTime(name + "build_timeout", text));
  }
  if (const std::string url = own.GetString("index_url"); !url.empty()) {
    TRY(CheckAddress(name + "index_url", url));
    options.index_url = url;
  }
  const Json* extra = own.Find("extra_index_urls");
  if (extra == nullptr) return {};
  const std::string wrong = name + "extra_index_urls is no list of addresses";
  if (!extra->is_array()) return InvalidArgument(wrong);
  options.extra_index_urls.clear();
  for (const Json& one : extra->array()) {
    if (!one.is_string()) return InvalidArgument(wrong);
    TRY(CheckAddress(name + "extra_index_urls", one.string()));
    options.extra_index_urls.push_back(one.string());
  }
  return {};
}

Status ApplyCompute(const Json& own, const std::string& name, Options& options) {
  const auto read = [&](const char* key, int most, int& out) -> Status {
    const Json* value = own.Find(key);
    if (value == nullptr) return {};
    ASSIGN_OR_RETURN(
        out, ReadNumber(name + key, value->is_string() ? value->string() : value->Dump(), most));
    return {};
  };
  TRY(read("slots", kSlotsMax, options.slots));
  TRY(read("gpus", kSlotsMax, options.gpus));
  TRY(read("gpu_fractions", SlotBoard::kSeatsMax, options.jobs_per_gpu));
  TRY(read("max_running_per_user", kSlotsMax, options.running_per_user_max));
  options.jobs_per_gpu = std::max(1, options.jobs_per_gpu);
  options.locks = own.GetString("locks", options.locks);
  if (!options.locks.starts_with('/')) {
    return InvalidArgument(name + "locks is \"" + options.locks + "\", expected an absolute path");
  }
  const std::string unknown = own.GetString("unknown");
  if (!unknown.empty() && unknown != "local" && unknown != "refuse") {
    return InvalidArgument(name + "unknown is \"" + unknown + "\", expected local or refuse");
  }
  if (!unknown.empty()) options.is_unknown_compute_refused = unknown == "refuse";
  return {};
}

// The flags as a map; all of them take a value.
Result<std::map<std::string, std::string>> ReadFlags(const std::vector<std::string>& arguments) {
  const std::vector<std::string_view> known = {"--port", "--address", "--home", "--auth",
                                               "--log-level"};
  std::map<std::string, std::string> flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    if (std::ranges::find(known, name) == known.end()) {
      const std::string_view nearest = Nearest(name, known);
      return InvalidArgument(
          "serve has no flag \"" + name + "\"" +
          (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
    }
    if (equals != std::string::npos) {
      flags[name] = arguments[i].substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      flags[name] = arguments[++i];
    } else {
      return InvalidArgument("flag " + name + " needs a value");
    }
  }
  return flags;
}

// Settings of one file over those of the files before.
Status ApplyFile(const std::string& file, Options& options) {
  if (!Exists(file)) return {};
  ASSIGN_OR_RETURN(const std::string content, ReadFile(file, kConfigBytesMax));
  TRY(CheckTomlKeys(content, file, kConfigKeys));
  ASSIGN_OR_RETURN(const Json config, ParseToml(content, file));
  const auto text = [&](std::string_view path) -> std::string {
    const Json* value = config.At(path);
    if (value == nullptr) return "";
    return value->is_string() ? value->string() : value->Dump();
  };
  const auto name = [&](std::string_view path) { return file + ": " + std::string(path); };
  if (const std::string port = text("server.port"); !port.empty()) {
    ASSIGN_OR_RETURN(options.port, ReadNumber(name("server.port"), port, kPortMax));
  }
  if (const std::string address = text("server.address"); !address.empty()) {
    options.address = address;
  }
  if (const std::string auth = text("server.auth"); !auth.empty()) {
    ASSIGN_OR_RETURN(options.auth, ReadAuth(name("server.auth"), auth));
  }
  if (const std::string level = text("server.log_level"); !level.empty()) {
    ASSIGN_OR_RETURN(options.log_level, ReadLevel(name("server.log_level"), level));
  }
  if (const Json* compute = config.Find("compute")) {
    TRY(ApplyCompute(*compute, file + ": compute.", options));
  }
  if (const Json* own = config.Find("environment")) TRY(ApplyEnvironment(*own, file, options));
  const std::string network_home = text("server.network_home");
  if (!network_home.empty()) options.is_network_home = network_home == "true";
  if (const std::string most = text("data.cache_max"); !most.empty()) {
    ASSIGN_OR_RETURN(options.cache_bytes_max, ReadSize(name("data.cache_max"), most));
  }
  if (const Json* log = config.Find("log")) TRY(ApplyLog(*log, file, options));
  return {};
}

std::string Absolute(const std::string& path) {
  std::unique_ptr<char, void (*)(void*)> current(getcwd(nullptr, 0), std::free);
  return NormalPath(JoinPath(current ? current.get() : "/", path));
}

}  // namespace

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || EqualNoCase(address, "localhost");
}

Result<Options> ReadOptions(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const auto flags, ReadFlags(arguments));
  const auto flag = [&](const char* name) {
    const auto found = flags.find(name);
    return found != flags.end() ? found->second : std::string();
  };
  Options options;
  options.home = Absolute(flag("--home").empty() ? DefaultHome() : flag("--home"));
  const std::string config_home = Variable("XDG_CONFIG_HOME").empty()
                                      ? Variable("HOME") + "/.config"
                                      : Variable("XDG_CONFIG_HOME");
  for (const std::string& file :
       {std::string("/etc/lazurite/config.toml"), config_home + "/lazurite/config.toml",
        options.home + "/config.toml"}) {
    TRY(ApplyFile(file, options));
  }
  for (const auto& [name, text] : {std::pair("LAZURITE_PORT", Variable("LAZURITE_PORT")),
                                   std::pair("--port", flag("--port"))}) {
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(options.port, ReadNumber(name, text, kPortMax));
  }
  for (const auto& [name, text] : {std::pair("LAZURITE_AUTH", Variable("LAZURITE_AUTH")),
                                   std::pair("--auth", flag("--auth"))}) {
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(options.auth, ReadAuth(name, text));
  }
  if (!flag("--address").empty()) options.address = flag("--address");
  if (!flag("--log-level").empty()) {
    ASSIGN_OR_RETURN(options.log_level, ReadLevel("--log-level", flag("--log-level")));
  }
  if (options.auth == Guard::Mode::kNone && !IsLoopback(options.address)) {
    return InvalidArgument("--auth none works on loopback only, and --address is " +
                           options.address + "; leave one of them out");
  }
  return options;
}

}  // namespace lazurite::serve
