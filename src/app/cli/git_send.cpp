#include "app/cli/git_send.h"

#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "app/cli/upload.h"
#include "base/file.h"

namespace lazurite::cli {
namespace {

constexpr std::string_view kDiffFile = "uncommitted.diff";

// A folder that is gone afterwards, only for this user.
class ScratchFolder {
 public:
  static Result<ScratchFolder> Make() {
    const std::string place = ProcessEnvironment("TMPDIR");
    std::string path = JoinPath(place.empty() ? "/tmp" : place, "lazurite-diff-XXXXXX");
    if (mkdtemp(path.data()) == nullptr) return ErrnoStatus("making a folder in " + place, errno);
    return ScratchFolder(std::move(path));
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    // A folder that cannot be removed lies in the place for such things.
    if (!path_.empty()) static_cast<void>(RemoveTree(path_));
  }
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

Result<std::string> SendDiff(const Settings& settings, const std::string& diff) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Make(settings));
  ASSIGN_OR_RETURN(const ScratchFolder folder, ScratchFolder::Make());
  UploadRequest request;
  request.path = JoinPath(folder.path(), kDiffFile);
  request.cache_folder = JoinPath(folder.path(), "cache");
  TRY(WriteFile(request.path, diff, 0600));
  if (!settings.token.empty()) {
    request.headers.Set("Authorization", "Bearer " + settings.token);
  }
  ASSIGN_OR_RETURN(const Uploaded sent, UploadPath(server->client(), request));
  return sent.uri;
}

}  // namespace

std::string GitFolderOf(const Draft& draft) {
  for (const spec::LocalReference& reference : draft.files.references) {
    if (reference.kind != spec::LocalReference::Kind::kCode) continue;
    return reference.is_folder ? reference.file : DirName(reference.file);
  }
  const std::string& file = draft.loaded.file;
  if (file.empty() || file == "-") return CurrentFolder();
  return DirName(NormalPath(JoinPath(CurrentFolder(), file)));
}

struct GitLook::State {
  GitFacts facts;
  Result<std::string> place = std::string();  // of the diff
  std::thread thread;
};

GitLook::GitLook(std::string folder, const Settings& settings) : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get(), folder = std::move(folder), settings] {
    state->facts = LookAtGit(folder);
    if (!state->facts.diff.empty()) state->place = SendDiff(settings, state->facts.diff);
  });
}

GitLook::~GitLook() {
  if (state_->thread.joinable()) state_->thread.join();
}

void GitLook::AddTo(const Context& context, Draft& draft) {
  if (state_->thread.joinable()) state_->thread.join();
  const GitFacts& facts = state_->facts;
  if (!facts.trouble.empty()) context.terminal.Note(Printable(facts.trouble));
  std::map<std::string, std::string> found = GitProperties(facts);
  if (found.empty()) return;
  Json& properties = draft.loaded.value["properties"];
  if (properties.is_null()) properties = Json::MakeObject();
  for (const auto& [name, value] : properties.object()) {
    if (name.starts_with("azureml.git.") || name.starts_with("mlflow.source.git.")) return;
  }
  const Result<std::string>& place = state_->place;
  if (!place.ok()) context.terminal.Note("the diff is not kept: " + place.status().text());
  if (place.ok() && !place->empty()) found[std::string(kDiffProperty)] = *place;
  for (auto& [name, value] : found) properties[name] = std::move(value);
}

}  // namespace lazurite::cli
