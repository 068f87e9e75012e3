// The rows of the table for the verbs that several nouns share.
#include "app/cli/flags.h"
#include "app/cli/verbs.h"

namespace lazurite::cli {
namespace {

using namespace flags;

constexpr Flag kDataCreate[] = {kFile, kSet,         kName,        kVersion, kType,
                                kPath, kDescription, kIfNotExists, kDryRun};
constexpr Flag kDataCreateInPlace[] = {
    kFile,
    kSet,
    kName,
    kVersion,
    kType,
    kPath,
    {"--in-place", "", "", "use the path where it lies on the server's machine, without a copy"},
    kDescription,
    kIfNotExists,
    kDryRun};
constexpr Flag kEnvironmentCreate[] = {kFile,
                                       kSet,
                                       kName,
                                       kVersion,
                                       {"--image", "-i", "IMAGE", "container image"},
                                       {"--conda-file", "-c", "FILE", "conda file", "<file>"},
                                       kDescription,
                                       kIfNotExists,
                                       kDryRun};
constexpr Flag kComputeCreate[] = {
    kFile,
    kSet,
    kName,
    kType,
    {"--size", "", "SIZE", "an Azure size: its cores, memory and GPUs are an instance's"},
    {"--cpus", "", "N", "cores of an instance"},
    {"--memory", "", "SIZE", "memory of an instance, such as 16GB"},
    {"--gpus", "", "N", "GPUs of an instance"},
    {"--min-instances", "", "N", "fewest instances"},
    {"--max-instances", "", "N", "most instances"},
    {"--idle-time-before-scale-down", "", "SECONDS", "kept for Azure's sake"},
    {"--tier", "", "TIER", "dedicated or low_priority"},
    kDescription,
    kIfNotExists,
    kDryRun,
    kNoWait};
constexpr Flag kWorkspaceCreate[] = {kFile,
                                     kSet,
                                     kName,
                                     {"--location", "-l", "PLACE", "kept as a label"},
                                     {"--display-name", "", "TEXT", "name for people"},
                                     kDescription,
                                     kIfNotExists,
                                     kDryRun,
                                     kNoWait};
constexpr Flag kDatastoreCreate[] = {kFile, kSet, kName, kIfNotExists, kDryRun};
constexpr Flag kShow[] = {kName};
constexpr Flag kShowVersion[] = {kName, kVersion, kLabel};
constexpr Flag kShowJob[] = {kJobName, kWeb};
constexpr Flag kListJobs[] = {kMax, kCreatedBy, kArchivedToo, kArchivedOnly};
constexpr Flag kListVersions[] = {kName, kMax, kArchivedToo, kArchivedOnly};
constexpr Flag kListNamed[] = {kMax};
constexpr Flag kArchive[] = {kName, kVersion, kLabel};
constexpr Flag kArchiveJob[] = {kJobName};
constexpr Flag kDelete[] = {kName, kYes, kNoWait};
constexpr Flag kUpdateJob[] = {kJobName, kSet};
constexpr Flag kUpdateVersion[] = {kName, kVersion, kLabel, kSet, kDescription};
constexpr Flag kUpdateCompute[] = {
    kName,
    kSet,
    {"--min-instances", "", "N", "fewest instances"},
    {"--max-instances", "", "N", "most instances"},
    {"--idle-time-before-scale-down", "", "SECONDS", "kept for Azure's sake"},
    kNoWait};
constexpr Flag kUpdateWorkspace[] = {
    kName, kSet, kDescription, {"--display-name", "", "TEXT", "name for people"}, kNoWait};
constexpr Flag kUpdateDatastore[] = {kName, kSet};
constexpr Flag kDownload[] = {kName, kVersion, kLabel, kDownloadPath};

constexpr Command kRows[] = {
    {"job show", "Show a job.", "NAME", "<job>", 1, false, kShowJob,
     "lazurite job show 7f3\nlazurite job show -n brave_moon_1a2b3c4d5e --query status -o tsv",
     RunShowJob},
    {"job list", "List jobs, the newest first.", "", "", 0, false, kListJobs,
     "lazurite job list\nlazurite job list --query \"[?status=='Failed'].name\" -o tsv", RunList},
    {"job update", "Change a job's display name, description or tags.", "NAME --set FIELD=VALUE",
     "<job>", 1, false, kUpdateJob, "lazurite job update 7f3 --set tags.kept=yes display_name=best",
     RunUpdate},
    {"job archive", "Hide a job from lists.", "NAME", "<job>", 1, false, kArchiveJob,
     "lazurite job archive 7f3", RunArchive},
    {"job restore", "Show an archived job in lists again.", "NAME", "<job>", 1, false, kArchiveJob,
     "lazurite job restore 7f3", RunRestore},

    {"data create", "Create a data asset from a file, a folder or a URI.", "[-f FILE]", "<data>", 1,
     false, kDataCreateInPlace,
     "lazurite data create -f data.yml\n"
     "lazurite data create --name images --path ./images --type uri_folder\n"
     "lazurite data create --in-place --name images --path /data/images",
     RunCreateVersion},
    {"data show", "Show a data asset, its latest version if none is named.", "NAME", "<data>", 1,
     false, kShowVersion, "lazurite data show images\nlazurite data show --name images --version 2",
     RunShowVersion},
    {"data list", "List data assets, or the versions of one.", "[NAME]", "<data>", 1, false,
     kListVersions, "lazurite data list\nlazurite data list --name images", RunList},
    {"data update", "Change a data asset's description or tags.", "NAME --set FIELD=VALUE",
     "<data>", 1, false, kUpdateVersion, "lazurite data update images --set tags.clean=yes",
     RunUpdate},
    {"data download", "Download a data asset's files.", "NAME", "<data>", 1, false, kDownload,
     "lazurite data download images --download-path .", RunDownload},
    {"data archive", "Hide a data asset, or one version, from lists.", "NAME", "<data>", 1, false,
     kArchive, "lazurite data archive --name images --version 1", RunArchive},
    {"data restore", "Show an archived data asset in lists again.", "NAME", "<data>", 1, false,
     kArchive, "lazurite data restore --name images --version 1", RunRestore},

    {"environment create", "Create an environment.", "-f FILE", "<environment>", 1, false,
     kEnvironmentCreate,
     "lazurite environment create -f environment.yml\n"
     "lazurite environment create --name torch --image IMAGE --conda-file conda.yml",
     RunCreateVersion},
    {"environment show", "Show an environment, its latest version if none is named.", "NAME",
     "<environment>", 1, false, kShowVersion, "lazurite environment show torch", RunShowVersion},
    {"environment list", "List environments, or the versions of one.", "[NAME]", "<environment>", 1,
     false, kListVersions, "lazurite environment list", RunList},
    {"environment update", "Change an environment's description or tags.", "NAME --set FIELD=VALUE",
     "<environment>", 1, false, kUpdateVersion,
     "lazurite environment update torch --set tags.gpu=no", RunUpdate},
    {"environment archive", "Hide an environment, or one version, from lists.", "NAME",
     "<environment>", 1, false, kArchive, "lazurite environment archive torch", RunArchive},
    {"environment restore", "Show an archived environment in lists again.", "NAME", "<environment>",
     1, false, kArchive, "lazurite environment restore torch", RunRestore},

    {"model create", "Register a model from files, a job's output or a run.", "[-f FILE]",
     "<model>", 1, false, kDataCreate,
     "lazurite model create -f model.yml\n"
     "lazurite model create --name fashion --type mlflow_model --path "
     "azureml://jobs/NAME/outputs/model",
     RunCreateVersion},
    {"model show", "Show a model, its latest version if none is named.", "NAME", "<model>", 1,
     false, kShowVersion, "lazurite model show fashion --version 1", RunShowVersion},
    {"model list", "List models, or the versions of one.", "[NAME]", "<model>", 1, false,
     kListVersions, "lazurite model list", RunList},
    {"model update", "Change a model's description, tags or properties.", "NAME --set FIELD=VALUE",
     "<model>", 1, false, kUpdateVersion, "lazurite model update fashion --set tags.stage=test",
     RunUpdate},
    {"model download", "Download a model's files.", "NAME", "<model>", 1, false, kDownload,
     "lazurite model download --name fashion --version 1", RunDownload},
    {"model archive", "Hide a model, or one version, from lists.", "NAME", "<model>", 1, false,
     kArchive, "lazurite model archive --name fashion --version 1", RunArchive},
    {"model restore", "Show an archived model in lists again.", "NAME", "<model>", 1, false,
     kArchive, "lazurite model restore --name fashion --version 1", RunRestore},

    {"compute create", "Create a compute: a share of this machine.", "[-f FILE]", "<compute>", 1,
     false, kComputeCreate,
     "lazurite compute create --name cpu-cluster --type amlcompute --max-instances 4",
     RunCreateResource},
    {"compute show", "Show a compute: who holds what of it, who waits and why.", "NAME",
     "<compute>", 1, false, kShow, "lazurite compute show cpu-cluster", RunShowCompute},
    {"compute list", "List computes.", "", "", 0, false, kListNamed, "lazurite compute list",
     RunList},
    {"compute update", "Change how many instances a compute may have.", "NAME", "<compute>", 1,
     false, kUpdateCompute, "lazurite compute update cpu-cluster --max-instances 8", RunUpdate},
    {"compute delete", "Delete a compute.", "NAME", "<compute>", 1, false, kDelete,
     "lazurite compute delete cpu-cluster --yes", RunDelete},

    {"workspace create", "Create a workspace.", "[-f FILE]", "<workspace>", 1, false,
     kWorkspaceCreate, "lazurite workspace create --name team-a", RunCreateResource},
    {"workspace show", "Show a workspace, the one in use if none is named.", "[NAME]",
     "<workspace>", 1, false, kShow,
     "lazurite workspace show\nlazurite workspace show --query mlflow_tracking_uri -o tsv",
     RunShowResource},
    {"workspace list", "List workspaces.", "", "", 0, false, kListNamed, "lazurite workspace list",
     RunList},
    {"workspace update", "Change a workspace's description or tags.", "[NAME]", "<workspace>", 1,
     false, kUpdateWorkspace, "lazurite workspace update team-a --set tags.use=teaching",
     RunUpdate},
    {"workspace delete", "Delete a workspace.", "NAME", "<workspace>", 1, false, kDelete,
     "lazurite workspace delete team-a --yes", RunDelete},

    {"datastore create", "Create a datastore.", "-f FILE", "<datastore>", 1, false,
     kDatastoreCreate, "lazurite datastore create -f datastore.yml", RunCreateResource},
    {"datastore show", "Show a datastore.", "NAME", "<datastore>", 1, false, kShow,
     "lazurite datastore show workspaceblobstore", RunShowResource},
    {"datastore list", "List datastores.", "", "", 0, false, kListNamed, "lazurite datastore list",
     RunList},
    {"datastore update", "Change a datastore's description or tags.", "NAME", "<datastore>", 1,
     false, kUpdateDatastore, "lazurite datastore update shared --set description=\"old runs\"",
     RunUpdate},
    {"datastore delete", "Forget a datastore; its files stay.", "NAME", "<datastore>", 1, false,
     kDelete, "lazurite datastore delete shared --yes", RunDelete},
};

}  // namespace

std::span<const Command> NounCommands() { return kRows; }

}  // namespace lazurite::cli
