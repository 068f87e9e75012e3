// How the folders of jobs that are no more leave the place where a job of the same name would look.
#pragma once

#include <string>

#include "base/status.h"

namespace lazurite {

// Moves <home>/jobs/<job>, or something below it, out of the way at once; gives where it lies now,
// "" if there was nothing. It is to be removed from there, which can take long.
Result<std::string> Bury(const std::string& home, const std::string& path);
// Removes what was buried and never removed.
Status RemoveBuried(const std::string& home);

}  // namespace lazurite
