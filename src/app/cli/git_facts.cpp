#include "app/cli/git_facts.h"

#include <algorithm>
#include <thread>

#include "app/cli/program.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kStatusBytesMax = size_t{8} << 20;
constexpr std::string_view kDubious = "dubious ownership";

// Reads the answer of `git status --porcelain=v2 --branch -z`.
void ReadStatus(std::string_view text, GitFacts& facts) {
  facts.is_dirty = false;
  for (const std::string_view record : Split(text, '\0')) {
    const auto after = [&](std::string_view mark) {
      return std::string(Trim(record.substr(std::min(mark.size(), record.size()))));
    };
    if (record.starts_with("# branch.oid ")) {
      if (const std::string id = after("# branch.oid "); id != "(initial)") facts.commit = id;
    } else if (record.starts_with("# branch.head ")) {
      if (const std::string head = after("# branch.head "); head != "(detached)") {
        facts.branch = head;
      }
    } else if (record.starts_with("? ")) {
      ++facts.untracked;
    } else if (record.starts_with("1 ") || record.starts_with("2 ") || record.starts_with("u ")) {
      ++facts.changed;
    }
  }
  facts.is_dirty = facts.changed + facts.untracked > 0;
}

// The remote called origin, else the first one. `text` has a line "remote.NAME.url VALUE" for each.
std::string RemoteOf(std::string_view text) {
  std::string first;
  for (const std::string_view line : Split(text, '\n')) {
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    std::string address = WithoutCredentials(Trim(line.substr(blank + 1)));
    if (line.starts_with("remote.origin.url ")) return address;
    if (first.empty()) first = std::move(address);
  }
  return first;
}

class Asker {
 public:
  explicit Asker(const std::string& folder)
      : folder_(folder), end_(std::chrono::steady_clock::now() + kGitTimeMax) {}

  Result<ProgramAnswer> Ask(std::vector<std::string> words, size_t bytes_max) const {
    // Nothing of a repository's own configuration is to be run, and nothing locked or asked.
    ProgramCall call{
        .arguments = {"git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=off"},
        .folder = folder_,
        .variables = {{"GIT_OPTIONAL_LOCKS", "0"}, {"GIT_TERMINAL_PROMPT", "0"}, {"LC_ALL", "C"}},
        .bytes_max = bytes_max,
        .time_max = {}};
    call.arguments.insert(call.arguments.end(), words.begin(), words.end());
    call.time_max = std::chrono::duration_cast<Duration>(end_ - std::chrono::steady_clock::now());
    return AskProgram(call);
  }

 private:
  const std::string& folder_;
  const std::chrono::steady_clock::time_point end_;
};

Result<ProgramAnswer> AskDiff(const Asker& git) {
  return git.Ask(
      {"diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "--full-index",
       "--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "HEAD", "--", "."},
      kDiffBytesMax);
}

void TakeDiff(ProgramAnswer diff, GitFacts& facts) {
  if (diff.is_late || (diff.exit_code != 0 && !diff.is_cut)) {
    if (facts.trouble.empty()) {
      facts.trouble = "git did not say in time what is not committed; the job keeps no diff";
    }
    return;
  }
  facts.diff = std::move(diff.out);
  facts.is_diff_cut = diff.is_cut;
  if (!facts.is_diff_cut) return;
  facts.diff.resize(facts.diff.rfind('\n') + 1);
  facts.trouble = "what is not committed is more than " +
                  FormatBytes(static_cast<int64_t>(kDiffBytesMax)) +
                  ": the job keeps the beginning of the diff";
}

// A repository too large to look through in time still knows its commit.
void AskLittle(const std::string& folder, GitFacts& facts) {
  facts.trouble =
      "git took longer than " + std::to_string(kGitTimeMax.count() / 1000) +
      " s to look for changes; the job keeps the commit, and not whether files are changed";
  const Asker git(folder);
  const Result<ProgramAnswer> head = git.Ask({"rev-parse", "HEAD", "--abbrev-ref", "HEAD"}, 4096);
  if (!head.ok() || !head->Succeeded()) return;
  const std::vector<std::string_view> lines = Split(Trim(head->out), '\n');
  facts.commit = lines[0];
  if (lines.size() > 1 && lines[1] != "HEAD") facts.branch = lines[1];
}

bool IsRepositoryHere(const ProgramAnswer& status, const std::string& folder, GitFacts& facts) {
  if (status.exit_code == 0) return true;
  if (status.err.find(kDubious) != std::string::npos) {
    facts.trouble = "git does not look into " + folder +
                    ", whose owner is another user; to let the job keep its commit: git config "
                    "--global --add safe.directory " +
                    folder;
  }
  return false;
}

struct Hunks {
  size_t files = 0, added = 0, removed = 0;
};
Hunks CountDiff(std::string_view diff) {
  Hunks count;
  bool is_in_hunk = false;
  for (const std::string_view line : Split(diff, '\n')) {
    if (line.starts_with("diff --git ")) {
      ++count.files;
      is_in_hunk = false;
    } else if (line.starts_with("@@ ")) {
      is_in_hunk = true;
    } else if (is_in_hunk && line.starts_with('+')) {
      ++count.added;
    } else if (is_in_hunk && line.starts_with('-')) {
      ++count.removed;
    }
  }
  return count;
}

}  // namespace

