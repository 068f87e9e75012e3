#include "spec/explain.h"

#include "app/cli/context.h"

namespace lazurite::cli {
namespace {

Status Run(Context& context) {
  const std::string path = context.arguments.words.empty() ? "" : context.arguments.words[0];
  const Result<std::string> text = spec::Explain(path);
  if (!text.ok()) return context.Fail(text.status(), "lazurite explain lists what there is");
  WriteOut(*text);
  return {};
}

}  // namespace

extern const Command kExplain;
const Command kExplain = {
    .name = "explain",
    .sentence = "Explain a field of the YAML files, or list the fields below one.",
    .arguments = "[FIELD]",
    .subject = "<field>",
    .words_max = 1,
    .examples = "lazurite explain job\nlazurite explain job.resources.instance_count",
    .run = Run};

}  // namespace lazurite::cli
