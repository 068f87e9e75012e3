#include <fcntl.h>
#include <sched.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cli/doctor.h"
#include "app/cli/local_server.h"
#include "app/cli/server.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/workspace/places.h"

namespace lazurite::cli {
namespace {

using Grade = Finding::Grade;

constexpr int64_t kFreeBytesLow = int64_t{5} << 30;
constexpr size_t kAnswerBytesMax = 4096;

// The first line that `program --version` prints.
std::string VersionOf(const std::string& program) {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return "";
  Fd out(pipe[0]);
  Fd in(pipe[1]);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(in.get(), STDOUT_FILENO);
    dup2(in.get(), STDERR_FILENO);
    execl(program.c_str(), program.c_str(), "--version", nullptr);
    _exit(127);
  }
  in.Close();
  std::string text;
  std::array<char, 512> buffer;
  while (text.size() < kAnswerBytesMax) {
    const ssize_t count = read(out.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(count));
  }
  out.Close();
  if (pid > 0) waitpid(pid, nullptr, 0);
  return std::string(Trim(text.substr(0, text.find('\n'))));
}

// The namespaces in which a job's read-only inputs are mounted; tried in a child.
bool HasUserNamespaces() {
  const pid_t pid = fork();
  if (pid == 0) _exit(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : 1);
  int how = 0;
  return pid > 0 && waitpid(pid, &how, 0) == pid && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

Finding Program(const std::string& name, Grade missing, const std::string& lacking,
                const std::string& remedy) {
  const std::string place = FindProgram(name, ProcessEnvironment("PATH"));
  if (place.empty()) return {missing, name, lacking, remedy};
  const std::string version = VersionOf(place);
  return {Grade::kGood, name, version.empty() ? place : version + " at " + place, ""};
}

Finding Conda() {
  for (const char* name : {"micromamba", "mamba", "conda"}) {
    const std::string place = FindProgram(name, ProcessEnvironment("PATH"));
    if (!place.empty()) return {Grade::kGood, "conda", place, ""};
  }
  return {Grade::kNote, "conda", "not there: conda packages are translated to PyPI names",
          "install micromamba if an environment needs packages that only conda has"};
}

Finding Disk(const std::string& home) {
  std::string folder = home;
  while (!Exists(folder) && folder != "/") folder = DirName(folder);
  struct statvfs info {};
  if (statvfs(folder.c_str(), &info) != 0)
    return {Grade::kBad, "disk", folder + " cannot be read", ""};
  const auto free = static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
  const std::string found = FormatBytes(free) + " free at " + folder;
  if (free > kFreeBytesLow) return {Grade::kGood, "disk", found, ""};
  return {Grade::kNote, "disk", found,
          "environments and outputs need room: free some, or move with --home"};
}

Finding Home(const std::string& home) {
  struct stat info {};
  if (stat(home.c_str(), &info) != 0) {
    return {Grade::kNote, "home", home + " is not there yet", "lazurite up makes it"};
  }
  if (info.st_uid != geteuid()) {
    return {Grade::kBad, "home", home + " belongs to another user",
            "choose another one: LAZURITE_HOME"};
  }
  if ((info.st_mode & 077) != 0) {
    return {Grade::kBad, "home", home + " can be entered by others", "chmod 700 " + home};
  }
  struct stat token {};
  const std::string file = JoinPath(TokensFolder(home), "owner");
  if (stat(file.c_str(), &token) == 0 && (token.st_mode & 077) != 0) {
    return {Grade::kBad, "home", file + " can be read by others", "chmod 600 " + file};
  }
  return {Grade::kGood, "home", home, ""};
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

std::vector<Finding> ExamineMachine(const Settings& settings) {
  std::vector<Finding> findings;
  Finding uv =
      Program("uv", Grade::kBad, "not there: no Python environment can be built", "make setup");
  const std::string own = JoinPath(ProcessEnvironment("HOME"), ".local/bin/uv");
  if (uv.grade == Grade::kBad && access(own.c_str(), X_OK) == 0) {
    uv = {Grade::kGood, "uv", VersionOf(own) + " at " + own, ""};
  }
  findings.push_back(std::move(uv));
  findings.push_back(Program("python3", Grade::kBad, "not there: jobs in Python cannot run",
                             "apt install python3"));
  findings.push_back(Program("mpirun", Grade::kNote,
                             "not there: jobs with distribution mpi are refused",
                             "apt install openmpi-bin"));
  findings.push_back(Conda());
  if (HasUserNamespaces()) {
    findings.push_back(
        {Grade::kGood, "user namespaces", "allowed: inputs are read-only for jobs", ""});
  } else {
    findings.push_back({Grade::kNote, "user namespaces",
                        "not allowed: a job could write to its inputs",
                        "sysctl -w kernel.unprivileged_userns_clone=1"});
  }
  findings.push_back(Disk(settings.home));
  findings.push_back(Home(settings.home));
  return findings;
}

std::vector<Finding> ExamineServer(const Settings& settings) {
  const std::string name = settings.server + " (" + settings.server_origin + ")";
  Result<std::unique_ptr<Server>> server = Server::Make(settings);
  if (!server.ok()) return {{Grade::kBad, "server", server.status().text(), ""}};
  const Result<Json> health = (*server)->Get("/healthz");
  if (!health.ok()) {
    return {{Grade::kBad, "server", "nobody answers at " + name, "lazurite up"}};
  }
  std::vector<Finding> findings = {
      {Grade::kGood, "server", "version " + health->GetString("version") + " at " + name, ""}};
  const Result<Json> about = (*server)->Get("/lazurite/v1/server");
  if (!about.ok()) {
    findings.push_back({Grade::kBad, "sign-in",
                        about.status().text() + "; " + settings.token_origin,
                        "set LAZURITE_TOKEN"});
  } else {
    findings.push_back(
        {Grade::kGood, "sign-in",
         about->GetString("auth") == "none" ? "not asked for: --auth none" : settings.token_origin,
         ""});
  }
  return findings;
}

}  // namespace lazurite::cli
