// What the superuser may do here, and a job of the superuser's may not.
#pragma once

#include "base/status.h"

namespace lazurite::runner {

// Takes from this process, and from all it will start or become, the capabilities by which it could
// undo its sandbox or look around it: mounting, tracing processes with more rights, raw access to
// devices and files, the kernel's modules and clock. Fine for users who have none. What else
// belongs to a superuser (installing packages, opening low ports, changing owners) stays.
Status DropCapabilities();

}  // namespace lazurite::runner
