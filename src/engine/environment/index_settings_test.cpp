#include <gtest/gtest.h>

#include "engine/environment/pip_settings.h"

namespace lazurite::environment {
namespace {

const FileReader kNoFiles = [](const std::string&) { return std::nullopt; };

TEST(IndexSettings, ConfigurationGoesBeforeWhatTheMachineSays) {
  EnvironmentSettings settings;
  settings.index_url = "https://ada:pw@own.example.org/simple/";
  settings.extra_index_urls = {"https://b.example.org/simple", "https://c.example.org/simple"};
  const Variables variables = WithIndexes({{"PIP_INDEX_URL", "https://old.example.org/simple"},
                                           {"UV_INDEX_URL", "https://older.example.org/simple"},
                                           {"HTTPS_PROXY", "http://proxy:3128"},
                                           {"NO_PROXY", "localhost"},
                                           {"REQUESTS_CA_BUNDLE", "/etc/ca.pem"}},
                                          settings);
  const Variables uv = UvVariables(variables, kNoFiles);
  EXPECT_EQ(uv.at("UV_DEFAULT_INDEX"), settings.index_url);
  EXPECT_EQ(uv.at("UV_INDEX"), "https://b.example.org/simple https://c.example.org/simple");
  EXPECT_EQ(uv.at("HTTPS_PROXY"), "http://proxy:3128");
  EXPECT_EQ(uv.at("NO_PROXY"), "localhost");
  EXPECT_EQ(uv.at("SSL_CERT_FILE"), "/etc/ca.pem");
  // Of the plan's hash are the places, neither passwords nor the way there.
  EXPECT_EQ(IndexesOf(uv), (std::vector<std::string>{"https://***@own.example.org/simple",
                                                     "https://b.example.org/simple",
                                                     "https://c.example.org/simple"}));
}

TEST(IndexSettings, PypiAloneIsNothingWorthTelling) {
  EXPECT_TRUE(IndexesOf(UvVariables({}, kNoFiles)).empty());
  EXPECT_TRUE(
      IndexesOf(UvVariables({{"PIP_INDEX_URL", "https://pypi.org/simple/"}}, kNoFiles)).empty());
  EXPECT_EQ(IndexesOf(UvVariables({{"UV_INDEX_URL", "https://m.example.org/simple"}}, kNoFiles)),
            std::vector<std::string>{"https://m.example.org/simple"});
  EXPECT_EQ(IndexesOf(UvVariables({{"PIP_NO_INDEX", "1"}}, kNoFiles)),
            std::vector<std::string>{"no index"});
}

}  // namespace
}  // namespace lazurite::environment
