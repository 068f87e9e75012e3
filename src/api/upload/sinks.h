// The two things done with the bytes of an upload at once: they are written, and hashed.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "api/upload/file_sequence.h"
#include "base/file.h"
#include "base/hash.h"

namespace lazurite::upload {

// Writes the files below a folder that nobody else sees.
class FileWriter final : public FileSink {
 public:
  FileWriter(const Manifest& manifest, std::string folder);

  Status Open(uint32_t file, int64_t offset) override;
  Status Add(std::string_view bytes) override;
  Status Close(uint32_t file) override;
  // Links a stored file with the same content. False if that cannot be.
  bool Link(uint32_t file, const std::string& source);

 private:
  Status MakeParent(const std::string& path);

  const Manifest& manifest_;
  const std::string folder_;
  std::unordered_set<std::string> made_;  // folders
  Fd fd_;
  int64_t written_ = 0;
  int64_t flushed_ = 0;
};

// Sets the sha256 of the manifest's files.
class FileHasher final : public FileSink {
 public:
  explicit FileHasher(Manifest& manifest) : manifest_(manifest) {}

  Status Open(uint32_t file, int64_t offset) override;
  Status Add(std::string_view bytes) override;
  Status Close(uint32_t file) override;

 private:
  Manifest& manifest_;
  Hasher hasher_;
};

}  // namespace lazurite::upload
