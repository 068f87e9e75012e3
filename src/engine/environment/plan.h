// From a specification to what has to be built, without touching anything.
#pragma once

#include <string>
#include <vector>

#include "domain/environment/environment.h"
#include "engine/environment/pythons.h"

namespace lazurite::environment {

// What this machine has.
struct Machine {
  std::vector<Interpreter> pythons;
  std::string conda;     // path of conda, mamba or micromamba, or ""
  std::string platform;  // "linux-x86_64"
  // Where packages come from if not from PyPI, without credentials (IndexesOf).
  std::vector<std::string> indexes = {};
};

struct Plan {
  enum class Kind : unsigned char {
    kHost,   // the machine's own Python
    kUv,     // a virtual environment
    kConda,  // an environment made by conda
  } kind = Kind::kHost;
  std::string hash;                       // of all that makes the content; "" for kHost
  Interpreter python;                     // for kUv; for kHost its path, "" = what is on PATH
  std::vector<std::string> requirements;  // for kUv: as pip reads them
  std::string conda_text;                 // for kConda: the conda file
  Variables variables;                    // set by the conda file
  std::vector<std::string> notes;         // for people: what is translated, replaced, left out
};

// What is decided, and everything that stands against it or is worth a warning.
struct Planning {
  Plan plan;  // to be used only if no finding is an error
  std::vector<EnvironmentFinding> findings;
};
// Decides. Codes of findings: kInvalidArgument: the specification is wrong; kFailedPrecondition: it
// cannot be had on this machine, with what it would need.
Planning PlanEnvironment(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
                         const Machine& machine);

// The same where an error is the end of it: all of them in one text. Warnings are among the notes.
Result<Plan> MakePlan(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
                      const Machine& machine);

}  // namespace lazurite::environment
