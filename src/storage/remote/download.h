// One file of another server, brought to this disk: redirections are followed, a broken transfer
// goes on where it was, and what has not changed is not sent.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace lazurite {

// What tells versions of a file apart, as its server gave it.
struct Validators {
  std::string etag;
  std::string modified;  // Last-Modified
  bool empty() const { return etag.empty() && modified.empty(); }
};

struct DownloadHooks {
  std::function<void(std::string_view line)> log = [](std::string_view) {};
  // Asked on another thread, several times a second.
  std::function<bool()> cancelled = [] { return false; };
  // Before bytes are written, with how many are to come (-1: not known), and while they come if
  // they are more than was said.
  std::function<Status(int64_t bytes)> make_room = [](int64_t) { return Status(); };
  std::string ca_file{};                       // instead of the system's authorities
  Duration timeout{std::chrono::seconds(60)};  // without a byte
};

struct Downloaded {
  bool is_unchanged = false;  // the known version is still the one: nothing was written
  Validators validators;
  int64_t bytes = 0;
};

inline constexpr int kRedirectsMax = 10;
inline constexpr int kDownloadRetriesMax = 5;  // without any progress

// Into the file `part`; beside it `part`.json remembers of which version it is a part.
// kUnavailable: the server cannot be reached, or only tells that it is overloaded; kNotFound,
// kPermissionDenied: as it answers; kNoSpace; kCancelled.
Result<Downloaded> Download(const std::string& url, const Validators& known,
                            const std::string& part, const DownloadHooks& hooks);

}  // namespace lazurite
