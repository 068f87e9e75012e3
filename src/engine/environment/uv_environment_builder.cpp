#include "engine/environment/uv_environment_builder.h"

#include <unistd.h>

#include <chrono>
#include <deque>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/environment/requirement.h"
#include "engine/environment/build_lock.h"
#include "engine/environment/command.h"
#include "engine/environment/freeze.h"
#include "engine/environment/machine.h"
#include "engine/environment/pip_settings.h"
#include "engine/environment/plan.h"

namespace lazurite::environment {
namespace {

// How many last lines of a failed build its error tells.
constexpr size_t kTailLinesMax = 20;
constexpr size_t kMarkerBytesMax = 1 << 16;

using Log = EnvironmentBuilder::Log;
using Canceled = EnvironmentBuilder::Canceled;

std::string Get(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// uv: as set, LAZURITE_UV, beside this program (installed or in a build folder), on PATH.
std::string FindUv(const EnvironmentSettings& settings, const Variables& variables) {
  if (!settings.uv.empty()) return settings.uv;
  if (const std::string named = Get(variables, "LAZURITE_UV"); !named.empty()) return named;
  char self[4096];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof(self));
  if (length > 0) {
    const std::string folder = DirName({self, static_cast<size_t>(length)});
    for (const char* place : {"uv", "../libexec/lazurite/uv", "../../.tools/bin/uv"}) {
      const std::string candidate = NormalPath(JoinPath(folder, place));
      if (::access(candidate.c_str(), X_OK) == 0 && !IsDir(candidate)) return candidate;
    }
  }
  const std::string home = Get(variables, "HOME");
  return FindProgram("uv", Get(variables, "PATH") + ":" + JoinPath(home, ".local/bin") + ":" +
                               JoinPath(home, ".cargo/bin"));
}

std::optional<std::string> ReadIfThere(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  return text.ok() ? std::optional(*text) : std::nullopt;
}

// One build: its programs, and the last lines that they wrote. Ends at the latest after its
// timeout.
class Build {
 public:
  Build(const Plan& plan, std::string folder, const Log& log, const Canceled& canceled,
        Duration timeout)
      : plan_(plan),
        folder_(std::move(folder)),
        log_(log),
        canceled_(canceled),
        timeout_(timeout) {}

  // `lines` is what pip is to read, with everything in it that was still to be resolved.
  Status WithUv(const std::string& uv, const Variables& variables,
                const std::vector<std::string>& lines) {
    const std::string python = JoinPath(folder_, "bin/python");
    const Status seeded =
        Run({uv, "venv", "--seed", "--python", plan_.python.path, folder_}, variables);
    if (seeded.code() == Code::kCancelled || seeded.code() == Code::kDeadlineExceeded) {
      return seeded;
    }
    if (!seeded.ok()) {
      // Without an index there is no pip to put in, but there can be a Python.
      log_("pip could not be put into the environment; trying without it");
      TRY(RemoveTree(folder_));
      TRY(Run({uv, "venv", "--python", plan_.python.path, folder_}, variables));
    }
    if (lines.empty()) return {};
    // For the owner's eyes and for as long as it is read: an index may have a password in it.
    const std::string file = folder_ + ".requirements";
    TRY(WriteFile(file, Join(lines, "\n") + "\n", 0600));
    Status installed = Run({uv, "pip", "install", "--python", python, "-r", file}, variables);
    TRY(RemoveTree(file));
    return installed;
  }

  Status WithConda(const std::string& conda, Variables variables) {
    const std::string file = folder_ + ".yml";
    TRY(WriteFile(file, plan_.conda_text, 0600));
    for (const char* name : {"CONDA_PREFIX", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}) {
      variables.erase(name);
    }
    std::vector<std::string> arguments = {conda, "env", "create", "-p", folder_, "-f", file};
    if (BaseName(conda) == "micromamba") {
      arguments = {conda, "create", "-y", "-p", folder_, "-f", file};
    }
    Status status = Run(arguments, variables);
    TRY(RemoveTree(file));
    return status;
  }

