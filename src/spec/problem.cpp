#include "spec/problem.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace lazurite::spec {
namespace {

constexpr std::string_view kGutter = "   | ";

std::string_view LineOf(std::string_view source, int line) {
  if (source.starts_with("\xef\xbb\xbf")) source.remove_prefix(3);
  for (int i = 1; i < line; ++i) {
    const size_t end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

size_t CountLetters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

// Nothing in the line may move the terminal's cursor.
std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t') c = ' ';
    if (byte < 0x20 && c != ' ') c = '?';
    if (byte == 0x7f) c = '?';
  }
  return out;
}

// A part of a line that fits on a screen, and what to underline in it.
struct Excerpt {
  std::string_view text;
  size_t mark_begin = 0;
  size_t mark_end = 0;
  bool is_cut_before = false;
  bool is_cut_after = false;
};

Excerpt Cut(std::string_view line, size_t column, size_t length) {
  const size_t mark = std::min(column == 0 ? 0 : column - 1, line.size());
  size_t begin = 0;
  if (line.size() > kLineMax && mark > kLineMax / 2) {
    begin = std::min(mark - kLineMax / 2, line.size() - kLineMax);
    while (begin < mark && IsContinuation(line[begin])) ++begin;
  }
  size_t end = std::min(begin + kLineMax, line.size());
  while (end < line.size() && end > begin && IsContinuation(line[end])) --end;
  Excerpt out;
  out.text = line.substr(begin, end - begin);
  out.mark_begin = std::min(mark - begin, out.text.size());
  const size_t wanted = std::max<size_t>(length, 1);
  out.mark_end = out.mark_begin + std::min(wanted, out.text.size() - out.mark_begin);
  out.is_cut_before = begin > 0;
  out.is_cut_after = end < line.size();
  return out;
}

void RenderExcerpt(std::string& out, const Problem& problem, std::string_view line) {
  const Excerpt excerpt = Cut(line, static_cast<size_t>(std::max(problem.column, 1)),
                              static_cast<size_t>(std::max(problem.length, 1)));
  const std::string_view before = excerpt.text.substr(0, excerpt.mark_begin);
  const std::string_view marked =
      excerpt.text.substr(excerpt.mark_begin, excerpt.mark_end - excerpt.mark_begin);
  const std::string_view lead = excerpt.is_cut_before ? "…" : "";
  out += kGutter;
  out += lead;
  out += Printable(excerpt.text);
  if (excerpt.is_cut_after) out += "…";
  out += '\n';
  out += kGutter;
  out.append(CountLetters(lead) + CountLetters(before), ' ');
  out.append(std::max<size_t>(CountLetters(marked), 1), '^');
  if (!problem.suggestion.empty()) out += " " + problem.suggestion;
  out += '\n';
}

// Places in files first, file by file as they were met, each from its top; then flags.
std::vector<Problem> Sorted(std::vector<Problem> problems) {
  std::map<std::string, size_t> files;
  for (const Problem& problem : problems) files.emplace(problem.file, files.size());
  const auto key = [&](const Problem& problem) {
    return std::tuple(problem.line <= 0, files[problem.file], problem.line, problem.column);
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
  return problems;
}

}  // namespace

std::string RenderProblem(const Problem& problem, std::string_view source) {
  const bool has_place = problem.line > 0;
  std::string out = (problem.is_warning ? "warning: " : "error: ") + Printable(problem.message);
  if (!has_place && !problem.suggestion.empty()) out += " (" + problem.suggestion + ")";
  out += '\n';
  if (!problem.file.empty()) {
    out += "  --> " + Printable(problem.file);
    if (has_place) {
      out += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    }
    out += '\n';
  }
  if (has_place) {
    const bool is_elsewhere = !problem.source_line.empty();
    RenderExcerpt(out, problem, is_elsewhere ? problem.source_line : LineOf(source, problem.line));
  }
  if (!problem.help.empty()) out += "help: " + problem.help + "\n";
  return out;
}

std::string RenderProblems(const std::vector<Problem>& problems, std::string_view source) {
  const std::vector<Problem> sorted = Sorted(problems);
  std::string out;
  for (size_t i = 0; i < sorted.size() && i < kProblemsMax; ++i) {
    if (i > 0) out += '\n';
    out += RenderProblem(sorted[i], source);
  }
  if (sorted.size() > kProblemsMax) {
    out += "\nand " + std::to_string(sorted.size() - kProblemsMax) + " more problems\n";
  }
  return out;
}

}  // namespace lazurite::spec
