// Runs the text tests of tests/text/arm.
#include "api/arm/text_test_server.h"
#include "api/arm/text_test_steps.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr std::string_view kAny = "...";

// Text in which "..." stands for anything, as JSON: the string "..." as a value or an item, {"...":
// true} as a member.
std::string WithAny(const std::string& text) {
  std::string out;
  std::string open;
  bool is_in_string = false;
  char before = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_in_string) {
      out += c;
      if (c == '\\') out += text[++i];
      if (c == '"') is_in_string = false;
      continue;
    }
    if (text.compare(i, 3, "...") == 0) {
      const bool is_member = !open.empty() && open.back() == '{' && before != ':';
      out += is_member ? "\"...\": true" : "\"...\"";
      i += 2;
      before = '.';
      continue;
    }
    if (c == '"') is_in_string = true;
    if (c == '{' || c == '[') open += c;
    if (c == '}' || c == ']') open.pop_back();
    if (std::isspace(static_cast<unsigned char>(c)) == 0) before = c;
    out += c;
  }
  return out;
}

bool IsAny(const Json& json) { return json.is_string() && json.string() == kAny; }

// Where `actual` is not what was expected, or "".
std::string Differs(const Json& expected, const Json& actual, const std::string& where) {
  if (IsAny(expected)) return "";
  if (expected.is_object() && actual.is_object()) {
    const bool may_have_more = expected.Find(kAny) != nullptr;
    for (const auto& [key, value] : expected.object()) {
      if (key == kAny) continue;
      const Json* found = actual.Find(key);
      if (found == nullptr) return where + "." + key + " is missing";
      const std::string inner = Differs(value, *found, where + "." + key);
      if (!inner.empty()) return inner;
    }
    for (const auto& [key, value] : actual.object()) {
      if (!may_have_more && expected.Find(key) == nullptr)
        return where + "." + key + " is too much";
    }
    return "";
  }
  if (expected.is_array() && actual.is_array()) {
    size_t i = 0;
    for (const Json& item : expected.array()) {
      if (IsAny(item) && i + 1 == expected.array().size()) return "";
      if (i == actual.array().size()) return where + " has only " + std::to_string(i) + " items";
      const std::string inner =
          Differs(item, actual.array()[i], where + "[" + std::to_string(i) + "]");
      if (!inner.empty()) return inner;
      ++i;
    }
    return i == actual.array().size() ? ""
                                      : where + " has more than " + std::to_string(i) + " items";
  }
  if (expected == actual) return "";
  return where + " is " + actual.Dump() + ", expected " + expected.Dump();
}

class TextTest : public testing::Test {
 public:
  explicit TextTest(std::string file) : file_(std::move(file)) {}

  void TestBody() override {
    const std::vector<TextStep> steps = ReadTextSteps(file_);
    ASSERT_FALSE(steps.empty()) << file_ << " has no requests";
    for (const TextStep& step : steps) {
      SCOPED_TRACE(file_ + ":" + std::to_string(step.line) + " " + step.method + " " + step.target);
      Check(step);
      if (HasFatalFailure()) return;
    }
  }

 private:
  std::string Expand(const std::string& text) const {
    return ReplaceAll(ReplaceAll(text, "$ws", WorkspaceId({})), "$next", next_);
  }

  void Check(const TextStep& step) {
    const auto answer = server_.Call(step.method, Expand(step.target), Expand(step.body));
    server_.clock().Advance(std::chrono::seconds(1));
    ASSERT_EQ(answer.status, step.status) << answer.body;
    const Result<Json> actual = Json::Parse(answer.body.empty() ? "null" : answer.body);
    ASSERT_TRUE(actual.ok()) << answer.body;
    TakeNext(*actual);
    if (step.expected.empty()) return;
    const Result<Json> expected = Json::Parse(WithAny(Expand(step.expected)));
    ASSERT_TRUE(expected.ok()) << expected.status().text() << "\n" << WithAny(step.expected);
    ASSERT_EQ(Differs(*expected, *actual, ""), "") << actual->Dump(2);
  }

  void TakeNext(const Json& answer) {
    const std::string link = answer.GetString("nextLink");
    const size_t host = link.find("://");
    if (host != std::string::npos) next_ = link.substr(link.find('/', host + 3));
  }

  const std::string file_;
  TextTestServer server_;
  std::string next_;
};

// One test for each file, called like it.
const bool kRegistered = [] {
  for (const std::string& file : TextTestFiles(LAZURITE_TEXT_TESTS)) {
    testing::RegisterTest(
        "ArmText", std::filesystem::path(file).stem().c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [file]() -> testing::Test* { return std::make_unique<TextTest>(file).release(); });
  }
  return true;
}();

TEST(ArmText, HasTests) { EXPECT_TRUE(kRegistered); }

}  // namespace
}  // namespace lazurite
