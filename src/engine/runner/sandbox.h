// What a job's processes see of the file system: inputs that cannot be written, and nothing of what
// is not theirs.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/status.h"

namespace lazurite::runner {

// Filled by the runner, entered by each rank's process before it becomes the user's program. Needs
// privileges or user namespaces; without, inputs become links.
class Sandbox final {
 public:
  // `target` (an empty folder or file, as `source` is) shows `source`, read-only with all below it.
  void AddReadOnly(std::string source, std::string target);
  // Nothing of this file or folder is to be seen. Fine if it does not exist.
  void Hide(std::string path);
  // Of this folder only what it has of the name `kept` is to be seen.
  void HideAllBut(std::string folder, std::string kept);
  // This file or folder is seen as it is and cannot be written, with all below it, nor can its
  // place be taken by something else. Fine if it does not exist.
  void Protect(std::string path);
  // This folder or file stays writable, though it lies in what is protected. Fine if it does not
  // exist.
  void Allow(std::string path);
  bool is_empty() const {
    return inputs_.empty() && hidden_.empty() && protected_.empty() && narrowed_.empty();
  }

  // Puts the calling process, which must have one thread, into a mount namespace of its own. Not
  // OK: it goes on with what there is, and this sentence says what is missing. Where no namespace
  // can be made ("no mount namespace: …") that is all of it, and inputs are links.
  Status Enter() const;

 private:
  struct Input {
    std::string source, target;
  };
  Status Mount() const;
  void ProtectAll(std::vector<std::string>& missing) const;
  void MountInputs(bool has_mounts, std::vector<std::string>& missing) const;
  std::vector<Input> inputs_;
  struct Narrowed {
    std::string folder, kept;
  };
  std::vector<std::string> hidden_;
  std::vector<Narrowed> narrowed_;
  std::vector<std::string> protected_;
  std::vector<std::string> allowed_;
};

// By these sockets this user has programs run outside of every sandbox and limit.
std::vector<std::string> ServiceManagerDoors(uid_t user);

}  // namespace lazurite::runner
