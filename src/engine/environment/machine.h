// What this machine has to build environments with.
#pragma once

#include <string>

#include "engine/environment/plan.h"
#include "engine/environment/pythons.h"

namespace lazurite::environment {

// Looks at hundreds of paths.
Machine LookAtMachine(const Variables& variables);

// What was seen last time, kept in `file`, if no folder with programs has changed since; else looks
// and keeps it. May miss a program that came where nothing says so: whoever is about to build
// something looks anew.
Machine RememberedMachine(const Variables& variables, const std::string& file);

}  // namespace lazurite::environment
