// Bodies as they come from a connection, cut and stored.
#include "api/upload/staged_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "base/hash.h"

namespace lazurite::upload {
namespace {

namespace fs = std::filesystem;

class StagedFilesTest : public testing::Test {
 protected:
  StagedFilesTest() {
    char name[] = "/tmp/lazurite-staged-XXXXXX";
    root_ = mkdtemp(name);
    fs::create_directories(folder());
  }
  ~StagedFilesTest() override { fs::remove_all(root_); }

  std::string folder() const { return root_ + "/files"; }

  void Add(const std::string& path, size_t bytes) {
    contents_.push_back(RandomBytes(bytes));
    manifest_.files.push_back({path, static_cast<int64_t>(bytes), false, 0, ""});
  }

  // What a process that begins has.
  void Open() {
    files_ = std::make_unique<StagedFiles>(manifest_, folder(), root_ + "/notes");
    const Result<bool> goes_on = files_->Resume();
    ASSERT_TRUE(goes_on.ok()) << goes_on.status().text();
    goes_on_ = *goes_on;
  }
  // What one that ended has left behind.
  void Forget() {
    files_.reset();
    for (FileEntry& file : manifest_.files) file.hash.clear();
  }

  // All that is missing.
  std::string Body() const {
    std::string body;
    for (const MissingRange& range : files_->Missing()) {
      for (uint32_t i = range.first; i <= range.last; ++i) {
        const auto offset = static_cast<size_t>(i == range.first ? range.offset : 0);
        const size_t length = contents_[i].size() - offset;
        const auto head = RecordHeader{i, offset, length}.Encode();
        body.append(head.data(), head.size());
        body += contents_[i].substr(offset);
      }
    }
    return body;
  }

  // Stores a body that comes in pieces of up to `most` bytes; the loads in reverse order.
  Status Store(std::string_view body, size_t most) {
    std::uniform_int_distribution<size_t> some(1, most);
    Buffers buffers;
    files_->BeginBody();
    Cutter cutter(manifest_, files_->Next(), buffers);
    std::vector<Load> loads;
    const auto take = [&] {
      for (Load& load : cutter.Take()) loads.push_back(std::move(load));
    };
    while (!body.empty()) {
      const size_t count = body.copy(cutter.room(), std::min(some(random_), cutter.room_bytes()));
      body.remove_prefix(count);
      TRY(cutter.Filled(count));
      take();
    }
    cutter.Finish();
    take();
    while (!loads.empty()) {
      TRY(files_->Put(loads.back()));
      loads.pop_back();
    }
    return {};
  }

  void ExpectAll() const {
    EXPECT_TRUE(files_->IsComplete());
    EXPECT_EQ(files_->MissingBytes(), 0);
    for (size_t i = 0; i < contents_.size(); ++i) {
      const FileEntry& entry = manifest_.files[i];
      EXPECT_TRUE(*ReadFile(folder() + "/" + entry.path) == contents_[i]) << entry.path;
      EXPECT_EQ(entry.hash, Blake3Hex(contents_[i])) << entry.path;
    }
  }

  void AddMixture() {
    Add("a", 0);
    Add("b/1", 1);
    Add("b/2", 4096);
    Add("c", kBlake3PieceBytes);
    Add("d", kBlake3PieceBytes + 1);
    Add("e", 3 * kBlake3PieceBytes);
    Add("f", 700'000);
    Add("g", 2'500'000);
    Add("h", 0);
  }

  std::string root_;
  Manifest manifest_{.name = "x", .is_folder = true, .base = "", .files = {}};
  std::vector<std::string> contents_;
  std::unique_ptr<StagedFiles> files_;
  bool goes_on_ = false;
  std::mt19937 random_{1};
};

TEST_F(StagedFilesTest, BodiesArriveHoweverTheyAreCut) {
  for (const size_t most : {size_t{40}, size_t{5000}, size_t{300'000}, size_t{4} << 20}) {
    contents_.clear();
    manifest_.files.clear();
    fs::remove_all(root_);
    fs::create_directories(folder());
    AddMixture();
    Open();
    EXPECT_FALSE(goes_on_);
    const Status status = Store(Body(), most);
    ASSERT_TRUE(status.ok()) << status.text();
    ExpectAll();
  }
}

TEST_F(StagedFilesTest, AnotherProcessGoesOnWithWhatHasArrived) {
  AddMixture();
  Open();
  const std::string body = Body();
  ASSERT_TRUE(Store(std::string_view(body).substr(0, 3'500'000), 100'000).ok());
  const int64_t missing = files_->MissingBytes();
  EXPECT_LT(missing, 9'700'000 - 2'000'000);
  Forget();
  Open();
  EXPECT_TRUE(goes_on_);
  EXPECT_EQ(files_->MissingBytes(), missing);
  ASSERT_TRUE(Store(Body(), 100'000).ok());
  ExpectAll();
}

TEST_F(StagedFilesTest, ATornNoteIsOfNoConsequence) {
  AddMixture();
  Open();
  const std::string body = Body();
  ASSERT_TRUE(Store(std::string_view(body).substr(0, 3'500'000), 100'000).ok());
  Forget();
  const int64_t size = *FileSize(root_ + "/notes");
  ASSERT_EQ(truncate((root_ + "/notes").c_str(), size - 17), 0);
  Open();
  EXPECT_TRUE(goes_on_);
  ASSERT_TRUE(Store(Body(), 100'000).ok());
  ExpectAll();
  Forget();
  Open();
  ExpectAll();
}

TEST_F(StagedFilesTest, WhatAnEarlierStartOfTheMachineHasLeftIsNotBelieved) {
  AddMixture();
  Open();
  ASSERT_TRUE(Store(Body(), 100'000).ok());
  Forget();
  std::string notes = *ReadFile(root_ + "/notes");
  notes[notes.find('\n') - 1] ^= 1;
  ASSERT_TRUE(WriteFile(root_ + "/notes", notes).ok());
  Open();
  EXPECT_FALSE(goes_on_);
  EXPECT_FALSE(files_->IsComplete());
}

TEST_F(StagedFilesTest, StoredFilesAreNotWrittenToThroughLinksThatWereLeft) {
  Add("a", 1000);
  const std::string stored = root_ + "/stored";
  ASSERT_TRUE(WriteFile(stored, contents_[0]).ok());
  Open();
  EXPECT_TRUE(files_->Link(0, stored));
  Forget();
  contents_[0] = RandomBytes(1000);
  Open();
  EXPECT_FALSE(files_->IsComplete());
  const std::string before = *ReadFile(stored);
  ASSERT_TRUE(Store(Body(), 100).ok());
  ExpectAll();
  EXPECT_TRUE(*ReadFile(stored) == before);
}

TEST_F(StagedFilesTest, RecordsThatDoNotFitAreRefused) {
  Add("a", 10);
  Add("b", 3 * kBlake3PieceBytes);
  Open();
  const RecordHeader kWrong[] = {{2, 0, 10}, {0, 0, 11}, {0, 0, 9},
                                 {0, 1, 9},  {1, 5, 10}, {1, kBlake3PieceBytes, kBlake3PieceBytes}};
  for (const RecordHeader& header : kWrong) {
    const auto head = header.Encode();
    EXPECT_EQ(Store({head.data(), head.size()}, 100).code(), Code::kInvalidArgument);
  }
  const auto head = RecordHeader{0, 0, 10}.Encode();
  const std::string once = std::string(head.data(), head.size()) + "0123456789";
  EXPECT_EQ(Store(once + once, 100).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace lazurite::upload
