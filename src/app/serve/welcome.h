// The page that a browser finds where the studio will be.
#pragma once

#include <string>

#include "base/http/router.h"

namespace lazurite::serve {

// GET / and everything below /studio: what this address is, and the commands that show what a
// browser cannot yet. Says nothing of what is in the home.
void AddWelcome(Router& router, const std::string& version);

}  // namespace lazurite::serve
