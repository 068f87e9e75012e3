#include "spec/upload/upload_format.h"

#include <gtest/gtest.h>

#include "base/blake3.h"
#include "base/hash.h"

namespace lazurite::upload {
namespace {

Manifest Example() {
  return {.name = "demo",
          .is_folder = true,
          .base = "",
          .files = {{"a.txt", 2, false, 7, Blake3Hex("a\n")},
                    {"bin/run", 10, true, 8, Blake3Hex("#!/bin/sh\n")}}};
}

TEST(UploadFormat, HashesAFolderAsTheFormatPageSays) {
  EXPECT_EQ(ContentHash(Example()),
            "48bab269d38426f9c402b9f61e79a0fbda57a60ba3dd5d4d67bc6e19ec5b423e");
}

TEST(UploadFormat, HashesASingleFileByItsContent) {
  const Manifest manifest{
      .name = "a", .is_folder = false, .base = "", .files = {{"a", 2, true, 0, Blake3Hex("a\n")}}};
  EXPECT_EQ(ContentHash(manifest), Blake3Hex("a\n"));
}

TEST(UploadFormat, HashDependsOnNamesAndExecutability) {
  Manifest other = Example();
  other.files[1].is_executable = false;
  EXPECT_NE(ContentHash(other), ContentHash(Example()));
  other = Example();
  other.files[0].path = "b.txt";
  EXPECT_NE(ContentHash(other), ContentHash(Example()));
  other = Example();
  other.name = "another";
  EXPECT_EQ(ContentHash(other), ContentHash(Example()));
}

TEST(UploadFormat, ManifestSurvivesTheWire) {
  const Result<Manifest> read = Manifest::FromJson(Example().ToJson());
  ASSERT_TRUE(read.ok()) << read.status().text();
  EXPECT_EQ(ContentHash(*read), ContentHash(Example()));
  EXPECT_EQ(read->Bytes(), 12);
}

Status ReadWith(const std::vector<std::string>& paths) {
  Manifest manifest{.name = "demo", .is_folder = true, .base = "", .files = {}};
  for (const std::string& path : paths) manifest.files.push_back({path, 1, false, 0, ""});
  return Manifest::FromJson(manifest.ToJson()).status();
}

TEST(UploadFormat, RefusesNamesThatLeaveTheFolder) {
  for (const char* path : {"../x", "/etc/passwd", "a/../b", "", ".", "a//b", "a/"}) {
    EXPECT_EQ(ReadWith({path}).code(), Code::kInvalidArgument) << path;
  }
}

TEST(UploadFormat, RefusesNamesThatExcludeEachOther) {
  EXPECT_EQ(ReadWith({"a", "a"}).code(), Code::kInvalidArgument);
  EXPECT_EQ(ReadWith({"a", "a-b", "a/b"}).code(), Code::kInvalidArgument);
  EXPECT_EQ(ReadWith({"b", "a"}).code(), Code::kInvalidArgument);
  EXPECT_TRUE(ReadWith({"a", "a-b", "b/a"}).ok());
}

TEST(UploadFormat, RefusesMoreBytesThanTheLimit) {
  Manifest manifest = Example();
  manifest.files[0].bytes = kBytesMax;
  EXPECT_EQ(Manifest::FromJson(manifest.ToJson()).status().code(), Code::kResourceExhausted);
}

TEST(UploadFormat, ReadsRecordsInAnyPieces) {
  std::string body;
  for (const auto& [file, text] :
       {std::pair{3u, std::string("hello")}, {4u, std::string()}, {5u, std::string("x")}}) {
    const auto head = RecordHeader{file, 0, text.size()}.Encode();
    body.append(head.data(), head.size());
    body += text;
  }
  for (size_t piece = 1; piece <= body.size(); ++piece) {
    std::string seen;
    RecordReader reader;
    reader.on_begin = [&](const RecordHeader& header) {
      seen += "[" + std::to_string(header.file) + "]";
      return Status();
    };
    reader.on_bytes = [&](std::string_view bytes) {
      seen += bytes;
      return Status();
    };
    for (size_t at = 0; at < body.size(); at += piece) {
      ASSERT_TRUE(reader.Add(std::string_view(body).substr(at, piece)).ok());
    }
    EXPECT_EQ(seen, "[3]hello[4][5]x");
    EXPECT_TRUE(reader.IsComplete());
  }
}

TEST(UploadFormat, RefusesWhatIsNoRecord) {
  RecordReader reader;
  reader.on_begin = [](const RecordHeader&) { return Status(); };
  reader.on_bytes = [](std::string_view) { return Status(); };
  EXPECT_EQ(reader.Add(std::string(24, '\xff')).code(), Code::kInvalidArgument);
}

TEST(UploadFormat, NamesCodeByItsHash) {
  EXPECT_EQ(CodeName(Sha256Hex("")), "e3b0c442-98fc-1c14-9afb-f4c8996fb924");
}

TEST(UploadFormat, MissingRangesSurviveTheWire) {
  const Json json = ToJson({{1, 3, 17}, {7, 7, 0}});
  const auto read = MissingFromJson(&json, 8);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)[0].offset, 17);
  EXPECT_EQ((*read)[1].first, 7u);
  EXPECT_FALSE(MissingFromJson(&json, 7).ok());
}

}  // namespace
}  // namespace lazurite::upload
