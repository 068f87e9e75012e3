#include "app/cli/jupyter_kernel.h"

#include <unistd.h>

#include "app/cli/program.h"
#include "app/cli/run_environment.h"
#include "base/file.h"

namespace lazurite::cli {
namespace {

// Jupyter's own rules for a user's data.
Result<std::string> KernelFolder() {
  std::string root = ProcessEnvironment("JUPYTER_DATA_DIR");
  if (root.empty()) {
    const std::string data = ProcessEnvironment("XDG_DATA_HOME");
    const std::string home = ProcessEnvironment("HOME");
    if (data.empty() && home.empty()) return FailedPrecondition("HOME is not set");
    root = JoinPath(data.empty() ? JoinPath(home, ".local/share") : data, "jupyter");
  }
  return JoinPath(root, "kernels/lazurite");
}

Result<std::string> OwnProgram() {
  std::array<char, 4096> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) return ErrnoStatus("finding this program", errno);
  return std::string(path.data(), static_cast<size_t>(length));
}

Json Describe(const Context& context, const Settings& settings, const std::string& program,
              const std::string& python) {
  Json words = Json::MakeArray();
  for (const std::string& word :
       {program, std::string("exec"), std::string("--home"), settings.home}) {
    words.Push(word);
  }
  for (const char* flag : {"--server", "--workspace-name", "--resource-group", "--subscription"}) {
    if (!context.arguments.Has(flag)) continue;
    words.Push(flag);
    words.Push(context.arguments.Get(flag));
  }
  for (const std::string& word :
       {std::string("--"), python, std::string("-m"), std::string("ipykernel_launcher"),
        std::string("-f"), std::string("{connection_file}")}) {
    words.Push(word);
  }
  Json kernel = Json::MakeObject();
  kernel["argv"] = std::move(words);
  kernel["display_name"] = "Python (Lazurite)";
  kernel["language"] = "python";
  kernel["metadata"]["debugger"] = true;
  return kernel;
}

}  // namespace

Status InstallKernel(Context& context) {
  ASSIGN_OR_RETURN(const Settings settings, context.LoadSettings());
  ASSIGN_OR_RETURN(const std::string folder, KernelFolder());
  ASSIGN_OR_RETURN(const std::string program, OwnProgram());
  const std::string python = ShellPython();
  if (python.empty()) return NotFound("there is no python on PATH");
  TRY(MakeDirs(folder));
  const std::string file = JoinPath(folder, "kernel.json");
  TRY(WriteFileAtomic(file, Describe(context, settings, program, python).Dump(1) + "\n"));
  WriteOut(file + "\n");
  const Result<ProgramAnswer> has =
      AskProgram({.arguments = {python, "-c", "import ipykernel"}, .folder = "", .variables = {}});
  if (!has.ok() || !has->Succeeded()) {
    context.terminal.Note(python + " has no ipykernel, which the kernel needs:  " + python +
                          " -m pip install ipykernel");
  }
  return {};
}

Status RemoveKernel(Context& context) {
  ASSIGN_OR_RETURN(const std::string folder, KernelFolder());
  if (!Exists(folder)) {
    context.terminal.Note("there is no kernel at " + folder);
    return {};
  }
  return RemoveTree(folder);
}

}  // namespace lazurite::cli
