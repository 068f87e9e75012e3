#include "api/upload/upload_routes.h"

#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/upload/sessions.h"

namespace lazurite {
namespace {

using upload::Manifest;
using upload::Receiving;
using upload::Sessions;
using upload::UploadResult;
using upload::UploadSession;

constexpr int kTooMany = 429;

struct Uploads {
  explicit Uploads(const ApiContext& its_context)
      : context(its_context), sessions(its_context.blobs, its_context.clock) {}
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

// The result of a complete upload, and the end of its session.
Task<Result<Response>> Finish(const Shared& uploads, const Sessions::Session& session) {
  Result<UploadResult> result = Internal("the upload was not finished");
  const std::function<void()> publish = [&] {
    result = session.upload->Publish(*uploads->context.blobs);
    uploads->sessions.Drop(session);
  };
  co_await uploads->context.loop->Blocking(publish);
  if (!result.ok()) co_return result.status();
  const int status = result->was_known ? 200 : 201;
  co_return Response::OfJson(status, ResultJson(*result, session.upload->manifest()));
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
  Sessions::Session session;
  Status opened;
  // Large lists take long to check.
  const std::function<void()> open = [&] {
    Result<Manifest> manifest = Manifest::FromJson(*body);
    opened = manifest.status();
    if (!opened.ok()) return;
    Result<Sessions::Session> found = uploads->sessions.Open(
        {*std::move(manifest), request.caller.name, std::string(request.Query("sender"))});
    opened = found.status();
    if (opened.ok()) session = *std::move(found);
  };
  co_await uploads->context.loop->Blocking(open);
  if (!opened.ok()) co_return opened;
  if (!session.upload) co_return TooMany();
  if (session.upload->IsComplete()) {
    Result<Response> done = co_await Finish(uploads, session);
    if (done.ok()) done->status = 201;
    co_return done;
  }
  Json json = MissingJson(*session.upload);
  json["session"] = session.id;
  co_return Response::OfJson(200, json);
}

// Waits until the crew has room for more.
auto Room(upload::Crew& crew) {
  return Await<bool>([&crew](auto done) { crew.WhenRoom(std::move(done)); });
}

// False if the queue is full.
bool Store(Receiving& receiving) {
  bool has_room = true;
  for (upload::Load& load : receiving.cutter().Take()) {
    has_room = receiving.crew().Add(std::move(load));
  }
  return has_room;
}

// Hands the whole body to the crew. The Status is the sender's or theirs.
Task<Status> Receive(Request& request, const Clock& clock, UploadSession& upload,
                     const std::shared_ptr<Receiving>& receiving) {
  upload::Cutter& cutter = receiving->cutter();
  while (true) {
    Result<size_t> count = co_await request.body->ReadInto(cutter.room(), cutter.room_bytes());
    if (!count.ok() || *count == 0) {
      cutter.Finish();
      Store(*receiving);
      co_return count.status();
    }
    upload.Touch(clock.Steady());
    Status fits = cutter.Filled(*count);
    if (!fits.ok()) co_return fits;
    const bool has_room = Store(*receiving);
    if (!has_room) co_await Room(receiving->crew());
    Status status = receiving->crew().status();
    if (!status.ok()) co_return status;
  }
}

Status NotUnderWay() { return NotFound("no upload is under way with this session; begin again"); }

Task<Result<Response>> Send(const Shared& uploads, Request& request) {
  const ApiContext& context = uploads->context;
  Sessions::Session session{std::string(request.Param("id")), nullptr};
  session.upload = uploads->sessions.Find(session.id);
  if (!session.upload) co_return NotUnderWay();
  session.upload->Touch(context.clock->Steady());
  std::shared_ptr<Receiving> receiving;
  const std::function<void()> begin = [&] { receiving = session.upload->BeginReceiving(); };
  co_await context.loop->Blocking(begin);
  if (!receiving) co_return NotUnderWay();
  const Status received = co_await Receive(request, *context.clock, *session.upload, receiving);
  const std::function<void()> end = [&] { receiving->End(); };
  co_await context.loop->Blocking(end);
  const Status status = receiving->crew().status();
  if (!status.ok()) {
    const std::function<void()> drop = [&] { uploads->sessions.Drop(session); };
    co_await context.loop->Blocking(drop);
    co_return status;
  }
  const bool is_current = session.upload->IsCurrent(receiving);
  // A sender that has left or sent nonsense: what came stays for the next try.
  if (!received.ok() && is_current) session.upload->Leave();
  if (!received.ok()) co_return received;
  if (!is_current) {
    co_return Conflict("another request goes on with this upload");
  }
  if (!session.upload->IsComplete()) {
    co_return Response::OfJson(202, MissingJson(*session.upload));
  }
  Result<Response> done = co_await Finish(uploads, session);
  co_return done;
}

Task<Result<Response>> Forget(const Shared& uploads, Request& request) {
  Sessions::Session session{std::string(request.Param("id")), nullptr};
  session.upload = uploads->sessions.Find(session.id);
  if (!session.upload) co_return Response::Empty(204);
  const std::function<void()> drop = [&] { uploads->sessions.Drop(session); };
  co_await uploads->context.loop->Blocking(drop);
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
