#include "spec/field.h"

#include <vector>

#include "base/text.h"
#include "spec/tables.h"

namespace lazurite::spec {
namespace {

std::vector<Kind> MakeKinds() {
  return {
      {"commandJob", "job", "command jobs", "command", "commandJob", CommandJobFields()},
      {"pipelineJob", "job", "pipeline jobs", "pipeline", "pipelineJob|PipelineJob", {}},
      {"sweepJob", "job", "sweep jobs", "sweep", "sweepJob", {}},
      {"sparkJob", "job", "Spark jobs", "spark", "sparkJob", {}},
      {"autoMLJob", "job", "AutoML jobs", "automl", "autoMLJob", {}},
      {"parallelJob", "job", "parallel jobs", "parallel", "parallelJob", {}},
      {"importJob", "job", "import jobs", "import|data_transfer", "importJob", {}},
      {"fineTuningJob", "job", "fine-tuning jobs", "finetuning|fine_tuning", "finetuningJob", {}},
      {"distillationJob", "job", "distillation jobs", "distillation", "distillationJob", {}},
      {"data", "data", "data assets", "", "data|Data", DataFields()},
      {"environment", "environment", "environments", "", "environment|Environment",
       EnvironmentFields()},
      {"model", "model", "models", "", "model|Model", ModelFields()},
      {"amlCompute", "compute", "AmlComputes", "amlcompute", "amlCompute", AmlComputeFields()},
      {"computeInstance", "compute", "compute instances", "computeinstance", "computeInstance",
       ComputeInstanceFields()},
      {"kubernetesCompute",
       "compute",
       "Kubernetes computes",
       "kubernetes",
       "kubernetesCompute",
       {}},
      {"virtualMachine", "compute", "attached virtual machines", "virtualmachine", "vmCompute", {}},
      {"synapseSpark",
       "compute",
       "Synapse Spark computes",
       "synapsespark",
       "synapseSparkCompute",
       {}},
      {"workspace", "workspace", "workspaces", "", "workspace", WorkspaceFields()},
      {"blobDatastore", "datastore", "blob datastores", "azure_blob", "azureBlob",
       BlobDatastoreFields()},
      {"fileDatastore", "datastore", "file datastores", "azure_file", "azureFile",
       FileDatastoreFields()},
      {"lakeDatastore", "datastore", "Data Lake datastores", "azure_data_lake_gen2",
       "azureDataLakeGen2", LakeDatastoreFields()},
      {"oldLakeDatastore", "datastore", "Data Lake (gen 1) datastores", "azure_data_lake_gen1",
       "azureDataLakeGen1", OldLakeDatastoreFields()},
      {"oneLakeDatastore", "datastore", "OneLake datastores", "one_lake", "oneLake", {}},
      {"hdfsDatastore", "datastore", "HDFS datastores", "hdfs", "hdfs", {}},
      {"component", "component", "components", "", "commandComponent|pipelineComponent", {}},
      {"onlineEndpoint", "online-endpoint", "online endpoints", "", "managedOnlineEndpoint", {}},
      {"onlineDeployment",
       "online-deployment",
       "online deployments",
       "",
       "managedOnlineDeployment",
       {}},
      {"batchEndpoint", "batch-endpoint", "batch endpoints", "", "batchEndpoint", {}},
      {"batchDeployment", "batch-deployment", "batch deployments", "", "batchDeployment", {}},
      {"schedule", "schedule", "schedules", "", "schedule", {}},
      {"registry", "registry", "registries", "", "registry", {}},
      {"connection", "connection", "connections", "", "connection", {}},
  };
}

bool IsWordSeparator(char c) { return c == '_' || c == '-'; }

}  // namespace

std::span<const Kind> Kinds() {
  static const std::vector<Kind> kinds = MakeKinds();
  return kinds;
}

const Kind* FindKind(std::string_view name_or_noun) {
  for (const Kind& kind : Kinds()) {
    if (kind.name == name_or_noun) return &kind;
  }
  for (const Kind& kind : Kinds()) {
    if (kind.noun == name_or_noun) return &kind;
  }
  return nullptr;
}

std::span<const Field> FieldsOf(std::string_view kind_or_noun) {
  const Kind* kind = FindKind(kind_or_noun);
  return kind == nullptr ? std::span<const Field>() : kind->fields;
}

const Field* FindField(std::string_view kind_or_noun, std::string_view path) {
  for (const Field& field : FieldsOf(kind_or_noun)) {
    if (field.path == path) return &field;
  }
  return nullptr;
}

std::vector<EnumWord> EnumWords(std::string_view enum_type) {
  if (enum_type.ends_with('!')) enum_type.remove_suffix(1);
  static constexpr std::string_view kPrefix = "enum:";
  if (!enum_type.starts_with(kPrefix)) return {};
  std::vector<EnumWord> words;
  for (const std::string_view word : Split(enum_type.substr(kPrefix.size()), '|')) {
    const size_t equals = word.find('=');
    words.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return words;
}

bool IsSameWord(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (true) {
    while (i < a.size() && IsWordSeparator(a[i])) ++i;
    while (j < b.size() && IsWordSeparator(b[j])) ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (!EqualNoCase(a.substr(i, 1), b.substr(j, 1))) return false;
    ++i;
    ++j;
  }
}

std::optional<EnumWord> FindEnumWord(std::string_view enum_type, std::string_view text) {
  const std::vector<EnumWord> words = EnumWords(enum_type);
  for (const EnumWord& word : words) {
    if (!IsSameWord(word.yaml, text) && !IsSameWord(word.rest, text)) continue;
    for (const EnumWord& first : words) {
      if (first.rest == word.rest) return first;  // an old name is replaced by today's
    }
  }
  return {};
}

}  // namespace lazurite::spec
