// Where a path really leads.
#pragma once

#include <string>

namespace lazurite {

// The path with all links followed; "" if there is nothing.
std::string RealPath(const std::string& path);

}  // namespace lazurite
