#include "app/cli/download_files.h"
#include "app/cli/job_names.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

struct Part {
  std::string uri;
  std::string folder;  // below the download path
  bool may_be_empty = false;
};

// Which of the job's outputs, and where they go: as `az ml job download` has it.
Result<std::vector<Part>> ChooseParts(const Arguments& arguments, const std::string& job,
                                      const Json& outputs) {
  std::vector<Part> parts;
  const std::string artifacts =
      outputs.GetString("artifacts", "azureml://jobs/" + job + "/outputs/artifacts");
  const std::string wanted = arguments.Get("--output-name");
  const bool has_default = wanted.empty() || wanted == "default" || wanted == "artifacts";
  if (has_default) parts.push_back({artifacts, "artifacts", true});
  std::vector<std::string_view> names;
  if (const Json* list = outputs.Find("outputs"); list != nullptr && list->is_array()) {
    for (const Json& output : list->array()) {
      const Json* name = output.Find("name");
      if (name == nullptr || !name->is_string()) continue;
      if (name->string() == "artifacts" || name->string() == "default") continue;
      names.push_back(name->string());
      if (!arguments.Has("--all") && wanted != name->string()) continue;
      parts.push_back({output.GetString("uri"), "named-outputs/" + name->string(), true});
    }
  }
  if (!has_default && parts.empty()) {
    return NotFound("job " + job + " has no output \"" + wanted + "\", it has " +
                    (names.empty() ? "none with a name" : ListOr(names)));
  }
  return parts;
}

Status DownloadLogs(Context& context, Server& server, const std::string& job,
                    const std::string& folder) {
  const std::string base = "/lazurite/v1/jobs/" + UrlEncode(job) + "/logs";
  ASSIGN_OR_RETURN(const Json logs, server.Get(base));
  const Json* files = logs.Find("files");
  if (files == nullptr || !files->is_array()) return {};
  for (const Json& file : files->array()) {
    const std::string path = file.GetString("path");
    ASSIGN_OR_RETURN(const std::string place, ConfinedPath(folder, path));
    ClientRequest request;
    request.target = base + "/" + PathEncode(path);
    ASSIGN_OR_RETURN(const ClientResponse response, server.Call(std::move(request)));
    TRY(Server::StatusOf(response));
    TRY(MakeDirs(DirName(place)));
    TRY(WriteFile(place, response.body));
  }
  context.terminal.Note(folder + ": " + std::to_string(files->array().size()) + " log files");
  return {};
}

Status RunJobDownload(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string job, FindNamedJob(context, *server));
  ASSIGN_OR_RETURN(const Json live, GetLiveJob(*server, job));
  if (!IsEnded(live)) {
    return context.Fail(FailedPrecondition("job " + job + " is " + live.GetString("state") +
                                           "; its outputs are complete when it has ended"),
                        "lazurite wait " + job);
  }
  ASSIGN_OR_RETURN(const Json outputs,
                   server->Get("/lazurite/v1/jobs/" + UrlEncode(job) + "/outputs"));
  ASSIGN_OR_RETURN(const std::vector<Part> parts, ChooseParts(context.arguments, job, outputs));
  const std::string root = context.arguments.Get("--download-path", ".");
  for (const Part& part : parts) {
    const std::string folder = JoinPath(root, part.folder);
    const Result<Downloaded> done = DownloadUri(context, *server, part.uri, folder);
    if (part.may_be_empty && done.status().code() == Code::kNotFound) {
      context.terminal.Note(folder + ": nothing to download");
      continue;
    }
    if (!done.ok()) return done.status();
    context.terminal.Note(folder + ": " + std::to_string(done->files) +
                          (done->files == 1 ? " file, " : " files, ") + FormatBytes(done->bytes));
  }
  if (!context.arguments.Has("--all")) return {};
  return DownloadLogs(context, *server, job, JoinPath(root, "logs"));
}

constexpr Flag kFlags[] = {
    {"--name", "-n", "NAME", "name of the job, or the beginning of it", "<job>"},
    {"--all", "", "", "named outputs and logs too"},
    {"--output-name", "", "NAME", "one output instead of the artifacts"},
    {"--download-path", "-p", "FOLDER", "where files go; the current folder if not given",
     "<file>"}};

}  // namespace

extern const Command kJobDownload;
const Command kJobDownload = {
    .name = "job download",
    .sentence = "Download what a job has written: its artifacts, its outputs, its logs.",
    .arguments = "NAME",
    .subject = "<job>",
    .words_max = 1,
    .flags = kFlags,
    .examples =
        "lazurite job download 7f3 --all --download-path results\n"
        "lazurite job download 7f3 --output-name model",
    .run = RunJobDownload};

}  // namespace lazurite::cli
