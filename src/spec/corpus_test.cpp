// The public samples, where the machine has them: no file that Azure's own client loads is refused.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "spec/document.h"
#include "spec/job_reader.h"
#include "spec/rest.h"

namespace lazurite::spec {
namespace {

// Beside the repository.
std::string Shared() {
  const std::string here = __FILE__;  // …/<repository>/src/spec/corpus_test.cpp
  return NormalPath(JoinPath(DirName(here), "../../../shared"));
}

struct Row {
  std::string path;
  std::string kind;  // "job:command"
  bool loads = false;
  bool submits = false;
  std::string note;
};

std::vector<Row> Rows() {
  const auto text = ReadFile(JoinPath(Shared(), "reference/azure-ai-ml/corpus_ceiling.tsv"));
  std::vector<Row> rows;
  if (!text.ok()) return rows;
  for (const std::string_view line : Split(*text, '\n')) {
    const auto cells = Split(line, '\t');
    if (cells.size() < 5) continue;
    rows.push_back({std::string(cells[0]), std::string(cells[1]), cells[2] == "yes",
                    cells[3] == "yes", std::string(cells[4])});
  }
  return rows;
}

std::string NounOf(std::string_view kind) {
  static const std::map<std::string_view, std::string_view> kNouns = {
      {"job", "job"},
      {"data", "data"},
      {"environment", "environment"},
      {"model", "model"},
      {"compute", "compute"},
      {"workspace", "workspace"},
      {"datastore", "datastore"}};
  const auto found = kNouns.find(kind.substr(0, kind.find(':')));
  return found == kNouns.end() ? "" : std::string(found->second);
}

TEST(Corpus, LoadsWhatAzuresClientLoads) {
  const std::string root = JoinPath(Shared(), "corpus/azureml-examples/cli");
  if (!IsDir(root)) GTEST_SKIP() << "the samples are not on this machine";
  std::map<std::string, int> loaded_by_noun;
  std::map<std::string, int> refused_by_noun;
  for (const Row& row : Rows()) {
    const std::string noun = NounOf(row.kind);
    const std::string path = JoinPath(root, row.path);
    const auto content = ReadFile(path);
    if (noun.empty() || !content.ok()) continue;
    // Two kinds of gaps that the samples' scripts fill in before or while they submit.
    std::string text = *content;
    if (row.note.find("placeholders substituted") != std::string::npos) {
      text = ReplaceAll(ReplaceAll(text, "{{", "a"), "}}", "z");
    }
    LoadOptions options{noun, path, {}};
    if (text.find("<VERSION>") != std::string::npos)
      options.overrides.push_back({"version", "1", ""});
    if (row.note.find("given") != std::string::npos || text.find("name:") == std::string::npos) {
      options.overrides.push_back({"name", "given", "--name"});
    }
    const Loaded loaded = LoadDocument(text, options);
    const bool is_there = row.kind == "job:command" || !row.kind.starts_with("job:");
    if (loaded.ok()) {
      ++loaded_by_noun[noun];
      Loaded whole = loaded;
      const auto conda = InlineCondaFiles(whole);
      EXPECT_TRUE(conda.empty()) << RenderProblems(conda, text);
      const auto local = FindLocalFiles(loaded).problems;
      EXPECT_TRUE(local.empty() || !row.submits) << RenderProblems(local, text);
      if (noun == "job") {
        Loaded job = loaded;
        if (const auto environment = TakeInlineEnvironment(job.value)) {
          job.value["environment"] = environment->reference;
        }
        const auto spec = ReadJobSpec(*ToRest(job.kind, job.value).Find("properties"));
        EXPECT_TRUE(spec.ok()) << row.path << ": " << spec.status().text();
      }
    } else if (!is_there) {
      ++refused_by_noun[noun];
      EXPECT_EQ(loaded.problems.size(), 1U) << row.path << "\n"
                                            << RenderProblems(loaded.problems, text);
    } else {
      ++refused_by_noun[noun];
      if (row.loads) ADD_FAILURE() << RenderProblems(loaded.problems, text) << row.note;
    }
  }
  for (const auto& [noun, count] : loaded_by_noun) RecordProperty("loaded_" + noun, count);
  for (const auto& [noun, count] : refused_by_noun) RecordProperty("refused_" + noun, count);
  EXPECT_GT(loaded_by_noun["job"], 0);
  EXPECT_GT(loaded_by_noun["data"], 0);
}

}  // namespace
}  // namespace lazurite::spec
