// Lists say who made a thing where there are several who did.
#pragma once

#include <string_view>

#include "app/cli/context.h"

namespace lazurite::cli {

// Whether the result is a table for a person; what programs read has the same columns always.
inline bool IsForPeople(const Context& context) {
  const std::string form = context.arguments.Get("--output");
  return form == "table" || (form.empty() && context.terminal.is_out_terminal);
}

// Whether the texts at `path` of the rows are not all the same.
inline bool HasSeveral(const Json& rows, std::string_view path) {
  std::string_view first;
  for (const Json& row : rows.array()) {
    const Json* value = row.At(path);
    if (value == nullptr || !value->is_string()) continue;
    if (!first.empty() && first != value->string()) return true;
    first = value->string();
  }
  return false;
}

}  // namespace lazurite::cli
