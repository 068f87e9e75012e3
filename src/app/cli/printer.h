// Results on standard output, in the form that was asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/table.h"
#include "app/cli/terminal.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/status.h"

namespace lazurite::cli {

// A result: JSON of one object or an array of them, and the columns that a table shows of each.
struct View {
  std::vector<Column> columns;
  std::string empty_note;  // said on standard error when a list is empty: "no jobs"
};

class Printer {
 public:
  // Reads -o and --query. kInvalidArgument: a query that cannot be parsed.
  static Result<Printer> Make(const Arguments& arguments, const Terminal& terminal);

  // The text for standard output. Without -o: a fitted table on a terminal, tab-separated full
  // values in a pipe. `-o tsv` gives what `az … -o tsv` gives.
  Result<std::string> Format(const Json& result, const View& view, Time now) const;
  // True if -o asks for a form made for programs.
  bool is_for_programs() const { return !form_.empty() && form_ != "table"; }
  const std::string& form() const { return form_; }

 private:
  std::string form_;  // "" = not given
  std::string query_;
  Terminal terminal_;
};

// As az prints `-o tsv`.
std::string FormatAzTsv(const Json& value);
// JSON with colours for keys, texts, numbers and words.
std::string FormatColouredJson(const Json& value, const Terminal& terminal);

}  // namespace lazurite::cli
