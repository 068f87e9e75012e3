#include "app/cli/job_follow.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kMetricsShownMax = 20;

std::string DurationOf(const Json& live) {
  const std::optional<Time> begin = ParseTime(live.GetString("started", live.GetString("created")));
  const std::optional<Time> end = ParseTime(live.GetString("ended"));
  return begin && end && *end >= *begin ? FormatElapsed(Duration(*end - *begin)) : "";
}

std::string UsageOf(const Json& live) {
  const Json* usage = live.At("result.usage");
  if (usage == nullptr || !usage->is_object()) return "";
  std::array<char, 64> cpu{};
  std::snprintf(cpu.data(), cpu.size(), "%.1f s", usage->GetDouble("cpu_s"));
  return std::string(cpu.data()) + " CPU, " + FormatBytes(usage->GetInt("rss_max_bytes")) +
         " memory at most";
}

std::string MetricsOf(const Json& live) {
  const Json* metrics = live.Find("metrics");
  if (metrics == nullptr || !metrics->is_object()) return "";
  std::vector<std::string> parts;
  for (const auto& [name, value] : metrics->object()) {
    if (parts.size() == kMetricsShownMax) {
      parts.push_back(std::to_string(metrics->object().size() - parts.size()) + " more");
      break;
    }
    std::array<char, 32> number{};
    if (value.is_double())
      std::snprintf(number.data(), number.size(), "%.6g", value.double_value());
    parts.push_back(Printable(name) + " " + (value.is_double() ? number.data() : PlainText(value)));
  }
  return Join(parts, ", ");
}

std::string EnvironmentOf(const Json& live) {
  const Json* environment = live.Find("environment");
  if (environment == nullptr || environment->GetString("hash").empty()) return "";
  return environment->GetString("hash").substr(0, 12) +
         (environment->GetBool("was_reused") ? ", reused" : ", built for this job");
}

void Line(const Terminal& terminal, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  std::string title(name);
  title.append(13 - std::min<size_t>(12, title.size()), ' ');
  terminal.Note("  " + terminal.Err(title, Colour::kBold) + text);
}

}  // namespace

void ShowSummary(const Context& context, const Json& live) {
  const Terminal& terminal = context.terminal;
  const std::string state = live.GetString("state");
  const std::string duration = DurationOf(live);
  terminal.Note("");
  terminal.Note(terminal.Err(StateWord(state), StateColour(state)) + "  " + live.GetString("name") +
                (duration.empty() ? "" : "  in " + duration));
  Line(terminal, "used", UsageOf(live));
  Line(terminal, "environment", EnvironmentOf(live));
  Line(terminal, "metrics", MetricsOf(live));
  if (const Json* outputs = live.Find("outputs"); outputs != nullptr && outputs->is_array()) {
    for (const Json& output : outputs->array()) {
      const std::string asset = output.GetString("asset");
      Line(terminal, "output",
           output.GetString("name") + "  " + output.GetString("uri") +
               (asset.empty() ? "" : "  registered as " + asset));
    }
  }
  if (state == "Completed") {
    Line(terminal, "files", "lazurite job download " + live.GetString("name") + " --all");
  }
}

int ReportEnd(const Context& context, const Json& live) {
  const std::string state = live.GetString("state");
  if (state == "Completed") return 0;
  const Terminal& terminal = context.terminal;
  const std::string name = live.GetString("name");
  std::string why = live.GetString("error");
  if (why.empty() && state == "Failed") why = live.GetString("cause");
  if (const Json* code = live.Find("exit_code"); why.empty() && code != nullptr && code->is_int()) {
    why = "exit code " + code->Dump();
  }
  std::string verb = state == "Failed"     ? "failed"
                     : state == "Canceled" ? "was canceled"
                                           : "is " + state;
  WriteErr(terminal.Err("error:", Colour::kRed) + " job " + name + " " + verb +
           (why.empty() ? "" : ": " + Printable(why)) + "\n" +
           terminal.Err("help:", Colour::kCyan) + " lazurite job show " + name + "\n");
  return kJobFailedExit;
}

}  // namespace lazurite::cli
