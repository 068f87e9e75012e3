#include "domain/run/validate.h"

#include <set>

#include "base/json.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr size_t kDatasetNameMax = 500;
constexpr size_t kDatasetDigestMax = 36;
constexpr size_t kDatasetSourceMax = 65535;
constexpr size_t kDatasetSchemaMax = 1048575;
constexpr size_t kDatasetProfileMax = 16777215;
constexpr size_t kInputTagKeyMax = 255;
constexpr size_t kInputTagValueMax = 500;
constexpr size_t kRunIdMax = 256;
constexpr size_t kRegistryTagValueMax = 100000;
constexpr size_t kAliasMax = 255;
constexpr size_t kModelNameMax = 255;

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool HasGoodCharacters(std::string_view name) {
  for (const char c : name) {
    if (!IsWordByte(c) && std::string_view("/.- :").find(c) == std::string_view::npos) return false;
  }
  return true;
}

// What POSIX makes of a path: no empty, "." or ".." parts where they can be resolved.
std::string NormalName(std::string_view name) {
  if (name.empty()) return ".";
  std::vector<std::string> parts;
  const bool is_absolute = name[0] == '/';
  for (const std::string_view part : Split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (!is_absolute) {
      parts.emplace_back(part);
    }
  }
  const std::string joined = (is_absolute ? "/" : "") + Join(parts, "/");
  return joined.empty() ? "." : joined;
}

std::string BadPath(std::string_view normal) {
  return "Names may be treated as files in certain cases, and must not resolve to other names "
         "when treated as such. This name would resolve to '" +
         std::string(normal) + "'";
}

Status InvalidValue(std::string_view path, std::string_view value, std::string_view why) {
  return InvalidArgument("Invalid value " + Json(value).Dump() + " for parameter '" +
                         std::string(path) + "' supplied: " + std::string(why));
}

std::string Below(std::string_view path, std::string_view member) {
  return path.empty() ? std::string(member) : std::string(path) + "." + std::string(member);
}

bool IsOtherAsPath(std::string_view name, std::string_view normal) {
  return normal != name || normal == "." || normal.starts_with("..") || normal.starts_with("/");
}

}  // namespace

size_t CharacterCount(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

std::string_view CutCharacters(std::string_view text, size_t count) {
  if (text.size() <= count) return text;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (count == 0) return text.substr(0, i);
    --count;
  }
  return text;
}

Status CheckKey(std::string_view name, std::string_view path) {
  if (!HasGoodCharacters(name)) {
    return InvalidValue(path, name,
                        "Names may only contain alphanumerics, underscores (_), dashes (-), "
                        "periods (.), spaces ( ), colon(:) and slashes (/).");
  }
  const std::string normal = NormalName(name);
  if (IsOtherAsPath(name, normal)) return InvalidValue(path, name, BadPath(normal));
  return {};
}

Status CheckLength(std::string_view text, std::string_view what, size_t limit) {
  if (text.size() <= limit || CharacterCount(text) <= limit) return {};
  return InvalidArgument("'" + std::string(what) + "' exceeds the maximum length of " +
                         std::to_string(limit) + " characters");
}

Status CheckMetric(const Metric& metric, std::string_view path) {
  TRY(CheckKey(metric.key, Below(path, "name")));
  if (metric.timestamp_ms < 0) {
    return InvalidArgument("Invalid value " + std::to_string(metric.timestamp_ms) +
                           " for parameter '" + Below(path, "timestamp") + "' supplied: metric '" +
                           metric.key + "' (value=" + FormatDouble(metric.value) +
                           "). Timestamp must be a nonnegative long (64-bit integer) ");
  }
  return CheckLength(metric.key, "Metric name", kTrackingKeyMax);
}

Status CheckParam(KeyValue& param, std::string_view path) {
  TRY(CheckKey(param.key, Below(path, "key")));
  TRY(CheckLength(param.key, "Param key", kTrackingKeyMax));
  param.value.resize(CutCharacters(param.value, kParamValueMax).size());
  return {};
}

Status CheckTag(KeyValue& tag, std::string_view path) {
  TRY(CheckKey(tag.key, Below(path, "key")));
  TRY(CheckLength(tag.key, Below(path, "key"), kTrackingKeyMax));
  tag.value.resize(CutCharacters(tag.value, kTagValueMax).size());
  return {};
}

Status CheckExperimentTag(const KeyValue& tag) {
  TRY(CheckKey(tag.key, "key"));
  TRY(CheckLength(tag.key, "key", kTrackingKeyMax));
  return CheckLength(tag.value, "value", kExperimentTagValueMax);
}

Status CheckRegistryTag(const KeyValue& tag) {
  TRY(CheckKey(tag.key, "key"));
  TRY(CheckLength(tag.key, "key", kTrackingKeyMax));
  return CheckLength(tag.value, "value", kRegistryTagValueMax);
}

