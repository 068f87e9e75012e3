#include "app/cli/draft.h"

#include <unistd.h>

#include "app/cli/environment_check.h"
#include "app/cli/progress.h"
#include "app/cli/server_problems.h"
#include "app/cli/upload.h"
#include "base/file.h"
#include "base/text.h"
#include "spec/problem.h"
#include "spec/rest.h"

namespace lazurite::cli {
namespace {

using spec::LocalReference;

Result<std::string> ReadInput(const std::string& file) {
  if (file.empty()) return std::string();
  if (file != "-") return ReadFile(file, kYamlBytesMax + 1);
  std::string text;
  std::array<char, 65536> buffer;
  while (text.size() <= kYamlBytesMax) {
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0) return ErrnoStatus("reading standard input", errno);
    if (count == 0) break;
    text.append(buffer.data(), static_cast<size_t>(count));
  }
  return text;
}

std::string_view WhatItIs(const LocalReference& reference) {
  switch (reference.kind) {
    case LocalReference::Kind::kCode:
      return "code";
    case LocalReference::Kind::kBuildContext:
      return "build context";
    case LocalReference::Kind::kModel:
      return "model";
    case LocalReference::Kind::kData:
      break;
  }
  return "data";
}

// Uploads one reference and gives what replaces it in the document.
Result<std::string> Send(Context& context, Server& server, const LocalReference& reference) {
  const std::string title =
      "uploading " + std::string(WhatItIs(reference)) + " " + BaseName(reference.file);
  Progress progress(context.terminal, title);
  UploadRequest request;
  request.path = reference.file;
  if (!server.settings().token.empty()) {
    request.headers.Set("Authorization", "Bearer " + server.settings().token);
  }
  request.progress = [&](const UploadProgress& now) { progress.Show(now.bytes_sent, now.bytes); };
  request.waits_for_server = [&] {
    progress.Clear();
    context.terminal.Note("the server has gone away; the upload goes on when it is there again");
  };
  Uploaded content;
  std::string place;
  if (reference.kind == LocalReference::Kind::kCode) {
    request.purpose = UploadRequest::Purpose::kCode;
    ASSIGN_OR_RETURN(UploadedCode code, UploadCode(server.client(), request, server.Workspace("")));
    content = code.content;
    place = code.id;
  } else {
    ASSIGN_OR_RETURN(content, UploadPath(server.client(), request));
    place = content.uri;
  }
  progress.Clear();
  context.terminal.Note(std::string(WhatItIs(reference)) + " " + BaseName(reference.file) + ": " +
                        (content.was_known ? "unchanged, " : "uploaded, ") +
                        std::to_string(content.files) +
                        (content.files == 1 ? " file, " : " files, ") + FormatBytes(content.bytes));
  if (content.links_out > 0) {
    context.terminal.Note(std::to_string(content.links_out) +
                          (content.links_out == 1 ? " link leads" : " links lead") + " out of " +
                          BaseName(reference.file) +
                          "; what lies there was uploaded too (first: " + content.link_out + ")");
  }
  return place;
}

Status RegisterEnvironment(Context& context, Server& server, Draft& draft) {
  const auto environment = spec::TakeInlineEnvironment(draft.loaded.value);
  if (!environment) return {};
  const std::string target =
      server.Workspace("environments/" + std::string(spec::InlineEnvironment::kName) +
                       "/versions/" + UrlEncode(environment->version));
  TRY(AtFields(context, server, draft, server.Put(target, environment->body).status(),
               Part::kEnvironment));
  draft.loaded.value["environment"] = environment->reference;
  return {};
}

// ", 12 files": what an upload would bring, without what ignore files leave out.
std::string CountFiles(const LocalReference& reference) {
  UploadRequest request;
  request.path = reference.file;
  if (reference.kind == LocalReference::Kind::kCode)
    request.purpose = UploadRequest::Purpose::kCode;
  const Result<std::vector<std::string>> files = ListUpload(request);
  if (!files.ok()) return ": " + files.status().text();
  return ", " + std::to_string(files->size()) + (files->size() == 1 ? " file" : " files");
}

std::string DescribeEnvironment(const Json& value) {
  const Json* environment = value.Find("environment");
  if (environment == nullptr) return "";
  if (environment->is_string()) return environment->string();
  std::string text = "written in the file";
  const std::string image = environment->GetString("image");
  if (!image.empty()) text += ", image " + image;
  if (environment->Find("conda_file") != nullptr) text += ", with conda packages";
  return text;
}

}  // namespace

std::string RenderAll(const std::vector<spec::Problem>& problems, const std::string& file,
                      const std::string& text) {
  std::vector<std::string> files;
  for (const spec::Problem& problem : problems) {
    if (std::find(files.begin(), files.end(), problem.file) == files.end()) {
      files.push_back(problem.file);
    }
  }
  std::string out;
  for (const std::string& name : files) {
    std::vector<spec::Problem> own;
    for (const spec::Problem& problem : problems) {
      if (problem.file == name) own.push_back(problem);
    }
    std::string source = name == file ? text : "";
    if (name != file) {
      const Result<std::string> other = ReadFile(name, kYamlBytesMax);
      if (other.ok()) source = *other;
    }
    if (!out.empty()) out += "\n";
    out += spec::RenderProblems(own, source);
  }
  return out;
}

