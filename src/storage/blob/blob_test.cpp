#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "storage/blob/blob_store.h"

namespace lazurite {
namespace {

class BlobTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "blob-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    root_ = folder;
    Open();
  }
  void TearDown() override {
    store_.reset();
    ASSERT_TRUE(RemoveTree(root_).ok());
  }
  void Open() {
    auto store = BlobStore::Open(root_);
    ASSERT_TRUE(store.ok()) << store.status().text();
    store_ = std::move(*store);
  }
  Result<std::string> Put(std::string_view path, std::string_view content) {
    ASSIGN_OR_RETURN(const auto writer, store_->Create("store", path));
    TRY(writer->Append(content.substr(0, content.size() / 2)));
    TRY(writer->Append(content.substr(content.size() / 2)));
    EXPECT_EQ(writer->bytes(), static_cast<int64_t>(content.size()));
    return writer->Commit();
  }
  std::string Content(const std::string& path) {
    const auto content = ReadFile(root_ + "/store/" + path);
    return content.ok() ? *content : content.status().text();
  }
  size_t Unfinished() const {
    const auto iterator = std::filesystem::directory_iterator(root_ + "/.staging");
    return static_cast<size_t>(std::distance(begin(iterator), end(iterator)));
  }

  std::string root_;
  std::unique_ptr<BlobStore> store_;
};

TEST_F(BlobTest, StoresAtAHumanPath) {
  const auto hash = Put("a/b/c.txt", "hello");
  ASSERT_TRUE(hash.ok()) << hash.status().text();
  EXPECT_EQ(*hash, Sha256Hex("hello"));
  EXPECT_EQ(Content("a/b/c.txt"), "hello");
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobTest, ReplacesAsAWhole) {
  ASSERT_TRUE(Put("a", "old").ok());
  const auto writer = store_->Create("store", "a");
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append("new and longer").ok());
  EXPECT_EQ(Content("a"), "old");
  ASSERT_TRUE((*writer)->Commit().ok());
  EXPECT_EQ(Content("a"), "new and longer");
}

TEST_F(BlobTest, AnAbandonedWriterLeavesNothing) {
  {
    const auto writer = store_->Create("store", "a");
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append("half").ok());
    EXPECT_EQ(Unfinished(), 1U);
  }
  EXPECT_EQ(Unfinished(), 0U);
  EXPECT_FALSE(Exists(root_ + "/store/a"));
}

TEST_F(BlobTest, OpeningClearsWhatACrashLeft) {
  ASSERT_TRUE(MakeDirs(root_ + "/.staging/1-1/x").ok());
  ASSERT_TRUE(WriteFile(root_ + "/.staging/1-2", "half").ok());
  Open();
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobTest, NothingLeavesItsDatastore) {
  for (const std::string path : {"../other/x", "/etc/passwd", "a/../../x", "a//b", "a/./b", ".."}) {
    EXPECT_EQ(Put(path, "x").status().code(), Code::kInvalidArgument) << path;
    EXPECT_EQ(store_->PathOf("store", path).status().code(), Code::kInvalidArgument) << path;
    EXPECT_EQ(store_->List("store", path).status().code(), Code::kInvalidArgument) << path;
    EXPECT_EQ(store_->Remove("store", path).code(), Code::kInvalidArgument) << path;
  }
  for (const std::string name : {"", "..", "a/b", ".staging", "/"}) {
    EXPECT_EQ(store_->PathOf(name, "x").status().code(), Code::kInvalidArgument) << name;
  }
  EXPECT_EQ(*store_->PathOf("store", ""), root_ + "/store");
  EXPECT_EQ(*store_->PathOf("store", "a/b/"), root_ + "/store/a/b");
}

