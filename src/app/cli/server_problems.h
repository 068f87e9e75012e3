// What the server finds wrong in a document, shown where the document says it.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/context.h"
#include "app/cli/draft.h"

namespace lazurite::cli {

// The path in YAML's words of one in REST's ("properties.resources.instanceCount" ->
// "resources.instance_count"); parts that the table does not know are respelled. "" if the path
// does not begin with "properties".
std::string YamlPathOf(std::string_view kind, std::string_view rest_path);

// What a PUT or a question to the server was about.
enum class Part : unsigned char {
  kWhole,        // the document
  kEnvironment,  // the environment written inside a job
};

// One finding of the server at its place in the document: `rest_path` is in REST's words, the text
// says what is wrong there.
spec::Problem ProblemOf(const Draft& draft, Part part, std::string_view rest_path,
                        std::string_view text);

// The status of a PUT of the draft, or of a part of it. If the server's sentences
// (`server.last_problems()`) begin with properties, context.details becomes these problems at their
// places in the file, or in the conda file that it names.
Status AtFields(Context& context, const Server& server, const Draft& draft, Status status,
                Part part = Part::kWhole);

}  // namespace lazurite::cli
