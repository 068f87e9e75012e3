#include "app/cli/service_unit.h"

#include <gtest/gtest.h>

namespace lazurite::cli {
namespace {

ServiceUnit Plain() {
  return {.program = "/usr/bin/lazurite",
          .home = "/home/ada/lab",
          .port = 9000,
          .log = "/home/ada/lab/logs/server.log",
          .path = "/usr/bin:/bin"};
}

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(ServiceUnit, ServesTheHomeOnThePortByAbsolutePaths) {
  const auto text = Plain().ToText();
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(
      Has(*text, "ExecStart=\"/usr/bin/lazurite\" serve --home \"/home/ada/lab\" --port 9000"))
      << *text;
  EXPECT_TRUE(Has(*text, "Environment=\"PATH=/usr/bin:/bin\""));
  EXPECT_TRUE(Has(*text, "StandardError=append:/home/ada/lab/logs/server.log"));
  EXPECT_EQ(HomeOfUnit(*text), "/home/ada/lab");
}

TEST(ServiceUnit, StopsTheServerOnlyAndStartsItAgainWhenItFails) {
  const auto text = Plain().ToText();
  ASSERT_TRUE(text.ok());
  EXPECT_TRUE(Has(*text, "KillMode=process"));
  EXPECT_TRUE(Has(*text, "OOMPolicy=continue"));
  EXPECT_TRUE(Has(*text, "Restart=on-failure"));
  EXPECT_TRUE(Has(*text, "RestartPreventExitStatus=2 5"));
}

TEST(ServiceUnit, LeavesThePortToTheConfigurationIfNoneIsAskedFor) {
  ServiceUnit unit = Plain();
  unit.port = 0;
  EXPECT_TRUE(
      Has(*unit.ToText(), "ExecStart=\"/usr/bin/lazurite\" serve --home \"/home/ada/lab\""));
}

TEST(ServiceUnit, QuotesWhatMeansSomethingToSystemd) {
  EXPECT_EQ(QuoteForUnit("a b", true), "\"a b\"");
  EXPECT_EQ(QuoteForUnit("50%h $HOME \"x\" \\", true), "\"50%%h $$HOME \\\"x\\\" \\\\\"");
  EXPECT_EQ(QuoteForUnit("PATH=/a$b", false), "\"PATH=/a$b\"");
  ServiceUnit unit = Plain();
  unit.home = "/data/50% of $it";
  EXPECT_TRUE(
      Has(*unit.ToText(),
          "ExecStart=\"/usr/bin/lazurite\" serve --home \"/data/50%% of $$it\" --port 9000"));
  EXPECT_EQ(HomeOfUnit(*unit.ToText()), "/data/50% of $it");
}

TEST(ServiceUnit, RefusesLineBreaks) {
  ServiceUnit unit = Plain();
  unit.home = "/home/ada\nExecStartPre=/bin/false";
  EXPECT_EQ(unit.ToText().status().code(), Code::kInvalidArgument);
}

TEST(ServiceUnit, AUnitOfSomebodyElseServesNoHome) {
  EXPECT_EQ(HomeOfUnit("[Service]\nExecStart=/usr/bin/lazurite serve\n"), "");
}

}  // namespace
}  // namespace lazurite::cli
