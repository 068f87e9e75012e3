// The environment variables that a job's processes see.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/attempt/attempt.h"

namespace lazurite::runner {

using Variables = std::map<std::string, std::string>;

struct VariableSources {
  const AttemptSpec& spec;
  const AttemptSecrets& secrets;
  const PreparedEnvironment& environment;
  std::string folder;   // of the attempt
  std::string address;  // of the runner's listener, "http://127.0.0.1:4711"
  std::string token;    // that the listener asks for
  Variables inputs;     // name to path, URI or literal
  Variables outputs;    // name to path
};
// Later wins: this machine's (a chosen few), the platform's, the rank's, the environment's, the
// user's, the secrets; PATH is headed by the environment's.
Variables RankVariables(const VariableSources& sources, const Variables& rank);

// "NAME=value" for exec.
std::vector<std::string> ForExec(const Variables& variables);

}  // namespace lazurite::runner