TEST_F(BlobTest, AFileAndAFolderExcludeEachOther) {
  ASSERT_TRUE(Put("a/b", "x").ok());
  EXPECT_EQ(Put("a", "x").status().code(), Code::kConflict);
  EXPECT_EQ(Put("a/b/c", "x").status().code(), Code::kConflict);
  EXPECT_EQ(Content("a/b"), "x");
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobTest, ListsFilesSortedWithSizes) {
  ASSERT_TRUE(Put("f/b.txt", "22").ok());
  ASSERT_TRUE(Put("f/a/z", "1").ok());
  ASSERT_TRUE(Put("f/a.txt", "333").ok());
  ASSERT_TRUE(MakeDirs(root_ + "/store/f/empty").ok());
  ASSERT_EQ(symlink("/etc/passwd", (root_ + "/store/f/link").c_str()), 0);
  const auto blobs = store_->List("store", "f");
  ASSERT_TRUE(blobs.ok()) << blobs.status().text();
  ASSERT_EQ(blobs->size(), 3U);
  EXPECT_EQ((*blobs)[0].path, "a.txt");
  EXPECT_EQ((*blobs)[0].bytes, 3);
  EXPECT_GT(ToMillis((*blobs)[0].modified), 0);
  EXPECT_EQ((*blobs)[1].path, "a/z");
  EXPECT_EQ((*blobs)[2].path, "b.txt");
  const auto one = store_->List("store", "f/b.txt");
  ASSERT_TRUE(one.ok());
  ASSERT_EQ(one->size(), 1U);
  EXPECT_EQ((*one)[0].path, "b.txt");
  EXPECT_EQ(store_->List("store", "nothing").status().code(), Code::kNotFound);
  EXPECT_EQ(store_->List("store", "f/link").status().code(), Code::kNotFound);
}

TEST_F(BlobTest, RemovesFilesAndFoldersButNoDatastore) {
  ASSERT_TRUE(Put("f/a", "1").ok());
  ASSERT_TRUE(Put("f/b", "1").ok());
  EXPECT_TRUE(store_->Remove("store", "f/a").ok());
  EXPECT_FALSE(Exists(root_ + "/store/f/a"));
  EXPECT_TRUE(store_->Remove("store", "f").ok());
  EXPECT_TRUE(store_->Remove("store", "f").ok());
  EXPECT_EQ(store_->Remove("store", "").code(), Code::kInvalidArgument);
  EXPECT_TRUE(IsDir(root_ + "/store"));
}

TEST_F(BlobTest, WhatIsStagedUnderANameIsSweptWhenNobodyHasGoneOnWithIt) {
  const auto touch = [](const std::string& file, std::chrono::seconds age) {
    const timespec then{.tv_sec = std::time(nullptr) - age.count(), .tv_nsec = 0};
    const timespec times[2] = {then, then};
    ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  };
  const auto staging = store_->Stage("upload1");
  ASSERT_TRUE(staging.ok());
  const std::string notes = (*staging)->notes();
  ASSERT_TRUE(WriteFile(notes, "x").ok());
  constexpr auto kAgeMax = BlobStore::kStagedLife + BlobStore::kStagedSlack;
  touch(notes, kAgeMax - std::chrono::minutes(5));
  store_->SweepStaged();
  EXPECT_TRUE(Exists(notes));
  touch(notes, kAgeMax + std::chrono::minutes(5));
  store_->SweepStaged();
  EXPECT_FALSE(Exists(DirName(notes)));
}

TEST_F(BlobTest, ManyFilesBecomeVisibleTogether) {
  const auto staging = store_->Stage();
  ASSERT_TRUE(staging.ok());
  for (int i = 0; i < 20; ++i) {
    const std::string folder = (*staging)->folder() + "/d" + std::to_string(i % 3);
    ASSERT_TRUE(MakeDirs(folder).ok());
    ASSERT_TRUE(WriteFile(folder + "/" + std::to_string(i), "x").ok());
  }
  EXPECT_FALSE(Exists(root_ + "/store"));
  const Status published = (*staging)->Publish("store", "LocalUpload/hash");
  ASSERT_TRUE(published.ok()) << published.text();
  EXPECT_EQ(store_->List("store", "LocalUpload/hash")->size(), 20U);
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobTest, APlaceIsPublishedOnce) {
  const auto publish = [this] {
    const auto staging = store_->Stage();
    EXPECT_TRUE(WriteFile((*staging)->folder() + "/x", "x").ok());
    return (*staging)->Publish("store", "place");
  };
  EXPECT_TRUE(publish().ok());
  EXPECT_EQ(publish().code(), Code::kConflict);
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobTest, SeveralThreadsMayWriteTheSamePath) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (int n = 0; n < 5; ++n) EXPECT_TRUE(Put("same/file", std::string(1000, "abcd"[i])).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string content = Content("same/file");
  ASSERT_EQ(content.size(), 1000U);
  EXPECT_EQ(content.find_first_not_of(content[0]), std::string::npos);
}

}  // namespace
}  // namespace lazurite
