#include "app/serve/job_secrets.h"

#include "domain/secret/secret_store.h"
#include "spec/expression.h"

namespace lazurite::serve {

Result<AttemptSecrets> MakeSecrets(const SecretSources& sources, const Job& job) {
  AttemptSecrets secrets;
  secrets.token = sources.identity.IssueJobToken(job.name, LifeOf(job));
  const Json* variables = job.properties.Find("environmentVariables");
  if (variables == nullptr || !variables->is_object()) return secrets;
  std::map<std::string, std::string> texts;
  std::vector<std::string> names;
  for (const auto& [name, value] : variables->object()) {
    if (!value.is_string()) continue;
    const std::vector<std::string> found = spec::SecretsIn(value.string());
    if (found.empty()) continue;
    texts[name] = value.string();
    names.insert(names.end(), found.begin(), found.end());
  }
  if (names.empty()) return secrets;
  std::map<std::string, std::string> values;
  TRY(sources.database.ReadNow([&](Transaction& transaction) {
    ASSIGN_OR_RETURN(values,
                     SecretStore().Values(transaction, sources.vault, job.workspace, names));
    return Status();
  }));
  for (const auto& [name, text] : texts) {
    secrets.environment_variables[name] = spec::ExpandSecrets(text, values);
  }
  for (const auto& [name, value] : values) secrets.hidden.push_back(value);
  return secrets;
}

}  // namespace lazurite::serve
