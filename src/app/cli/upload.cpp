#include "app/cli/upload.h"

#include <limits>
#include <thread>

#include "app/cli/server.h"
#include "app/cli/upload_cache.h"
#include "app/cli/upload_stream.h"
#include "app/cli/upload_walk.h"
#include "base/blake3.h"
#include "base/hash.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

// Changed files of a known folder are hashed here first if they are no more than that: often only
// their times have changed.
constexpr int64_t kHashedHereBytesMax = int64_t{32} << 20;
constexpr std::chrono::milliseconds kProgressEvery{100};
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1000};
constexpr std::string_view kUploads = "/lazurite/v1/uploads";

// Also an answer below 400 that is none of those expected.
Status FailureOf(const ClientResponse& response) {
  TRY(Server::StatusOf(response));
  return Internal("the server answered " + std::to_string(response.status));
}

class Uploader {
 public:
  Uploader(BlockingClient& client, const UploadRequest& request, LocalTree tree, int64_t walked_ns)
      : client_(client),
        request_(request),
        tree_(std::move(tree)),
        walked_ns_(walked_ns),
        cache_(request.cache_folder, tree_.root) {}

  Result<Uploaded> Run() {
    TRY(FillManifest());
    if (IsHashed()) {
      ASSIGN_OR_RETURN(const bool is_there, Ask());
      if (is_there) return done_;
    }
    while (true) {
      const Status status = Try();
      if (status.ok() && !done_.uri.empty()) return done_;
      if (!status.ok() && status.code() != Code::kUnavailable) return status;
      TRY(WaitIfAway(status));
    }
  }

 private:
  // After a failure: gives up, or returns when it is time to try again.
  Status WaitIfAway(const Status& failure) {
    const auto now = std::chrono::steady_clock::now();
    const bool is_away = !has_answered_;
    has_answered_ = false;
    if (!is_away) {
      pause_ = kFirstPause;
      answered_ = now;
      return {};
    }
    // A server that was never there is no accident on the way.
    if (!has_begun_ || now - answered_ > kServerAwayMax) return failure;
    if (pause_ == kFirstPause && request_.waits_for_server) request_.waits_for_server();
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(2 * pause_, kLongestPause);
    return {};
  }

  Status FillManifest() {
    manifest_.name = tree_.name;
    manifest_.is_folder = tree_.is_folder;
    manifest_.base = cache_.base();
    manifest_.files.reserve(tree_.files.size());
    int64_t unknown = 0;
    for (const LocalFile& file : tree_.files) {
      manifest_.files.push_back({.path = file.path,
                                 .bytes = file.bytes,
                                 .is_executable = file.is_executable,
                                 .mtime_ns = file.mtime_ns,
                                 .hash = std::string(cache_.Find(file))});
      if (manifest_.files.back().hash.empty()) unknown += file.bytes;
    }
    done_.name = tree_.name;
    done_.is_folder = tree_.is_folder;
    done_.links_out = tree_.links_out;
    done_.link_out = tree_.link_out;
    done_.files = static_cast<int64_t>(tree_.files.size());
    done_.bytes = manifest_.Bytes();
    return cache_.was_found() && unknown <= kHashedHereBytesMax ? HashRest() : Status();
  }

  Status HashRest() {
    for (size_t i = 0; i < tree_.files.size(); ++i) {
      if (!manifest_.files[i].hash.empty()) continue;
      ASSIGN_OR_RETURN(manifest_.files[i].hash, Blake3File(tree_.PathOf(tree_.files[i])));
      was_hashed_here_ = true;
    }
    return {};
  }

  bool IsHashed() const {
    for (const upload::FileEntry& file : manifest_.files) {
      if (file.hash.empty()) return false;
    }
    return true;
  }

  Result<ClientResponse> Call(std::string method, std::string target, std::string body) {
    ClientRequest call;
    call.method = std::move(method);
    call.target = std::move(target);
    call.headers = request_.headers;
    if (!body.empty()) call.headers.Set("Content-Type", "application/json");
    call.body = std::move(body);
    return client_.Call(call);
  }

  // Whether the server has exactly this.
  Result<bool> Ask() {
    const std::string hash = upload::ContentHash(manifest_);
    ASSIGN_OR_RETURN(
        const ClientResponse response,
        Call("GET", std::string(kUploads) + "/content/" + hash + "?name=" + UrlEncode(tree_.name),
             ""));
    if (response.status == 404) return false;
    if (response.status != 200) return FailureOf(response);
    done_.was_known = true;
    TRY(TakeResult(response));
    return true;
  }

  Status TakeResult(const ClientResponse& response) {
    ASSIGN_OR_RETURN(const Json json, Json::Parse(response.body));
    done_.hash = json.GetString("hash");
    done_.uri = json.GetString("uri");
    if (done_.uri.empty() || !upload::IsHash(done_.hash)) {
      return Internal("the server's answer to an upload has no uri or no hash");
    }
    if (json.GetBool("was_known")) done_.was_known = true;
    const Json* hashes = json.Find("hashes");
    const bool has_hashes =
        hashes != nullptr && hashes->is_array() && hashes->array().size() == manifest_.files.size();
    for (size_t i = 0; has_hashes && i < manifest_.files.size(); ++i) {
      const Json& hash = hashes->array()[i];
      if (hash.is_string()) manifest_.files[i].hash = hash.string();
    }
    const bool is_news = has_hashes || was_hashed_here_ || cache_.base() != done_.hash;
    if (is_news && IsHashed()) cache_.Save(tree_, manifest_, done_.hash, walked_ns_);
    return {};
  }

