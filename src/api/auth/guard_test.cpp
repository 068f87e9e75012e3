#include "api/auth/guard.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'700'000'000'000);

class GuardTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = testing::TempDir() + "guard-XXXXXX";
    ASSERT_NE(mkdtemp(home_.data()), nullptr);
    auto opened = Identity::Open(home_);
    ASSERT_TRUE(opened.ok()) << opened.status().text();
    identity_ = std::move(*opened);
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(home_).ok()); }

  static Request Ask(std::string path, std::string authorization = "") {
    Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.headers.Add("Host", "127.0.0.1:8451");
    if (!authorization.empty()) request.headers.Add("Authorization", std::move(authorization));
    return request;
  }
  Guard With(Guard::Mode mode) const { return {*identity_, clock_, mode}; }

  std::string home_;
  std::unique_ptr<Identity> identity_;
  ManualClock clock_{kNow};
};

TEST_F(GuardTest, HealthAndSchemasNeedNoToken) {
  Request request = Ask("/healthz");
  EXPECT_TRUE(With(Guard::Mode::kToken).Admit(request).ok());
  Request schema = Ask("/lazurite/v1/schemas/commandJob.json");
  EXPECT_TRUE(With(Guard::Mode::kToken).Admit(schema).ok());
}

TEST_F(GuardTest, EverythingElseNeedsOne) {
  Request without = Ask("/lazurite/v1/queue");
  EXPECT_EQ(With(Guard::Mode::kToken).Admit(without).code(), Code::kUnauthenticated);
  Request wrong = Ask("/lazurite/v1/queue", "Bearer nonsense");
  EXPECT_EQ(With(Guard::Mode::kToken).Admit(wrong).code(), Code::kUnauthenticated);
  Request basic = Ask("/lazurite/v1/queue", "Basic YTpi");
  EXPECT_EQ(With(Guard::Mode::kToken).Admit(basic).code(), Code::kUnauthenticated);
}

TEST_F(GuardTest, TheOwnerAndJobsComeInUnderTheirNames) {
  Request owner = Ask("/x", "bearer " + identity_->owner_token());
  ASSERT_TRUE(With(Guard::Mode::kToken).Admit(owner).ok());
  EXPECT_EQ(owner.caller.kind, Caller::Kind::kOwner);
  Request job = Ask("/x", "Bearer " + identity_->IssueJobToken("a"));
  ASSERT_TRUE(With(Guard::Mode::kToken).Admit(job).ok());
  EXPECT_EQ(job.caller.kind, Caller::Kind::kJob);
  EXPECT_EQ(job.caller.name, "a");
}

TEST_F(GuardTest, AJobsTokenReadsAndTracksButChangesNothingElse) {
  const std::string workspace =
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
  const auto ask = [&](Guard::Mode mode, std::string method, std::string path) {
    Request request = Ask(std::move(path), "Bearer " + identity_->IssueJobToken("a"));
    request.method = std::move(method);
    return With(mode).Admit(request);
  };
  for (const Guard::Mode mode : {Guard::Mode::kToken, Guard::Mode::kNone}) {
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"GET", workspace + "/jobs/b"},
             {"HEAD", workspace + "/data/d/versions/1"},
             {"POST", "/api/2.0/mlflow/runs/log-metric"},
             {"PUT", "/api/2.0/mlflow-artifacts/artifacts/x"},
             {"POST", "/ajax-api/2.0/mlflow/runs/search"},
             {"PATCH", "/history/v1.0" + workspace + "/runs/a"},
             {"POST", "/data/v1.0" + workspace + "/dataversion/batchGetResolvedUris"},
             {"POST", workspace + "/datastores/workspaceblobstore/listSecrets"},
             {"POST", "/lazurite/v1/uploads"}}) {
      EXPECT_TRUE(ask(mode, method, path).ok()) << method << " " << path;
    }
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"PUT", workspace + "/jobs/b"},
             {"POST", workspace + "/jobs/b/cancel"},
             {"DELETE", workspace + "/jobs/b"},
             {"PUT", workspace + "/data/d/versions/1"},
             {"PATCH", workspace + "/computes/local"},
             {"PUT", workspace + "/datastores/listSecrets"},
             {"DELETE", workspace}}) {
      const Status status = ask(mode, method, path);
      EXPECT_EQ(status.code(), Code::kPermissionDenied) << method << " " << path;
      EXPECT_NE(status.text().find("the owner's token"), std::string::npos) << status.text();
    }
  }
}

TEST_F(GuardTest, AUserComesInUntilTheTokenIsRevoked) {
  const std::string text = UserTokens::MakeText();
  UserToken token;
  token.id = "1";
  token.user = "ada";
  token.hash = UserTokens::HashOf(text);
  identity_->user_tokens().Add(token);
  for (const Guard::Mode mode : {Guard::Mode::kToken, Guard::Mode::kNone}) {
    Request request = Ask("/lazurite/v1/queue", "Bearer " + text);
    request.method = "POST";
    ASSERT_TRUE(With(mode).Admit(request).ok());
    EXPECT_EQ(request.caller.kind, Caller::Kind::kUser);
    EXPECT_EQ(request.caller.name, "ada");
  }
  identity_->user_tokens().Remove("1");
  Request late = Ask("/lazurite/v1/queue", "Bearer " + text);
  EXPECT_EQ(With(Guard::Mode::kToken).Admit(late).code(), Code::kUnauthenticated);
}

TEST_F(GuardTest, ASignedAddressOpensOnlyItself) {
  const std::string query = identity_->SignPath("/log/a", kNow + std::chrono::hours(1));
  const size_t cut = query.find("&sig=");
  Request request = Ask("/log/a");
  request.query["se"] = query.substr(3, cut - 3);
  request.query["sig"] = query.substr(cut + 5);
  EXPECT_TRUE(With(Guard::Mode::kToken).Admit(request).ok());
  request.path = "/log/b";
  EXPECT_EQ(With(Guard::Mode::kToken).Admit(request).code(), Code::kUnauthenticated);
}

TEST_F(GuardTest, WithoutTokensOtherSitesStayOutside) {
  Request plain = Ask("/x");
  EXPECT_TRUE(With(Guard::Mode::kNone).Admit(plain).ok());
  Request rebound = Ask("/x");
  rebound.headers.Set("Host", "evil.example:8451");
  EXPECT_EQ(With(Guard::Mode::kNone).Admit(rebound).code(), Code::kPermissionDenied);
  Request page = Ask("/x");
  page.headers.Add("Origin", "https://evil.example");
  EXPECT_EQ(With(Guard::Mode::kNone).Admit(page).code(), Code::kPermissionDenied);
}

}  // namespace
}  // namespace lazurite
