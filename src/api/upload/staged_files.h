// The files of an upload while they arrive: what of them is on the disk, and known to be.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "api/upload/cutter.h"
#include "base/blake3.h"
#include "base/file.h"
#include "spec/upload/upload_format.h"

namespace lazurite::upload {

class StagedFiles {
 public:
  // `manifest` is given the hashes of what is stored. The files lie below `folder`; `notes` is
  // where it is written down what has arrived, for another process that goes on after this one.
  StagedFiles(Manifest& manifest, std::string folder, std::string notes);

  // Takes over what an earlier process stored, if it did so since the machine was started: nothing
  // of it needs to be on the disk yet. False: nothing to go on with, the folder must be empty.
  Result<bool> Resume();
  // Links a stored file with the same content. False if that cannot be.
  bool Link(uint32_t file, const std::string& source);
  // Stores and hashes; safe for several threads.
  Status Put(const Load& load);
  // Before a body is received, and none is under way.
  void BeginBody();

  // Not while loads are stored.
  std::vector<int64_t> Next() const;  // as Cutter takes it
  std::vector<MissingRange> Missing() const;
  int64_t MissingBytes() const;
  bool IsComplete() const { return left_ == 0; }

 private:
  // One that comes in pieces.
  struct Large {
    Fd fd;
    Blake3Joiner joiner;
  };

  Status MakeParent(const std::string& path);
  Result<Fd> Make(const FileEntry& entry) const;
  Status PutWhole(const Extent& extent, std::string_view bytes, Blake3Node& node);
  Status PutPiece(const Extent& extent, std::string_view bytes, Blake3Node& node);
  Result<int> OpenLarge(uint32_t file);
  void Complete(uint32_t file, std::string hash);
  Status StartNotes();
  void TakeNote(std::string_view record);

  Manifest& manifest_;
  const std::string folder_;
  const std::string notes_path_;
  std::mutex writing_;                    // pieces of large files
  mutable std::mutex mutex_;              // of all below
  std::unordered_set<std::string> made_;  // folders
  std::vector<bool> is_complete_;
  size_t left_;
  std::map<uint32_t, Large> large_;
  Fd notes_;
};

}  // namespace lazurite::upload
