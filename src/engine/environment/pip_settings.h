// What pip is told on this machine, told to uv.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "domain/environment/environment.h"
#include "engine/environment/pythons.h"

namespace lazurite::environment {

// Reads a file, or nothing if there is none.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

// The environment for uv: `variables` without those of an active virtual environment, with UV_*
// made from PIP_* and pip's configuration files (index, extra indexes, find-links, certificate,
// trusted hosts, timeout) wherever no UV_* says it already, with hard links and without downloads
// of interpreters.
Variables UvVariables(const Variables& variables, const FileReader& read);

// The variables with those of index_url and extra_index_urls of the settings, for uv and for pip:
// they go before what the machine says.
Variables WithIndexes(Variables variables, const EnvironmentSettings& settings);

// Where uv's environment says that packages come from, without credentials and in a fixed order;
// nothing for PyPI alone. What decides only how they are fetched (proxies, certificates, trusted
// hosts) is not among it.
std::vector<std::string> IndexesOf(const Variables& uv);

}  // namespace lazurite::environment
