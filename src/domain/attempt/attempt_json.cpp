// The JSON of the attempt's files. Members that are missing take their presets: an older server's
// spec can be read.
#include <array>

#include "domain/attempt/attempt.h"

namespace lazurite {
namespace {

using Words = std::map<std::string, std::string>;

constexpr std::array<std::pair<DataMode, std::string_view>, 7> kModes = {{
    {DataMode::kReadOnlyMount, "ro_mount"},
    {DataMode::kDownload, "download"},
    {DataMode::kDirect, "direct"},
    {DataMode::kReadWriteMount, "rw_mount"},
    {DataMode::kUpload, "upload"},
    {DataMode::kEvalMount, "eval_mount"},
    {DataMode::kEvalDownload, "eval_download"},
}};

constexpr std::array<std::pair<Distribution::Kind, std::string_view>, 4> kKinds = {{
    {Distribution::Kind::kNone, "none"},
    {Distribution::Kind::kPyTorch, "pytorch"},
    {Distribution::Kind::kTensorFlow, "tensorflow"},
    {Distribution::Kind::kMpi, "mpi"},
}};

template <typename Table, typename Value>
std::string_view NameIn(const Table& table, Value value) {
  for (const auto& [key, name] : table) {
    if (key == value) return name;
  }
  return "";
}

template <typename Value, typename Table>
Result<Value> ValueIn(const Table& table, std::string_view word, std::string_view what) {
  for (const auto& [key, name] : table) {
    if (name == word) return key;
  }
  return InvalidArgument("unknown " + std::string(what) + " \"" + std::string(word) + "\"");
}

Json FromWords(const Words& words) {
  Json out = Json::MakeObject();
  for (const auto& [key, value] : words) out.object().emplace_back(key, value);
  return out;
}

Words ToWords(const Json* json) {
  Words out;
  if (json == nullptr || !json->is_object()) return out;
  for (const auto& [key, value] : json->object()) {
    if (value.is_string()) out[key] = value.string();
  }
  return out;
}

Json FromList(const std::vector<std::string>& list) {
  Json out = Json::MakeArray();
  for (const std::string& item : list) out.Push(item);
  return out;
}

std::vector<std::string> ToList(const Json* json) {
  std::vector<std::string> out;
  if (json == nullptr || !json->is_array()) return out;
  for (const Json& item : json->array()) {
    if (item.is_string()) out.push_back(item.string());
  }
  return out;
}

Json FromTime(const std::optional<Time>& time) { return time ? Json(FormatTime(*time)) : Json(); }

std::optional<Time> ToTime(const Json& json, std::string_view key) {
  return ParseTime(json.GetString(key));
}

std::optional<int> ToOptionalInt(const Json& json, std::string_view key) {
  const Json* found = json.Find(key);
  if (found == nullptr || !found->is_int()) return std::nullopt;
  return static_cast<int>(found->int_value());
}

Json FromOptionalInt(const std::optional<int>& value) { return value ? Json(*value) : Json(); }

Json FromInput(const AttemptInput& input) {
  Json out = Json::MakeObject();
  out["name"] = input.name;
  out["type"] = input.type;
  out["mode"] = NameIn(kModes, input.mode);
  out["source"] = input.source;
  out["uri"] = input.uri;
  out["registered"] = input.registered;
  out["manifest"] = input.manifest;
  return out;
}

Result<AttemptInput> ToInput(const Json& json) {
  AttemptInput input;
  input.name = json.GetString("name");
  input.type = json.GetString("type");
  ASSIGN_OR_RETURN(input.mode, ValueIn<DataMode>(kModes, json.GetString("mode"), "mode"));
  input.source = json.GetString("source");
  input.uri = json.GetString("uri");
  input.registered = json.GetString("registered");
  input.manifest = json.GetString("manifest");
  return input;
}

Json FromOutput(const AttemptOutput& output) {
  Json out = Json::MakeObject();
  out["name"] = output.name;
  out["type"] = output.type;
  out["mode"] = NameIn(kModes, output.mode);
  out["target"] = output.target;
  return out;
}

Result<AttemptOutput> ToOutput(const Json& json) {
  AttemptOutput output;
  output.name = json.GetString("name");
  output.type = json.GetString("type");
  ASSIGN_OR_RETURN(output.mode, ValueIn<DataMode>(kModes, json.GetString("mode"), "mode"));
  output.target = json.GetString("target");
  return output;
}

Json FromDistribution(const Distribution& distribution) {
  Json out = Json::MakeObject();
  out["type"] = NameIn(kKinds, distribution.kind);
  out["process_count_per_instance"] = distribution.process_count_per_instance;
  out["worker_count"] = distribution.worker_count;
  out["parameter_server_count"] = distribution.parameter_server_count;
  return out;
}

Result<Distribution> ToDistribution(const Json* json) {
  Distribution out;
  if (json == nullptr) return out;
  ASSIGN_OR_RETURN(out.kind, ValueIn<Distribution::Kind>(kKinds, json->GetString("type", "none"),
                                                         "distribution"));
  out.process_count_per_instance = static_cast<int>(json->GetInt("process_count_per_instance", 1));
  out.worker_count = static_cast<int>(json->GetInt("worker_count"));
  out.parameter_server_count = static_cast<int>(json->GetInt("parameter_server_count"));
  return out;
}

Json FromLocks(const std::vector<AttemptLock>& locks) {
  Json out = Json::MakeArray();
  for (const AttemptLock& lock : locks) {
    out.Push(Json(Json::Object{{"path", lock.path}, {"seat", lock.seat}}));
  }
  return out;
}

std::vector<AttemptLock> ToLocks(const Json* json) {
  std::vector<AttemptLock> out;
  if (json == nullptr || !json->is_array()) return out;
  for (const Json& lock : json->array()) {
    out.push_back({lock.GetString("path"), static_cast<int>(lock.GetInt("seat", -1))});
  }
  return out;
}

Json FromSettings(const EnvironmentSettings& settings) {
  Json out = Json::MakeObject();
  out["envs_folder"] = settings.envs_folder;
  out["host_fallback"] = settings.host_fallback;
  out["uv"] = settings.uv;
  out["build_timeout_ms"] = int64_t{settings.build_timeout.count()};
  return out;
}

EnvironmentSettings ToSettings(const Json* json) {
  EnvironmentSettings out;
  if (json == nullptr) return out;
  out.envs_folder = json->GetString("envs_folder");
  out.host_fallback = json->GetBool("host_fallback");
  out.uv = json->GetString("uv");
  out.build_timeout =
      Duration(json->GetInt("build_timeout_ms", int64_t{Duration(kBuildTimeoutDefault).count()}));
  return out;
}

Status CheckSpec(const AttemptSpec& spec) {
  if (spec.job.empty()) return InvalidArgument("the attempt's spec names no job");
  if (spec.attempt < 1) return InvalidArgument("the attempt's number is less than 1");
  if (spec.instance_count < 1 || spec.distribution.process_count_per_instance < 1) {
    return InvalidArgument("the attempt asks for less than one process");
  }
  return {};
}

// The plain texts of a spec, each with its name in the file.
template <typename Spec>
auto TextsOf(Spec& spec) {
  using Text = decltype(&spec.job);
  return std::array<std::pair<std::string_view, Text>, 12>{{
      {"job", &spec.job},
      {"life", &spec.life},
      {"home", &spec.home},
      {"display_name", &spec.display_name},
      {"experiment_name", &spec.experiment_name},
      {"experiment_id", &spec.experiment_id},
      {"workspace", &spec.workspace},
      {"resource_group", &spec.resource_group},
      {"subscription", &spec.subscription},
      {"command", &spec.command},
      {"code_source", &spec.code_source},
      {"artifacts_folder", &spec.artifacts_folder},
  }};
}

Status ReadData(const Json& json, AttemptSpec& spec) {
  if (const Json* inputs = json.Find("inputs"); inputs != nullptr && inputs->is_array()) {
    for (const Json& item : inputs->array()) {
      ASSIGN_OR_RETURN(AttemptInput input, ToInput(item));
      spec.inputs.push_back(std::move(input));
    }
  }
  if (const Json* outputs = json.Find("outputs"); outputs != nullptr && outputs->is_array()) {
    for (const Json& item : outputs->array()) {
      ASSIGN_OR_RETURN(AttemptOutput output, ToOutput(item));
      spec.outputs.push_back(std::move(output));
    }
  }
  return {};
}

}  // namespace

Json AttemptSpec::ToJson() const {
  Json out = Json::MakeObject();
  for (const auto& [name, text] : TextsOf(*this)) out[name] = *text;
  out["attempt"] = attempt;
  out["literals"] = FromWords(literals);
  out["inputs"] = Json::MakeArray();
  for (const AttemptInput& input : inputs) out["inputs"].Push(FromInput(input));
  out["outputs"] = Json::MakeArray();
  for (const AttemptOutput& output : outputs) out["outputs"].Push(FromOutput(output));
  out["environment_variables"] = FromWords(environment_variables);
  out["environment"] = environment.ToJson();
  out["environment_settings"] = FromSettings(environment_settings);
  out["distribution"] = FromDistribution(distribution);
  out["instance_count"] = instance_count;
  out["cpus"] = cpus;
  out["memory_bytes"] = memory_bytes;
  out["gpus"] = FromList(gpus);
  out["gpu_vendor"] = gpu_vendor;
  out["locks"] = FromLocks(locks);
  out["slots_folder"] = slots_folder;
  out["slots"] = slots;
  out["timeout_ms"] = timeout ? Json(int64_t{timeout->count()}) : Json();
  out["cancel_grace_ms"] = int64_t{cancel_grace.count()};
  out["hidden_paths"] = FromList(hidden_paths);
  out["cache_bytes_max"] = cache_bytes_max;
  return out;
}

Result<AttemptSpec> AttemptSpec::FromJson(const Json& json) {
  AttemptSpec out;
  for (const auto& [name, text] : TextsOf(out)) *text = json.GetString(name);
  out.attempt = static_cast<int>(json.GetInt("attempt", 1));
  out.literals = ToWords(json.Find("literals"));
  TRY(ReadData(json, out));
  out.environment_variables = ToWords(json.Find("environment_variables"));
  if (const Json* environment = json.Find("environment")) {
    ASSIGN_OR_RETURN(out.environment, EnvironmentSpec::FromJson(*environment));
  }
  out.environment_settings = ToSettings(json.Find("environment_settings"));
  ASSIGN_OR_RETURN(out.distribution, ToDistribution(json.Find("distribution")));
  out.instance_count = static_cast<int>(json.GetInt("instance_count", 1));
  out.cpus = json.GetDouble("cpus", 1);
  out.memory_bytes = json.GetInt("memory_bytes");
  out.gpus = ToList(json.Find("gpus"));
  out.gpu_vendor = json.GetString("gpu_vendor", "nvidia");
  out.locks = ToLocks(json.Find("locks"));
  out.slots_folder = json.GetString("slots_folder");
  out.slots = static_cast<int>(json.GetInt("slots", 1));
  if (const auto timeout = json.Find("timeout_ms"); timeout != nullptr && timeout->is_int()) {
    out.timeout = Duration(timeout->int_value());
  }
  out.cancel_grace = Duration(json.GetInt("cancel_grace_ms", 30'000));
  out.hidden_paths = ToList(json.Find("hidden_paths"));
  out.cache_bytes_max = json.GetInt("cache_bytes_max");
  TRY(CheckSpec(out));
  return out;
}

Json AttemptSecrets::ToJson() const {
  Json out = Json::MakeObject();
  out["token"] = token;
  out["environment_variables"] = FromWords(environment_variables);
  out["hidden"] = FromList(hidden);
  if (!index_url.empty()) out["index_url"] = index_url;
  if (!extra_index_urls.empty()) out["extra_index_urls"] = FromList(extra_index_urls);
  return out;
}

Result<AttemptSecrets> AttemptSecrets::FromJson(const Json& json) {
  if (!json.is_object()) return InvalidArgument("the secrets are no JSON object");
  AttemptSecrets out;
  out.token = json.GetString("token");
  out.environment_variables = ToWords(json.Find("environment_variables"));
  out.hidden = ToList(json.Find("hidden"));
  out.index_url = json.GetString("index_url");
  out.extra_index_urls = ToList(json.Find("extra_index_urls"));
  return out;
}

Json AttemptEvent::ToJson() const {
  Json out = Json::MakeObject();
  out["seq"] = seq;
  out["time"] = FormatTime(time);
  out["event"] = event;
  out["detail"] = detail;
  return out;
}

Result<AttemptEvent> AttemptEvent::FromJson(const Json& json) {
  AttemptEvent out;
  out.seq = json.GetInt("seq");
  out.event = json.GetString("event");
  const std::optional<Time> time = ToTime(json, "time");
  if (out.seq < 1 || out.event.empty() || !time) return InvalidArgument("not an event's line");
  out.time = *time;
  if (const Json* detail = json.Find("detail")) out.detail = *detail;
  return out;
}

Json ResourceUse::ToJson() const {
  Json out = Json::MakeObject();
  out["cpu_s"] = cpu_s;
  out["rss_max_bytes"] = rss_max_bytes;
  out["read_bytes"] = read_bytes;
  out["written_bytes"] = written_bytes;
  if (memory_peak_bytes > 0) out["memory_peak_bytes"] = memory_peak_bytes;
  return out;
}

ResourceUse ResourceUse::FromJson(const Json& json) {
  return {json.GetDouble("cpu_s"), json.GetInt("rss_max_bytes"), json.GetInt("read_bytes"),
          json.GetInt("written_bytes"), json.GetInt("memory_peak_bytes")};
}

Json ExitRecord::ToJson() const {
  Json out = Json::MakeObject();
  out["seq"] = seq;
  out["cause"] = cause;
  out["code"] = FromOptionalInt(code);
  out["signal"] = FromOptionalInt(signal);
  out["rank"] = rank;
  out["message"] = message;
  out["started"] = FromTime(started);
  out["ended"] = FromTime(ended);
  out["usage"] = usage.ToJson();
  out["rank_usage"] = Json::MakeArray();
  for (const ResourceUse& use : rank_usage) out["rank_usage"].Push(use.ToJson());
  out["log_bytes"] = Json::MakeObject();
  for (const auto& [log, bytes] : log_bytes) out["log_bytes"][log] = bytes;
  if (limits.is_object()) out["limits"] = limits;
  return out;
}

Result<ExitRecord> ExitRecord::FromJson(const Json& json) {
  ExitRecord out;
  out.seq = json.GetInt("seq");
  out.cause = json.GetString("cause");
  if (out.cause.empty()) return InvalidArgument("exit.json has no cause");
  out.code = ToOptionalInt(json, "code");
  out.signal = ToOptionalInt(json, "signal");
  out.rank = static_cast<int>(json.GetInt("rank"));
  out.message = json.GetString("message");
  out.started = ToTime(json, "started");
  out.ended = ToTime(json, "ended");
  if (const Json* usage = json.Find("usage")) out.usage = ResourceUse::FromJson(*usage);
  if (const Json* ranks = json.Find("rank_usage"); ranks != nullptr && ranks->is_array()) {
    for (const Json& use : ranks->array()) out.rank_usage.push_back(ResourceUse::FromJson(use));
  }
  if (const Json* logs = json.Find("log_bytes"); logs != nullptr && logs->is_object()) {
    for (const auto& [log, bytes] : logs->object()) out.log_bytes[log] = logs->GetInt(log);
  }
  if (const Json* limits = json.Find("limits"); limits != nullptr && limits->is_object()) {
    out.limits = *limits;
  }
  return out;
}

Json Verdict::ToJson() const {
  Json out = Json::MakeObject();
  out["cause"] = cause;
  out["message"] = message;
  out["time"] = FormatTime(time);
  return out;
}

Result<Verdict> Verdict::FromJson(const Json& json) {
  Verdict out{json.GetString("cause"), json.GetString("message"), {}};
  const std::optional<Time> time = ToTime(json, "time");
  if (out.cause.empty() || !time) return InvalidArgument("verdict.json has no cause or no time");
  out.time = *time;
  return out;
}

Json RunnerIdentity::ToJson() const {
  Json out = Json::MakeObject();
  out["boot_id"] = boot_id;
  out["pid"] = pid;
  out["start_time"] = start_time;
  return out;
}

Result<RunnerIdentity> RunnerIdentity::FromJson(const Json& json) {
  RunnerIdentity out{json.GetString("boot_id"), static_cast<int>(json.GetInt("pid")),
                     json.GetInt("start_time")};
  if (out.boot_id.empty() || out.pid < 1) return InvalidArgument("not a runner's identity");
  return out;
}

}  // namespace lazurite
