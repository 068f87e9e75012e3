#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/doctor.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/workspace/home_place.h"
#include "domain/workspace/places.h"

namespace lazurite::cli {
namespace {

using Grade = Finding::Grade;

constexpr int64_t kFreeBytesLow = int64_t{5} << 30;

Finding Home(const std::string& home) {
  struct stat info {};
  if (stat(home.c_str(), &info) != 0) {
    return {Grade::kNote, "home", home + " is not there yet", "lazurite up makes it"};
  }
  if (info.st_uid != geteuid()) {
    return {Grade::kBad, "home", home + " belongs to another user",
            "choose another one: LAZURITE_HOME"};
  }
  if ((info.st_mode & 077) != 0) {
    return {Grade::kBad, "home", home + " can be entered by others", "chmod 700 " + home};
  }
  struct stat token {};
  const std::string file = JoinPath(TokensFolder(home), "owner");
  if (stat(file.c_str(), &token) == 0 && (token.st_mode & 077) != 0) {
    return {Grade::kBad, "home", file + " can be read by others", "chmod 600 " + file};
  }
  return {Grade::kGood, "home", home, ""};
}

// The text of a refusal is "what is wrong; the way out".
Finding Refused(const std::string& what, Grade grade, const Status& status) {
  const size_t cut = status.text().find("; ");
  if (cut == std::string::npos) return {grade, what, status.text(), ""};
  return {grade, what, status.text().substr(0, cut), status.text().substr(cut + 2)};
}

Finding FileSystem(const HomePlace& place) {
  HomePlace with_room = place;
  with_room.free_bytes = kHomeFreeMin;
  with_room.has_no_inodes = false;
  const Status fits = CheckHome(with_room, false);
  if (!fits.ok()) return Refused("file system", Grade::kBad, fits);
  return {Grade::kGood, "file system",
          (place.file_system.empty() ? "a disk of this machine" : place.file_system) + " at " +
              place.folder,
          ""};
}

Finding Room(HomePlace place) {
  const std::string found = FormatBytes(place.free_bytes) + " free at " + place.folder;
  place.is_read_only = false;
  const Status has_room = CheckHome(place, true);
  if (!has_room.ok()) return Refused("free space", Grade::kBad, has_room);
  if (place.free_bytes > kFreeBytesLow) return {Grade::kGood, "free space", found, ""};
  return {Grade::kNote, "free space", found,
          "environments and outputs need room: free some, or move with --home"};
}

}  // namespace

std::vector<Finding> ExamineHome(const Settings& settings) {
  const Result<HomePlace> place = LookAtHome(settings.home);
  if (!place.ok()) {
    return {Home(settings.home),
            {Grade::kBad, "file system", place.status().text(), "choose another home: --home"}};
  }
  return {Home(settings.home), FileSystem(*place), Room(*place)};
}

}  // namespace lazurite::cli
