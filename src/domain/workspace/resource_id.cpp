#include "domain/workspace/resource_id.h"

#include <array>
#include <utility>
#include <vector>

#include "base/text.h"

namespace lazurite {
namespace {

constexpr std::string_view kScheme = "azureml:";
constexpr std::string_view kProvider = "Microsoft.MachineLearningServices";
constexpr size_t kNameBytesMax = 255;

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualNoCase(text.substr(0, prefix.size()), prefix);
}

std::string_view WithoutSlashes(std::string_view text) {
  while (!text.empty() && text.front() == '/') text.remove_prefix(1);
  while (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return text;
}

// A URI or ARM id read as one key and value after the other: "datastores", "D", "paths", …
class Segments {
 public:
  explicit Segments(std::string_view text) : rest_(WithoutSlashes(text)) {}

  bool AtEnd() const { return rest_.empty(); }
  // Takes the next part; "" at the end.
  std::string_view Next() {
    const size_t slash = rest_.find('/');
    const std::string_view part = rest_.substr(0, slash);
    rest_.remove_prefix(slash == std::string_view::npos ? rest_.size() : slash + 1);
    return part;
  }
  // Takes the part and the value after it if the part is `key`.
  bool Take(std::string_view key, std::string& value) {
    Segments ahead = *this;
    if (!EqualNoCase(ahead.Next(), key)) return false;
    value = ahead.Next();
    if (value.empty()) return false;
    *this = ahead;
    return true;
  }
  // All that is left.
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// Skips "subscriptions/S/resourceGroups/RG[/providers/P]" and "workspaces/W" or
// "locations/L/workspaces/W"; notes the workspace or the registry.
void SkipScope(Segments& segments, AssetReference& reference) {
  std::string ignored;
  for (const std::string_view key : {"subscriptions", "resourceGroups", "providers"}) {
    segments.Take(key, ignored);
  }
  // Below a location stands the workspace's guid.
  const bool is_guid = segments.Take("locations", ignored);
  segments.Take("workspaces", is_guid ? ignored : reference.workspace);
  segments.Take("registries", reference.registry);
}

bool IsCollection(std::string_view text) {
  static constexpr std::array<std::string_view, 10> kCollections = {
      "data",     "environments", "models",          "codes",          "components",
      "computes", "jobs",         "onlineEndpoints", "batchEndpoints", "schedules"};
  for (const std::string_view known : kCollections) {
    if (EqualNoCase(text, known)) return true;
  }
  return false;
}

// "environments/N", "environments/N/versions/V" or "environments/N/labels/L".
bool TakeAsset(Segments& segments, AssetReference& reference) {
  Segments ahead = segments;
  const std::string_view collection = ahead.Next();
  if (!IsCollection(collection)) return false;
  // Collections are compared as text by everybody else.
  reference.collection = Lower(collection);
  reference.name = ahead.Next();
  ahead.Take("versions", reference.version) || ahead.Take("labels", reference.label);
  if (reference.name.empty() || !ahead.AtEnd()) return false;
  segments = ahead;
  return true;
}

Status NoReference(std::string_view text) {
  return InvalidArgument("\"" + std::string(text.substr(0, 300)) +
                         "\" names no asset; expected \"azureml:name:version\", "
                         "\"azureml:name@label\" or an ARM id");
}

bool IsPlainName(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  for (const char letter : name) {
    if (static_cast<unsigned char>(letter) < 0x20) return false;
  }
  return name.find_first_of("/\\:@{}") == std::string_view::npos;
}

// "name", "name:version" or "name@label".
Result<AssetReference> ParseShort(std::string_view text, std::string_view whole) {
  AssetReference reference;
  const size_t mark = text.find_first_of(":@");
  const std::string_view name = Trim(text.substr(0, mark));
  if (!IsPlainName(name)) return NoReference(whole);
  reference.name = name;
  if (mark == std::string_view::npos) return reference;
  const std::string_view rest = Trim(text.substr(mark + 1));
  if (!IsPlainName(rest)) return NoReference(whole);
  // Azure's documents also write "name:latest".
  const bool is_label = text[mark] == '@' || EqualNoCase(rest, "latest");
  (is_label ? reference.label : reference.version) = rest;
  return reference;
}

Result<AssetReference> ParseLong(std::string_view text, std::string_view whole) {
  AssetReference reference;
  Segments segments(text);
  SkipScope(segments, reference);
  if (!TakeAsset(segments, reference) || !segments.AtEnd()) return NoReference(whole);
  return reference;
}

Status NoUri(std::string_view text, std::string_view why) {
  return InvalidArgument("\"" + std::string(text.substr(0, 300)) + "\" " + std::string(why));
}

Result<DataUri> ParseFileUri(DataUri uri) {
  std::string_view rest = std::string_view(uri.text).substr(std::string_view("file:").size());
  if (StartsWith(rest, "//localhost/")) rest.remove_prefix(std::string_view("//localhost").size());
  if (StartsWith(rest, "///")) rest.remove_prefix(2);
  const std::optional<std::string> path = UrlDecode(rest);
  if (!path || path->empty() || path->front() != '/' || path->starts_with("//") ||
      path->find('\0') != std::string::npos) {
    return NoUri(uri.text, "is no file on the server's machine; expected \"file:///path\"");
  }
  uri.kind = DataUri::Kind::kLocal;
  uri.path = *path;
  return uri;
}

Result<DataUri> ParseRunUri(DataUri uri) {
  Segments segments(std::string_view(uri.text).substr(std::string_view("runs:").size()));
  uri.kind = DataUri::Kind::kRun;
  uri.job = segments.Next();
  uri.path = segments.Rest();
  if (uri.job.empty()) return NoUri(uri.text, "names no run; expected \"runs:/<run>/<path>\"");
  return uri;
}

// MLflow's "models:/name/version" and "models:/name@alias".
Result<DataUri> ParseModelsUri(DataUri uri) {
  Segments segments(std::string_view(uri.text).substr(std::string_view("models:").size()));
  uri.kind = DataUri::Kind::kAsset;
  uri.asset.collection = "models";
  const std::string_view name = segments.Next();
  const size_t mark = name.find('@');
  uri.asset.name = name.substr(0, mark);
  const std::string version(segments.Rest());
  if (mark != std::string_view::npos) uri.asset.label = name.substr(mark + 1);
  (EqualNoCase(version, "latest") ? uri.asset.label : uri.asset.version) = version;
  const bool is_one = uri.asset.version.empty() != uri.asset.label.empty();
  if (uri.asset.name.empty() || !is_one || version.find('/') != std::string::npos) {
    return NoUri(uri.text, "names no model; expected \"models:/<name>/<version>\"");
  }
  return uri;
}

// What follows "azureml://", or an ARM id.
Result<DataUri> ParseAzureUri(DataUri uri, std::string_view rest) {
  Segments segments(rest);
  SkipScope(segments, uri.asset);
  std::string path;
  if (segments.Take("datastores", uri.datastore)) {
    uri.kind = DataUri::Kind::kDatastore;
    if (segments.AtEnd()) return uri;
    if (!EqualNoCase(segments.Next(), "paths")) return NoUri(uri.text, "has no /paths/ in it");
    uri.path = WithoutSlashes(segments.Rest());
    return uri;
  }
  if (Segments ahead = segments; ahead.Take("jobs", uri.job) && ahead.Take("outputs", uri.output)) {
    uri.kind = DataUri::Kind::kJobOutput;
    if (ahead.AtEnd()) return uri;
    if (!EqualNoCase(ahead.Next(), "paths")) return NoUri(uri.text, "has no /paths/ in it");
    uri.path = WithoutSlashes(ahead.Rest());
    return uri;
  }
  uri.job.clear();
  uri.kind = DataUri::Kind::kAsset;
  const bool is_asset = TakeAsset(segments, uri.asset) && segments.AtEnd();
  if (is_asset && uri.asset.collection != "jobs") return uri;
  return NoUri(
      uri.text,
      "is no place of data; expected \"azureml://datastores/<name>/paths/<path>\", "
      "\"azureml://jobs/<job>/outputs/<output>/paths/<path>\" or \"azureml:name:version\"");
}

// "s3" of "s3://bucket"; "" if there is none.
std::string_view SchemeOf(std::string_view text) {
  const size_t end = text.find("://");
  if (end == std::string_view::npos) return {};
  for (const char letter : text.substr(0, end)) {
    const bool is_allowed = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                            (letter >= '0' && letter <= '9') || letter == '+' || letter == '-' ||
                            letter == '.';
    if (!is_allowed) return {};
  }
  return text.substr(0, end);
}

Result<DataUri> ParseShortAsset(DataUri uri, std::string_view text) {
  ASSIGN_OR_RETURN(uri.asset, ParseAssetReference(text));
  uri.kind = DataUri::Kind::kAsset;
  return uri;
}

}  // namespace

std::string WorkspaceId(const Scope& scope) {
  return "/subscriptions/" + scope.subscription + "/resourceGroups/" + scope.resource_group +
         "/providers/" + std::string(kProvider) + "/workspaces/" + scope.workspace;
}

std::string ResourceId(const Scope& scope, std::string_view collection, std::string_view name) {
  return WorkspaceId(scope) + "/" + std::string(collection) + "/" + std::string(name);
}

std::string VersionId(const Scope& scope, std::string_view collection, std::string_view name,
                      std::string_view version) {
  return ResourceId(scope, collection, name) + "/versions/" + std::string(version);
}

std::string DatastoreUri(const Scope& scope, std::string_view datastore, std::string_view path) {
  // Azure writes "resourcegroups" in URIs and "resourceGroups" in ids.
  return "azureml://subscriptions/" + scope.subscription + "/resourcegroups/" +
         scope.resource_group + "/workspaces/" + scope.workspace + "/datastores/" +
         std::string(datastore) + "/paths/" + std::string(path);
}

Result<AssetReference> ParseAssetReference(std::string_view text) {
  const std::string_view whole = Trim(text);
  std::string_view rest = whole;
  if (StartsWith(rest, kScheme)) rest.remove_prefix(kScheme.size());
  if (!rest.empty() && rest.front() == '/') return ParseLong(rest, whole);
  return ParseShort(rest, whole);
}

Result<DataUri> ParseDataUri(std::string_view text) {
  DataUri uri;
  uri.text = Trim(text);
  const std::string_view whole = uri.text;
  if (whole.empty()) return NoUri(whole, "is no place of data: it is empty");
  if (whole.find('\0') != std::string_view::npos) return NoUri(whole, "holds a NUL byte");
  if (StartsWith(whole, "file:")) return ParseFileUri(std::move(uri));
  if (StartsWith(whole, "runs:")) return ParseRunUri(std::move(uri));
  if (StartsWith(whole, "models:/")) return ParseModelsUri(std::move(uri));
  if (StartsWith(whole, kScheme)) {
    const std::string rest(whole.substr(kScheme.size()));
    if (rest.starts_with("/")) return ParseAzureUri(std::move(uri), rest);
    // "azureml:wasbs://…" stands in Azure's documents.
    if (!SchemeOf(rest).empty()) return uri;
    return ParseShortAsset(std::move(uri), rest);
  }
  if (StartsWith(whole, "/subscriptions/")) {
    const std::string rest(whole);
    return ParseAzureUri(std::move(uri), rest);
  }
  if (whole.front() == '/') {
    uri.kind = DataUri::Kind::kLocal;
    uri.path = whole;
    return uri;
  }
  if (!SchemeOf(whole).empty()) return uri;
  if (whole.find_first_of(":@") != std::string_view::npos) {
    const std::string rest(whole);
    return ParseShortAsset(std::move(uri), rest);
  }
  return NoUri(whole,
               "is no place of data that the server knows; upload it first, or give an azureml:// "
               "URI");
}

}  // namespace lazurite
