#include "app/cli/context.h"

namespace lazurite::cli {
namespace {

constexpr Column kColumns[] = {{"NAME", "name", CellStyle::kId, 0},
                               {"STATE", "state", CellStyle::kState, 1},
                               {"SINCE", "started|created", CellStyle::kElapsed, 2},
                               {"EXPERIMENT", "experiment", CellStyle::kText, 4},
                               {"COMPUTE", "compute", CellStyle::kText, 4},
                               {"BY", "created_by", CellStyle::kText, 6},
                               {"DISPLAY NAME", "display_name", CellStyle::kText, 5},
                               {"WHY IT WAITS", "reason", CellStyle::kText, 3}};

Status Run(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const Json queue, server->Get("/lazurite/v1/queue"));
  Json rows = Json::MakeArray();
  for (const char* part : {"running", "waiting"}) {
    const Json* entries = queue.Find(part);
    if (entries == nullptr || !entries->is_array()) continue;
    for (const Json& entry : entries->array()) rows.Push(entry);
  }
  return context.Print(rows, {{std::begin(kColumns), std::end(kColumns)},
                              "nothing runs and nothing waits; lazurite job list shows what ran"});
}

}  // namespace

extern const Command kPs;
const Command kPs = {
    .name = "ps",
    .sentence = "Show what runs and what waits, and why.",
    .examples = "lazurite ps\nlazurite ps -o json --query \"[?state=='Running'].name\"",
    .run = Run};

}  // namespace lazurite::cli
