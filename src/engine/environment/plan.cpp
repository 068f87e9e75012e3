#include "engine/environment/plan.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "domain/environment/conda_file.h"
#include "domain/environment/conda_names.h"
#include "domain/environment/curated.h"
#include "domain/environment/requirement.h"

namespace lazurite::environment {
namespace {

// Changes when the same specification would be built differently.
constexpr int kFormat = 1;
constexpr size_t kHashLetters = 32;
constexpr std::string_view kFallback =
    "or set host_fallback = true under [environment] in the home's config.toml to run on this "
    "machine as it is";

std::string Title(const EnvironmentSpec& spec) {
  if (spec.name.empty()) return "environment";
  return "environment " + spec.name + (spec.version.empty() ? "" : ":" + spec.version);
}

// Whom to ask for packages is of no account for what comes, who may ask even less.
bool IsOfContent(std::string_view requirement) {
  return !requirement.starts_with("--trusted-host");
}

std::string HashOf(const Plan& plan, const Machine& machine) {
  Json json = Json::MakeObject();
  json["format"] = kFormat;
  json["platform"] = machine.platform;
  if (plan.kind == Plan::Kind::kConda) {
    json["conda"] = RedactCredentials(plan.conda_text);
  } else {
    json["python"] = "3." + std::to_string(plan.python.minor);
    json["requirements"] = Json::MakeArray();
    for (const std::string& line : plan.requirements) {
      if (IsOfContent(line)) json["requirements"].Push(RedactCredentials(line));
    }
  }
  if (!machine.indexes.empty()) {
    json["indexes"] = Json::MakeArray();
    for (const std::string& index : machine.indexes) json["indexes"].Push(index);
  }
  return Sha256Hex(json.Dump()).substr(0, kHashLetters);
}

// The conda file in one form, whatever its comments and order, for conda itself and for the hash.
std::string CondaText(const CondaFile& file) {
  Json dependencies = Json::MakeArray();
  dependencies.Push("python" + std::string(file.python.empty() ? "" : " ") + file.python);
  dependencies.Push("pip");
  for (const CondaPackage& package : file.conda) dependencies.Push(package.text);
  if (!file.pip.empty()) {
    Json pip = Json::MakeArray();
    for (const std::string& line : file.pip) pip.Push(line);
    Json list = Json::MakeObject();
    list["pip"] = pip;
    dependencies.Push(list);
  }
  Json channels = Json::MakeArray();
  for (const std::string& channel : file.channels) channels.Push(channel);
  Json json = Json::MakeObject();
  if (!file.channels.empty()) json["channels"] = channels;
  json["dependencies"] = dependencies;
  return json.Dump(1);
}

std::string CondaTarget(const std::string& path) {
  return path.empty() ? "condaFile" : "condaFile." + path;
}

// One specification on its way to a plan.
class Planner {
 public:
  Planner(const EnvironmentSpec& spec, const EnvironmentSettings& settings, const Machine& machine)
      : spec_(spec), settings_(settings), machine_(machine) {}

  Planning Run() {
    if (!spec_.python.empty()) {
      if (spec_.python != EnvironmentSpec::kHost) out_.plan.python.path = spec_.python;
    } else if (!Trim(spec_.conda).empty()) {
      PlanConda();
    } else if (!spec_.build.is_null()) {
      Refuse("build",
             "building an image from a Dockerfile needs podman, docker or apptainer, which "
             "Lazurite does not use yet",
             "write image: with a conda_file: instead");
    } else if (!spec_.image.empty()) {
      PlanImage();
    } else if (!spec_.name.empty()) {
      PlanName();
    }
    return std::move(out_);
  }

 private:
  // What is told has no password in it, whatever the specification has.
  void Wrong(std::string target, Code code, std::string_view message, std::string suggestion = "") {
    out_.findings.push_back(
        {std::move(target), RedactCredentials(message), RedactCredentials(suggestion), code});
  }
  void Note(std::string_view text) { out_.plan.notes.push_back(RedactCredentials(text)); }

