#include <unistd.h>

#include <set>

#include "app/cli/doctor.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

using Grade = Finding::Grade;

constexpr Duration kAnswerMax{std::chrono::seconds(5)};
constexpr size_t kPythonsMax = 12;

// The first line that `program --version` prints.
std::string VersionOf(const std::string& program) {
  const Result<ProgramAnswer> answer = AskProgram(
      {.arguments = {program, "--version"}, .folder = "", .variables = {}, .time_max = kAnswerMax});
  if (!answer.ok() || answer->is_late) return "";
  const std::string_view text = Trim(Trim(answer->out).empty() ? answer->err : answer->out);
  return Printable(Trim(text.substr(0, text.find('\n'))));
}

Finding Program(const std::string& name, Grade missing, const std::string& lacking,
                const std::string& remedy) {
  const std::string place = FindProgram(name, ProcessEnvironment("PATH"));
  if (place.empty()) return {missing, name, lacking, remedy};
  const std::string version = VersionOf(place);
  return {Grade::kGood, name, version.empty() ? place : version + " at " + place, ""};
}

Finding Uv() {
  Finding uv =
      Program("uv", Grade::kBad, "not there: no Python environment can be built", "make setup");
  const std::string own = JoinPath(ProcessEnvironment("HOME"), ".local/bin/uv");
  if (uv.grade == Grade::kBad && access(own.c_str(), X_OK) == 0) {
    uv = {Grade::kGood, "uv", VersionOf(own) + " at " + own, ""};
  }
  return uv;
}

// The Pythons that environments can be built with: "3.9, 3.11, 3.12".
Finding Pythons() {
  std::set<int64_t> minors;
  const auto add = [&minors](std::string_view version) {
    const std::vector<std::string_view> parts = Split(version, '.');
    if (parts.size() < 2 || parts[0] != "3") return;
    if (const auto minor = ParseInt(parts[1])) minors.insert(*minor);
  };
  std::vector<std::string> folders;
  for (const std::string_view folder : Split(ProcessEnvironment("PATH"), ':')) {
    folders.emplace_back(folder);
  }
  folders.emplace_back("/usr/bin");
  for (const std::string& folder : folders) {
    const auto names =
        folder.empty() ? Result<std::vector<std::string>>(NotFound("")) : ListDir(folder);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      if (name.starts_with("python3.") && name.find('-') == std::string::npos) add(name.substr(6));
    }
  }
  const std::string root = ProcessEnvironment("PYENV_ROOT").empty()
                               ? ProcessEnvironment("HOME") + "/.pyenv"
                               : ProcessEnvironment("PYENV_ROOT");
  const auto versions = ListDir(root + "/versions");
  for (const std::string& name : versions.ok() ? *versions : std::vector<std::string>()) add(name);
  std::string found;
  size_t count = 0;
  for (const int64_t minor : minors) {
    if (++count > kPythonsMax) break;
    found += (found.empty() ? "3." : ", 3.") + std::to_string(minor);
  }
  if (!found.empty()) return {Grade::kGood, "pythons", found, ""};
  return {Grade::kNote, "pythons", "none with a version in its name",
          "apt install python3, or pyenv install 3.12 for another version"};
}

Finding Conda() {
  for (const char* name : {"micromamba", "mamba", "conda"}) {
    const std::string place = FindProgram(name, ProcessEnvironment("PATH"));
    if (!place.empty()) return {Grade::kGood, "conda", place, ""};
  }
  return {Grade::kNote, "conda", "not there: conda packages are translated to PyPI names",
          "install micromamba if an environment needs packages that only conda has"};
}

// Programs that run images.
Finding Engines() {
  std::string found;
  std::string closed;
  for (const char* name : {"podman", "docker", "apptainer", "singularity"}) {
    const std::string place = FindProgram(name, ProcessEnvironment("PATH"));
    if (place.empty()) continue;
    const std::string version = VersionOf(place);
    found += (found.empty() ? "" : ", ") + (version.empty() ? place : version);
    const bool has_daemon = std::string_view(name) == "docker";
    if (has_daemon && access("/var/run/docker.sock", W_OK) != 0) closed = "docker";
  }
  if (found.empty()) {
    return {Grade::kNote, "image engines", "none: jobs run in Python environments, not in images",
            "apt install podman if your images hold more than Python"};
  }
  if (closed.empty()) return {Grade::kGood, "image engines", found, ""};
  return {Grade::kNote, "image engines",
          found + "; docker's socket is not there or closed to this user",
          "start docker, and sudo usermod -aG docker $USER; or apt install podman"};
}

Finding Slurm() {
  const std::string place = FindProgram("sbatch", ProcessEnvironment("PATH"));
  if (place.empty()) return {Grade::kGood, "slurm", "not there: jobs run on this machine", ""};
  for (const char* name : {"squeue", "scancel", "sinfo"}) {
    if (!FindProgram(name, ProcessEnvironment("PATH")).empty()) continue;
    return {Grade::kNote, "slurm", "sbatch at " + place + ", but no " + name,
            "install the whole of Slurm's client commands"};
  }
  return {Grade::kGood, "slurm", VersionOf(place) + " at " + place, ""};
}

}  // namespace

std::string FindProgram(const std::string& name, const std::string& path) {
  for (const std::string_view folder : lazurite::Split(path, ':')) {
    if (folder.empty()) continue;
    std::string place = JoinPath(folder, name);
    if (access(place.c_str(), X_OK) == 0 && !IsDir(place)) return place;
  }
  return "";
}

std::vector<Finding> ExaminePrograms() {
  return {Uv(),
          Program("python3", Grade::kBad, "not there: jobs in Python cannot run",
                  "apt install python3"),
          Pythons(),
          Conda(),
          Program("git", Grade::kNote, "not there: jobs cannot keep their commit and diff",
                  "apt install git"),
          Program("mpirun", Grade::kNote, "not there: jobs with distribution mpi are refused",
                  "apt install openmpi-bin"),
          Engines(),
          Slurm()};
}

}  // namespace lazurite::cli