 private:
  Status Run(std::vector<std::string> arguments, const Variables& variables) {
    const std::string what = BaseName(arguments[0]) + " " + arguments[1];
    std::deque<std::string> tail;
    Command command{
        .arguments = std::move(arguments), .variables = variables, .line = {}, .canceled = [this] {
          return IsLate() || (canceled_ && canceled_());
        }};
    command.line = [&](std::string_view raw) {
      const std::string line = RedactCredentials(raw);
      log_(line);
      tail.push_back(line);
      if (tail.size() > kTailLinesMax) tail.pop_front();
    };
    const Result<int> ended = RunCommand(command);
    if (ended.status().code() == Code::kCancelled && IsLate()) return TooLate(what, tail);
    ASSIGN_OR_RETURN(const int code, ended);
    if (code == 0) return {};
    std::string text = what + " ended with exit code " + std::to_string(code);
    for (const std::string& line : tail) text += "\n" + line;
    return Internal(std::move(text));
  }

  bool IsLate() const { return std::chrono::steady_clock::now() - began_ >= timeout_; }

  Status TooLate(const std::string& what, const std::deque<std::string>& tail) const {
    std::string text = what + " was ended: the build took longer than " + FormatElapsed(timeout_) +
                       ", which build_timeout under [environment] in config.toml allows";
    for (const std::string& line : tail) text += "\n" + line;
    return {Code::kDeadlineExceeded, std::move(text)};
  }

  const Plan& plan_;
  const std::string folder_;
  const Log& log_;
  const Canceled& canceled_;
  const Duration timeout_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

class UvEnvironmentBuilder final : public EnvironmentBuilder {
 public:
  explicit UvEnvironmentBuilder(EnvironmentSettings settings)
      : settings_(std::move(settings)), variables_(WithIndexes(OwnVariables(), settings_)) {}

  Result<PreparedEnvironment> Prepare(const EnvironmentSpec& spec, const Log& log,
                                      const Canceled& canceled) override {
    const Variables uv_variables = UvVariables(variables_, ReadIfThere);
    Machine machine =
        RememberedMachine(variables_, JoinPath(settings_.envs_folder, "machine.json"));
    machine.indexes = IndexesOf(uv_variables);
    ASSIGN_OR_RETURN(Plan plan, MakePlan(spec, settings_, machine));
    if (plan.kind != Plan::Kind::kHost && !IsReady(plan)) {
      machine = LookAtMachine(variables_);
      machine.indexes = IndexesOf(uv_variables);
      ASSIGN_OR_RETURN(plan, MakePlan(spec, settings_, machine));
    }
    for (const std::string& note : plan.notes) log(note);
    if (plan.kind == Plan::Kind::kHost) {
      return OnHost(plan.python.path, log);
    }
    PreparedEnvironment prepared = Describe(plan);
    const std::string title = Title(spec, plan);
    if (IsReady(plan)) {
      prepared.was_reused = true;
      log(title + " is reused, nothing is built");
      return WithFreeze(std::move(prepared));
    }
    TRY(MakeDirs(settings_.envs_folder));
    ASSIGN_OR_RETURN(const BuildLock lock, BuildLock::Take(Folder(plan), Asker(), log, canceled));
    if (IsReady(plan)) {
      prepared.was_reused = true;
      log(title + " was built meanwhile and is reused");
      return WithFreeze(std::move(prepared));
    }
    const Log told = [&](std::string_view line) {
      log(line);
      lock.Say(line);
    };
    Status built = BuildNow(plan, machine, title, told, canceled);
    if (!built.ok())
      return built.code() == Code::kCancelled ? built : std::move(built).With("building " + title);
    return WithFreeze(std::move(prepared));
  }

 private:
  // Whose environment it is, for others.
  std::string Asker() const {
    const std::string attempt = Get(variables_, "LAZURITE_ATTEMPT");
    if (attempt.empty()) return "process " + std::to_string(::getpid());
    return "job " + std::string(BaseName(DirName(attempt)));
  }

  std::string Folder(const Plan& plan) const {
    return NormalPath(JoinPath(settings_.envs_folder, plan.hash));
  }

  // Also of an environment that was made before such lists were kept. A job is no worse without.
  static PreparedEnvironment WithFreeze(PreparedEnvironment prepared) {
    Result<std::string> file = KeepFreeze(prepared.folder);
    if (file.ok()) prepared.freeze = std::move(file).value();
    return prepared;
  }

  static std::string Title(const EnvironmentSpec& spec, const Plan& plan) {
    const std::string name = spec.name.empty() ? "" : " " + spec.name;
    return "environment" + name + " (" + plan.hash.substr(0, 12) + ")";
  }

