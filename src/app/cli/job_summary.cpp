#include "app/cli/job_summary.h"

#include "app/cli/git_facts.h"
#include "app/cli/job_follow.h"
#include "app/cli/table.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kPairsShownMax = 20;
constexpr size_t kTitleWidth = 13;
constexpr size_t kReasonIndent = 4;  // of the later lines of why a job failed
constexpr size_t kCommitLettersShown = 12;

std::string UsageOf(const Json& live) {
  const Json* usage = live.At("result.usage");
  if (usage == nullptr || !usage->is_object()) return "";
  std::array<char, 64> cpu{};
  std::snprintf(cpu.data(), cpu.size(), "%.1f s", usage->GetDouble("cpu_s"));
  // Of all processes at a time, where that is known; else of the largest one.
  const int64_t peak = usage->GetInt("memory_peak_bytes", usage->GetInt("rss_max_bytes"));
  return std::string(cpu.data()) + " CPU, " + FormatBytes(peak) + " memory at most";
}

// What the job is held to, and by what: "4.0 GiB memory by cgroup v2".
std::string LimitsOf(const Json& live) {
  const Json* limits = live.Find("limits");
  if (limits == nullptr || !limits->is_object()) return "";
  const int64_t memory = limits->GetInt("memory_bytes");
  if (memory <= 0) return "";
  const std::string by = limits->GetString("by");
  return FormatBytes(memory) + " memory by " + by + (by == "rlimit" ? ", each process" : "");
}

// "accuracy 0.9, loss 0.1": metrics or parameters.
std::string PairsOf(const Json& live, std::string_view member) {
  const Json* pairs = live.Find(member);
  if (pairs == nullptr || !pairs->is_object()) return "";
  std::vector<std::string> parts;
  for (const auto& [name, value] : pairs->object()) {
    if (parts.size() == kPairsShownMax) {
      parts.push_back(std::to_string(pairs->object().size() - parts.size()) + " more");
      break;
    }
    std::array<char, 32> number{};
    if (value.is_double())
      std::snprintf(number.data(), number.size(), "%.6g", value.double_value());
    parts.push_back(Printable(name) + " " +
                    (value.is_double() ? number.data() : Printable(PlainText(value))));
  }
  return Join(parts, ", ");
}

std::string EnvironmentOf(const Json& live) {
  const Json* environment = live.Find("environment");
  if (environment == nullptr || environment->GetString("hash").empty()) return "";
  return environment->GetString("hash").substr(0, 12) +
         (environment->GetBool("was_reused") ? ", reused" : ", built for this job");
}

// Where the list of the environment's packages is; in full, it can be opened.
std::string PackagesOf(const Json& live) {
  const Json* environment = live.Find("environment");
  if (environment == nullptr || environment->GetString("freeze").empty()) return "";
  return Printable(environment->GetString("freeze")) + " (lazurite job download " +
         live.GetString("name") + " --all)";
}

void Add(std::vector<SummaryLine>& lines, std::string_view title, std::string text) {
  if (!text.empty()) lines.push_back({std::string(title), std::move(text)});
}

std::string Titled(const SummaryLine& line, bool is_for_out, const Terminal& terminal) {
  std::string title = line.title;
  title.append(kTitleWidth - std::min(kTitleWidth - 1, title.size()), ' ');
  return "  " +
         (is_for_out ? terminal.Out(title, Colour::kBold) : terminal.Err(title, Colour::kBold)) +
         line.text;
}

// Inputs and outputs: where each lies, and the asset it is.
void AddPlaces(std::vector<SummaryLine>& lines, const Json& live, std::string_view member,
               std::string_view title) {
  const Json* places = live.Find(member);
  if (places == nullptr || !places->is_array()) return;
  const std::string_view word = title == "output" ? "  registered as " : "  of ";
  for (const Json& place : places->array()) {
    const std::string asset = place.GetString("asset");
    Add(lines, title,
        Printable(place.GetString("name") + "  " + place.GetString("uri") +
                  (asset.empty() ? "" : std::string(word) + asset)));
  }
}

