// A Jupyter kernel whose notebooks talk to the server: `lazurite env --jupyter`.
#pragma once

#include "app/cli/context.h"

namespace lazurite::cli {

// Writes the kernel's description for this user. It starts Python by `lazurite exec`, so that no
// secret lies in it and the server is found wherever it is by then.
Status InstallKernel(Context& context);
// Fine if there is none.
Status RemoveKernel(Context& context);

}  // namespace lazurite::cli
