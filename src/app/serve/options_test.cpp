#include "app/serve/options.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace lazurite::serve {
namespace {

class OptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "options-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    setenv("LAZURITE_HOME", home_.c_str(), 1);
    setenv("XDG_CONFIG_HOME", (home_ + "/config").c_str(), 1);
    unsetenv("LAZURITE_PORT");
    unsetenv("LAZURITE_AUTH");
  }
  void TearDown() override {
    unsetenv("LAZURITE_HOME");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("LAZURITE_PORT");
    ASSERT_TRUE(RemoveTree(home_).ok());
  }
  void WriteConfig(const std::string& text) {
    ASSERT_TRUE(WriteFile(home_ + "/config.toml", text).ok());
  }
  std::string home_;
};

TEST_F(OptionsTest, ReadsHowMuchOfTheLogIsKept) {
  WriteConfig("[log]\nmax_size = \"2 MiB\"\nkeep = 0\n[server]\nnetwork_home = true\n");
  const auto options = ReadOptions({});
  ASSERT_TRUE(options.ok()) << options.status().text();
  EXPECT_EQ(options->log_bytes_max, 2 << 20);
  EXPECT_EQ(options->logs_kept, 0);
  EXPECT_TRUE(options->is_network_home);
  WriteConfig("[log]\nmax_size = 65536\n");
  EXPECT_EQ(ReadOptions({})->log_bytes_max, 65536);
}

TEST_F(OptionsTest, RefusesALogSizeThatIsNone) {
  for (const char* size : {"\"much\"", "12", "-1", "\"5 XB\"", "\"99999999999 GiB\"", "\"\""}) {
    WriteConfig(std::string("[log]\nmax_size = ") + size + "\n");
    const auto options = ReadOptions({});
    ASSERT_FALSE(options.ok()) << size;
    EXPECT_EQ(options.status().code(), Code::kInvalidArgument);
    EXPECT_NE(options.status().text().find("log.max_size"), std::string::npos);
  }
}

TEST_F(OptionsTest, WithoutAnythingItServesOnLoopbackWithTokens) {
  const auto options = ReadOptions({});
  ASSERT_TRUE(options.ok()) << options.status().text();
  EXPECT_EQ(options->home, home_);
  EXPECT_EQ(options->address, "127.0.0.1");
  EXPECT_EQ(options->port, 8451);
  EXPECT_EQ(options->auth, Guard::Mode::kToken);
}

TEST_F(OptionsTest, FlagsGoBeforeVariablesBeforeFiles) {
  WriteConfig("[server]\nport = 1111\n[environment]\nhost_fallback = true\n");
  EXPECT_EQ(ReadOptions({})->port, 1111);
  EXPECT_TRUE(ReadOptions({})->is_host_fallback);
  setenv("LAZURITE_PORT", "2222", 1);
  EXPECT_EQ(ReadOptions({})->port, 2222);
  EXPECT_EQ(ReadOptions({"--port", "3333"})->port, 3333);
  EXPECT_EQ(ReadOptions({"--port=4444"})->port, 4444);
}

TEST_F(OptionsTest, AWrongFlagIsNamedWithTheNearestRightOne) {
  const auto options = ReadOptions({"--prot", "1"});
  EXPECT_EQ(options.status().text(), "serve has no flag \"--prot\"; did you mean --port?");
  EXPECT_EQ(ReadOptions({"--port", "99999"}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(ReadOptions({"--port"}).status().text(), "flag --port needs a value");
}

TEST_F(OptionsTest, AWrongFileIsNamedWithItsPlace) {
  WriteConfig("[server]\nport = \n");
  EXPECT_NE(ReadOptions({}).status().text().find(home_ + "/config.toml:2:"), std::string::npos)
      << ReadOptions({}).status().text();
  WriteConfig("[server]\nauth = \"maybe\"\n");
  EXPECT_NE(ReadOptions({}).status().text().find("server.auth is \"maybe\""), std::string::npos);
}

TEST_F(OptionsTest, AnUnknownKeyIsNamedWithItsPlaceAndTheNearestOne) {
  const std::string file = home_ + "/config.toml";
  for (const auto& [text, told] :
       {std::pair("[server]\nprot = 9341\n",
                  ":2:1: there is no key \"server.prot\"; did you mean \"server.port\"?"),
        std::pair("[compute]\nslots = 2\n  unknwon = \"refuse\"\n",
                  ":3:3: there is no key \"compute.unknwon\"; did you mean \"compute.unknown\"?"),
        std::pair("[compte]\nslots = 2\n",
                  ":1:2: there is no key \"compte\"; did you mean \"compute\"?"),
        std::pair("[server]\nzzzzzzzz = 1\n", ":2:1: there is no key \"server.zzzzzzzz\""),
        std::pair("compute = 3\n", ":1:1: compute is a table: [compute] and its keys below")}) {
    WriteConfig(text);
    const auto options = ReadOptions({});
    EXPECT_EQ(options.status().code(), Code::kInvalidArgument) << text;
    EXPECT_EQ(options.status().text(), file + told);
  }
}

TEST_F(OptionsTest, WhatTheCommandLineReadsIsNoUnknownKey) {
  WriteConfig(
      "server = \"http://127.0.0.1:1\"\nworkspace = \"lab\"\n[client]\nsubscription = \"s\"\n");
  EXPECT_TRUE(ReadOptions({}).ok()) << ReadOptions({}).status().text();
}

TEST_F(OptionsTest, WithoutTokensOnlyLoopbackIsServed) {
  EXPECT_TRUE(ReadOptions({"--auth", "none"}).ok());
  EXPECT_EQ(ReadOptions({"--auth", "none", "--address", "0.0.0.0"}).status().code(),
            Code::kInvalidArgument);
}

TEST_F(OptionsTest, ReadsWhatIsHandedOut) {
  EXPECT_EQ(ReadOptions({})->gpus, -1);
  EXPECT_FALSE(ReadOptions({})->is_unknown_compute_refused);
  WriteConfig(
      "[compute]\nslots = 8\ngpus = 4\ngpu_fractions = 2\nmax_running_per_user = 3\n"
      "unknown = \"refuse\"\nlocks = \"/run/slots\"\n");
  const auto options = ReadOptions({});
  ASSERT_TRUE(options.ok()) << options.status().text();
  EXPECT_EQ(options->slots, 8);
  EXPECT_EQ(options->gpus, 4);
  EXPECT_EQ(options->jobs_per_gpu, 2);
  EXPECT_EQ(options->running_per_user_max, 3);
  EXPECT_TRUE(options->is_unknown_compute_refused);
  EXPECT_EQ(options->locks, "/run/slots");
  for (const char* wrong : {"gpus = -1", "gpu_fractions = 99", "unknown = \"maybe\"",
                            "locks = \"here\"", "max_running_per_user = \"many\""}) {
    WriteConfig(std::string("[compute]\n") + wrong + "\n");
    const auto refused = ReadOptions({});
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << wrong;
    EXPECT_NE(refused.status().text().find("config.toml: compute."), std::string::npos) << wrong;
  }
}

}  // namespace
}  // namespace lazurite::serve
