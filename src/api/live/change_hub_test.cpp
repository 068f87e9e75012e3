#include "api/live/change_hub.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace lazurite::live {
namespace {

class FileWatcherTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "watcher-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    ASSERT_TRUE(WriteFile(folder_ + "/a", "").ok());
    ASSERT_TRUE(WriteFile(folder_ + "/b", "").ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(folder_).ok()); }

  void OnLoop(const std::function<void()>& work) {
    loop_.Post([this, &work] {
      work();
      loop_.Stop();
    });
    loop_.Run();
  }

  std::string folder_;
  Loop loop_;
  FileWatcher files_{loop_};
};

TEST_F(FileWatcherTest, WatchingTheSameAgainAddsNothing) {
  OnLoop([this] {
    const auto signal = std::make_shared<Signal>(loop_);
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(files_.Watch(signal, folder_ + "/missing"));
      EXPECT_TRUE(files_.Watch(signal, folder_));
    }
    EXPECT_EQ(files_.watches(), 1U);
  });
}

TEST_F(FileWatcherTest, WhatNobodyWaitsForIsDropped) {
  OnLoop([this] {
    auto gone = std::make_shared<Signal>(loop_);
    const auto stays = std::make_shared<Signal>(loop_);
    EXPECT_TRUE(files_.Watch(gone, folder_ + "/a"));
    EXPECT_TRUE(files_.Watch(stays, folder_ + "/a"));
    EXPECT_EQ(files_.watches(), 2U);
    gone.reset();
    EXPECT_TRUE(files_.Watch(stays, folder_ + "/b"));
    EXPECT_EQ(files_.watches(), 2U);
  });
}

TEST_F(FileWatcherTest, BeyondTheMaximumCallersLookThemselves) {
  OnLoop([this] {
    std::vector<std::shared_ptr<Signal>> signals;
    for (size_t i = 0; i < 4; ++i) {
      signals.push_back(std::make_shared<Signal>(loop_));
      EXPECT_EQ(files_.Watch(signals.back(), folder_ + "/a", 3), i < 3);
    }
    signals.clear();
    EXPECT_TRUE(files_.Watch(std::make_shared<Signal>(loop_), folder_ + "/a", 3));
  });
}

}  // namespace
}  // namespace lazurite::live