bool IsListed(const Json& live, std::string_view name) {
  const Json* inputs = live.Find("inputs");
  if (inputs == nullptr || !inputs->is_array()) return false;
  return std::any_of(inputs->array().begin(), inputs->array().end(),
                     [&](const Json& input) { return input.GetString("name") == name; });
}

// Inputs as the job was given them: values, and data that is not looked up yet.
void AddWrittenInputs(std::vector<SummaryLine>& lines, const Json& view, const Json& live) {
  const Json* inputs = view.Find("inputs");
  if (inputs == nullptr || !inputs->is_object()) return;
  for (const auto& [name, input] : inputs->object()) {
    if (IsListed(live, name)) continue;
    const Json value = input.is_object() ? CellValue(input, "path|value") : input;
    Add(lines, "input", Printable(name + "  " + PlainText(value)));
  }
}

// Text of several lines keeps its lines, the later ones below the first.
std::string Indented(const std::string& text, size_t width = kTitleWidth + 2) {
  std::string out;
  for (const std::string_view line : Split(Trim(text), '\n')) {
    if (!out.empty()) out += "\n" + std::string(width, ' ');
    out += Printable(line);
  }
  return out;
}

// Where the code came from: branch, commit, changes, remote.
std::string GitOf(const Json& properties) {
  const auto text = [&](const char* azure, const char* mlflow) {
    return properties.GetString(azure, properties.GetString(mlflow));
  };
  const std::string commit = text("azureml.git.commit", "mlflow.source.git.commit");
  if (commit.empty()) return "";
  std::string out = commit.substr(0, kCommitLettersShown);
  const std::string branch = text("azureml.git.branch", "mlflow.source.git.branch");
  if (!branch.empty()) out += " on " + branch;
  if (EqualNoCase(properties.GetString("azureml.git.dirty"), "true")) out += ", with changes";
  const std::string remote = text("azureml.git.repository_uri", "mlflow.source.git.repoURL");
  return out + (remote.empty() ? "" : "  of " + remote);
}

void AddGit(std::vector<SummaryLine>& lines, const Json& view, const Json& live) {
  const Json* properties = view.Find("properties");
  if (properties == nullptr || !properties->is_object()) return;
  Add(lines, "commit", Printable(GitOf(*properties)));
  if (properties->GetString(kDiffProperty).empty()) return;
  Add(lines, "diff",
      Printable(properties->GetString(kDiffSummaryProperty)) + "  lazurite job diff " +
          live.GetString("name"));
}

std::string ExitCodeOf(const Json& live) {
  const Json* code = live.Find("exit_code");
  return code != nullptr && code->is_int() ? code->Dump() : "";
}

}  // namespace

std::string DurationOf(const Json& live) {
  const std::optional<Time> begin = ParseTime(live.GetString("started", live.GetString("created")));
  const std::optional<Time> end = ParseTime(live.GetString("ended"));
  return begin && end && *end >= *begin ? FormatElapsed(Duration(*end - *begin)) : "";
}

std::string WhyOf(const Json& live) {
  const std::string state = live.GetString("state");
  std::string why = live.GetString("error");
  if (why.empty() && state == "Failed") why = live.GetString("cause");
  const std::string code = ExitCodeOf(live);
  if (why.empty() && state != "Completed" && !code.empty()) why = "exit code " + code;
  return why;
}

std::vector<SummaryLine> ResultLines(const Json& live) {
  std::vector<SummaryLine> lines;
  Add(lines, "used", UsageOf(live));
  Add(lines, "limits", LimitsOf(live));
  Add(lines, "environment", EnvironmentOf(live));
  Add(lines, "packages", PackagesOf(live));
  Add(lines, "metrics", PairsOf(live, "metrics"));
  AddPlaces(lines, live, "outputs", "output");
  return lines;
}

