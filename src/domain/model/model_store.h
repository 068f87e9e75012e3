// The model registry as MLflow sees it. A registered model is the container of a model asset, a
// model version is one of its versions: the same objects that Azure's routes show. Every function
// works inside the caller's transaction. Messages are MLflow's.
//
// Where MLflow's fields lie in an asset: description and tags where Azure has them too; aliases in
// the container's `labels`; the address of the files in `modelUri`, the stage in `stage`, the run
// in `jobName`; what only MLflow knows in the string map `properties` under names that begin with
// "mlflow.".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/asset/asset_store.h"
#include "domain/run/run.h"
#include "storage/sql/database.h"

namespace lazurite {

inline constexpr std::string_view kStageNone = "None";
inline constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";

struct RegisteredModel {
  std::string name;
  std::string description;
  int64_t created_ms = 0;
  int64_t modified_ms = 0;
  std::vector<KeyValue> tags;
  std::vector<KeyValue> aliases;  // alias and version, by alias
};

struct ModelVersion {
  std::string name;
  std::string version;
  std::string description;
  std::string user;
  std::string stage{kStageNone};
  std::string source;     // as the client gave it
  std::string model_uri;  // where the files lie, as Azure writes it
  std::string run;        // that made it, or ""
  std::string run_link;
  std::string model;  // logged model, or ""
  int64_t created_ms = 0;
  int64_t modified_ms = 0;
  std::vector<KeyValue> tags;
  std::vector<std::string> aliases;
};

// The models of one workspace.
class ModelStore final {
 public:
  explicit ModelStore(std::string_view workspace) : assets_(workspace) {}

  // kConflict if the name is taken.
  Result<RegisteredModel> Create(Transaction& transaction, const RegisteredModel& model,
                                 Time now) const;
  // kNotFound; so do all that follow.
  Result<RegisteredModel> Get(Transaction& transaction, std::string_view name) const;
  Result<RegisteredModel> Rename(Transaction& transaction, std::string_view name,
                                 std::string_view new_name, Time now) const;
  Result<RegisteredModel> Describe(Transaction& transaction, std::string_view name,
                                   std::string_view description, Time now) const;
  Status Delete(Transaction& transaction, std::string_view name) const;
  Status SetTag(Transaction& transaction, std::string_view name, const KeyValue& tag,
                Time now) const;
  Status DeleteTag(Transaction& transaction, std::string_view name, std::string_view key,
                   Time now) const;
  Result<std::vector<RegisteredModel>> List(Transaction& transaction) const;

  Status SetAlias(Transaction& transaction, std::string_view name, const KeyValue& alias,
                  Time now) const;
  Status DeleteAlias(Transaction& transaction, std::string_view name, std::string_view alias,
                     Time now) const;
  // kInvalidArgument if there is no such alias.
  Result<ModelVersion> GetByAlias(Transaction& transaction, std::string_view name,
                                  std::string_view alias) const;

  // Adds a version with the next number.
  Result<ModelVersion> CreateVersion(Transaction& transaction, const ModelVersion& version,
                                     Time now) const;
  Result<ModelVersion> GetVersion(Transaction& transaction, std::string_view name,
                                  std::string_view version) const;
  Result<ModelVersion> DescribeVersion(Transaction& transaction, std::string_view name,
                                       std::string_view version, std::string_view description,
                                       Time now) const;
  // kInvalidArgument if there is no such stage. `archive_others` moves the versions that are in
  // that stage to Archived.
  Result<ModelVersion> SetStage(Transaction& transaction, const ModelVersion& version,
                                std::string_view stage, bool archive_others, Time now) const;
  Status DeleteVersion(Transaction& transaction, std::string_view name, std::string_view version,
                       Time now) const;
  Status SetVersionTag(Transaction& transaction, const ModelVersion& version, const KeyValue& tag,
                       Time now) const;
  Status DeleteVersionTag(Transaction& transaction, const ModelVersion& version,
                          std::string_view key, Time now) const;
  // The newest first.
  Result<std::vector<ModelVersion>> ListVersions(Transaction& transaction,
                                                 std::string_view name) const;
  // The newest of each stage; of all stages if `stages` is empty.
  Result<std::vector<ModelVersion>> Latest(Transaction& transaction, std::string_view name,
                                           const std::vector<std::string>& stages) const;

 private:
  AssetStore assets_;
};

// The stage as MLflow writes it, whatever its case. kInvalidArgument.
Result<std::string> CanonicalStage(std::string_view stage);

// An address that the MLflow client can download from: the artifact proxy's for what lies in a
// datastore.
std::string DownloadUri(std::string_view model_uri);
// The address that Azure's routes show for one that MLflow uses; others stay as they are.
std::string ModelUriOf(std::string_view workspace, std::string_view artifact_uri);

}  // namespace lazurite
