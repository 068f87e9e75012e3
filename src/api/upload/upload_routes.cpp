#include "api/upload/upload_routes.h"

#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/upload/upload_session.h"
#include "base/hash.h"
#include "base/locked.h"

namespace lazurite {
namespace {

using upload::Manifest;
using upload::Receiving;
using upload::UploadResult;
using upload::UploadSession;

constexpr size_t kSessionsMax = 64;
constexpr int kTooMany = 429;

struct Session {
  std::string id;
  std::shared_ptr<UploadSession> upload;
};

// All sessions of this server, by id.
class Sessions {
 public:
  std::shared_ptr<UploadSession> Find(const std::string& id) const {
    return sessions_.With([&](const auto& sessions) {
      const auto found = sessions.find(id);
      return found == sessions.end() ? nullptr : found->second;
    });
  }

  // False if there are too many.
  bool HasRoom(Instant now) {
    return sessions_.With([&](auto& sessions) {
      std::erase_if(sessions, [&](const auto& entry) {
        return now - entry.second->touched() > BlobStore::kStagedLife;
      });
      return sessions.size() < kSessionsMax;
    });
  }

  void Add(const Session& session) {
    sessions_.With([&](auto& sessions) { sessions[session.id] = session.upload; });
  }
  void Remove(const std::string& id) {
    sessions_.With([&](auto& sessions) { sessions.erase(id); });
  }