  // An image or build that cannot be had: refused, or run on the machine and told.
  void Refuse(const std::string& target, const std::string& what, const std::string& way_out,
              const std::string& suggestion = "") {
    if (settings_.host_fallback) {
      return Wrong(target, Code::kOk,
                   what +
                       ". host_fallback is on: the job runs WITHOUT it, on this machine as it "
                       "is");
    }
    Wrong(target, Code::kFailedPrecondition, what + "; " + way_out + ", " + std::string(kFallback),
          suggestion);
  }

  void RefuseImage(const std::string& where) {
    const std::vector<std::string> patterns = ImagePatterns();
    const size_t colon = std::min(spec_.image.rfind(':'), spec_.image.size());
    const std::string tag = spec_.image.substr(colon);
    const bool is_like = spec_.image.substr(0, colon) != "python" &&
                         !Nearest(spec_.image.substr(0, colon), {"python"}).empty();
    std::string suggestion = is_like ? "python" + tag : "";
    const std::string_view kCurated = "mcr.microsoft.com/azureml/curated/";
    if (spec_.image.starts_with(kCurated)) {
      suggestion = NearestCurated(std::string_view(spec_.image).substr(kCurated.size()));
      if (!suggestion.empty()) suggestion.insert(0, kCurated);
    }
    if (!suggestion.empty()) suggestion = "did you mean \"" + suggestion + "\"?";
    Refuse("image",
           "image " + spec_.image + where +
               " needs a container engine (podman, docker or apptainer), which Lazurite does not "
               "use yet",
           "take python:3.x or a base image of Azure ML with a conda_file, or one of Azure's "
           "curated environments (known images: " +
               Join(patterns, ", ") + ")",
           suggestion);
  }

  void PlanName() {
    if (const auto curated = FindCurated(spec_.name); curated.has_value()) {
      return PlanCurated(*curated);
    }
    const std::string near = NearestCurated(spec_.name);
    Wrong("", Code::kInvalidArgument,
          "it has neither an image nor a conda_file nor a build, and is no curated environment "
          "that Lazurite knows (those are " +
              Join(CuratedNames(), ", ") + ")",
          near.empty() ? "" : "did you mean \"" + near + "\"?");
  }

  void PlanCurated(const CuratedEnvironment& curated) {
    CondaFile file;
    file.python = curated.python;
    for (const std::string& package : curated.packages) {
      file.pip.push_back(ReadRequirement(package).text);
    }
    Note("curated environment " + curated.name + ": no container image, but " +
         std::to_string(file.pip.size()) + " packages of Lazurite's own table from PyPI");
    PlanFile(file);
  }

  void PlanImage() {
    if (const auto known = FindImage(spec_.image); known.has_value()) {
      CondaFile file;
      file.python = known->python;
      Note("image " + spec_.image + " is " + known->note +
           ": a virtual environment on this machine stands for it");
      return PlanFile(file);
    }
    if (const auto curated = FindCuratedImage(spec_.image); curated.has_value()) {
      return PlanCurated(*curated);
    }
    RefuseImage("");
  }

  void PlanConda() {
    const bool is_known = spec_.image.empty() || FindImage(spec_.image).has_value() ||
                          FindCuratedImage(spec_.image).has_value();
    if (!is_known) RefuseImage(" below the conda_file");
    CondaReading reading = ReadConda(spec_.conda);
    for (const CondaProblem& problem : reading.problems) {
      // Whoever sent the text may have written another: its lines mean something only where it
      // could not be read at all.
      const std::string at = problem.path.empty() && !problem.is_warning
                                 ? "line " + std::to_string(problem.position.line) + ", column " +
                                       std::to_string(problem.position.column) + ": "
                                 : "";
      Wrong(CondaTarget(problem.path), problem.is_warning ? Code::kOk : Code::kInvalidArgument,
            at + problem.message, problem.suggestion);
    }
    for (const CondaInclude& include : reading.includes) {
      Wrong(CondaTarget(include.path), Code::kInvalidArgument,
            "\"-r " + include.file +
                "\" names a file, which is not here; list the packages "
                "themselves");
    }
    // An image that names its Python stands for it where the conda file is silent.
    if (const auto known = FindImage(spec_.image);
        known.has_value() && reading.file.python.empty()) {
      reading.file.python = known->python;
    }
    PlanFile(reading.file);
  }

