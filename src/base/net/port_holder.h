// Who holds a TCP port of this machine.
#pragma once

#include <string>

namespace lazurite {

// "python3 (pid 4711)", or "" if it cannot be told (another user's process).
std::string HolderOfPort(int port);
// Somebody listens on it, on whatever address.
bool IsPortTaken(int port);

}  // namespace lazurite
