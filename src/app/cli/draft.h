// From a YAML file to a REST body: read, checked, its files uploaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli/context.h"
#include "spec/document.h"
#include "spec/problem.h"

namespace lazurite::cli {

// A document that is valid as far as this machine can tell.
struct Draft {
  spec::Loaded loaded;
  std::string text;  // of its file
  spec::LocalFiles files;

  std::string Text(std::string_view member) const {
    return PlainText(CellValue(loaded.value, member));
  }
};

// A flag that sets a field of the document.
struct FieldFlag {
  std::string_view flag;   // "--name"
  std::string_view field;  // "name"
};

// Reads --file (- is standard input; none: only flags), applies `fields` and --set, checks it all.
// All problems of it, of its conda files and its paths at once, rendered in context.details.
Result<Draft> LoadDraft(Context& context, std::string_view noun, std::span<const FieldFlag> fields);

// The same of a document that is at hand: `text` is that of options.file.
Result<Draft> CheckDraft(Context& context, std::string text, const spec::LoadOptions& options);

// Problems may lie in several files (a job and its conda file): each file with its own text; `text`
// is that of `file`.
std::string RenderAll(const std::vector<spec::Problem>& problems, const std::string& file,
                      const std::string& text);

// What would happen, one line each: what is uploaded, which environment, how many processes.
// `environment` says what the server makes of that (CheckEnvironment).
std::string DescribePlan(const Draft& draft, const std::vector<std::string>& environment = {});

// kNotFound, with its help, if the workspace in use is not there.
Status CheckWorkspace(Context& context, Server& server);

// Uploads what the document names of this machine and puts its place there, if there is the
// workspace it is for; registers an environment written inside a job.
Status SendFiles(Context& context, Server& server, Draft& draft);

// The body to PUT.
Json BodyOf(const Server& server, const Draft& draft);

}  // namespace lazurite::cli
