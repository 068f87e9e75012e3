// Who on this machine holds what, across servers and users: lock files in one folder that everybody
// may write to (mode 1777).
//
// A GPU is a file "gpu-<id>", in parts: byte k of it stands for seat k when jobs share GPUs, and
// all bytes for the whole. Whoever holds a part has it locked (open file description locks: they
// end with their process, whatever ends it). The server takes a part exclusively, which only one
// can; then it makes its lock a shared one, which the runner of the attempt joins. So the part is
// held as long as either of them lives, and nobody else can take it.
//
// Programs outside of Lazurite can hold a GPU the same way, `flock <folder>/gpu-<id> python …`:
// they wait for the jobs on it, and no job gets it meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/status.h"

namespace lazurite {

// What the holder of a part writes into it, for people.
struct SlotClaim {
  std::string job;
  int pid = 0;  // of the process that holds it; 0 is replaced by the caller's own
};

// The parts of a file that one lock stands for.
struct SlotPart {
  std::string path;
  int seat = -1;  // -1: all of it
};

struct SlotHolder {
  std::string words;  // "job a of user anna (process 12)", "process 4711 (python3) of user anna"
};

// What another user's server has given out, in all.
struct Elsewhere {
  int slots = 0;
  int64_t memory_bytes = 0;
  std::string words;  // "6 slots are held by jobs of user anna"
};

class SlotBoard final {
 public:
  static constexpr int kSeatsMax = 16;
  static constexpr std::string_view kDefaultFolder = "/tmp/lazurite-slots";

  // Makes the folder if it is missing. kFailedPrecondition if what is there is a link, no folder,
  // or one of another mode. From one of mode 1777 only its owner and root can remove files of ours,
  // and with them what our locks say; where users do not trust each other, root is to make it.
  static Result<SlotBoard> Open(const std::string& folder);

  const std::string& folder() const { return folder_; }
  SlotPart PartOf(const std::string& gpu_id, int seat = -1) const;

  // Makes its file, so that all can open it, whoever comes first.
  Status Prepare(const SlotPart& part) const;
  // Takes the part for this process and whoever joins it. kConflict names the holder.
  Result<Fd> Take(const SlotPart& part, const SlotClaim& claim) const;
  // Who holds it, also partly; nothing if it is free. Takes nothing.
  std::optional<SlotHolder> HolderOf(const SlotPart& part) const;
  // Cores and memory that servers of other users have given out (ClaimShare).
  Elsewhere LookElsewhere() const;

 private:
  explicit SlotBoard(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

// The runner's side: a shared lock beside the server's. kConflict if somebody else has the part.
Result<Fd> JoinSlot(const SlotPart& part, const SlotClaim& claim);

// The file by which this process tells others what it takes.
std::string ShareFile(const std::string& folder);
// Tells servers of other users what an attempt of this user takes, as long as the descriptor lives:
// a file "share-<uid>-<pid>", which is removed by whoever finds it unlocked.
Result<Fd> ClaimShare(const std::string& folder, int slots, int64_t memory_bytes);

}  // namespace lazurite
