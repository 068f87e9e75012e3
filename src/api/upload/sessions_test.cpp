// Uploads of the same content at the same time.
#include "api/upload/sessions.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <set>
#include <thread>

#include "domain/workspace/places.h"

namespace lazurite::upload {
namespace {

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() {
    char name[] = "/tmp/lazurite-sessions-XXXXXX";
    root_ = mkdtemp(name);
    auto blobs = BlobStore::Open(root_);
    LAZURITE_CHECK(blobs.ok());
    blobs_ = std::move(*blobs);
    sessions_.emplace(blobs_.get(), &clock_);
  }
  ~SessionsTest() override { std::filesystem::remove_all(root_); }

  Sessions::Session Open(const std::string& sender) {
    Manifest manifest{.name = "x", .is_folder = true, .base = "", .files = {}};
    manifest.files.push_back({"a", 3, false, 0, ""});
    Result<Sessions::Session> session = sessions_->Open({std::move(manifest), "ann", sender});
    EXPECT_TRUE(session.ok()) << session.status().text();
    return session.ok() ? *session : Sessions::Session();
  }
  static void Send(const Sessions::Session& session, const std::string& content) {
    const std::shared_ptr<Receiving> receiving = session.upload->BeginReceiving();
    ASSERT_TRUE(receiving);
    const auto head = RecordHeader{0, 0, 3}.Encode();
    const std::string body = std::string(head.data(), head.size()) + content;
    memcpy(receiving->cutter().room(), body.data(), body.size());
    ASSERT_TRUE(receiving->cutter().Filled(body.size()).ok());
    receiving->cutter().Finish();
    for (Load& load : receiving->cutter().Take()) receiving->crew().Add(std::move(load));
    receiving->End();
  }

  std::string root_;
  ManualClock clock_{FromMillis(1'700'000'000'000)};
  std::unique_ptr<BlobStore> blobs_;
  std::optional<Sessions> sessions_;
};

TEST_F(SessionsTest, OfManyThatBeginAtOnceOneBegins) {
  std::vector<Sessions::Session> opened(8);
  std::vector<std::thread> threads;
  for (Sessions::Session& one : opened) threads.emplace_back([&] { one = Open("me"); });
  for (std::thread& thread : threads) thread.join();
  for (const Sessions::Session& one : opened) EXPECT_EQ(one.upload, opened[0].upload);
}

TEST_F(SessionsTest, EachOfManySendersAtOnceHasAFolderOfItsOwn) {
  std::vector<Sessions::Session> opened(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < opened.size(); ++i) {
    threads.emplace_back([&, i] { opened[i] = Open(std::to_string(i)); });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> ids;
  for (const Sessions::Session& one : opened) ids.insert(one.id);
  EXPECT_EQ(ids.size(), opened.size());
  for (const Sessions::Session& one : opened) {
    Send(one, "abc");
    const Result<UploadResult> result = one.upload->Publish(*blobs_);
    ASSERT_TRUE(result.ok()) << result.status().text();
    EXPECT_EQ(result->was_known, &one != &opened[0]);
    sessions_->Drop(one);
  }
  EXPECT_TRUE(std::filesystem::is_empty(root_ + "/.staging"));
}

TEST_F(SessionsTest, AnUploadThatItsSenderHasLeftIsAnyonesToGoOnWith) {
  const Sessions::Session first = Open("a");
  EXPECT_EQ(Open("a").upload, first.upload);
  first.upload->Leave();
  EXPECT_EQ(Open("b").upload, first.upload);
  EXPECT_NE(Open("a").upload, first.upload) << "now it is b's";
  clock_.Advance(Sessions::kHeldMax);
  EXPECT_EQ(Open("c").upload, first.upload) << "nothing is heard of b";
}

TEST_F(SessionsTest, ADroppedUploadTakesNothingMoreAndIsBegunAfresh) {
  const Sessions::Session first = Open("a");
  sessions_->Drop(first);
  EXPECT_EQ(sessions_->Find(first.id), nullptr);
  EXPECT_EQ(first.upload->BeginReceiving(), nullptr);
  const Sessions::Session second = Open("a");
  EXPECT_EQ(second.id, first.id);
  sessions_->Drop(first);
  Send(second, "abc");
  EXPECT_TRUE(second.upload->Publish(*blobs_).ok()) << "dropping the first again changes nothing";
}

TEST_F(SessionsTest, WhatNobodyGoesOnWithIsForgotten) {
  const Sessions::Session first = Open("a");
  clock_.Advance(BlobStore::kStagedLife + std::chrono::seconds(1));
  EXPECT_NE(Open("a").upload, first.upload);
}

}  // namespace
}  // namespace lazurite::upload
