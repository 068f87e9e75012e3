#include "spec/tables.h"

namespace lazurite::spec {
namespace {

constexpr std::string_view kInputTypes =
    "enum:uri_folder=uri_folder|uri_file=uri_file|mltable=mltable|mlflow_model=mlflow_model|"
    "custom_model=custom_model|triton_model=triton_model|string=string|number=number|"
    "integer=integer|boolean=boolean|path=uri_folder";
constexpr std::string_view kOutputTypes =
    "enum:uri_folder=uri_folder|uri_file=uri_file|mltable=mltable|mlflow_model=mlflow_model|"
    "custom_model=custom_model|triton_model=triton_model|path=uri_folder";
constexpr std::string_view kInputModes =
    "enum:ro_mount=ReadOnlyMount|download=Download|direct=Direct|eval_mount=EvalMount|"
    "eval_download=EvalDownload|mount=ReadOnlyMount";
constexpr std::string_view kOutputModes =
    "enum:rw_mount=ReadWriteMount|upload=Upload|direct=Direct|mount=ReadWriteMount";
constexpr std::string_view kServiceTypes =
    "enum:ssh=SSH|tensor_board=TensorBoard|vs_code=VSCode|jupyter_lab=JupyterLab|custom=Custom|"
    "studio=Studio|tracking=Tracking";

constexpr Field kCommandJob[] = {
    {"$schema", "string", "", "",
     "Where editors find the JSON Schema of this file; never fetched."},
    {"type", "enum:command=Command", "command", "properties.jobType", "The kind of job."},
    {"name", "name", "", "", "The job's own name, once in a workspace; made up if there is none."},
    {"display_name", "string", "", "properties.displayName",
     "What lists show; it need not be unique."},
    {"experiment_name", "string", "", "properties.experimentName",
     "The experiment that the run belongs to; by default the name of the folder submitted from."},
    {"description", "string", "", "properties.description", "Text about the job, in Markdown."},
    {"tags", "map:string", "", "properties.tags", "Words to find the job by; may change later."},
    {"properties", "map:string", "", "properties.properties",
     "Facts about the job that do not change."},
    {"command", "string!", "", "properties.command",
     "What to run, by bash in a copy of `code`. ${{inputs.x}} and ${{outputs.x}} stand for values "
     "and paths; a part in $[[ ]] is left out if its input has no value."},
    {"code", "path", "", "properties.codeId",
     "The folder with the job's files, kept as a snapshot; .amlignore or else .gitignore says what "
     "to leave out."},
    {"environment", "environment!", "", "properties.environmentId",
     "What the command runs in: azureml:NAME:VERSION, azureml:NAME@latest, "
     "azureml://registries/…, or an environment written here."},
    {"environment.name", "name", "", "", "Ignored: an environment inside a job has no name."},
    {"environment.version", "version", "", "", "Ignored, like the name."},
    {"environment.image", "string", "", "", "Container image to start from."},
    {"environment.conda_file", "conda", "", "",
     "Packages to add: the path of a conda file, or its content."},
    {"environment.build", "object", "", "", "Image to build instead of `image`."},
    {"environment.build.path", "path!", "", "", "Folder with the Dockerfile."},
    {"environment.build.dockerfile_path", "string", "Dockerfile", "",
     "The Dockerfile inside that folder."},
    {"environment.os_type", "enum:linux=Linux|windows=Windows", "linux", "",
     "Operating system of the image."},
    {"environment.inference_config", "map:any", "", "",
     "Routes of an image that answers requests; no use in a job."},
    {"environment.description", "string", "", "", "Text about the environment."},
    {"environment.tags", "map:string", "", "", "Words to find the environment by."},
    {"environment.properties", "map:string", "", "", "Facts about the environment."},
    {"compute", "reference:computes", "", "properties.computeId",
     "Where it runs: azureml:NAME or NAME; by default this machine's own compute."},
    {"environment_variables", "map:string", "", "properties.environmentVariables",
     "Variables for the command, besides those that the platform sets; ${{secrets.NAME}} in a "
     "value "
     "stands for a secret of the workspace (lazurite secret set NAME)."},
    {"inputs", "map:input", "", "",
     "Values and data for the command: a plain value, or an object with type and path."},
    {"inputs.*.type", kInputTypes, "uri_folder", "properties.inputs.*.jobInputType",
     "What the input is."},
    {"inputs.*.path", "path", "", "properties.inputs.*.uri",
     "The data: a local path (it is uploaded), azureml:NAME:VERSION, azureml://datastores/…, "
     "https://…"},
    {"inputs.*.mode", kInputModes, "ro_mount", "properties.inputs.*.mode",
     "How the data reaches the command: mounted read-only, copied first, or as the bare URI."},
    {"inputs.*.value", "string", "", "properties.inputs.*.value",
     "The value, if the type is string, number, integer or boolean."},
    {"inputs.*.optional", "boolean", "false", "",
     "True if the input may have no value; its $[[ ]] parts are then left out."},
    {"inputs.*.default", "string", "", "", "The value if none is given."},
    {"inputs.*.description", "string", "", "properties.inputs.*.description",
     "Text about the input."},
    {"outputs", "map:output", "", "",
     "Folders and files that the command writes; empty means a folder in a place made up."},
    {"outputs.*.type", kOutputTypes, "uri_folder", "properties.outputs.*.jobOutputType",
     "What the output is."},
    {"outputs.*.path", "path", "", "properties.outputs.*.uri",
     "Where it is kept: azureml://datastores/…; by default azureml/JOB/OUTPUT/ in the default "
     "datastore."},
    {"outputs.*.mode", kOutputModes, "rw_mount", "properties.outputs.*.mode",
     "Written in place (rw_mount), or copied when the command has ended (upload)."},
    {"outputs.*.name", "name", "", "properties.outputs.*.assetName",
     "Registers the output as an asset of that name when the job has completed."},
    {"outputs.*.version", "version", "", "properties.outputs.*.assetVersion",
     "Version of that asset; by default the next one."},
    {"outputs.*.description", "string", "", "properties.outputs.*.description",
     "Text about the output."},
    {"distribution", "object", "", "", "How the ranks of one job find each other."},
    {"distribution.type", "enum:pytorch=PyTorch|tensorflow=TensorFlow|mpi=Mpi!", "",
     "properties.distribution.distributionType", "The launcher that the script expects."},
    {"distribution.process_count_per_instance", "integer:1..1024", "1",
     "properties.distribution.processCountPerInstance",
     "Processes on each instance (PyTorch, MPI)."},
    {"distribution.worker_count", "integer:1..1024", "", "properties.distribution.workerCount",
     "Workers (TensorFlow); by default one for each instance."},
    {"distribution.parameter_server_count", "integer:0..1024", "0",
     "properties.distribution.parameterServerCount", "Parameter servers (TensorFlow)."},
    {"resources", "object", "", "", "What each instance needs."},
    {"resources.instance_count", "integer:1..1024", "1", "properties.resources.instanceCount",
     "How many instances (nodes) the job runs on at the same time."},
    {"resources.max_instance_count", "integer:1..1024", "", "properties.resources.maxInstanceCount",
     "Upper bound for elastic jobs; not used yet."},
    {"resources.instance_type", "string", "", "properties.resources.instanceType",
     "Azure's name of a machine (Standard_NC6s_v3): what each instance has, if the job names no "
     "compute."},
    {"resources.cpus", "integer:1..4096", "", "properties.resources.cpus",
     "Cores of each instance; over what the compute says."},
    {"resources.memory", "string", "", "properties.resources.memory",
     "Memory of each instance, such as 16GB or 512MiB; over what the compute says."},
    {"resources.gpus", "integer:0..64", "", "properties.resources.gpus",
     "GPUs of each instance; over what the compute says."},
    {"resources.shm_size", "string", "2g", "properties.resources.shmSize",
     "Shared memory of a container: a number and b, k, m or g."},
    {"resources.docker_args", "any", "", "properties.resources.dockerArgs",
     "More arguments for the container engine. Of them `--memory` (`-m`) counts here too: the "
     "memory of each instance, unless resources.memory says it."},
    {"resources.locations", "list:string", "", "properties.resources.locations",
     "Regions; no meaning on one machine."},
    {"resources.properties", "map:any", "", "properties.resources.properties",
     "More wishes; lazurite.gpus is another way to write resources.gpus."},
    {"limits", "object", "", "", "Bounds of the job."},
    {"limits.timeout", "seconds:1..315360000", "", "properties.limits.timeout",
     "Seconds of running after which the job is ended; it is then Failed with the cause timeout."},
    {"queue_settings", "object", "", "", "The job's place in the queue."},
    {"queue_settings.job_tier",
     "enum:null=Null|spot=Spot|basic=Basic|standard=Standard|premium=Premium", "",
     "properties.queueSettings.jobTier",
     "spot: the job gives way to others, goes back to the queue then, and runs again as a new "
     "attempt. The other tiers mean the same here."},
    {"queue_settings.priority", "enum:low=1|medium=2|high=3", "medium",
     "properties.queueSettings.priority",
     "Jobs of higher priority start first, of the same priority the oldest."},
    {"services", "map:object", "", "", "Interactive services beside the command."},
    {"services.*.type", kServiceTypes, "", "properties.services.*.jobServiceType",
     "What the service is."},
    {"services.*.job_service_type", kServiceTypes, "", "properties.services.*.jobServiceType",
     "Old name of `type`."},
    {"services.*.nodes", "string", "", "properties.services.*.nodes",
     "\"all\", or the index of an instance; by default the first."},
    {"services.*.port", "integer:1..65535", "", "properties.services.*.port",
     "Port of a custom service."},
    {"services.*.log_dir", "string", "", "properties.services.*.properties.logDir",
     "Folder that TensorBoard reads."},
    {"services.*.ssh_public_keys", "string", "", "properties.services.*.properties.sshPublicKeys",
     "Keys that may log in by SSH."},
    {"services.*.properties", "map:any", "", "properties.services.*.properties",
     "More settings of the service."},
    {"services.*.endpoint", "string", "", "properties.services.*.endpoint", "Address (read-only)."},
    {"services.*.status", "string", "", "properties.services.*.status", "State (read-only)."},
    {"services.*.error_message", "string", "", "properties.services.*.errorMessage",
     "Why it failed (read-only)."},
    {"identity", "object", "", "", "On whose behalf the job reaches other services."},
    {"identity.type",
     "enum:user_identity=UserIdentity|managed=Managed|aml_token=AMLToken|"
     "managed_identity=Managed!",
     "", "properties.identity.identityType", "The kind of identity."},
    {"identity.client_id", "string", "", "properties.identity.clientId",
     "Client id of a managed identity."},
    {"identity.object_id", "string", "", "properties.identity.objectId",
     "Object id of a managed identity."},
    {"identity.msi_resource_id", "string", "", "properties.identity.resourceId",
     "Resource id of a managed identity."},
    {"id", "readonly", "", "", "The job's ARM id (read-only)."},
    {"status", "readonly", "", "properties.status", "The job's state (read-only)."},
    {"creation_context", "readonly", "", "", "Who created it and when (read-only)."},
    {"log_files", "readonly", "", "", "Addresses of the logs (read-only)."},
    {"parameters", "readonly", "", "properties.parameters", "Always empty (read-only)."},
    {"resourceGroup", "readonly", "", "", "The resource group (read-only)."},
    {"lazurite", "readonly", "", "", "What lazurite job show adds (read-only)."},
};

}  // namespace

std::span<const Field> CommandJobFields() { return kCommandJob; }

}  // namespace lazurite::spec
