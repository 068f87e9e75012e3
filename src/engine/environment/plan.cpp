#include "engine/environment/plan.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "domain/environment/curated.h"
#include "engine/environment/conda_file.h"
#include "engine/environment/conda_names.h"

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

std::string HashOf(const Plan& plan, const Machine& machine) {
  Json json = Json::MakeObject();
  json["format"] = kFormat;
  json["platform"] = machine.platform;
  if (plan.kind == Plan::Kind::kConda) {
    json["conda"] = plan.conda_text;
  } else {
    json["python"] = "3." + std::to_string(plan.python.minor);
    json["requirements"] = Json::MakeArray();
    for (const std::string& line : plan.requirements) json["requirements"].Push(line);
  }
  return Sha256Hex(json.Dump()).substr(0, kHashLetters);
}

// The conda file in one form, whatever its comments and order, for conda itself and for the hash.
std::string CondaText(const CondaFile& file) {
  Json dependencies = Json::MakeArray();
  dependencies.Push("python" + std::string(file.python.empty() ? "" : " ") + file.python);
  dependencies.Push("pip");
  for (const std::string& package : file.conda) dependencies.Push(package);
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

Status PlanUv(const CondaFile& file, const Machine& machine, Plan* plan) {
  plan->kind = Plan::Kind::kUv;
  ASSIGN_OR_RETURN(ChosenPython chosen, ChoosePython(machine.pythons, file.python));
  if (!chosen.warning.empty()) plan->notes.push_back(chosen.warning);
  plan->python = chosen.interpreter;
  if (!file.conda.empty() && !file.channels.empty()) {
    plan->notes.push_back("there is no conda on this machine: the channels " +
                          Join(file.channels, ", ") + " are not used, packages come from PyPI");
  }
  ASSIGN_OR_RETURN(Translated translated, TranslateConda(file.conda));
  plan->notes.insert(plan->notes.end(), translated.notes.begin(), translated.notes.end());
  plan->requirements = file.pip;
  plan->requirements.insert(plan->requirements.end(), translated.requirements.begin(),
                            translated.requirements.end());
  // Options stay in front, in the order of the file.
  const auto first = std::find_if(plan->requirements.begin(), plan->requirements.end(),
                                  [](const std::string& line) { return !line.starts_with('-'); });
  std::sort(first, plan->requirements.end());
  plan->requirements.erase(std::unique(first, plan->requirements.end()), plan->requirements.end());
  return {};
}

Status PlanFile(const CondaFile& file, const Machine& machine, Plan* plan) {
  plan->variables = file.variables;
  if (file.conda.empty() || machine.conda.empty()) {
    TRY(PlanUv(file, machine, plan));
  } else {
    plan->kind = Plan::Kind::kConda;
    plan->conda_text = CondaText(file);
  }
  plan->hash = HashOf(*plan, machine);
  return {};
}

Status PlanCurated(const CuratedEnvironment& curated, const Machine& machine, Plan* plan) {
  CondaFile file;
  file.python = curated.python;
  for (const std::string& package : curated.packages) {
    ASSIGN_OR_RETURN(std::string line, NormalRequirement(package));
    file.pip.push_back(std::move(line));
  }
  plan->notes.push_back("curated environment " + curated.name + ": no container image, but " +
                        std::to_string(file.pip.size()) +
                        " packages of Lazurite's own table from PyPI");
  return PlanFile(file, machine, plan);
}

// An image or build that cannot be had: refused, or run on the machine and told.
Status Refuse(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
              const std::string& what, const std::string& way_out, Plan* plan) {
  if (!settings.host_fallback) {
    return FailedPrecondition(Title(spec) + ": " + what + "; " + way_out + ", " +
                              std::string(kFallback));
  }
  plan->notes.push_back("WARNING: " + Title(spec) + ": " + what +
                        ". host_fallback is on: the job runs WITHOUT it, on this machine as it is");
  return {};
}

Status PlanImage(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
                 const Machine& machine, Plan* plan) {
  if (const auto known = FindImage(spec.image); known.has_value()) {
    CondaFile file;
    file.python = known->python;
    plan->notes.push_back("image " + spec.image + " is " + known->note +
                          ": a virtual environment on this machine stands for it");
    return PlanFile(file, machine, plan);
  }
  if (const auto curated = FindCuratedImage(spec.image); curated.has_value()) {
    return PlanCurated(*curated, machine, plan);
  }
  return Refuse(spec, settings,
                "image " + spec.image +
                    " needs a container engine (podman, docker "
                    "or apptainer), which Lazurite does not use yet",
                "take a base image of Azure ML or python:3.x with a conda_file", plan);
}

Status PlanConda(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
                 const Machine& machine, Plan* plan) {
  const bool is_known = spec.image.empty() || FindImage(spec.image).has_value() ||
                        FindCuratedImage(spec.image).has_value();
  if (!is_known) {
    TRY(Refuse(spec, settings,
               "image " + spec.image +
                   " below the conda_file needs a container "
                   "engine (podman, docker or apptainer), which Lazurite does not use yet",
               "take a base image of Azure ML or python:3.x", plan));
  }
  Result<CondaFile> file = ReadCondaFile(spec.conda);
  if (!file.ok()) return std::move(file).status().With(Title(spec) + ": conda file");
  // An image that names its Python stands for it where the conda file is silent.
  if (const auto known = FindImage(spec.image); known.has_value() && file->python.empty()) {
    file->python = known->python;
  }
  Status planned = PlanFile(*file, machine, plan);
  return planned.ok() ? planned : std::move(planned).With(Title(spec));
}

}  // namespace

Result<Plan> MakePlan(const EnvironmentSpec& spec, const EnvironmentSettings& settings,
                      const Machine& machine) {
  Plan plan;
  if (!Trim(spec.conda).empty()) {
    TRY(PlanConda(spec, settings, machine, &plan));
  } else if (!spec.build.is_null()) {
    TRY(Refuse(spec, settings,
               "building an image from a Dockerfile needs podman, docker or "
               "apptainer, which Lazurite does not use yet",
               "write image: with a conda_file: instead", &plan));
  } else if (!spec.image.empty()) {
    TRY(PlanImage(spec, settings, machine, &plan));
  } else if (const auto curated = FindCurated(spec.name); curated.has_value()) {
    TRY(PlanCurated(*curated, machine, &plan));
  } else if (!spec.name.empty()) {
    return InvalidArgument(Title(spec) +
                           " has neither an image nor a conda_file nor a build, and "
                           "is no curated environment that Lazurite knows");
  }
  return plan;
}

}  // namespace lazurite::environment
