// Single values between YAML and REST, and the helpers both directions share.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "domain/workspace/resource_id.h"
#include "spec/field.h"

namespace lazurite::spec {

// A value of that field for REST: enumerations, durations and switches respelled.
Json ValueToRest(const Field& field, const Json& value);
Json ValueFromRest(const Field& field, const Json& value);

// "azureml:name:1" and "name:1" -> the version's ARM id; ARM ids lose "azureml:"; the rest stays.
std::string AssetToRest(std::string_view text, std::string_view collection, const Scope& scope);
// An ARM id of a version -> "azureml:name:1", of a compute -> "azureml:name"; the rest stays.
std::string ReferenceFromRest(std::string_view text);
// The compute's ARM id; "" if the default one is meant.
std::string ComputeToRest(std::string_view text, const Scope& scope);
// Of an input's path: data or models by the input's type.
std::string InputUriToRest(std::string_view text, std::string_view type, const Scope& scope);

// The last part of a dotted path, and what stands before it ("" if nothing).
std::string_view LastPart(std::string_view path);
std::string_view ParentPart(std::string_view path);
// The object with its keys in order, at every depth.
Json SortedByKey(const Json& json);
// Merges the members of `from` into `into`; those that are there stay.
void AddMembers(Json& into, const Json& from);

// The text, cut before a letter that would not fit whole, with "…" then.
std::string Shorten(std::string_view text, size_t bytes_max);

// The text of a conda file; texts stay.
std::string CondaText(const Json& conda);

// What the table cannot say, for each noun (`yaml` and `body` as in ToRest).
void FinishJobBody(const Json& yaml, const Scope& scope, Json& body);
void FinishEnvironmentBody(const Json& yaml, Json& body);
void FinishDatastoreBody(Json& body);
void FinishComputeBody(std::string_view kind, Json& body);
void FinishWorkspaceBody(Json& body);

// The same for FromRest.
void FinishJobYaml(Json& yaml);
void FinishEnvironmentYaml(Json& yaml);

}  // namespace lazurite::spec
