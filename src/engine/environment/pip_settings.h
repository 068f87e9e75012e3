// What pip is told on this machine, told to uv.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/environment/pythons.h"

namespace lazurite::environment {

// Reads a file, or nothing if there is none.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

// The environment for uv: `variables` without those of an active virtual environment, with UV_*
// made from PIP_* and pip's configuration files (index, extra indexes, find-links, certificate,
// trusted hosts, timeout) wherever no UV_* says it already, with hard links and without downloads
// of interpreters.
Variables UvVariables(const Variables& variables, const FileReader& read);

}  // namespace lazurite::environment
