// Named values of a workspace that jobs get as environment variables: ${{secrets.NAME}}. Only
// sealed values pass through here; every function works inside the caller's transaction.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/secret/vault.h"
#include "storage/sql/database.h"

namespace lazurite {

inline constexpr size_t kSecretNameBytesMax = 127;
inline constexpr size_t kSecretBytesMax = size_t{24} << 10;
inline constexpr int kSecretsMax = 1000;  // of a workspace

struct Secret {
  std::string workspace = "default";
  std::string name{};
  std::string sealed{};
  Time created{};
  std::string created_by{};
  Time modified{};
  std::string modified_by{};
};

// Letters, digits, "_" and "-", the first a letter or "_"; kInvalidArgument says so.
Status CheckSecretName(std::string_view name);
// Not empty, no NUL, at most kSecretBytesMax.
Status CheckSecretValue(std::string_view value);
// What a secret's value is sealed for.
std::string SecretPlace(std::string_view workspace, std::string_view name);

class SecretStore final {
 public:
  // Adds, or replaces the value; `created` and `created_by` of an existing one stay. True if it is
  // new. kResourceExhausted beyond kSecretsMax.
  Result<bool> Put(Transaction& transaction, const Secret& secret) const;
  Result<std::optional<Secret>> Find(Transaction& transaction, std::string_view workspace,
                                     std::string_view name) const;
  // Sorted by name.
  Result<std::vector<Secret>> List(Transaction& transaction, std::string_view workspace) const;
  // False if it was not there.
  Result<bool> Delete(Transaction& transaction, std::string_view workspace,
                      std::string_view name) const;
  // kNotFound, with the nearest name and how to set it.
  Status CheckExists(Transaction& transaction, std::string_view workspace,
                     std::string_view name) const;
  // The values of these secrets. kNotFound, or kFailedPrecondition naming the one that cannot be
  // opened.
  Result<std::map<std::string, std::string>> Values(Transaction& transaction, const Vault& vault,
                                                    std::string_view workspace,
                                                    const std::vector<std::string>& names) const;
};

}  // namespace lazurite
