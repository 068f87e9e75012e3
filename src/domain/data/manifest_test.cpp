#include "domain/data/manifest.h"

#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <filesystem>

#include "base/blake3.h"
#include "base/file.h"
#include "domain/data/in_place.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace {

constexpr Time kNow = FromMillis(1'800'000'000'000);

class ManifestTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "manifest-XXXXXX";
    root_ = mkdtemp(pattern.data());
    place_ = root_ + "/data";
    Put("a.csv", "1234567890");
    Put("sub/b.csv", "bb");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Put(const std::string& path, const std::string& content, int64_t second = 1000) {
    const std::string full = JoinPath(place_, path);
    ASSERT_TRUE(MakeDirs(DirName(full)).ok());
    ASSERT_TRUE(WriteFile(full, content).ok());
    Touch(full, second);
  }
  static void Touch(const std::string& path, int64_t second) {
    const timeval times[2] = {{second, 0}, {second, 0}};
    ASSERT_EQ(utimes(path.c_str(), times), 0);
  }
  Manifest Take() {
    Result<Manifest> manifest = TakeManifest(place_, kNow);
    EXPECT_TRUE(manifest.ok()) << manifest.status().text();
    return manifest.ok() ? std::move(*manifest) : Manifest();
  }
  static std::vector<std::string> PathsOf(const Manifest& manifest) {
    std::vector<std::string> paths;
    for (const ManifestFile& file : manifest.files) paths.push_back(file.path);
    return paths;
  }

  std::string root_, place_;
};

using Paths = std::vector<std::string>;

TEST_F(ManifestTest, AllFilesAreTakenWithSizesAndTimes) {
  const Manifest manifest = Take();
  EXPECT_TRUE(manifest.is_folder);
  ASSERT_EQ(PathsOf(manifest), (Paths{"a.csv", "sub/b.csv"}));
  EXPECT_EQ(manifest.files[0].bytes, 10);
  EXPECT_EQ(manifest.files[0].modified_ns, 1'000'000'000'000);
  EXPECT_EQ(manifest.Head().bytes, 12);
}

TEST_F(ManifestTest, APlaceMayBeOneFile) {
  place_ += "/a.csv";
  const Manifest manifest = Take();
  EXPECT_FALSE(manifest.is_folder);
  EXPECT_EQ(PathsOf(manifest), (Paths{""}));
  Manifest later = manifest;
  later.files[0].bytes = 12;
  EXPECT_EQ(CompareManifest(manifest, later).Named(), "a.csv (10 B → 12 B)");
}

TEST_F(ManifestTest, LinksCountAsWhatTheyLeadToAndRingsEnd) {
  ASSERT_TRUE(MakeDirs(root_ + "/pool/deep").ok());
  ASSERT_TRUE(WriteFile(root_ + "/pool/deep/c.csv", "ccc").ok());
  ASSERT_EQ(symlink((root_ + "/pool").c_str(), (place_ + "/pool").c_str()), 0);
  ASSERT_EQ(symlink((root_ + "/pool/deep/c.csv").c_str(), (place_ + "/c.csv").c_str()), 0);
  ASSERT_EQ(symlink("..", (place_ + "/sub/up").c_str()), 0);
  ASSERT_EQ(symlink("nowhere", (place_ + "/dangling").c_str()), 0);
  ASSERT_EQ(symlink("self", (place_ + "/self").c_str()), 0);
  const Manifest manifest = Take();
  EXPECT_EQ(PathsOf(manifest), (Paths{"a.csv", "c.csv", "pool/deep/c.csv", "sub/b.csv"}));
  EXPECT_EQ(manifest.files[1].bytes, 3);
}

TEST_F(ManifestTest, ManyFilesOfOneFolderAreAllFound) {
  for (int i = 0; i < 2000; ++i) Put("many/" + std::to_string(i), "x");
  const Manifest manifest = Take();
  EXPECT_EQ(manifest.files.size(), 2002U);
  EXPECT_TRUE(std::is_sorted(manifest.files.begin(), manifest.files.end(),
                             [](const auto& a, const auto& b) { return a.path < b.path; }));
}

TEST_F(ManifestTest, WhatIsNotThereOrCannotBeListedIsNamed) {
  const Status missing = TakeManifest(root_ + "/none", kNow).status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_NE(missing.text().find(root_ + "/none"), std::string::npos);
}

TEST_F(ManifestTest, AManifestIsReadAsItWasWritten) {
  Put("odd\nname 100%", "x");
  const Manifest manifest = Take();
  ASSERT_TRUE(WriteManifest(root_, manifest).ok());
  const Result<Manifest> read = ReadManifest(root_);
  ASSERT_TRUE(read.ok()) << read.status().text();
  EXPECT_EQ(read->place, place_);
  EXPECT_EQ(read->taken, kNow);
  EXPECT_EQ(PathsOf(*read), (Paths{"a.csv", "odd\nname 100%", "sub/b.csv"}));
  EXPECT_EQ(CompareManifest(manifest, *read).count(), 0);
  const Result<ManifestHead> head = ReadManifestHead(root_);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->files, 3);
  EXPECT_EQ(head->bytes, 13);
}

