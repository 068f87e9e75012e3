#include "spec/tables.h"

namespace lazurite::spec {
namespace {

constexpr std::string_view kSchemaSentence =
    "Where editors find the JSON Schema of this file; never fetched.";
constexpr std::string_view kVersionSentence = "Version; by default the next number.";
constexpr std::string_view kTagsSentence = "Words to find it by; may change later.";
constexpr std::string_view kPropertiesSentence = "Facts about it that do not change.";
constexpr std::string_view kStoreSentence = "Datastore that local files are uploaded to.";
constexpr std::string_view kReadOnlySentence = "What `show` prints (read-only).";

constexpr Field kData[] = {
    {"$schema", "string", "", "", kSchemaSentence},
    {"name", "name!", "", "", "Name of the data asset."},
    {"version", "version", "", "", kVersionSentence},
    {"type", "enum:uri_folder=uri_folder|uri_file=uri_file|mltable=mltable", "uri_folder",
     "properties.dataType", "A folder, a file, or a folder with an MLTable file."},
    {"path", "path!", "", "properties.dataUri",
     "The data: a local path (it is uploaded) or a URI, azureml://datastores/… or https://…"},
    {"description", "string", "", "properties.description", "Text about the data."},
    {"tags", "map:string", "", "properties.tags", kTagsSentence},
    {"properties", "map:string", "", "properties.properties", kPropertiesSentence},
    {"datastore", "string", "", "", kStoreSentence},
    {"stage", "string", "", "properties.stage", "A word for how far it has come."},
    {"auto_delete_setting", "object", "", "", "When versions are deleted by themselves."},
    {"auto_delete_setting.condition",
     "enum:created_greater_than=CreatedGreaterThan|"
     "last_accessed_greater_than=LastAccessedGreaterThan!",
     "", "properties.autoDeleteSetting.condition", "What is counted."},
    {"auto_delete_setting.value", "string!", "", "properties.autoDeleteSetting.value",
     "How long, such as 30d."},
    {"id", "readonly", "", "", kReadOnlySentence},
    {"creation_context", "readonly", "", "", kReadOnlySentence},
    {"resourceGroup", "readonly", "", "", kReadOnlySentence},
    {"in_place", "readonly", "", "", kReadOnlySentence},
};

constexpr Field kEnvironment[] = {
    {"$schema", "string", "", "", kSchemaSentence},
    {"name", "name!", "", "", "Name of the environment."},
    {"version", "version", "", "", kVersionSentence},
    {"image", "string", "", "properties.image", "Container image to start from."},
    {"conda_file", "conda", "", "properties.condaFile",
     "Packages to add: the path of a conda file, or its content."},
    {"build", "object", "", "", "Image to build instead of `image`."},
    {"build.path", "path!", "", "properties.build.contextUri", "Folder with the Dockerfile."},
    {"build.dockerfile_path", "string", "Dockerfile", "properties.build.dockerfilePath",
     "The Dockerfile inside that folder."},
    {"os_type", "enum:linux=Linux|windows=Windows", "linux", "properties.osType",
     "Operating system of the image."},
    {"inference_config", "object", "", "", "Routes of an image that answers requests itself."},
    {"inference_config.liveness_route", "object", "", "", "Tells whether the server lives."},
    {"inference_config.liveness_route.port", "integer:1..65535", "",
     "properties.inferenceConfig.livenessRoute.port", "Its port."},
    {"inference_config.liveness_route.path", "string", "",
     "properties.inferenceConfig.livenessRoute.path", "Its path."},
    {"inference_config.readiness_route", "object", "", "", "Tells whether it can answer."},
    {"inference_config.readiness_route.port", "integer:1..65535", "",
     "properties.inferenceConfig.readinessRoute.port", "Its port."},
    {"inference_config.readiness_route.path", "string", "",
     "properties.inferenceConfig.readinessRoute.path", "Its path."},
    {"inference_config.scoring_route", "object", "", "", "Answers requests."},
    {"inference_config.scoring_route.port", "integer:1..65535", "",
     "properties.inferenceConfig.scoringRoute.port", "Its port."},
    {"inference_config.scoring_route.path", "string", "",
     "properties.inferenceConfig.scoringRoute.path", "Its path."},
    {"description", "string", "", "properties.description", "Text about the environment."},
    {"tags", "map:string", "", "properties.tags", kTagsSentence},
    {"properties", "map:string", "", "properties.properties", kPropertiesSentence},
    {"datastore", "string", "", "", kStoreSentence},
    {"id", "readonly", "", "", kReadOnlySentence},
    {"creation_context", "readonly", "", "", kReadOnlySentence},
    {"resourceGroup", "readonly", "", "", kReadOnlySentence},
};

constexpr Field kModel[] = {
    {"$schema", "string", "", "", kSchemaSentence},
    {"name", "name!", "", "", "Name of the model."},
    {"version", "version", "", "", kVersionSentence},
    {"type", "enum:custom_model=custom_model|mlflow_model=mlflow_model|triton_model=triton_model",
     "custom_model", "properties.modelType", "How the files are to be read."},
    {"path", "path!", "", "properties.modelUri",
     "The files: a local path (it is uploaded), azureml://datastores/…, "
     "azureml://jobs/JOB/outputs/OUTPUT/paths/PATH, runs:/RUN/PATH."},
    {"description", "string", "", "properties.description", "Text about the model, in Markdown."},
    {"tags", "map:string", "", "properties.tags", kTagsSentence},
    {"properties", "map:string", "", "properties.properties", kPropertiesSentence},
    {"flavors", "map:any", "", "properties.flavors", "Ways to load an MLflow model."},
    {"stage", "string", "", "properties.stage", "A word for how far it has come."},
    {"datastore", "string", "", "", kStoreSentence},
    {"job_name", "readonly", "", "properties.jobName", "The job that made it (read-only)."},
    {"id", "readonly", "", "", kReadOnlySentence},
    {"creation_context", "readonly", "", "", kReadOnlySentence},
    {"resourceGroup", "readonly", "", "", kReadOnlySentence},
};

}  // namespace

std::span<const Field> DataFields() { return kData; }
std::span<const Field> EnvironmentFields() { return kEnvironment; }
std::span<const Field> ModelFields() { return kModel; }

}  // namespace lazurite::spec
