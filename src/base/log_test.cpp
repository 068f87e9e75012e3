#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "base/file.h"
#include "base/text.h"

namespace lazurite {
namespace {

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "log-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/server.log";
    file_ = Fd(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    SetLogFd(file_.get());
  }
  void TearDown() override {
    RotateLog({.path = ""});
    SetLogFd(STDERR_FILENO);
    ASSERT_TRUE(RemoveTree(folder_).ok());
  }
  // The numbers that were logged, from the oldest file to the newest.
  std::vector<int64_t> Logged(int oldest) const {
    std::vector<int64_t> numbers;
    for (int number = oldest; number >= 0; --number) {
      const auto text = ReadFile(number == 0 ? path_ : path_ + "." + std::to_string(number));
      if (!text.ok()) continue;
      for (const std::string_view line : Split(*text, '\n')) {
        const auto json = Json::Parse(line);
        if (json.ok()) numbers.push_back(json->GetInt("number", -1));
      }
    }
    return numbers;
  }

  std::string folder_;
  std::string path_;
  Fd file_;
};

TEST_F(LogTest, LongLogsArePutAsideAndNoLineIsLost) {
  ASSERT_TRUE(RotateLog({.path = path_, .bytes_max = 2000, .keep = 50}));
  for (int number = 0; number < 300; ++number) Log(LogLevel::kInfo, "line", {{"number", number}});
  EXPECT_TRUE(Exists(path_ + ".5"));
  const std::vector<int64_t> numbers = Logged(50);
  ASSERT_EQ(numbers.size(), 300U);
  for (size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], static_cast<int64_t>(i));
  const auto size = FileSize(path_ + ".1");
  ASSERT_TRUE(size.ok());
  EXPECT_LT(*size, 2200) << "a file grows by one line beyond its bound at most";
}

TEST_F(LogTest, OnlySoManyFilesAreKept) {
  ASSERT_TRUE(RotateLog({.path = path_, .bytes_max = 500, .keep = 2}));
  for (int number = 0; number < 300; ++number) Log(LogLevel::kInfo, "line", {{"number", number}});
  EXPECT_EQ(ListDir(folder_).value(),
            (std::vector<std::string>{"server.log", "server.log.1", "server.log.2"}));
  EXPECT_EQ(Logged(2).back(), 299);
}

TEST_F(LogTest, ThreadsRotateTogether) {
  ASSERT_TRUE(RotateLog({.path = path_, .bytes_max = 3000, .keep = 200}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int n = 0; n < 200; ++n) Log(LogLevel::kInfo, "line", {{"number", i * 200 + n}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Logged(200).size(), 800U);
}

TEST_F(LogTest, AFileOfSomebodyElseIsLeftAlone) {
  ASSERT_TRUE(WriteFile(folder_ + "/other.log", std::string(5000, 'x')).ok());
  EXPECT_FALSE(RotateLog({.path = folder_ + "/other.log", .bytes_max = 100, .keep = 1}));
  Log(LogLevel::kInfo, "line", {{"number", 1}});
  EXPECT_FALSE(Exists(folder_ + "/other.log.1"));
  EXPECT_EQ(Logged(0).size(), 1U);
}

}  // namespace
}  // namespace lazurite
