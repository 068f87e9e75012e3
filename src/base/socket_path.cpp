#include "base/socket_path.h"

#include <fcntl.h>

namespace lazurite {

Result<SocketPath> SocketPath::Of(const std::string& path) {
  SocketPath made;
  std::string name = path;
  if (path.size() > kBytesMax) {
    ASSIGN_OR_RETURN(made.folder_, OpenFile(DirName(path), O_PATH | O_DIRECTORY));
    name = "/proc/self/fd/" + std::to_string(made.folder_.get()) + "/" + BaseName(path);
  }
  if (name.size() > kBytesMax) return InvalidArgument("the name is too long for a socket: " + path);
  made.address_.sun_family = AF_UNIX;
  name.copy(made.address_.sun_path, kBytesMax);
  return made;
}

}  // namespace lazurite
