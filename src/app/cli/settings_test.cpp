#include "app/cli/settings.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/file.h"

namespace lazurite::cli {
namespace {

class SettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "settings.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    home_ = folder_ + "/home";
    variables_["HOME"] = folder_ + "/user";
    variables_["LAZURITE_HOME"] = home_;
    Write("home/tokens/owner", "secret\n");
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  void Write(const std::string& name, const std::string& content) {
    const std::string file = folder_ + "/" + name;
    ASSERT_TRUE(MakeDirs(DirName(file)).ok());
    ASSERT_TRUE(WriteFile(file, content).ok());
  }
  Settings Load(std::vector<std::pair<std::string, std::string>> flags = {},
                const std::string& project = "project/deep") {
    EXPECT_TRUE(MakeDirs(folder_ + "/" + project).ok());
    Arguments arguments;
    arguments.flags = std::move(flags);
    const Result<Settings> settings =
        LoadSettings(arguments, folder_ + "/" + project, [this](const char* name) {
          const auto found = variables_.find(name);
          return found == variables_.end() ? std::string() : found->second;
        });
    EXPECT_TRUE(settings.ok()) << settings.status().text();
    return settings.ok() ? *settings : Settings();
  }

  std::string folder_;
  std::string home_;
  std::map<std::string, std::string> variables_;
};

TEST_F(SettingsTest, FindsTheServerOfTheHomeAndItsToken) {
  Write("home/run/server.json", R"({"address": "http://127.0.0.1:9999", "pid": 7})");
  const Settings settings = Load();
  EXPECT_EQ(settings.server, "http://127.0.0.1:9999");
  EXPECT_EQ(settings.token, "secret");
}

TEST_F(SettingsTest, TriesTheDefaultAddressWithoutASecret) {
  const Settings settings = Load();
  EXPECT_EQ(settings.server, kDefaultAddress);
  EXPECT_EQ(settings.token, "");
}

TEST_F(SettingsTest, LetsLaterLayersWin) {
  Write("user/.config/lazurite/config.toml", "server = 'http://127.0.0.1:1'\nworkspace = 'one'\n");
  EXPECT_EQ(Load().server, "http://127.0.0.1:1");
  Write("home/config.toml", "[client]\nserver = 'http://127.0.0.1:2'\n[server]\nport = 5\n");
  EXPECT_EQ(Load().server, "http://127.0.0.1:2");
  Write("project/.lazurite.toml", "server = 'http://127.0.0.1:3'\nworkspace = 'three'\n");
  EXPECT_EQ(Load().server, "http://127.0.0.1:3");
  EXPECT_EQ(Load().scope.workspace, "three");
  variables_["LAZURITE_SERVER"] = "http://127.0.0.1:4/";
  EXPECT_EQ(Load().server, "http://127.0.0.1:4");
  EXPECT_EQ(Load({{"--server", "http://127.0.0.1:5"}, {"--workspace-name", "w"}}).server,
            "http://127.0.0.1:5");
  EXPECT_EQ(Load({{"--workspace-name", "w"}}).scope.workspace, "w");
}

TEST_F(SettingsTest, ReadsAzuresConfigJsonButNoOtherOne) {
  Write("project/config.json", R"({"port": 3, "workspace": "no"})");
  EXPECT_EQ(Load().scope.workspace, "default");
  Write("project/config.json",
        R"({"subscription_id": "s", "resource_group": "g", "workspace_name": "w"})");
  const Settings settings = Load();
  EXPECT_EQ(settings.scope.workspace, "w");
  EXPECT_EQ(settings.scope.resource_group, "g");
  EXPECT_EQ(settings.scope.subscription, "s");
}

TEST_F(SettingsTest, KeepsTheTokenFromAddressesThatTheUserDidNotName) {
  Write("project/.lazurite.toml", "server = 'http://127.0.0.1:3'\n");
  EXPECT_EQ(Load().token, "");
  Write("home/run/server.json", R"({"address": "http://127.0.0.1:3"})");
  EXPECT_EQ(Load().token, "secret");
  EXPECT_EQ(Load({{"--server", "http://example.com"}}).token, "");
  EXPECT_EQ(Load({{"--server", "http://127.0.0.1.example.com"}}).token, "");
  EXPECT_EQ(Load({{"--server", "http://localhost:9"}}).token, "secret");
  variables_["LAZURITE_TOKEN"] = "mine";
  EXPECT_EQ(Load({{"--server", "http://example.com"}}).token, "mine");
}

TEST_F(SettingsTest, TrustsTheHomesAuthorityForItsOwnServer) {
  Write("home/tls/ca.pem", "x");
  EXPECT_EQ(Load({{"--server", "https://127.0.0.1:1"}}).ca_file, home_ + "/tls/ca.pem");
  EXPECT_EQ(Load({{"--server", "https://example.com"}}).ca_file, "");
}

TEST_F(SettingsTest, NamesTheFileThatCannotBeRead) {
  Write("project/.lazurite.toml", "server = \n");
  Arguments arguments;
  const Result<Settings> settings = LoadSettings(
      arguments, folder_ + "/project", [this](const char* name) { return variables_[name]; });
  ASSERT_FALSE(settings.ok());
  EXPECT_NE(settings.status().text().find(".lazurite.toml:1"), std::string::npos);
}

}  // namespace
}  // namespace lazurite::cli
