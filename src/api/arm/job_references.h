// What a job refers to, looked up before it is accepted.
#pragma once

#include <string>
#include <vector>

#include "api/http/context.h"
#include "base/json.h"
#include "domain/job/job_spec.h"
#include "domain/workspace/resource_id.h"
#include "storage/sql/database.h"

namespace lazurite::arm {

inline constexpr std::string_view kLocalCompute = "local";

struct References {
  std::string compute;             // bare name; kLocalCompute if none is asked for
  std::vector<std::string> notes;  // what the job gets otherwise than it was written
  std::vector<Status> problems;    // everything that is missing, each naming it
};

// Looks up compute, code, environment, inputs and outputs of the job called `job`. Labels
// ("azureml:data@latest") in `properties` are replaced by the id of the version they mean now, so
// that the job stays what it was. A failure is one of the database.
Result<References> ResolveReferences(Transaction& transaction, const ApiContext& context,
                                     const Scope& scope, std::string_view job, const JobSpec& spec,
                                     Json& properties);

// What the environment of a job asks for and this server cannot give, to be told before the job
// fails. Looks at disks: not for the database's threads.
std::vector<Status> EnvironmentProblems(const ApiContext& context, const EnvironmentSpec& spec);

// The compute that a reference in any form names; kNotFound says which there are.
Result<std::string> FindCompute(Transaction& transaction, const Scope& scope,
                                std::string_view reference);

}  // namespace lazurite::arm
