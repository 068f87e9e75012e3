#include "engine/environment/pythons.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>

#include "base/file.h"
#include "base/real_path.h"
#include "base/text.h"

namespace lazurite::environment {
namespace {

// Minor versions looked for; a machine's default is found whatever its version.
constexpr int kMinorMin = 6;
constexpr int kMinorMax = 20;

std::string Get(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// The minor version in a name such as "python3.11"; nothing if it has none.
std::optional<int> MinorOf(std::string_view name) {
  if (!name.starts_with("python3.")) return std::nullopt;
  const std::optional<int64_t> minor = ParseInt(name.substr(8));
  if (!minor.has_value() || *minor < 0 || *minor > 99) return std::nullopt;
  return static_cast<int>(*minor);
}

bool IsExecutable(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

bool IsShim(const std::string& path) {
  const Result<std::string> head = ReadRange(path, 0, 2);
  return head.ok() && *head == "#!";
}

class Finder {
 public:
  explicit Finder(const Variables& variables) : variables_(variables) {
    pyenv_ = PyenvRoot(variables);
  }

  std::vector<Interpreter> Find() {
    AddDefault();
    for (const std::string& folder : Folders()) {
      for (int minor = kMinorMin; minor <= kMinorMax; ++minor) {
        Add(JoinPath(folder, "python3." + std::to_string(minor)));
      }
    }
    return std::move(found_);
  }

 private:
  std::vector<std::string> PathFolders() const {
    std::vector<std::string> out;
    const std::string path = Get(variables_, "PATH");
    for (const std::string_view part : Split(path, ':')) {
      if (part.starts_with('/')) out.emplace_back(part);
    }
    return out;
  }

  std::vector<std::string> Folders() const {
    std::vector<std::string> out = PathFolders();
    out.push_back("/usr/local/bin");
    out.push_back("/usr/bin");
    const std::string versions = JoinPath(pyenv_, "versions");
    if (Result<std::vector<std::string>> names = ListDir(versions); names.ok()) {
      // The newest patch of a minor version wins.
      std::sort(names->begin(), names->end(), [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() > b.size() : a > b;
      });
      for (const std::string& name : *names) {
        out.push_back(JoinPath(JoinPath(versions, name), "bin"));
      }
    }
    return out;
  }

  // What `python3` means: the first on PATH, and behind pyenv's shim its global version.
  void AddDefault() {
    for (const std::string& folder : PathFolders()) {
      const std::string path = JoinPath(folder, "python3");
      if (!IsExecutable(path)) continue;
      if (!IsShim(path)) {
        Add(path);
        return;
      }
      std::string version = Get(variables_, "PYENV_VERSION");
      const Result<std::string> global = ReadFile(JoinPath(pyenv_, "version"));
      if (version.empty() && global.ok()) version = Trim(*global);
      version = version.substr(0, version.find_first_of(":\n "));
      const std::string behind = JoinPath(pyenv_, "versions/" + version + "/bin/python3");
      if (!version.empty() && IsExecutable(behind)) {
        Add(behind);
        return;
      }
    }
  }

  void Add(const std::string& path) {
    if (!IsExecutable(path)) return;
    const std::string real = RealPath(path);
    const std::optional<int> minor = MinorOf(BaseName(real));
    if (!minor.has_value() || IsShim(real)) return;
    const auto same = [&](const Interpreter& known) { return known.minor == *minor; };
    if (std::none_of(found_.begin(), found_.end(), same)) found_.push_back({real, *minor});
  }

  const Variables& variables_;
  std::string pyenv_;
  std::vector<Interpreter> found_;
};

struct Clause {
  std::string op;
  int minor;
  bool has_patch;
};

bool Holds(const Clause& clause, int minor) {
  if (clause.op == ">=") return minor >= clause.minor;
  if (clause.op == ">") return clause.has_patch ? minor >= clause.minor : minor > clause.minor;
  if (clause.op == "<=") return minor <= clause.minor;
  if (clause.op == "<") return clause.has_patch ? minor <= clause.minor : minor < clause.minor;
  if (clause.op == "!=") return clause.has_patch || minor != clause.minor;
  if (clause.op == "~=") return clause.has_patch ? minor == clause.minor : minor >= clause.minor;
  return minor == clause.minor;
}

Result<std::vector<Clause>> ParseWish(std::string_view wish) {
  std::vector<Clause> out;
  const Status wrong = InvalidArgument("python version \"" + std::string(wish) +
                                       "\" is none; expected for example 3.10 or >=3.8,<3.12");
  if (Trim(wish).empty() || Trim(wish) == "*" || Trim(wish) == "3") return out;
  for (const std::string_view part : Split(wish, ',')) {
    const std::string_view text = Trim(part);
    const size_t digits = text.find_first_not_of("=<>!~ ");
    if (digits == std::string_view::npos) return wrong;
    std::string_view version = text.substr(digits);
    version = version.substr(0, version.find_first_of("= "));
    const std::vector<std::string_view> numbers = Split(version, '.');
    const std::optional<int64_t> major = ParseInt(numbers[0]);
    if (!major.has_value()) return wrong;
    const std::string op(Trim(text.substr(0, digits)));
    // ">=3", "<4" and "=3.*" leave every Python 3.
    if (*major != 3 && !op.starts_with('<')) {
      return FailedPrecondition("python " + std::string(wish) +
                                " is asked for; only Python 3 runs here");
    }
    if (*major > 3 || numbers.size() < 2 || numbers[1] == "*") continue;
    const std::optional<int64_t> minor = ParseInt(numbers[1]);
    if (*major != 3 || !minor.has_value() || *minor < 0 || *minor > 99) return wrong;
    out.push_back({op, static_cast<int>(*minor),
                   numbers.size() > 2 && numbers[2] != "*" && numbers[2] != "0"});
  }
  return out;
}

std::string ListMinors(const std::vector<Interpreter>& interpreters) {
  std::vector<int> minors;
  for (const Interpreter& interpreter : interpreters) minors.push_back(interpreter.minor);
  std::sort(minors.begin(), minors.end());
  std::vector<std::string> words;
  for (const int minor : minors) words.push_back("3." + std::to_string(minor));
  return Join(words, ", ");
}

}  // namespace

Variables OwnVariables() {
  Variables out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t at = text.find('=');
    if (at != std::string_view::npos) out.emplace(text.substr(0, at), text.substr(at + 1));
  }
  return out;
}

std::string PyenvRoot(const Variables& variables) {
  const std::string root = Get(variables, "PYENV_ROOT");
  return root.empty() ? JoinPath(Get(variables, "HOME"), ".pyenv") : root;
}

std::vector<Interpreter> FindPythons(const Variables& variables) {
  return Finder(variables).Find();
}

Result<ChosenPython> ChoosePython(const std::vector<Interpreter>& interpreters,
                                  std::string_view wish) {
  ASSIGN_OR_RETURN(const std::vector<Clause> clauses, ParseWish(wish));
  if (interpreters.empty()) {
    return FailedPrecondition("no Python 3 was found on PATH, under pyenv or in /usr/bin");
  }
  const auto fits = [&](int minor) {
    return std::all_of(clauses.begin(), clauses.end(),
                       [&](const Clause& clause) { return Holds(clause, minor); });
  };
  if (fits(interpreters.front().minor)) return ChosenPython{interpreters.front(), ""};
  const Interpreter* best = nullptr;
  for (const Interpreter& one : interpreters) {
    if (fits(one.minor) && (best == nullptr || one.minor > best->minor)) best = &one;
  }
  if (best != nullptr) return ChosenPython{*best, ""};
  const auto distance = [&](int minor) {
    int nearest = kMinorMax;
    for (const Clause& clause : clauses)
      nearest = std::min(nearest, std::abs(minor - clause.minor));
    return nearest;
  };
  for (const Interpreter& one : interpreters) {
    const bool is_nearer =
        best == nullptr || distance(one.minor) < distance(best->minor) ||
        (distance(one.minor) == distance(best->minor) && one.minor > best->minor);
    if (is_nearer) best = &one;
  }
  return ChosenPython{*best, "Python " + std::string(wish.substr(wish.find_first_not_of("= "))) +
                                 " is asked for but this machine has only " +
                                 ListMinors(interpreters) + "; Python 3." +
                                 std::to_string(best->minor) + " is used instead"};
}

}  // namespace lazurite::environment
