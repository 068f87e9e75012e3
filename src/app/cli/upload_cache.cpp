#include "app/cli/upload_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>

#include "base/file.h"
#include "base/hash.h"

namespace lazurite::cli {
namespace {

constexpr std::string_view kTitle = "lazurite upload cache 2\n";
// The clock that stamps files ticks every 1 to 10 ms.
constexpr int64_t kRacyNanoseconds = 50'000'000;

std::string FolderOf(const std::string& folder) {
  if (!folder.empty()) return folder;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::string(cache) + "/lazurite/uploads";
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') return "";
  return std::string(home) + "/.cache/lazurite/uploads";
}

// Takes a number and the blank after it.
template <typename T>
bool TakeNumber(std::string_view& line, T& number) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()) + 1);
  return true;
}

void RemoveOldest(const std::string& folder, size_t keep) {
  const Result<std::vector<std::string>> names = ListDir(folder);
  if (!names.ok() || names->size() <= keep) return;
  std::vector<std::pair<int64_t, std::string>> files;
  for (const std::string& name : *names) {
    struct stat info {};
    const std::string path = JoinPath(folder, name);
    if (stat(path.c_str(), &info) == 0) files.emplace_back(int64_t{info.st_mtim.tv_sec}, path);
  }
  std::sort(files.begin(), files.end());
  for (size_t i = 0; i + keep < files.size(); ++i) unlink(files[i].second.c_str());
}

}  // namespace

UploadCache::UploadCache(const std::string& folder, const std::string& root)
    : folder_(FolderOf(folder)) {
  if (folder_.empty()) return;
  file_ = JoinPath(folder_, Sha256Hex(root).substr(0, 32));
  Result<std::string> text = ReadFile(file_);
  if (!text.ok() || !text->starts_with(kTitle)) return;
  text_ = std::move(*text);
  Parse();
}

// A line for each file: hash, bytes, mtime, ctime, inode, length of the path, path.
void UploadCache::Parse() {
  std::string_view rest = std::string_view(text_).substr(kTitle.size());
  if (rest.size() < 65 || !upload::IsHash(rest.substr(0, 64))) return;
  base_ = rest.substr(0, 64);
  rest.remove_prefix(65);
  was_found_ = true;
  known_.reserve(static_cast<size_t>(std::count(rest.begin(), rest.end(), '\n')));
  while (rest.size() > 65) {
    Known known{rest.substr(0, 64), 0, 0, 0, 0};
    rest.remove_prefix(65);
    size_t length = 0;
    const bool is_good = TakeNumber(rest, known.bytes) && TakeNumber(rest, known.mtime_ns) &&
                         TakeNumber(rest, known.ctime_ns) && TakeNumber(rest, known.inode) &&
                         TakeNumber(rest, length) && length < rest.size();
    if (!is_good) return;
    known_.emplace(rest.substr(0, length), known);
    rest.remove_prefix(length + 1);
  }
}

std::string_view UploadCache::Find(const LocalFile& file) const {
  const auto found = known_.find(std::string_view(file.path));
  if (found == known_.end()) return "";
  const Known& known = found->second;
  const bool is_same = known.bytes == file.bytes && known.mtime_ns == file.mtime_ns &&
                       known.ctime_ns == file.ctime_ns && known.inode == file.inode;
  return is_same ? known.hash : std::string_view();
}

void UploadCache::Save(const LocalTree& tree, const upload::Manifest& manifest,
                       const std::string& hash, int64_t walked_ns) {
  if (file_.empty()) return;
  std::string text(kTitle);
  text += hash + "\n";
  for (size_t i = 0; i < tree.files.size(); ++i) {
    const LocalFile& file = tree.files[i];
    if (file.ctime_ns > walked_ns - kRacyNanoseconds) continue;
    text += manifest.files[i].hash + " " + std::to_string(file.bytes) + " " +
            std::to_string(file.mtime_ns) + " " + std::to_string(file.ctime_ns) + " " +
            std::to_string(file.inode) + " " + std::to_string(file.path.size()) + " " + file.path +
            "\n";
  }
  const std::string fresh = file_ + "." + std::to_string(getpid());
  if (!MakeDirs(folder_, 0700).ok() || !WriteFile(fresh, text, 0600).ok()) return;
  if (!Rename(fresh, file_).ok()) unlink(fresh.c_str());
  RemoveOldest(folder_, kPathsMax);
}

int64_t NowNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace lazurite::cli
