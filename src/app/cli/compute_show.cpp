// `lazurite compute show`: a compute, who holds what of it, and who waits.
#include "app/cli/noun.h"
#include "app/cli/verbs.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kTitleWidth = 13;
constexpr size_t kWaitingShownMax = 20;

using Lines = std::vector<std::pair<std::string, std::string>>;

std::string Count(int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// "4 cores, 16.0 GiB, 1 GPU"
std::string ShareOf(const Json& share, std::string_view cores) {
  std::vector<std::string> parts;
  if (const int64_t cpus = share.GetInt(cores); cpus > 0) parts.push_back(Count(cpus, "core"));
  const int64_t memory = share.GetInt("memory_bytes");
  if (memory > 0) parts.push_back(FormatBytes(memory));
  const Json* gpus = share.Find("gpus");
  if (gpus != nullptr && gpus->is_int() && gpus->int_value() > 0) {
    parts.push_back(Count(gpus->int_value(), "GPU"));
  }
  return Join(parts, ", ");
}

std::vector<std::string> Texts(const Json* array) {
  std::vector<std::string> texts;
  if (array == nullptr || !array->is_array()) return texts;
  for (const Json& one : array->array()) texts.push_back(Printable(PlainText(one)));
  return texts;
}

const Json::Array& Entries(const Json& json, std::string_view member) {
  static const Json::Array kNone;
  const Json* entries = json.Find(member);
  return entries != nullptr && entries->is_array() ? entries->array() : kNone;
}

// "NVIDIA H100 80GB HBM3, 79.6 GiB: job a"
std::string GpuText(const Json& gpu) {
  std::vector<std::string> what;
  if (!gpu.GetString("model").empty()) what.push_back(Printable(gpu.GetString("model")));
  if (const int64_t bytes = gpu.GetInt("memory_bytes"); bytes > 0)
    what.push_back(FormatBytes(bytes));
  std::vector<std::string> who = Texts(gpu.Find("jobs"));
  for (std::string& job : who) job = "job " + job;
  const std::string other = Printable(gpu.GetString("held_by"));
  if (!other.empty()) who.push_back(other);
  const std::string holder = who.empty() ? "free" : Join(who, ", ");
  return what.empty() ? holder : Join(what, ", ") + ": " + holder;
}

void AddMachine(const Json& machine, Lines& lines) {
  std::string slots = std::to_string(machine.GetInt("slots")) + ", " +
                      std::to_string(machine.GetInt("slots_free")) + " free";
  if (machine.GetInt("slots_elsewhere") > 0) {
    slots += "; held outside of this server: " + Printable(machine.GetString("elsewhere"));
  }
  lines.emplace_back("slots", slots);
  lines.emplace_back("memory", FormatBytes(machine.GetInt("memory_bytes")));
  for (const Json& gpu : Entries(machine, "gpu_details")) {
    lines.emplace_back("GPU " + Printable(gpu.GetString("name")), GpuText(gpu));
  }
}

void AddJobs(const Json& live, Lines& lines) {
  for (const Json& holder : Entries(live, "holders")) {
    std::string text = Printable(holder.GetString("job")) + " of " +
                       Printable(holder.GetString("user")) + ": " + ShareOf(holder, "slots");
    const std::vector<std::string> gpus = Texts(holder.Find("gpus"));
    if (!gpus.empty()) text += ", GPU " + Join(gpus, ", ");
    if (!holder.GetString("since").empty()) text += ", since " + holder.GetString("since");
    if (holder.GetBool("is_ending")) text += ", is ending";
    lines.emplace_back("runs", text);
  }
  const Json::Array& waiting = Entries(live, "waiting");
  for (size_t i = 0; i < std::min(waiting.size(), kWaitingShownMax); ++i) {
    lines.emplace_back("waits", Printable(waiting[i].GetString("job")) + " of " +
                                    Printable(waiting[i].GetString("user")) + ": " +
                                    Printable(waiting[i].GetString("why")));
  }
  if (waiting.size() > kWaitingShownMax) {
    lines.emplace_back("waits", std::to_string(waiting.size() - kWaitingShownMax) + " more");
  }
}

std::string Describe(const Terminal& terminal, const Json& view, const Json& live) {
  Lines lines;
  lines.emplace_back("size", Printable(view.GetString("size")));
  const Json* instance = live.Find("instance");
  if (instance != nullptr) lines.emplace_back("instance", ShareOf(*instance, "cpus"));
  lines.emplace_back("instances", std::to_string(live.GetInt("instances_held")) + " of " +
                                      std::to_string(live.GetInt("instances_max")) + " held");
  if (const Json* machine = live.Find("machine")) AddMachine(*machine, lines);
  AddJobs(live, lines);
  std::string out = terminal.Out(Printable(live.GetString("name")), Colour::kBold) + "  " +
                    Printable(view.GetString("description")) + "\n";
  for (const auto& [title, text] : lines) {
    if (text.empty()) continue;
    std::string padded = title;
    padded.append(kTitleWidth - std::min(kTitleWidth - 1, title.size()), ' ');
    out += "  " + terminal.Out(padded, Colour::kBold) + text + "\n";
  }
  return out;
}

}  // namespace

Status RunShowCompute(Context& context) {
  const Noun& noun = NounOf(context);
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ASSIGN_OR_RETURN(const std::string name, context.Name());
  const Result<Json> resource = server->Get(TargetOf(*server, noun, name));
  if (!resource.ok()) return Explained(context, resource.status(), noun, name);
  Json view = ViewOf(noun, *resource);
  const std::string workspace = UrlEncode(server->settings().scope.workspace);
  const Result<Json> live = server->Get(
      "/lazurite/v1/computes/" + UrlEncode(view.GetString("name")) + "?workspace=" + workspace);
  if (!live.ok() && live.status().code() != Code::kNotFound) return live.status();
  if (!live.ok()) return context.Print(view, ViewOf(noun));
  const std::string form = context.arguments.Get("--output");
  const bool has_query = context.arguments.Has("--query");
  if ((form.empty() || form == "table") && !has_query) {
    WriteOut(Describe(context.terminal, view, *live));
    return {};
  }
  // One row for a program keeps az's columns.
  if (form != "tsv" || has_query) view["lazurite"] = *live;
  return context.Print(view, ViewOf(noun));
}

}  // namespace lazurite::cli
