#include "app/cli/upload_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <memory>

#include "app/cli/upload_ignore.h"
#include "base/file.h"
#include "base/real_path.h"
#include "spec/upload/upload_format.h"

namespace lazurite::cli {
namespace {

constexpr size_t kDepthMax = 128;

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

LocalFile FileOf(std::string path, const struct stat& info) {
  return {.path = std::move(path),
          .bytes = info.st_size,
          .mtime_ns = Nanoseconds(info.st_mtim),
          .ctime_ns = Nanoseconds(info.st_ctim),
          .inode = info.st_ino,
          .is_executable = (info.st_mode & S_IXUSR) != 0};
}

Result<std::string> RealPathOf(const std::string& path) {
  std::string real = RealPath(path);
  if (real.empty()) return ErrnoStatus("reading " + path, errno);
  return real;
}

// Names in a folder, and what readdir knows of them.
Result<std::vector<std::string>> NamesIn(int folder, const std::string& path) {
  const int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(copy), &closedir);
  if (listing == nullptr) return ErrnoStatus("reading the folder " + path, errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = readdir(listing.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return ErrnoStatus("reading the folder " + path, errno);
  return names;
}

class Walker {
 public:
  Walker(LocalTree& tree, UploadRequest::Purpose purpose)
      : tree_(tree), is_code_(purpose == UploadRequest::Purpose::kCode) {}

  Status Run() {
    if (is_code_) TRY(ReadRules());
    ASSIGN_OR_RETURN(real_root_, RealPathOf(tree_.root));
    ASSIGN_OR_RETURN(const Fd root, OpenFile(tree_.root, O_RDONLY | O_DIRECTORY));
    return Enter(root.get(), "");
  }

 private:
  Status ReadRules() {
    for (const char* name : {".amlignore", ".gitignore"}) {
      const std::string file = JoinPath(tree_.root, name);
      if (!Exists(file)) continue;
      ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
      rules_ = IgnoreRules(text);
      return {};
    }
    return {};
  }

  bool IsLeftOut(const std::string& path, std::string_view name, bool is_folder) const {
    if (!is_code_) return false;
    if (name == ".git" || (is_folder && name == "__pycache__")) return true;
    return rules_.Leaves(path, is_folder);
  }

  Status Enter(int folder, const std::string& path) {
    struct stat info {};
    if (fstat(folder, &info) != 0) return ErrnoStatus("reading " + path, errno);
    const std::pair identity{info.st_dev, info.st_ino};
    if (std::find(above_.begin(), above_.end(), identity) != above_.end()) {
      return InvalidArgument("the link " + path + " leads back to a folder it lies in");
    }
    if (above_.size() == kDepthMax) {
      return InvalidArgument("the folder " + path + " lies more than " + std::to_string(kDepthMax) +
                             " folders deep");
    }
    above_.push_back(identity);
    ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder, path));
    for (const std::string& name : names) {
      TRY(Visit(folder, path.empty() ? name : path + "/" + name, name));
    }
    above_.pop_back();
    return {};
  }

  Status Visit(int folder, const std::string& path, const std::string& name) {
    struct stat info {};
    if (fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoStatus("reading " + path, errno);
    }
    if (S_ISLNK(info.st_mode)) {
      if (IsLeftOut(path, name, false)) return {};
      TRY(CheckLink(path));
      if (fstatat(folder, name.c_str(), &info, 0) != 0) {
        return InvalidArgument("the link " + path + " leads to nothing");
      }
    }
    if (IsLeftOut(path, name, S_ISDIR(info.st_mode))) return {};
    if (S_ISDIR(info.st_mode)) {
      const Fd inner(openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!inner.valid()) return ErrnoStatus("reading the folder " + path, errno);
      return Enter(inner.get(), path);
    }
    if (!S_ISREG(info.st_mode)) {
      return InvalidArgument(path + " is neither a file nor a folder: it cannot be uploaded");
    }
    tree_.files.push_back(FileOf(path, info));
    return CheckLimits();
  }

  Status CheckLink(const std::string& path) {
    const Result<std::string> real = RealPathOf(JoinPath(tree_.root, path));
    if (!real.ok()) return InvalidArgument("the link " + path + " leads to nothing");
    const bool is_inside = *real == real_root_ || real->starts_with(real_root_ + "/");
    if (is_inside) return {};
    if (!is_code_) {
      if (tree_.links_out++ == 0) tree_.link_out = path + " to " + *real;
      return {};
    }
    return InvalidArgument("the link " + path + " leads out of the code folder, to " + *real +
                           "; copy what is needed into the folder, or name the link in .amlignore");
  }

  Status CheckLimits() {
    bytes_ += tree_.files.back().bytes;
    const size_t files_max = is_code_ ? kCodeFilesMax : upload::kFilesMax;
    const int64_t bytes_max = is_code_ ? kCodeBytesMax : upload::kBytesMax;
    if (tree_.files.size() <= files_max && bytes_ <= bytes_max) return {};
    std::string text = tree_.root + " has more than " + std::to_string(files_max) +
                       " files or 16 TiB, the most one upload may have";
    if (is_code_) {
      text = "the code folder " + tree_.root + " has more than " + std::to_string(files_max) +
             " files or 2 GiB; name what the job does not need in " + tree_.root + "/.amlignore";
    }
    return {Code::kResourceExhausted, std::move(text)};
  }

  LocalTree& tree_;
  const bool is_code_;
  IgnoreRules rules_;
  std::string real_root_;
  std::vector<std::pair<dev_t, ino_t>> above_;
  int64_t bytes_ = 0;
};

}  // namespace

std::string LocalTree::PathOf(const LocalFile& file) const {
  return is_folder ? root + "/" + file.path : root;
}

Result<LocalTree> WalkLocal(const std::string& path, UploadRequest::Purpose purpose) {
  LocalTree tree;
  if (path.empty()) return InvalidArgument("there is no path to upload");
  if (path.front() == '/') {
    tree.root = NormalPath(path);
  } else {
    ASSIGN_OR_RETURN(const std::string here, RealPathOf("."));
    tree.root = NormalPath(JoinPath(here, path));
  }
  tree.name = BaseName(tree.root);
  struct stat info {};
  if (stat(tree.root.c_str(), &info) != 0) return ErrnoStatus("reading " + path, errno);
  tree.is_folder = S_ISDIR(info.st_mode);
  if (tree.name.empty()) return InvalidArgument("the root of the file system cannot be uploaded");
  if (!tree.is_folder) {
    if (!S_ISREG(info.st_mode)) return InvalidArgument(path + " is neither a file nor a folder");
    tree.files.push_back(FileOf(tree.name, info));
    return tree;
  }
  TRY(Walker(tree, purpose).Run());
  if (tree.files.empty()) return InvalidArgument("the folder " + path + " has no files to upload");
  std::sort(tree.files.begin(), tree.files.end(),
            [](const LocalFile& a, const LocalFile& b) { return a.path < b.path; });
  return tree;
}

}  // namespace lazurite::cli
