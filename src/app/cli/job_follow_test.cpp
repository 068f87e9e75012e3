#include "app/cli/job_follow.h"

#include <gtest/gtest.h>

namespace lazurite::cli {
namespace {

TEST(ReportEnd, AReasonOfSeveralLinesKeepsThem) {
  const Command command{};
  const Context context(command, {}, Terminal{});
  Json live = Json::MakeObject();
  live["name"] = "j1";
  live["state"] = "Failed";
  live["error"] = "uv pip ended with exit code 1\n  x No solution found\nnope was not found\x1b\n";
  testing::internal::CaptureStderr();
  const int code = ReportEnd(context, live);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "error: job j1 failed: uv pip ended with exit code 1\n"
            "      x No solution found\n"
            "    nope was not found\n"
            "help: lazurite job show j1\n");
  EXPECT_EQ(code, kJobFailedExit);
}

}  // namespace
}  // namespace lazurite::cli
