#include "app/cli/noun.h"
#include "app/cli/people.h"
#include "app/cli/verbs.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

// Jobs grow without end; everything else is listed whole.
constexpr int64_t kJobsShown = 100;
constexpr std::string_view kCreator = "creation_context.created_by";

std::string_view ViewType(const Arguments& arguments) {
  if (arguments.Has("--archived-only")) return "ArchivedOnly";
  return arguments.Has("--include-archived") ? "All" : "ActiveOnly";
}

}  // namespace

Status RunList(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(const std::optional<int64_t> wanted,
                   context.arguments.GetInt("--max-results", 1));
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  const std::string name = context.OptionalName();
  std::string target = ListTargetOf(*server, noun);
  if (!name.empty()) target = TargetOf(*server, noun, name) + "/versions";
  target += "?listViewType=" + std::string(ViewType(context.arguments));
  const std::string creator = context.arguments.Get("--created-by");
  if (!creator.empty()) target += "&createdBy=" + UrlEncode(creator);
  const bool is_job = noun.word == "job";
  const bool has_curated = noun.word == "environment" && name.empty();
  if (has_curated && !context.arguments.Has("--archived-only")) target += "&curated=true";
  const int64_t most =
      wanted.value_or(is_job ? kJobsShown : static_cast<int64_t>(Server::kItemsMax));
  // One more than is shown tells whether there are more.
  if (is_job || wanted) target += "&$top=" + std::to_string(most + 1);
  const Result<std::vector<Json>> items = server->List(target, static_cast<size_t>(most) + 1);
  if (!items.ok()) {
    return name.empty() ? items.status() : Explained(context, items.status(), noun, name);
  }
  Json list = Json::MakeArray();
  for (size_t i = 0; i < items->size() && i < static_cast<size_t>(most); ++i) {
    list.Push(ViewOf(noun, (*items)[i]));
  }
  View view = ViewOf(noun);
  if (is_job && IsForPeople(context) && HasSeveral(list, kCreator)) {
    view.columns.push_back({"BY", kCreator, CellStyle::kText, 2});
  }
  TRY(context.Print(list, view));
  if (!wanted && items->size() > static_cast<size_t>(most)) {
    context.terminal.Note("the newest " + std::to_string(most) + ", --max-results N shows more");
  }
  return {};
}

}  // namespace lazurite::cli
