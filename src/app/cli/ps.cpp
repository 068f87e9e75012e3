#include "app/cli/context.h"
#include "app/cli/flags.h"
#include "app/cli/people.h"

namespace lazurite::cli {
namespace {

constexpr Column kColumns[] = {{"NAME", "name", CellStyle::kId, 0},
                               {"STATE", "state", CellStyle::kState, 1},
                               {"SINCE", "started|created", CellStyle::kElapsed, 2},
                               {"EXPERIMENT", "experiment", CellStyle::kText, 4},
                               {"COMPUTE", "compute", CellStyle::kText, 4},
                               {"BY", "created_by", CellStyle::kText, 3},
                               {"DISPLAY NAME", "display_name", CellStyle::kText, 5},
                               {"WHY IT WAITS", "reason", CellStyle::kText, 3}};

Status Run(Context& context) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const Json queue, server->Get("/lazurite/v1/queue"));
  const std::string creator = context.arguments.Get("--created-by");
  Json rows = Json::MakeArray();
  for (const char* part : {"running", "waiting"}) {
    const Json* entries = queue.Find(part);
    if (entries == nullptr || !entries->is_array()) continue;
    for (const Json& entry : entries->array()) {
      if (creator.empty() || entry.GetString("created_by") == creator) rows.Push(entry);
    }
  }
  View view{{std::begin(kColumns), std::end(kColumns)},
            "nothing runs and nothing waits; lazurite job list shows what ran"};
  if (IsForPeople(context) && !HasSeveral(rows, "created_by")) {
    std::erase_if(view.columns, [](const Column& column) { return column.title == "BY"; });
  }
  return context.Print(rows, view);
}

constexpr Flag kFlags[] = {flags::kCreatedBy};

}  // namespace

extern const Command kPs;
const Command kPs = {.name = "ps",
                     .sentence = "Show what runs and what waits, and why.",
                     .flags = kFlags,
                     .examples =
                         "lazurite ps\nlazurite ps --created-by ada\nlazurite ps -o json --query "
                         "\"[?state=='Running'].name\"",
                     .run = Run};

}  // namespace lazurite::cli
