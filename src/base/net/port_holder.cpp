#include "base/net/port_holder.h"

#include <unistd.h>

#include <array>
#include <set>

#include "base/file.h"
#include "base/text.h"

namespace lazurite {
namespace {

constexpr std::string_view kListening = "0A";

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : Split(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

// The inodes of sockets that listen on the port, from a table as proc(5) describes it.
void AddListeners(const std::string& table, int port, std::set<std::string>& inodes) {
  const Result<std::string> text = ReadFile(table);
  if (!text.ok()) return;
  std::array<char, 8> wanted{};
  std::snprintf(wanted.data(), wanted.size(), ":%04X", static_cast<unsigned>(port) & 0xffffU);
  for (const std::string_view line : Split(*text, '\n')) {
    const std::vector<std::string_view> words = Words(line);
    constexpr size_t kLocal = 1, kState = 3, kInode = 9;
    if (words.size() <= kInode || words[kState] != kListening) continue;
    if (words[kLocal].ends_with(wanted.data())) {
      inodes.insert("socket:[" + std::string(words[kInode]) + "]");
    }
  }
}

std::set<std::string> Listeners(int port) {
  std::set<std::string> inodes;
  AddListeners("/proc/net/tcp", port, inodes);
  AddListeners("/proc/net/tcp6", port, inodes);
  return inodes;
}

bool HoldsOneOf(const std::string& folder, const std::set<std::string>& inodes) {
  const Result<std::vector<std::string>> files = ListDir(folder);
  if (!files.ok()) return false;
  for (const std::string& file : *files) {
    std::array<char, 64> target{};
    const ssize_t count = readlink((folder + "/" + file).c_str(), target.data(), target.size() - 1);
    if (count > 0 && inodes.contains(target.data())) return true;
  }
  return false;
}

}  // namespace

bool IsPortTaken(int port) { return !Listeners(port).empty(); }

std::string HolderOfPort(int port) {
  const std::set<std::string> inodes = Listeners(port);
  const Result<std::vector<std::string>> processes = ListDir("/proc");
  if (inodes.empty() || !processes.ok()) return "";
  for (const std::string& pid : *processes) {
    if (!ParseInt(pid) || !HoldsOneOf("/proc/" + pid + "/fd", inodes)) continue;
    const Result<std::string> name = ReadFile("/proc/" + pid + "/comm");
    return std::string(name.ok() ? Trim(*name) : "a program") + " (pid " + pid + ")";
  }
  return "";
}

}  // namespace lazurite
