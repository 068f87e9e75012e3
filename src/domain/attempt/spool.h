// Logging calls that the runner has answered while the server was away, kept until the server has
// taken them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/journal/journal.h"

namespace lazurite {

struct SpoolEntry {
  std::string id;  // goes with every try as the header kReplayHeader: the server takes each id once
  std::string path;  // "/api/2.0/mlflow/runs/log-metric"
  std::string body;  // as the client sent it
  Time time{};
  int64_t end = 0;          // where the entry ends in the file, for MarkReplayed
  bool is_readable = true;  // if not, `body` is the line as it is, and nothing else is known
};

inline constexpr std::string_view kReplayHeader = "x-lazurite-replay-id";

// One attempt's spool: appended by its runner, read by the runner while it lives, by the server
// afterwards.
class Spool final {
 public:
  // A larger spool is refused: 256 MiB are some 500 000 calls of log-batch with a few metrics each.
  static constexpr int64_t kBytesMax = int64_t{256} << 20;
  static constexpr size_t kPageMax = 1000;

  explicit Spool(const std::string& attempt_folder);

  // Durable when it returns. kResourceExhausted beyond kBytesMax; after a failure the spool is as
  // it was before.
  Status Append(const SpoolEntry& entry);
  // The oldest entries that are not marked, at most `count_max` (and kPageMax); none if there is no
  // spool.
  Result<std::vector<SpoolEntry>> Read(size_t count_max) const;
  // The entries up to and with the one that ends there have been taken by the server.
  Status MarkReplayed(int64_t end) const;
  // Keeps, in a file of its own (<spool>.refused), a call that the server does not take.
  Status SetAside(const SpoolEntry& entry) const;

 private:
  Status Open();
  int64_t Replayed() const;

  std::string path_;
  std::optional<JournalWriter> journal_;
};

}  // namespace lazurite
