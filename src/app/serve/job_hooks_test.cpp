#include "app/serve/job_hooks.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "domain/attempt/spool.h"
#include "domain/schema/database_test.h"

namespace lazurite::serve {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

class JobHooksTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    SetLogLevel(LogLevel::kError);
    job_.name = "a";
    ASSERT_TRUE(MakeDirs(channel().Path("spool")).ok());
  }
  AttemptChannel channel() const { return AttemptChannel(folder_ + "/jobs/a/1"); }
  std::vector<std::string> Replay() {
    std::vector<std::string> notes;
    const Status replayed = ReplaySpool({*database_, kNow, notes}, job_, channel());
    EXPECT_TRUE(replayed.ok()) << replayed.text();
    return notes;
  }

  Job job_;
};

TEST_F(JobHooksTest, SpooledCallsThatAreRefusedAreToldAndSetAside) {
  ASSERT_TRUE(WriteFile(channel().Path("spool/0"), "{broken\n").ok());
  Spool spool(channel().folder());
  const std::string body = R"({"run_id": "nosuch", "metrics": []})";
  ASSERT_TRUE(spool.Append({"id", "/api/2.0/mlflow/runs/log-batch", body, kNow, 0}).ok());
  const std::vector<std::string> notes = Replay();
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_NE(notes[0].find("unreadable"), std::string::npos) << notes[0];
  EXPECT_NE(notes[1].find("log-batch): Run with id=nosuch not found"), std::string::npos)
      << notes[1];
  EXPECT_TRUE(spool.Read(10)->empty());
  const std::string aside = ReadFile(channel().Path("spool/0.refused")).value();
  EXPECT_EQ(std::count(aside.begin(), aside.end(), '\n'), 2);
  EXPECT_TRUE(Replay().empty());
}

TEST_F(JobHooksTest, NotesOfRefusedCallsAreFew) {
  std::string lines;
  for (size_t i = 0; i < kRefusedNotesMax + 5; ++i) lines += "{broken\n";
  ASSERT_TRUE(WriteFile(channel().Path("spool/0"), lines).ok());
  EXPECT_EQ(Replay().size(), kRefusedNotesMax);
}

}  // namespace
}  // namespace lazurite::serve
