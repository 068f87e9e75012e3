// Seals values so that a copy of the database alone opens nothing: AES-256-GCM under a key that
// lies in a file of its own, keys/secrets.key of the home.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lazurite {

// Safe for several threads.
class Vault final {
 public:
  // Makes the key (0600) on first start. kPermissionDenied if others can read it.
  static Result<std::unique_ptr<Vault>> Open(const std::string& home);

  // A line of text, another one each time. It opens for this `place` ("secret/<workspace>/<name>")
  // only: a sealed value cannot be moved to another row.
  std::string Seal(std::string_view value, std::string_view place) const;
  // kFailedPrecondition: sealed with another key, for another place, or changed since.
  Result<std::string> Unseal(std::string_view sealed, std::string_view place) const;

 private:
  Vault() = default;
  std::string key_;
  std::string key_id_;  // tells keys apart and says nothing of them
};

}  // namespace lazurite
