#include "base/real_path.h"

#include <cstdlib>
#include <memory>

namespace lazurite {

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? "" : std::string(real.get());
}

}  // namespace lazurite