 private:
  Locked<std::map<std::string, std::shared_ptr<UploadSession>>> sessions_;
};

struct Uploads {
  explicit Uploads(const ApiContext& its_context) : context(its_context) {}
  const ApiContext& context;
  Sessions sessions;
};

using Shared = std::shared_ptr<Uploads>;
using Action = Task<Result<Response>> (*)(const Shared&, Request&);

Task<Response> Answer(Shared uploads, Action action, Request& request) {
  Result<Response> result = co_await action(uploads, request);
  if (!result.ok()) co_return AzureError(result.status());
  co_return std::move(result).value();
}

Json ResultJson(const UploadResult& result, const Manifest& manifest) {
  Json json = Json::MakeObject();
  json["uri"] = result.uri;
  json["hash"] = result.hash;
  json["name"] = manifest.name;
  json["is_folder"] = manifest.is_folder;
  json["files"] = static_cast<int64_t>(manifest.files.size());
  json["bytes"] = manifest.Bytes();
  json["was_known"] = result.was_known;
  Json::Array hashes;
  for (const upload::FileEntry& file : manifest.files) hashes.emplace_back(file.hash);
  json["hashes"] = Json(std::move(hashes));
  return json;
}

Json MissingJson(const UploadSession& upload) {
  Json json = Json::MakeObject();
  json["missing"] = upload::ToJson(upload.Missing());
  json["bytes"] = upload.MissingBytes();
  return json;
}

Task<Result<Response>> FindContent(const Shared& uploads, Request& request) {
  const std::string hash(request.Param("hash"));
  if (!upload::IsHash(hash)) {
    co_return InvalidArgument("\"" + hash + "\" is not a hash of 64 lower-case hex letters");
  }
  CO_ASSIGN_OR_RETURN(const std::string name, SafeRelative(request.Query("name")));
  bool is_stored = false;
  bool is_folder = false;
  const BlobStore& blobs = *uploads->context.blobs;
  const std::function<void()> look = [&] {
    is_stored = name.find('/') == std::string::npos && upload::IsStored(blobs, hash, name);
    if (is_stored) is_folder = upload::IsStoredFolder(blobs, hash, name);
  };
  co_await uploads->context.loop->Blocking(look);
  if (!is_stored) co_return NotFound("no upload with this content is called \"" + name + "\"");
  Json json = Json::MakeObject();
  json["uri"] = upload::UriOf(hash, name);
  json["hash"] = hash;
  json["name"] = name;
  json["is_folder"] = is_folder;
  co_return Response::OfJson(200, json);
}

// The same for the same request, so that an upload can be found again.
std::string SessionId(const Manifest& manifest, const Request& request) {
  return Sha256Hex(request.caller.name + "\n" + manifest.ToJson().Dump()).substr(0, 32);
}

// The result of a complete upload, and the end of its session.
Task<Result<Response>> Finish(const Shared& uploads, const Session& session) {
  Result<UploadResult> result = Internal("the upload was not finished");
  const std::function<void()> publish = [&] {
    result = session.upload->Publish(*uploads->context.blobs);
    session.upload->Discard();
  };
  co_await uploads->context.loop->Blocking(publish);
  uploads->sessions.Remove(session.id);
  if (!result.ok()) co_return result.status();
  const int status = result->was_known ? 200 : 201;
  co_return Response::OfJson(status, ResultJson(*result, session.upload->manifest()));
}

// What a request that begins an upload again finds.
Task<Result<Response>> GoOn(const Shared& uploads, const Session& session) {
  // Ends a body whose sender is gone, so that the count is right.
  const std::function<void()> settle = [&] { session.upload->BeginReceiving()->End(); };
  co_await uploads->context.loop->Blocking(settle);
  Json json = MissingJson(*session.upload);
  json["session"] = session.id;
  co_return Response::OfJson(200, json);
}

Response TooMany() {
  Response response = AzureError(
      Status(Code::kResourceExhausted, "too many uploads are under way; try again later"));
  response.status = kTooMany;
  return response;
}

Task<Result<Response>> Begin(const Shared& uploads, Request& request) {
  Result<Json> body = co_await request.ReadJson(upload::kManifestBytesMax);
  if (!body.ok()) co_return body.status();
  const ApiContext& context = uploads->context;
  Session session;
  Result<std::shared_ptr<UploadSession>> begun = Internal("the upload was not begun");
  Status checked;
  bool is_full = false;
  // Large lists take long to check.
  const std::function<void()> check = [&] {
    Result<Manifest> manifest = Manifest::FromJson(*body);
    checked = manifest.status();
    if (!checked.ok()) return;
    session.id = SessionId(*manifest, request);
    session.upload = uploads->sessions.Find(session.id);
    if (session.upload) return;
    is_full = !uploads->sessions.HasRoom(context.clock->Steady());
    context.blobs->SweepStaged();
    if (is_full) return;
    begun = UploadSession::Begin(*context.blobs, std::move(*manifest), session.id);
  };
  co_await context.loop->Blocking(check);
  if (!checked.ok()) co_return checked;
  if (is_full) co_return TooMany();
  if (session.upload) {
    Result<Response> going_on = co_await GoOn(uploads, session);
    co_return going_on;
  }
  if (!begun.ok()) co_return begun.status();
  session.upload = *begun;
  session.upload->Touch(context.clock->Steady());
  if (session.upload->IsComplete()) {
    Result<Response> done = co_await Finish(uploads, session);
    if (done.ok()) done->status = 201;
    co_return done;
  }
  uploads->sessions.Add(session);
  Json json = MissingJson(*session.upload);
  json["session"] = session.id;
  co_return Response::OfJson(200, json);
}

// Waits until the crew has room for more.
auto Room(upload::Crew& crew) {
  return Await<bool>([&crew](auto done) { crew.WhenRoom(std::move(done)); });
}

// False if there is enough for now.
bool Store(Receiving& receiving) {
  bool has_room = true;
  for (upload::Load& load : receiving.cutter().Take()) {
    has_room = receiving.crew().Add(std::move(load));
  }
  return has_room;
}

// Hands the whole body to the crew. The Status is the sender's or theirs.
Task<Status> Receive(Request& request, const std::shared_ptr<Receiving>& receiving) {
  upload::Cutter& cutter = receiving->cutter();
  while (true) {
    Result<size_t> count = co_await request.body->ReadInto(cutter.room(), cutter.room_bytes());
    if (!count.ok() || *count == 0) {
      cutter.Finish();
      Store(*receiving);
      co_return count.status();
    }
    Status fits = cutter.Filled(*count);
    if (!fits.ok()) co_return fits;
    const bool has_room = Store(*receiving);
    if (!has_room) co_await Room(receiving->crew());
    Status status = receiving->crew().status();
    if (!status.ok()) co_return status;
  }
}

Task<Result<Response>> Send(const Shared& uploads, Request& request) {
  const ApiContext& context = uploads->context;
  Session session{std::string(request.Param("id")), nullptr};
  session.upload = uploads->sessions.Find(session.id);
  if (!session.upload) {
    co_return NotFound("no upload is under way with this session; begin again");
  }
  session.upload->Touch(context.clock->Steady());
  std::shared_ptr<Receiving> receiving;
  const std::function<void()> begin = [&] { receiving = session.upload->BeginReceiving(); };
  co_await context.loop->Blocking(begin);
  const Status received = co_await Receive(request, receiving);
  const std::function<void()> end = [&] { receiving->End(); };
  co_await context.loop->Blocking(end);
  session.upload->Touch(context.clock->Steady());
  const Status status = receiving->crew().status();
  if (!status.ok()) {
    uploads->sessions.Remove(session.id);
    const std::function<void()> discard = [&] { session.upload->Discard(); };
    co_await context.loop->Blocking(discard);
    co_return status;
  }
  // A sender that has left or sent nonsense: what came stays for its next try.
  if (!received.ok()) co_return received;
  if (!session.upload->IsCurrent(receiving)) {
    co_return Conflict("another request goes on with this upload");
  }
  if (!session.upload->IsComplete()) {
    co_return Response::OfJson(202, MissingJson(*session.upload));
  }
  Result<Response> done = co_await Finish(uploads, session);
  co_return done;
}

Task<Result<Response>> Forget(const Shared& uploads, Request& request) {
  const std::string id(request.Param("id"));
  std::shared_ptr<UploadSession> session = uploads->sessions.Find(id);
  uploads->sessions.Remove(id);
  if (!session) co_return Response::Empty(204);
  const std::function<void()> end = [&session] { session->Discard(); };
  co_await uploads->context.loop->Blocking(end);
  co_return Response::Empty(200);
}

}  // namespace

void AddUploadRoutes(Router& router, const ApiContext& context) {
  const auto uploads = std::make_shared<Uploads>(context);
  const auto add = [&](std::string_view method, std::string_view path, Action action) {
    router.Add(method, "/lazurite/v1/uploads" + std::string(path),
               [uploads, action](Request& request) { return Answer(uploads, action, request); });
  };
  add("GET", "/content/{hash}", FindContent);
  add("POST", "", Begin);
  add("PUT", "/sessions/{id}", Send);
  add("DELETE", "/sessions/{id}", Forget);
}

}  // namespace lazurite
