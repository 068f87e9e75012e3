// What is known of one job in words: the end of `submit`, and `job show`.
#pragma once

#include <string>
#include <vector>

#include "app/cli/terminal.h"
#include "base/json.h"

namespace lazurite::cli {

// `live` is GetLiveJob's, everywhere here.

struct SummaryLine {
  std::string title;  // "metrics"
  std::string text;   // safe for a terminal
};
// Resources, environment, metrics and outputs; only what there is.
std::vector<SummaryLine> ResultLines(const Json& live);
// Why the job waits or how it went wrong: its error, cause or exit code; "" if nothing is to say.
std::string WhyOf(const Json& live);
// The time from its start to its end, "" while it has none.
std::string DurationOf(const Json& live);

// All of it as a block for standard output; `view` is the job in az's shape.
std::string DescribeJob(const Terminal& terminal, const Json& view, const Json& live);
// For programs: what az's shape of a job has no member for.
Json ExtrasOf(const Json& live);

}  // namespace lazurite::cli
