#include "app/cli/printer.h"

#include <gtest/gtest.h>

#include "app/cli/progress.h"

namespace lazurite::cli {
namespace {

const Time kNow = *ParseTime("2026-11-24T12:00:00Z");
constexpr std::string_view kJobs = R"([
  {"id": "/1", "name": "brave_moon_1a2b3c4d5e", "status": "Running",
   "created": "2026-11-24T11:58:00Z", "n": 1},
  {"id": "/2", "name": "calm_sea_5e4d3c2b1a", "status": "Completed",
   "created": "2026-11-20T12:00:00Z", "n": null}
])";
const View kView = {{{"NAME", "name", CellStyle::kId, 0},
                     {"STATUS", "status", CellStyle::kState, 1},
                     {"CREATED", "created", CellStyle::kTime, 2}},
                    "no jobs"};

std::string Print(std::string_view json, std::vector<std::pair<std::string, std::string>> flags,
                  bool is_terminal = false, int width = 80) {
  Terminal terminal;
  terminal.is_out_terminal = is_terminal;
  terminal.width = width;
  terminal.is_quiet = true;
  Arguments arguments;
  arguments.flags = std::move(flags);
  const Result<Printer> printer = Printer::Make(arguments, terminal);
  if (!printer.ok()) return printer.status().text();
  const Result<std::string> text = printer->Format(*Json::Parse(json), kView, kNow);
  return text.ok() ? *text : text.status().text();
}

TEST(Printer, ShowsATableOnATerminal) {
  EXPECT_EQ(Print(kJobs, {}, true),
            "NAME                   STATUS       CREATED\n"
            "brave_moon_1a2b3c4d5e  ▶ Running    2 min ago\n"
            "calm_sea_5e4d3c2b1a    ✓ Completed  4 d ago\n");
}

TEST(Printer, DropsTheLeastImportantColumnFirst) {
  EXPECT_EQ(Print(kJobs, {}, true, 36),
            "NAME                   STATUS\n"
            "brave_moon_1a2b3c4d5e  ▶ Running\n"
            "calm_sea_5e4d3c2b1a    ✓ Completed\n");
}

TEST(Printer, NeverWritesLinesWiderThanTheTerminal) {
  for (int width = 20; width < 60; ++width) {
    const std::string text = Print(kJobs, {}, true, width);
    size_t begin = 0;
    for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
      EXPECT_LE(DisplayWidth(text.substr(begin, end - begin)), static_cast<size_t>(width));
      begin = end + 1;
    }
  }
}

TEST(Printer, WritesFullValuesWithTabsIntoAPipe) {
  EXPECT_EQ(Print(kJobs, {}),
            "brave_moon_1a2b3c4d5e\tRunning\t2026-11-24T11:58:00Z\n"
            "calm_sea_5e4d3c2b1a\tCompleted\t2026-11-20T12:00:00Z\n");
}

TEST(Printer, PrintsBareValuesOfAQueryAsAzDoes) {
  EXPECT_EQ(Print(R"({"name": "x"})", {{"--query", "name"}, {"--output", "tsv"}}), "x\n");
  EXPECT_EQ(Print(kJobs, {{"--query", "[].name"}, {"--output", "tsv"}}),
            "brave_moon_1a2b3c4d5e\ncalm_sea_5e4d3c2b1a\n");
  EXPECT_EQ(Print(kJobs, {{"--query", "[].[n, status]"}, {"--output", "tsv"}}),
            "1\tRunning\nNone\tCompleted\n");
  EXPECT_EQ(Print(R"({"a": true})", {{"--query", "a"}, {"--output", "tsv"}}), "true\n");
  EXPECT_EQ(Print(R"({"a": 1})", {{"--query", "missing"}, {"--output", "tsv"}}), "");
  EXPECT_EQ(Print(R"({"a": [1, 2], "b": {"c": 1}, "d": "x"})", {{"--output", "tsv"}}), "2\t\tx\n");
}

TEST(Printer, KnowsEveryForm) {
  constexpr std::string_view kObject = R"({"name": "x", "version": "2", "deep": {"a": 1}})";
  EXPECT_EQ(Print(kObject, {{"--output", "json"}}), Json::Parse(kObject)->Dump(2) + "\n");
  EXPECT_EQ(Print(kObject, {{"--output", "jsonl"}}), Json::Parse(kObject)->Dump() + "\n");
  EXPECT_EQ(Print(kObject, {{"--output", "yaml"}}), "name: x\nversion: '2'\ndeep:\n  a: 1\n");
  EXPECT_EQ(Print(kObject, {{"--output", "name"}}), "x:2\n");
  EXPECT_EQ(Print(kObject, {{"--output", "none"}}), "");
  EXPECT_EQ(Print(kObject, {}), "name\tx\nversion\t2\ndeep.a\t1\n");
  EXPECT_EQ(Print(kObject, {}, true), "name     x\nversion  2\ndeep.a   1\n");
  EXPECT_EQ(Print(kJobs, {{"--output", "jsonc"}}), Json::Parse(kJobs)->Dump(2) + "\n");
}

TEST(Printer, RefusesABrokenQueryBeforeAnythingIsAsked) {
  EXPECT_EQ(Print(kJobs, {{"--query", "[?"}}), "query, column 3: the query ends too early");
}

TEST(Terminal, MeasuresAndCutsText) {
  EXPECT_EQ(DisplayWidth("über"), 4u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(FitWidth("abcdef", 4), "abc…");
  EXPECT_EQ(FitWidth("日本語", 4), "日…");
  EXPECT_EQ(Printable("a\x1b[31mb\nc"), "a[31mb c");
}

TEST(Progress, SaysHowFarAndHowLong) {
  EXPECT_EQ(ProgressText(41 << 20, 120 << 20, Duration(4000)),
            "41.0 MiB / 120 MiB  34 %  10.2 MiB/s  7 s left");
  EXPECT_EQ(ProgressText(5, -1, Duration(0)), "5 B");
}

}  // namespace
}  // namespace lazurite::cli
