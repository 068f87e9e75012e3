// Documents as REST bodies, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "domain/workspace/resource_id.h"

namespace lazurite::spec {

// The body to PUT for a valid document: {"properties": {…}} and, for computes and workspaces,
// "location", "tags" and "identity". Local paths must have been replaced by URIs and conda files by
// their content before. References to assets with a version and to computes become ARM ids of
// `scope`; labels ("name@latest") stay as written, the server resolves them.
Json ToRest(std::string_view kind, const Json& yaml, const Scope& scope = {});

// A REST resource as `az ml … show` prints it: snake_case, `id`, `name`, `resourceGroup`,
// `creation_context`, `compute` as "azureml:NAME", … Properties that the table does not know are
// kept, in snake_case. For jobs of another kind than Command the properties are only renamed.
Json FromRest(std::string_view kind, const Json& rest);

// The environment written inside a job, as the SDK registers it.
struct InlineEnvironment {
  static constexpr std::string_view kName = "CliV2AnonymousEnvironment";
  std::string version;  // content hash
  Json body;            // to PUT to environments/kName/versions/<version>
  // "azureml:CliV2AnonymousEnvironment:<version>", to put into job.environment
  std::string reference;
};
// Nothing if the job's environment is a reference.
std::optional<InlineEnvironment> TakeInlineEnvironment(const Json& job_yaml);

// 90 -> "PT1M30S", and back; also P1DT2H3M4.5S. Nothing if it is no duration.
std::string SecondsToIso(double seconds);
std::optional<double> IsoToSeconds(std::string_view text);
// instance_count <-> instanceCount; names with other characters than letters, digits and
// underscores stay as they are.
std::string CamelCase(std::string_view snake);
std::string SnakeCase(std::string_view camel);

}  // namespace lazurite::spec