std::string DescribeJob(const Terminal& terminal, const Json& view, const Json& live) {
  std::vector<SummaryLine> lines;
  const std::string name = live.GetString("name");
  const std::string title = live.GetString("display_name");
  Add(lines, "title", title == name ? "" : Printable(title));
  Add(lines, "reason", Indented(live.GetString("reason")));
  Add(lines, "error", Indented(live.GetString("error")));
  Add(lines, "cause", Indented(live.GetString("cause")));
  Add(lines, "exit code", ExitCodeOf(live));
  Add(lines, "command", Indented(view.GetString("command")));
  AddGit(lines, view, live);
  Add(lines, "experiment", Printable(live.GetString("experiment")));
  Add(lines, "compute", Printable(live.GetString("compute")));
  const std::string creator = live.GetString("created_by");
  Add(lines, "created",
      live.GetString("created") + (creator.empty() ? "" : " by " + Printable(creator)));
  Add(lines, "started", live.GetString("started"));
  Add(lines, "ended", live.GetString("ended"));
  const int64_t attempt = live.GetInt("attempt");
  Add(lines, "attempt", attempt > 1 ? std::to_string(attempt) : "");
  Add(lines, "params", PairsOf(live, "params"));
  AddWrittenInputs(lines, view, live);
  AddPlaces(lines, live, "inputs", "input");
  for (SummaryLine& line : ResultLines(live)) lines.push_back(std::move(line));
  if (const Json* notes = live.Find("notes"); notes != nullptr && notes->is_array()) {
    for (const Json& note : notes->array()) Add(lines, "note", Indented(PlainText(note)));
  }
  Add(lines, "folder", Printable(live.GetString("folder")));

  const std::string state = live.GetString("state");
  const std::string duration = DurationOf(live);
  std::string out = terminal.Out(StateWord(state), StateColour(state)) + "  " + name +
                    (duration.empty() ? "" : "  in " + duration) + "\n";
  for (const SummaryLine& line : lines) out += Titled(line, true, terminal) + "\n";
  return out;
}

Json ExtrasOf(const Json& live) {
  Json extras = Json::MakeObject();
  const auto copy = [&](std::string_view member) {
    const Json* value = live.Find(member);
    extras[member] = value == nullptr ? Json() : *value;
  };
  for (const std::string_view member :
       {"state", "reason", "cause", "error", "exit_code", "attempt", "metrics", "params"}) {
    copy(member);
  }
  const Json* usage = live.At("result.usage");
  extras["usage"] = usage == nullptr ? Json() : *usage;
  for (const std::string_view member : {"notes", "limits", "environment", "folder"}) copy(member);
  return extras;
}

void ShowSummary(const Context& context, const Json& live) {
  const Terminal& terminal = context.terminal;
  const std::string state = live.GetString("state");
  const std::string duration = DurationOf(live);
  terminal.Note("");
  terminal.Note(terminal.Err(StateWord(state), StateColour(state)) + "  " + live.GetString("name") +
                (duration.empty() ? "" : "  in " + duration));
  for (const SummaryLine& line : ResultLines(live)) terminal.Note(Titled(line, false, terminal));
  if (state == "Completed") {
    const std::string command = "lazurite job download " + live.GetString("name") + " --all";
    terminal.Note(Titled({"files", command}, false, terminal));
  }
}

int ReportEnd(const Context& context, const Json& live) {
  const std::string state = live.GetString("state");
  if (state == "Completed") return 0;
  const Terminal& terminal = context.terminal;
  const std::string name = live.GetString("name");
  const std::string why = WhyOf(live);
  const std::string verb = state == "Failed"     ? "failed"
                           : state == "Canceled" ? "was canceled"
                                                 : "is " + state;
  WriteErr(terminal.Err("error:", Colour::kRed) + " job " + name + " " + verb +
           (why.empty() ? "" : ": " + Indented(why, kReasonIndent)) + "\n" +
           terminal.Err("help:", Colour::kCyan) + " lazurite job show " + name + "\n");
  return kJobFailedExit;
}

}  // namespace lazurite::cli
