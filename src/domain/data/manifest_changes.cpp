// What became of registered files.
#include "base/blake3.h"
#include "base/file.h"
#include "base/text.h"
#include "domain/data/manifest.h"

namespace lazurite {
namespace {

class Comparison {
 public:
  Comparison(const Manifest& then, const Manifest& now) : then_(then), now_(now) {}

  ManifestChanges Compare() {
    auto old = then_.files.begin();
    auto fresh = now_.files.begin();
    while (old != then_.files.end() || fresh != now_.files.end()) {
      if (fresh == now_.files.end() || (old != then_.files.end() && old->path < fresh->path)) {
        Count(changes_.removed, *old++, "gone");
      } else if (old == then_.files.end() || fresh->path < old->path) {
        Count(changes_.added, *fresh++, "new");
      } else {
        CompareFile(*old++, *fresh++);
      }
    }
    return std::move(changes_);
  }

 private:
  void Count(int64_t& counter, const ManifestFile& file, const std::string& what) {
    ++counter;
    if (changes_.examples.size() == ManifestChanges::kNamedMax) return;
    const std::string name = file.path.empty() ? BaseName(then_.place) : file.path;
    changes_.examples.push_back(name + " (" + what + ")");
  }

  void CompareFile(const ManifestFile& old, const ManifestFile& fresh) {
    if (old.bytes != fresh.bytes) {
      std::string before = FormatBytes(old.bytes);
      std::string after = FormatBytes(fresh.bytes);
      if (before == after) {
        before = std::to_string(old.bytes) + " B";
        after = std::to_string(fresh.bytes) + " B";
      }
      return Count(changes_.changed, fresh, before + " → " + after);
    }
    if (old.modified_ns == fresh.modified_ns || IsOnlyTouched(old)) return;
    Count(changes_.changed, fresh,
          "written at " + FormatTime(FromMillis(fresh.modified_ns / 1'000'000)) + ", same size");
  }

  // Another time, and still the same content.
  bool IsOnlyTouched(const ManifestFile& file) {
    const bool is_affordable =
        file.bytes <= kRehashFileBytesMax && rehashed_ + file.bytes <= kRehashBytesMax;
    if (file.hash.empty() || !is_affordable) return false;
    rehashed_ += file.bytes;
    const Result<std::string> hash =
        Blake3File(file.path.empty() ? now_.place : JoinPath(now_.place, file.path));
    return hash.ok() && *hash == file.hash;
  }

  const Manifest& then_;
  const Manifest& now_;
  ManifestChanges changes_;
  int64_t rehashed_ = 0;
};

}  // namespace

std::string ManifestChanges::Count() const {
  return std::to_string(count()) + (count() == 1 ? " file" : " files");
}

std::string ManifestChanges::Named() const {
  std::string text = Join(examples, ", ");
  const int64_t more = count() - static_cast<int64_t>(examples.size());
  if (more > 0) text += " and " + std::to_string(more) + " more";
  return text;
}

ManifestChanges CompareManifest(const Manifest& then, const Manifest& now) {
  return Comparison(then, now).Compare();
}

}  // namespace lazurite
