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

// The status of a PUT of the draft. If the server's sentences (`server.last_problems()`) begin with
// properties, context.details becomes these problems at their places in the file.
Status AtFields(Context& context, const Server& server, const Draft& draft, Status status);

}  // namespace lazurite::cli