Status CheckParamKeysUnique(const std::vector<KeyValue>& params) {
  std::set<std::string_view> seen;
  std::vector<std::string> twice;
  for (const KeyValue& param : params) {
    if (!seen.insert(param.key).second) twice.push_back("'" + param.key + "'");
  }
  if (twice.empty()) return {};
  return InvalidArgument("Duplicate parameter keys have been submitted: [" + Join(twice, ", ") +
                         "]. Please ensure the request contains only one param value per param "
                         "key.");
}

Status CheckBatchSize(size_t metrics, size_t params, size_t tags) {
  struct Row {
    std::string_view what;
    size_t limit;
    size_t count;
  };
  const Row rows[] = {{"metrics", kBatchMetricsMax, metrics},
                      {"params", kBatchParamsMax, params},
                      {"tags", kBatchTagsMax, tags},
                      {"metrics, params, and tags", kBatchItemsMax, metrics + params + tags}};
  for (const Row& row : rows) {
    if (row.count <= row.limit) continue;
    const std::string what(row.what);
    return InvalidArgument("A batch logging request can contain at most " +
                           std::to_string(row.limit) + " " + what + ". Got " +
                           std::to_string(row.count) + " " + what + ". Please split up " + what +
                           " across multiple requests and try again.");
  }
  return {};
}

Status CheckDataset(const DatasetInput& input) {
  TRY(CheckLength(input.dataset.name, "name", kDatasetNameMax));
  TRY(CheckLength(input.dataset.digest, "digest", kDatasetDigestMax));
  TRY(CheckLength(input.dataset.source, "source", kDatasetSourceMax));
  TRY(CheckLength(input.dataset.schema, "schema", kDatasetSchemaMax));
  TRY(CheckLength(input.dataset.profile, "profile", kDatasetProfileMax));
  for (const KeyValue& tag : input.tags) {
    TRY(CheckLength(tag.key, "key", kInputTagKeyMax));
    TRY(CheckLength(tag.value, "value", kInputTagValueMax));
  }
  return {};
}

Status CheckRunId(std::string_view run) {
  bool is_good = !run.empty() && run.size() <= kRunIdMax && IsWordByte(run[0]) && run[0] != '_';
  for (const char c : run) is_good = is_good && (IsWordByte(c) || c == '-');
  if (is_good) return {};
  return InvalidArgument("Invalid value " + Json(run).Dump() + " for parameter 'run_id' supplied.");
}

Status CheckExperimentName(std::string_view name) {
  if (name.empty()) return InvalidArgument("Invalid experiment name: ''");
  return CheckLength(name, "name", kExperimentNameMax);
}

Result<int64_t> ParseExperimentId(std::string_view text) {
  const auto id = ParseInt(text);
  if (id) return *id;
  return InvalidArgument("Invalid experiment ID '" + std::string(text) +
                         "'. Experiment ID must be a valid integer.");
}

Status CheckRegisteredModelName(std::string_view name) {
  if (Trim(name).empty()) {
    return InvalidArgument("Missing value for required parameter 'name'.");
  }
  if (name.find_first_of("/:") != std::string_view::npos) {
    return InvalidArgument("Invalid model name '" + std::string(name) +
                           "'. Names cannot contain '/' or ':'.");
  }
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) continue;
    return InvalidArgument("Invalid model name: it has a control character. Names are up to " +
                           std::to_string(kModelNameMax) +
                           " letters, digits, blanks and signs other than '/' or ':'.");
  }
  TRY(CheckLength(name, "name", kModelNameMax));
  const std::string normal = NormalName(name);
  if (IsOtherAsPath(name, normal)) return InvalidValue("name", name, BadPath(normal));
  return {};
}

Status CheckAlias(std::string_view alias) {
  if (alias.empty()) return InvalidArgument("Registered model alias name cannot be empty.");
  for (const char c : alias) {
    if (IsWordByte(c) || c == '-') continue;
    return InvalidArgument("Invalid alias name: '" + std::string(alias) +
                           "'. Names may only contain alphanumerics, underscores (_), and dashes "
                           "(-).");
  }
  TRY(CheckLength(alias, "Registered model alias name", kAliasMax));
  if (EqualNoCase(alias, "latest")) {
    return InvalidArgument("'latest' alias name (case insensitive) is reserved.");
  }
  if ((alias[0] == 'v' || alias[0] == 'V') && alias.size() > 1 &&
      alias.find_first_not_of("0123456789", 1) == std::string_view::npos) {
    return InvalidArgument("Version alias name '" + std::string(alias) + "' is reserved.");
  }
  return {};
}

}  // namespace lazurite
