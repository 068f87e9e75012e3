#include "domain/secret/secret_store.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace lazurite {
namespace {

constexpr std::string_view kColumns =
    "workspace, name, sealed, created, created_by, modified, modified_by";

Secret ReadRow(const Statement& row) {
  return {.workspace = row.Text(0),
          .name = row.Text(1),
          .sealed = row.Text(2),
          .created = FromMillis(row.Int(3)),
          .created_by = row.Text(4),
          .modified = FromMillis(row.Int(5)),
          .modified_by = row.Text(6)};
}

// Of all secrets of a workspace, without their values.
Result<std::vector<std::string>> Names(Transaction& transaction, std::string_view workspace) {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT name FROM secrets WHERE workspace = ?1"));
  select->Bind(1, workspace);
  std::vector<std::string> names;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select->Step());
    if (!more) return names;
    names.push_back(select->Text(0));
  }
}

bool IsNameLetter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

}  // namespace

Status CheckSecretName(std::string_view name) {
  const bool is_good = !name.empty() && name.size() <= kSecretNameBytesMax && name[0] != '-' &&
                       std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
                       std::ranges::all_of(name, IsNameLetter);
  if (is_good) return {};
  return InvalidArgument("\"" + std::string(name.substr(0, kSecretNameBytesMax)) +
                         "\" is no name of a secret; expected 1 to " +
                         std::to_string(kSecretNameBytesMax) +
                         " letters, digits, \"_\", \"-\", the first a letter or \"_\"");
}

Status CheckSecretValue(std::string_view value) {
  if (value.empty()) return InvalidArgument("the value of a secret is empty");
  if (value.size() > kSecretBytesMax) {
    return InvalidArgument("the value of a secret has " + std::to_string(value.size()) +
                           " bytes, at most " + std::to_string(kSecretBytesMax) +
                           " are taken; put larger files where only the job's user can read them");
  }
  if (value.find('\0') != std::string_view::npos) {
    return InvalidArgument(
        "the value of a secret holds a NUL byte, which no environment variable "
        "can; encode it with base64");
  }
  return {};
}

std::string SecretPlace(std::string_view workspace, std::string_view name) {
  return "secret/" + Lower(workspace) + "/" + std::string(name);
}

Result<bool> SecretStore::Put(Transaction& transaction, const Secret& secret) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> present, Names(transaction, secret.workspace));
  const bool is_new = std::ranges::find(present, secret.name) == present.end();
  if (is_new && present.size() >= static_cast<size_t>(kSecretsMax)) {
    return Status(Code::kResourceExhausted, "the workspace has " + std::to_string(kSecretsMax) +
                                                " secrets already; delete some of them");
  }
  ASSIGN_OR_RETURN(Statement * put,
                   transaction.Prepare("INSERT INTO secrets (" + std::string(kColumns) +
                                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?5)"
                                       " ON CONFLICT (workspace, name) DO UPDATE SET sealed = ?3,"
                                       " modified = ?4, modified_by = ?5"));
  put->Bind(1, secret.workspace).Bind(2, secret.name).Bind(3, secret.sealed);
  put->Bind(4, ToMillis(secret.modified)).Bind(5, secret.modified_by);
  TRY(put->Run());
  TRY(transaction.RecordChange("secret", secret.name));
  return is_new;
}

Result<std::optional<Secret>> SecretStore::Find(Transaction& transaction,
                                                std::string_view workspace,
                                                std::string_view name) const {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT " + std::string(kColumns) +
                                       " FROM secrets WHERE workspace = ?1 AND name = ?2"));
  select->Bind(1, workspace).Bind(2, name);
  ASSIGN_OR_RETURN(const bool has_row, select->Step());
  if (!has_row) return std::optional<Secret>();
  Secret secret = ReadRow(*select);
  select->Reset();
  return std::optional<Secret>(std::move(secret));
}

Result<std::vector<Secret>> SecretStore::List(Transaction& transaction,
                                              std::string_view workspace) const {
  ASSIGN_OR_RETURN(Statement * select,
                   transaction.Prepare("SELECT " + std::string(kColumns) +
                                       " FROM secrets WHERE workspace = ?1 ORDER BY name"));
  select->Bind(1, workspace);
  std::vector<Secret> secrets;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select->Step());
    if (!more) return secrets;
    secrets.push_back(ReadRow(*select));
  }
}

Result<bool> SecretStore::Delete(Transaction& transaction, std::string_view workspace,
                                 std::string_view name) const {
  ASSIGN_OR_RETURN(Statement * remove,
                   transaction.Prepare("DELETE FROM secrets WHERE workspace = ?1 AND name = "
                                       "?2"));
  remove->Bind(1, workspace).Bind(2, name);
  TRY(remove->Run());
  if (transaction.RowsChanged() == 0) return false;
  TRY(transaction.RecordChange("secret", name));
  return true;
}

Status SecretStore::CheckExists(Transaction& transaction, std::string_view workspace,
                                std::string_view name) const {
  TRY(CheckSecretName(name));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Names(transaction, workspace));
  if (std::ranges::find(names, name) != names.end()) return {};
  const std::string_view nearest = Nearest(name, {names.begin(), names.end()});
  return NotFound("no secret is called \"" + std::string(name) + "\" in workspace \"" +
                  std::string(workspace) + "\"" +
                  (nearest.empty() ? "; set it with: lazurite secret set " + std::string(name)
                                   : "; did you mean \"" + std::string(nearest) + "\"?"));
}

Result<std::map<std::string, std::string>> SecretStore::Values(
    Transaction& transaction, const Vault& vault, std::string_view workspace,
    const std::vector<std::string>& names) const {
  std::map<std::string, std::string> values;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const std::optional<Secret> secret, Find(transaction, workspace, name));
    if (!secret) return CheckExists(transaction, workspace, name);
    Result<std::string> value = vault.Unseal(secret->sealed, SecretPlace(workspace, name));
    if (!value.ok()) {
      return FailedPrecondition("the secret \"" + name +
                                "\" cannot be opened: " + value.status().text() +
                                "; set it again with: lazurite secret set " + name);
    }
    values[name] = std::move(*value);
  }
  return values;
}

}  // namespace lazurite
