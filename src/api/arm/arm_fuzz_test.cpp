// Good requests, damaged in a thousand ways: never a crash, never the server's fault.
#include <random>

#include "api/arm/text_test_server.h"
#include "api/arm/text_test_steps.h"

namespace lazurite {
namespace {

// The bodies that the text tests send, and where to.
std::vector<TextStep> GoodRequests() {
  std::vector<TextStep> good;
  for (const std::string& file : TextTestFiles(LAZURITE_TEXT_TESTS)) {
    for (TextStep& step : ReadTextSteps(file)) {
      if (step.body.empty() || step.status >= 300) continue;
      step.target = ReplaceAll(step.target, "$ws", WorkspaceId({}));
      step.body = ReplaceAll(step.body, "$ws", WorkspaceId({}));
      good.push_back(std::move(step));
    }
  }
  return good;
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::string Damage(const std::string& good) {
    const Result<Json> json = Json::Parse(good);
    if (json.ok() && Below(3) > 0) {
      Json copy = *json;
      for (size_t i = 0; i <= Below(2); ++i) DamageValue(copy, 0);
      return copy.Dump();
    }
    return DamageBytes(good);
  }

  size_t Below(size_t bound) { return random_() % bound; }

 private:
  std::string DamageBytes(std::string text) {
    for (size_t i = 0; i <= Below(3) && !text.empty(); ++i) {
      const size_t at = Below(text.size());
      switch (Below(4)) {
        case 0:
          text[at] = static_cast<char>(Below(256));
          break;
        case 1:
          text.erase(at, 1 + Below(8));
          break;
        case 2:
          text.insert(at, text.substr(Below(text.size()), Below(16)));
          break;
        default:
          text.resize(at);
      }
    }
    return text;
  }

  // Walks down to some member and puts something else there.
  void DamageValue(Json& json, int depth) {
    const bool goes_on = depth == 0 || Below(4) > 0;
    if (goes_on && json.is_object() && !json.object().empty()) {
      auto& member = json.object()[Below(json.object().size())];
      if (Below(8) == 0) {
        member.first = Odd().is_string() ? Odd().Dump() : "";
        return;
      }
      return DamageValue(member.second, depth + 1);
    }
    json = Odd();
  }

  Json Odd() {
    switch (Below(12)) {
      case 0:
        return Json();
      case 1:
        return Json(int64_t{-1});
      case 2:
        return Json(int64_t{1} << 62);
      case 3:
        return Json(1e308);
      case 4:
        return Json(true);
      case 5:
        return Json("");
      case 6:
        return Json("../../etc/passwd");
      case 7:
        return Json("azureml://datastores/x/paths/../../y");
      case 8:
        return Json(std::string(10'000, 'x'));
      case 9:
        return Json(Json::Array{Json(1), Json()});
      case 10:
        return Json(Json::Object{{"a", Json(Json::Object{})}});
      default:
        return Json("${{inputs.nosuch}} $[[ \x01\xff");
    }
  }

  std::mt19937 random_;
};

TEST(ArmFuzz, DamagedBodiesAreNeverTheServersFault) {
  TextTestServer server;
  constexpr uint32_t kTimes = 1000;
  const std::vector<TextStep> good = GoodRequests();
  ASSERT_GT(good.size(), 20u);
  int refused = 0;
  for (uint32_t seed = 0; seed < kTimes; ++seed) {
    Mutator mutator(seed);
    const TextStep& step = good[mutator.Below(good.size())];
    const std::string body = mutator.Damage(step.body);
    const auto answer = server.Call(step.method, step.target, body);
    ASSERT_TRUE(answer.status >= 200 && answer.status < 500)
        << "seed " << seed << ": " << step.method << " " << step.target << " " << answer.status
        << answer.body << "\n"
        << body;
    if (answer.status < 400) continue;
    ++refused;
    const Result<Json> error = Json::Parse(answer.body);
    ASSERT_TRUE(error.ok() || answer.error_code == "no route") << answer.body;
    if (!error.ok()) continue;
    ASSERT_NE(error->At("error.message"), nullptr) << answer.body;
  }
  EXPECT_GT(refused, static_cast<int>(kTimes) / 4);
  // Everything that got in can be read.
  for (const char* list :
       {"/jobs", "/data", "/environments", "/models", "/computes", "/datastores"}) {
    const auto answer = server.Call("GET", WorkspaceId({}) + list + "?listViewType=All", "");
    EXPECT_EQ(answer.status, 200) << list << answer.body;
  }
}

TEST(ArmFuzz, DamagedPathsAndQueriesAreNeverTheServersFault) {
  TextTestServer server;
  const std::string ws = WorkspaceId({});
  for (const char* target :
       {"/jobs/..", "/jobs/%00", "/jobs/%2e%2e%2f%2e%2e", "/data/%ff%fe/versions/1",
        "/jobs?$skip=-1", "/jobs?$skip=99999999999999999999", "/jobs?$top=1e9", "/jobs?tag=,,,=,",
        "/jobs?tag==", "/data/a/versions?hash=%27%20OR%201=1", "/data?$skip=99999999999",
        "/computes/%20", "/models/m/labels/%00", "/data/a/versions?$orderBy=;drop"}) {
    for (const char* method : {"GET", "PUT", "DELETE", "PATCH", "POST"}) {
      const auto answer = server.Call(method, ws + target, "{\"properties\": {}}");
      EXPECT_LT(answer.status, 500) << method << " " << target << " " << answer.body;
    }
  }
}

TEST(ArmFuzz, MalformedJsonIsAnsweredWithItsPlace) {
  TextTestServer server;
  const auto answer =
      server.Call("PUT", WorkspaceId({}) + "/jobs/a", "{\"properties\": {\n  \"a\": tru }}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("line 2, column 8: expected a value"), std::string::npos)
      << answer.body;
}

}  // namespace
}  // namespace lazurite