  void PlanFile(const CondaFile& file) {
    out_.plan.variables = file.variables;
    if (file.conda.empty() || machine_.conda.empty()) {
      PlanUv(file);
    } else {
      out_.plan.kind = Plan::Kind::kConda;
      out_.plan.conda_text = CondaText(file);
    }
    out_.plan.hash = HashOf(out_.plan, machine_);
  }

  void PlanPython(const CondaFile& file) {
    const std::string target = file.python_path.empty() ? (spec_.image.empty() ? "" : "image")
                                                        : CondaTarget(file.python_path);
    const Result<ChosenPython> chosen = ChoosePython(machine_.pythons, file.python);
    if (!chosen.ok()) return Wrong(target, chosen.status().code(), chosen.status().text());
    if (!chosen->warning.empty()) Wrong(target, Code::kOk, chosen->warning);
    out_.plan.python = chosen->interpreter;
  }

  void PlanUv(const CondaFile& file) {
    Plan& plan = out_.plan;
    plan.kind = Plan::Kind::kUv;
    PlanPython(file);
    if (!file.conda.empty() && !file.channels.empty()) {
      Note("there is no conda on this machine: the channels " + Join(file.channels, ", ") +
           " are not used, packages come from PyPI");
    }
    const Translated translated = TranslateConda(file.conda);
    for (const std::string& note : translated.notes) Note(note);
    for (const Untranslated& one : translated.problems) {
      Wrong(CondaTarget(one.package.path), Code::kFailedPrecondition, one.message);
    }
    plan.requirements = file.pip;
    plan.requirements.insert(plan.requirements.end(), translated.requirements.begin(),
                             translated.requirements.end());
    // Options stay in front, in the order of the file.
    const auto first = std::find_if(plan.requirements.begin(), plan.requirements.end(),
                                    [](const std::string& line) { return !line.starts_with('-'); });
    std::sort(first, plan.requirements.end());
    plan.requirements.erase(std::unique(first, plan.requirements.end()), plan.requirements.end());
  }

  const EnvironmentSpec& spec_;
  const EnvironmentSettings& settings_;
  const Machine& machine_;
  Planning out_;
};

std::string WordsOf(const EnvironmentFinding& finding) {
  const std::string where = finding.target.starts_with("condaFile") ? "conda file: " : "";
  const std::string more = finding.suggestion.empty() ? "" : "; " + finding.suggestion;
  return where + finding.message + more;
}

}  // namespace

Planning PlanEnvironment(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
                         const Machine& machine) {
  return Planner(spec, settings, machine).Run();
}

Result<Plan> MakePlan(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
                      const Machine& machine) {
  Planning planning = PlanEnvironment(spec, settings, machine);
  Code code = Code::kOk;
  std::string errors;
  std::vector<std::string> warnings;
  for (const EnvironmentFinding& finding : planning.findings) {
    if (finding.code == Code::kOk) {
      warnings.push_back("WARNING: " + WordsOf(finding));
      continue;
    }
    if (code == Code::kOk) code = finding.code;
    errors += (errors.empty() ? "" : "\n") + Title(spec) + ": " + WordsOf(finding);
  }
  if (code != Code::kOk) return Status(code, std::move(errors));
  std::vector<std::string>& notes = planning.plan.notes;
  notes.insert(notes.begin(), warnings.begin(), warnings.end());
  return std::move(planning.plan);
}

}  // namespace lazurite::environment
