// Run history's view of a job: the messages Run and RunDetails.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "domain/job/job_store.h"

namespace lazurite::runhistory {

// `experiment` is the id of the job's experiment, "" if it is not known.
Json RunOf(const Job& job, std::string_view experiment);
// `log_files`: name -> address that can be opened without a token.
Json DetailsOf(const Job& job, Json log_files);

// "azureml://runs/<job>/outputs/<output>": how Run names an output, and back.
std::string OutputAssetId(std::string_view job, std::string_view output);
struct OutputName {
  std::string job;
  std::string output;
};
std::optional<OutputName> ParseOutputAssetId(std::string_view id);
// "uri_file" for single files, "uri_folder" for all else (also models: clients then need no model
// registry).
std::string_view OutputType(const Json& output);

// What a PATCH changes in a job: {"hidden", "displayName", "description", "tags", "properties"}.
// kInvalidArgument if one of them is of another type.
Status Patch(Job& job, const Json& change);

}  // namespace lazurite::runhistory