  // Begins or goes on, and sends what is missing.
  Status Try() {
    ASSIGN_OR_RETURN(
        const ClientResponse begun,
        Call("POST", std::string(kUploads) + "?sender=" + sender_, manifest_.ToJson().Dump()));
    has_answered_ = begun.status < 500;
    if (begun.status == 201) return TakeResult(begun);
    if (begun.status != 200) return FailureOf(begun);
    has_begun_ = true;
    ASSIGN_OR_RETURN(const Json session, Json::Parse(begun.body));
    ASSIGN_OR_RETURN(std::vector<upload::MissingRange> missing,
                     upload::MissingFromJson(session.Find("missing"), tree_.files.size()));
    TRY(CheckProgress(session.GetInt("bytes")));
    return Send(session.GetString("session"), std::move(missing));
  }

  // Each time there must be less to send.
  Status CheckProgress(int64_t left) {
    failures_ = left < left_ ? 0 : failures_ + 1;
    left_ = std::min(left, left_);
    if (failures_ <= kUploadRetriesMax) return {};
    return FailedPrecondition("the server takes no more of " + tree_.root);
  }

  Status Send(const std::string& session, std::vector<upload::MissingRange> missing) {
    UploadStream stream(tree_, std::move(missing));
    UploadProgress progress{
        .files = stream.files(), .bytes = stream.bytes(), .files_sent = 0, .bytes_sent = 0};
    Status broken;
    auto told = std::chrono::steady_clock::now();
    ClientRequest call;
    call.method = "PUT";
    call.target = std::string(kUploads) + "/sessions/" + session;
    call.headers = request_.headers;
    call.headers.Set("Content-Type", "application/octet-stream");
    call.stream_bytes = stream.bytes();
    call.stream = [&]() -> Result<BodyPiece> {
      Result<BodyPiece> piece = stream.Next();
      if (!piece.ok()) {
        broken = piece.status();
        return piece;
      }
      progress.files_sent = stream.files_sent();
      progress.bytes_sent += piece->size();
      done_.bytes_sent += piece->size();
      const auto now = std::chrono::steady_clock::now();
      if (request_.progress && (piece->size() == 0 || now - told >= kProgressEvery)) {
        told = now;
        request_.progress(progress);
      }
      return piece;
    };
    const Result<ClientResponse> sent = client_.Call(call);
    if (!broken.ok()) return broken;
    if (!sent.ok()) return sent.status();
    if (sent->status == 200 || sent->status == 201) {
      TRY(stream.Recheck());
      return TakeResult(*sent);
    }
    if (sent->status == 202) return {};
    // The session was lost with the server's memory: begin again.
    if (sent->status == 404) return Unavailable("the upload's session is gone");
    // Another process of the same user uploads the same.
    if (sent->status == 409) return Unavailable("another process goes on with this upload");
    return FailureOf(*sent);
  }

  BlockingClient& client_;
  const UploadRequest& request_;
  const LocalTree tree_;
  const int64_t walked_ns_;
  UploadCache cache_;
  upload::Manifest manifest_;
  // Tells this process from another one that uploads the same at the same time.
  const std::string sender_ = HexEncode(RandomBytes(8));
  bool was_hashed_here_ = false;
  bool has_begun_ = false;
  bool has_answered_ = false;  // in this try
  std::chrono::steady_clock::time_point answered_ = std::chrono::steady_clock::now();
  std::chrono::milliseconds pause_ = kFirstPause;
  int failures_ = 0;
  int64_t left_ = std::numeric_limits<int64_t>::max();
  Uploaded done_;
};

}  // namespace

Result<Uploaded> UploadPath(BlockingClient& client, const UploadRequest& request) {
  const int64_t walked_ns = NowNanoseconds();
  ASSIGN_OR_RETURN(LocalTree tree, WalkLocal(request.path, request.purpose));
  return Uploader(client, request, std::move(tree), walked_ns).Run();
}

Result<UploadedCode> UploadCode(BlockingClient& client, const UploadRequest& request,
                                const std::string& workspace_id) {
  UploadedCode code;
  ASSIGN_OR_RETURN(code.content, UploadPath(client, request));
  code.id = workspace_id + "/codes/" + upload::CodeName(code.content.hash) + "/versions/1";
  ClientRequest call;
  call.target = code.id + "?api-version=2023-04-01";
  call.headers = request.headers;
  ASSIGN_OR_RETURN(const ClientResponse found, client.Call(call));
  if (found.status == 200) return code;
  if (found.status != 404) return FailureOf(found);
  Json body = Json::MakeObject();
  body.Set("properties.codeUri", code.content.uri);
  body.Set("properties.isAnonymous", true);
  body.Set("properties.properties.hash_sha256", code.content.hash);
  body.Set("properties.properties.hash_version", "lazurite-2");
  call.method = "PUT";
  call.headers.Set("Content-Type", "application/json");
  call.body = body.Dump();
  ASSIGN_OR_RETURN(const ClientResponse made, client.Call(call));
  if (made.status != 200 && made.status != 201) return FailureOf(made);
  return code;
}

Result<std::vector<std::string>> ListUpload(const UploadRequest& request) {
  ASSIGN_OR_RETURN(const LocalTree tree, WalkLocal(request.path, request.purpose));
  std::vector<std::string> paths;
  for (const LocalFile& file : tree.files) paths.push_back(file.path);
  return paths;
}

}  // namespace lazurite::cli