GitFacts LookAtGit(const std::string& folder) {
  GitFacts facts;
  const Asker git(folder);
  Result<ProgramAnswer> remotes = NotFound("not asked");
  Result<ProgramAnswer> diff = NotFound("not asked");
  std::thread first([&] {
    remotes = git.Ask({"config", "--get-regexp", "^remote\\..*\\.url$"}, 65536);
  });
  std::thread second([&] { diff = AskDiff(git); });
  const Result<ProgramAnswer> status =
      git.Ask({"status", "--porcelain=v2", "--branch", "--untracked-files=normal", "-z", "--", "."},
              kStatusBytesMax);
  first.join();
  second.join();
  if (!status.ok()) return facts;
  if (status->is_late || status->is_cut) {
    AskLittle(folder, facts);
  } else {
    if (!IsRepositoryHere(*status, folder, facts)) return facts;
    ReadStatus(status->out, facts);
  }
  if (remotes.ok() && remotes->exit_code == 0) facts.repository = RemoteOf(remotes->out);
  if (!facts.commit.empty() && diff.ok()) TakeDiff(*std::move(diff), facts);
  return facts;
}

std::string WithoutCredentials(std::string_view address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return std::string(address);
  const size_t host = scheme + 3;
  const size_t end = std::min(address.find_first_of("/?#", host), address.size());
  const size_t at = address.substr(host, end - host).rfind('@');
  if (at == std::string_view::npos) return std::string(address);
  return std::string(address.substr(0, host)) + std::string(address.substr(host + at + 1));
}

std::string DescribeDiff(std::string_view diff) {
  const Hunks count = CountDiff(diff);
  return std::to_string(count.files) + (count.files == 1 ? " file, +" : " files, +") +
         std::to_string(count.added) + " -" + std::to_string(count.removed);
}

std::map<std::string, std::string> GitProperties(const GitFacts& facts) {
  std::map<std::string, std::string> out;
  if (facts.commit.empty()) return out;
  const auto add = [&](std::string_view azure, std::string_view mlflow, const std::string& value) {
    if (value.empty()) return;
    out["azureml.git." + std::string(azure)] = value;
    out["mlflow.source.git." + std::string(mlflow)] = value;
  };
  add("repository_uri", "repoURL", facts.repository);
  add("branch", "branch", facts.branch);
  add("commit", "commit", facts.commit);
  if (facts.is_dirty) out["azureml.git.dirty"] = *facts.is_dirty ? "True" : "False";
  if (!facts.diff.empty()) {
    out[std::string(kDiffSummaryProperty)] =
        (facts.is_diff_cut ? "cut: " : "") + DescribeDiff(facts.diff);
  }
  return out;
}

}  // namespace lazurite::cli
