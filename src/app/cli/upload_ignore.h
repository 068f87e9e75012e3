// Git's rules for files to leave out (.amlignore, .gitignore).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lazurite::cli {

class IgnoreRules {
 public:
  IgnoreRules() = default;
  // Reads the lines of an ignore file; any text is one.
  explicit IgnoreRules(std::string_view text);

  // Whether the last rule that matches leaves the entry out. `path` is relative to the ignore
  // file's folder, '/' between parts. Asked for folders before what lies in them: nothing below one
  // that is left out can be taken back.
  bool Leaves(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string pattern;
    bool is_negated = false;
    bool is_for_folders = false;
    bool is_anchored = false;  // else matched against the last part of the path
  };
  std::vector<Rule> rules_;
};

// Git's wildmatch: "*" and "?" stop at slashes, "**" as a whole part does not, "[a-z]" "[!a]"
// "[[:digit:]]", "\" escapes.
bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace lazurite::cli