Result<Draft> LoadDraft(Context& context, std::string_view noun,
                        std::span<const FieldFlag> fields) {
  spec::LoadOptions options;
  options.noun = noun;
  options.file = context.arguments.Get("--file");
  for (const FieldFlag& field : fields) {
    std::string value = context.arguments.Get(field.flag);
    if (field.flag == "--name" && value.empty()) value = context.OptionalName();
    if (!value.empty()) {
      options.overrides.push_back({std::string(field.field), value, std::string(field.flag)});
    }
  }
  for (const std::string& text : context.arguments.All("--set")) {
    ASSIGN_OR_RETURN(spec::Override set, spec::ParseOverride(text));
    options.overrides.push_back(std::move(set));
  }
  if (options.file.empty() && options.overrides.empty()) {
    return InvalidArgument("lazurite " + std::string(context.command.name) +
                           " needs a file (--file, - is standard input) or flags that say what");
  }
  const Result<std::string> text = ReadInput(options.file);
  if (!text.ok()) return text.status();
  if (options.file == "-" && options.overrides.empty() && Trim(*text).empty()) {
    return InvalidArgument("standard input is empty, expected a YAML document");
  }
  return CheckDraft(context, *text, options);
}

Result<Draft> CheckDraft(Context& context, std::string text, const spec::LoadOptions& options) {
  Draft draft;
  draft.text = std::move(text);
  draft.loaded = spec::LoadDocument(draft.text, options);
  std::vector<spec::Problem> problems = draft.loaded.problems;
  const std::vector<spec::Problem> conda = spec::InlineCondaFiles(draft.loaded);
  draft.files = spec::FindLocalFiles(draft.loaded);
  problems.insert(problems.end(), conda.begin(), conda.end());
  problems.insert(problems.end(), draft.files.problems.begin(), draft.files.problems.end());
  const std::vector<spec::Problem>& warnings = draft.loaded.warnings;
  if (problems.empty()) {
    if (!warnings.empty() && !context.terminal.is_quiet) {
      WriteErr(RenderAll(warnings, options.file, draft.text));
    }
    return draft;
  }
  problems.insert(problems.end(), warnings.begin(), warnings.end());
  AddEnvironmentProblems(context, draft, problems);
  context.details = RenderAll(problems, options.file, draft.text);
  return InvalidArgument(options.file + " is not valid");
}

std::string DescribePlan(const Draft& draft, const std::vector<std::string>& environment) {
  const Json& value = draft.loaded.value;
  std::string out;
  const auto line = [&](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    std::string title = "  " + std::string(name);
    title.append(16 - std::min<size_t>(15, title.size()), ' ');
    out += title + text + "\n";
  };
  line("kind", draft.loaded.kind);
  line("name", draft.Text("name"));
  line("experiment", draft.Text("experiment_name"));
  line("command", Printable(draft.Text("command")));
  line("compute", draft.Text("compute"));
  line("environment", DescribeEnvironment(value));
  for (const std::string& note : environment) line("", Printable(note));
  const std::string nodes = draft.Text("resources.instance_count");
  const std::string processes = draft.Text("distribution.process_count_per_instance");
  if (!nodes.empty() || !processes.empty()) {
    line("processes",
         (nodes.empty() ? "1" : nodes) + " instances of " + (processes.empty() ? "1" : processes));
  }
  if (const Json* inputs = value.Find("inputs"); inputs != nullptr && inputs->is_object()) {
    for (const auto& [name, input] : inputs->object()) {
      line("input",
           name + " = " +
               Printable(PlainText(input.is_object() ? CellValue(input, "path|value") : input)));
    }
  }
  for (const LocalReference& reference : draft.files.references) {
    line("upload", std::string(WhatItIs(reference)) + " " + reference.file + CountFiles(reference));
  }
  return out;
}

Status CheckWorkspace(Context& context, Server& server) {
  Status status = server.Get(server.Workspace("")).status();
  if (status.code() == Code::kNotFound) context.help = "lazurite workspace list";
  return status;
}

Status SendFiles(Context& context, Server& server, Draft& draft) {
  if (!draft.files.references.empty()) TRY(CheckWorkspace(context, server));
  for (const LocalReference& reference : draft.files.references) {
    Result<std::string> place = Send(context, server, reference);
    if (place.status().code() == Code::kUnavailable) return server.Explain(place.status());
    if (!place.ok()) return place.status().With("uploading " + reference.file);
    draft.loaded.value.Set(reference.path, *place);
  }
  return RegisterEnvironment(context, server, draft);
}

Json BodyOf(const Server& server, const Draft& draft) {
  return spec::ToRest(draft.loaded.kind, draft.loaded.value, server.settings().scope);
}

}  // namespace lazurite::cli