  // The machine's Python as it is: the one on PATH, or that very interpreter with its environment.
  static Result<PreparedEnvironment> OnHost(const std::string& python, const Log& log) {
    PreparedEnvironment prepared;
    if (python.empty()) {
      log("the job runs with this machine's own Python");
      return prepared;
    }
    if (::access(python.c_str(), X_OK) != 0 || IsDir(python)) {
      return FailedPrecondition("there is no Python at " + python +
                                " on the server's machine, and the environment asks for it by " +
                                std::string(EnvironmentSpec::kPythonProperty));
    }
    log("the job runs with " + python + " as it is, nothing is built");
    const std::string folder = DirName(DirName(python));
    if (Exists(JoinPath(folder, "pyvenv.cfg"))) prepared.variables["VIRTUAL_ENV"] = folder;
    if (Exists(JoinPath(folder, "conda-meta"))) prepared.variables["CONDA_PREFIX"] = folder;
    prepared.variables["PATH"] = DirName(python);
    return prepared;
  }

  PreparedEnvironment Describe(const Plan& plan) const {
    PreparedEnvironment prepared;
    prepared.hash = plan.hash;
    prepared.folder = Folder(plan);
    prepared.variables = plan.variables;
    const bool is_conda = plan.kind == Plan::Kind::kConda;
    prepared.variables[is_conda ? "CONDA_PREFIX" : "VIRTUAL_ENV"] = prepared.folder;
    prepared.variables["PATH"] = JoinPath(prepared.folder, "bin");
    return prepared;
  }

  // The marker names the folder: after a move of the home, scripts with the old path are of no use.
  bool IsReady(const Plan& plan) const {
    const std::string folder = Folder(plan);
    const Result<std::string> marker = ReadFile(JoinPath(folder, "ready"), kMarkerBytesMax);
    if (!marker.ok()) return false;
    const Result<Json> json = Json::Parse(*marker);
    return json.ok() && json->GetString("folder") == folder &&
           ::access(JoinPath(folder, "bin/python").c_str(), X_OK) == 0;
  }

  Status BuildNow(const Plan& plan, const Machine& machine, const std::string& title,
                  const Log& log, const Canceled& canceled) {
    const auto started = std::chrono::steady_clock::now();
    const std::string folder = Folder(plan);
    TRY(RemoveTree(folder));
    Build build(plan, folder, log, canceled, settings_.build_timeout);
    Status status;
    if (plan.kind == Plan::Kind::kConda) {
      log(title + " is built with " + machine.conda);
      status = build.WithConda(machine.conda, variables_);
    } else {
      const std::string uv = FindUv(settings_, variables_);
      if (uv.empty()) {
        return FailedPrecondition(
            "uv, which makes virtual environments, was not found; run `make setup` in Lazurite's "
            "sources or `pip install uv`, or name it in LAZURITE_UV");
      }
      log(title + " is built with uv and " + plan.python.path);
      status = build.WithUv(uv, UvVariables(variables_, ReadIfThere), plan.requirements);
    }
    if (!status.ok()) {
      TRY(RemoveTree(folder));
      return status;
    }
    return MarkReady(plan, title, started, log);
  }

  Status MarkReady(const Plan& plan, const std::string& title,
                   std::chrono::steady_clock::time_point started, const Log& log) const {
    const auto took =
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - started);
    Json marker = Json::MakeObject();
    marker["folder"] = Folder(plan);
    marker["python"] = plan.python.path;
    marker["built"] = FormatTime(SystemClock().Now());
    marker["seconds"] = static_cast<double>(took.count()) / 1000.0;
    TRY(KeepFreeze(Folder(plan)).status());
    // The files have to be on disk before the marker says so: a crash must not leave half of them.
    TRY(SyncFileSystem(settings_.envs_folder));
    TRY(WriteFileAtomic(JoinPath(Folder(plan), "ready"), marker.Dump(1) + "\n"));
    log(title + " was built in " + FormatElapsed(took));
    return {};
  }

  const EnvironmentSettings settings_;
  const Variables variables_;
};

}  // namespace

std::unique_ptr<EnvironmentBuilder> MakeUvEnvironmentBuilder(EnvironmentSettings settings) {
  return std::make_unique<UvEnvironmentBuilder>(std::move(settings));
}

}  // namespace lazurite::environment
