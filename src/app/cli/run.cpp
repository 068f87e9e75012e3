#include "app/cli/asset_type.h"
#include "app/cli/environment_check.h"
#include "app/cli/flags.h"
#include "app/cli/job_follow.h"
#include "app/cli/job_start.h"
#include "app/cli/noun.h"
#include "app/cli/run_document.h"
#include "app/cli/run_environment.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"

namespace lazurite::cli {
namespace {

// A snapshot of the home folder is hardly what is meant, and takes everything along.
Status CheckFolder(const std::string& folder) {
  const std::string home = ProcessEnvironment("HOME");
  if (folder != "/" && (home.empty() || folder != NormalPath(home))) return {};
  return FailedPrecondition("the current folder is " + folder +
                            ", and all of it would be the job's code; cd into a project's folder");
}

// The job as a file that Azure ML takes too.
Status Save(const FlagDocument& document, const std::string& folder, const std::string& file) {
  const std::string place = NormalPath(JoinPath(folder, file));
  const std::string text = WriteYaml(Rebased(document.json(), folder, DirName(place)));
  const Result<std::string> there = ReadFile(place, kYamlBytesMax);
  if (there.ok() && *there == text) return {};
  if (there.ok()) return Conflict(file + " exists already and is another one");
  if (there.status().code() != Code::kNotFound) return there.status();
  return WriteFileAtomic(place, text);
}

Result<Draft> MakeDraft(Context& context, const FlagDocument& document) {
  spec::LoadOptions options;
  options.noun = "job";
  options.overrides = document.overrides();
  if (const std::string name = context.arguments.Get("--name"); !name.empty()) {
    options.overrides.push_back({"name", Json(name).Dump(), "--name"});
  }
  for (const std::string& text : context.arguments.All("--set")) {
    ASSIGN_OR_RETURN(spec::Override set, spec::ParseOverride(text));
    options.overrides.push_back(std::move(set));
  }
  return CheckDraft(context, "", options);
}

Status Run(Context& context) {
  const Arguments& arguments = context.arguments;
  const Terminal& terminal = context.terminal;
  if (arguments.rest.empty()) {
    return InvalidArgument("lazurite run needs a command: lazurite run -- python train.py");
  }
  const std::string folder = CurrentFolder();
  TRY(CheckFolder(folder));
  ASSIGN_OR_RETURN(const Settings settings, context.LoadSettings());
  ASSIGN_OR_RETURN(FlagDocument document, MakeRunDocument(arguments, folder));
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  SetAssetTypes(document, [server](const std::string& uri) { return AssetTypeOf(*server, uri); });
  ASSIGN_OR_RETURN(
      const RunEnvironment environment,
      ChooseEnvironment(document, arguments.Get("--environment"), folder, settings.server));
  ASSIGN_OR_RETURN(Draft draft, MakeDraft(context, document));
  const bool is_dry = arguments.Has("--dry-run");
  ASSIGN_OR_RETURN(const auto notes, CheckEnvironment(context, draft, is_dry));
  terminal.Note(terminal.Err("run", Colour::kBold) + "  " + Printable(draft.Text("command")));
  terminal.Note("environment: " + Printable(environment.sentence));
  if (const std::string file = arguments.Get("--save"); !file.empty()) {
    TRY(Save(document, folder, file));
    terminal.Note("saved " + file + ", the same job:  lazurite submit " + file);
    if (arguments.Has("--cpus") || arguments.Has("--memory")) {
      terminal.Note("Azure ML does not know resources.cpus and resources.memory in it");
    }
  }
  if (is_dry) {
    if (!terminal.is_quiet) WriteErr(DescribePlan(draft, notes));
    return {};
  }
  ASSIGN_OR_RETURN(const Json created, StartJob(context, draft, false));
  const std::string name = created.GetString("name");
  terminal.Note(terminal.Err("job " + name, Colour::kBold));
  const Noun& noun = NounOf(context);
  if (arguments.Has("--detach")) return context.Print(ViewOf(noun, created), ViewOf(noun));
  return FollowToEnd(context, {.job = name, .ranks = {}, .tail = {}, .shows_states = true});
}

constexpr Flag kFlags[] = {
    {"--environment", "-e", "FILE",
     "conda file, requirements.txt, pyproject.toml, azureml:NAME:VERSION, image:REF or host; this "
     "shell's Python if not given",
     "<file>"},
    {"--input", "-i", "NAME=VALUE", "input: a value, ./path, URI or azureml:NAME:VERSION", "", "",
     true},
    {"--out", "-o", "NAME", "output folder, or NAME=URI for where it is kept", "", "", true},
    {"--env", "", "NAME=VALUE", "environment variable", "", "", true},
    {"--gpus", "", "N", "GPUs for each instance"},
    {"--cpus", "", "N", "cores for each instance"},
    {"--memory", "", "SIZE", "memory for each instance: 16GB"},
    {"--instances", "", "N", "instances that run at the same time"},
    {"--compute", "-c", "NAME", "where it runs", "<compute>"},
    {"--experiment-name", "", "NAME", "experiment; the folder's name if not given", "",
     "--experiment"},
    {"--display-name", "", "TEXT", "title in lists"},
    flags::kName,
    flags::kSet,
    {"--save", "", "FILE", "write the job as a YAML file, too", "<file>"},
    {"--detach", "-d", "", "do not follow the log"},
    flags::kDryRun};

}  // namespace

extern const Command kRun;
const Command kRun = {
    .name = "run",
    .sentence =
        "Run a command as a job of the current folder, without a file, and follow it; exits with "
        "7 if the job fails.",
    .arguments = "-- COMMAND…",
    .takes_rest = true,
    .flags = kFlags,
    .examples =
        "lazurite run -- python train.py --lr 0.1\n"
        "lazurite run -e requirements.txt -- python train.py\n"
        "lazurite run -i data=./images -- python train.py --data '${{inputs.data}}'\n"
        "lazurite run --save job.yml --dry-run -- python train.py",
    .run = Run};

}  // namespace lazurite::cli