TEST_F(ManifestTest, ATornOrForeignManifestIsRefused) {
  ASSERT_TRUE(WriteManifest(root_, Take()).ok());
  const std::string text = ReadFile(ManifestFilesPath(root_)).value();
  for (const std::string& bad :
       {text.substr(0, text.size() - 12), std::string("{}\n"), std::string(),
        std::string(text).replace(text.find('\n') + 1, 1, "x"), std::string("\xff\xfe")}) {
    ASSERT_TRUE(WriteFile(ManifestFilesPath(root_), bad).ok());
    EXPECT_EQ(ReadManifest(root_).status().code(), Code::kInternal) << bad;
  }
  EXPECT_EQ(ReadManifest(root_ + "/none").status().code(), Code::kNotFound);
}

TEST_F(ManifestTest, HashesFollowInTheOrderOfTheFiles) {
  ASSERT_TRUE(WriteManifest(root_, Take()).ok());
  ASSERT_TRUE(WriteFile(ManifestHashesPath(root_), "abc\nchan").ok());
  EXPECT_EQ(ReadManifest(root_)->files[0].hash, "abc");
  EXPECT_EQ(ReadManifestProgress(root_)->bytes_hashed, 10);
  EXPECT_FALSE(AreHashesDone(root_));
  ASSERT_TRUE(WriteFile(ManifestHashesPath(root_), "abc\nchanged\ndone\n").ok());
  const Result<ManifestProgress> progress = ReadManifestProgress(root_);
  EXPECT_TRUE(progress->is_done);
  EXPECT_EQ(progress->files_hashed, 1);
  EXPECT_EQ(progress->files_left_out, 1);
  EXPECT_EQ(ReadManifest(root_)->files[1].hash, "");
  EXPECT_TRUE(AreHashesDone(root_));
}

TEST_F(ManifestTest, ChangesAreCountedAndSomeAreNamed) {
  const Manifest then = Take();
  Put("a.csv", "123456789012", 2000);
  Put("new.csv", "n", 2000);
  ASSERT_EQ(unlink((place_ + "/sub/b.csv").c_str()), 0);
  const ManifestChanges changes = CompareManifest(then, Take());
  EXPECT_EQ(changes.changed, 1);
  EXPECT_EQ(changes.added, 1);
  EXPECT_EQ(changes.removed, 1);
  EXPECT_EQ(changes.Count(), "3 files");
  EXPECT_EQ(changes.Named(), "a.csv (10 B → 12 B), new.csv (new), sub/b.csv (gone)");
  for (int i = 0; i < 9; ++i) Put("more" + std::to_string(i), "n");
  EXPECT_TRUE(CompareManifest(then, Take()).Named().ends_with(" and 7 more"));
}

TEST_F(ManifestTest, ATouchIsNoChangeIfTheHashIsKnown) {
  Manifest then = Take();
  Touch(place_ + "/a.csv", 3000);
  EXPECT_EQ(CompareManifest(then, Take()).Named(),
            "a.csv (written at 1970-01-01T00:50:00.000Z, same size)");
  then.files[0].hash = Blake3Hex("1234567890");
  EXPECT_EQ(CompareManifest(then, Take()).count(), 0);
  Put("a.csv", "1234567891", 3000);
  EXPECT_EQ(CompareManifest(then, Take()).count(), 1);
}

TEST_F(ManifestTest, ADraftIsTakenOnlyOfWhatJobsMayHave) {
  const std::string home = root_ + "/home";
  const auto blobs = BlobStore::Open(home + "/datastores");
  ASSERT_TRUE(blobs.ok());
  const auto draft = [&](const std::string& place) {
    return DraftManifest(**blobs, home, place, kNow);
  };
  const Status missing = draft(root_ + "/none").status();
  EXPECT_EQ(missing.code(), Code::kInvalidArgument);
  EXPECT_NE(missing.text().find("--in-place"), std::string::npos) << missing.text();
  EXPECT_EQ(draft(home).status().code(), Code::kPermissionDenied);
  EXPECT_EQ(draft(root_).status().code(), Code::kPermissionDenied);
  EXPECT_EQ(draft("/dev/null").status().code(), Code::kInvalidArgument);
  const Status inside = draft(home + "/datastores").status();
  EXPECT_EQ(inside.code(), Code::kInvalidArgument);
  EXPECT_NE(inside.text().find("azureml://datastores/"), std::string::npos) << inside.text();
  const Result<std::string> taken = draft(place_);
  ASSERT_TRUE(taken.ok()) << taken.status().text();
  const std::string folder = ManifestOfVersion(home, "W", "a.b c", "1.0");
  EXPECT_EQ(folder, home + "/manifests/w/a.b%20c/1.0");
  ASSERT_TRUE(WriteFile(*taken + "/hashes", "").ok());
  ASSERT_TRUE(KeepManifest(*taken, folder).ok());
  ASSERT_TRUE(KeepManifest(*draft(place_), folder).ok());
  EXPECT_EQ(ReadManifestHead(folder)->files, 2);
  EXPECT_FALSE(Exists(ManifestHashesPath(folder)));
  EXPECT_TRUE(ListDir(ManifestDraftsFolder(home))->empty());
}

}  // namespace
}  // namespace lazurite
