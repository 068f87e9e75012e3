#include "api/http/database_await.h"
#include "api/http/error.h"
#include "api/live/log_tail.h"
#include "api/live/routes.h"
#include "base/text.h"
#include "domain/attempt/attempt.h"

namespace lazurite::live {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
// A follower looks again after so long even if nobody tells it to.
constexpr std::chrono::seconds kLookAgain{2};

// One reader of a log that may still grow.
struct Follower {
  const ApiContext* context;
  const LiveContext* live;
  std::string job;
  std::string path;  // below the attempt's folder
  int64_t offset = 0;
  int64_t lines_from_end = -1;  // -1: from `offset`
  bool follows = false;
  std::shared_ptr<Signal> signal;
  bool is_watching_file = false;
  std::string folder;  // of the attempt, once there is one
  bool is_over = false;
};

bool IsLogPath(std::string_view path) {
  return path.starts_with("user_logs/") || path.starts_with("system_logs/");
}

// Learns whether the job has ended, and where its newest attempt lies.
Task<Status> LookAtJob(std::shared_ptr<Follower> follower) {
  const Result<Job> job = co_await FindJob(*follower->context, follower->job);
  if (!job.ok()) co_return job.status();
  follower->is_over = IsTerminal(job->state);
  if (job->attempt > 0) {
    follower->folder = AttemptChannel::FolderOf(follower->context->home, job->name, job->attempt);
  }
  // Who does not wait has nothing to be told.
  const bool waits = follower->follows && !follower->is_over;
  if (waits && !follower->folder.empty() && !follower->is_watching_file) {
    const std::string file = JoinPath(follower->folder, follower->path);
    follower->is_watching_file = follower->live->files->Watch(follower->signal, file);
    if (!follower->is_watching_file) {
      (void)follower->live->files->Watch(follower->signal, DirName(file));
    }
  }
  co_return Status();
}

// Jobs write below their attempt's folder whatever they like, links to other places as well.
Result<Fd> OpenLog(const Follower& follower) {
  ASSIGN_OR_RETURN(Fd file, OpenBeneath(follower.folder, follower.path));
  struct stat info {};
  if (fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode)) return file;
  return InvalidArgument("\"" + follower.path + "\" is no file");
}

// The bytes from where the follower is; it learns where that is if it wants the last lines.
Result<std::string> ReadHere(Follower& follower) {
  const Result<Fd> file = OpenLog(follower);
  if (file.status().code() == Code::kNotFound) return std::string();
  if (!file.ok()) return file.status();
  if (follower.lines_from_end >= 0) {
    ASSIGN_OR_RETURN(follower.offset, OffsetOfLastLines(*file, follower.lines_from_end));
    follower.lines_from_end = -1;
  }
  return ReadRange(*file, follower.offset, kChunkBytes);
}

// The next bytes of the file; none at its end or if it is not there yet.
Task<Result<std::string>> ReadChunk(std::shared_ptr<Follower> follower) {
  Result<std::string> bytes = std::string();
  if (follower->folder.empty()) co_return bytes;
  std::function<void()> work = [&bytes, follower] { bytes = ReadHere(*follower); };
  co_await follower->context->loop->Briefly(std::move(work));
  if (bytes.ok()) follower->offset += static_cast<int64_t>(bytes->size());
  co_return bytes;
}

Task<Result<std::string>> NextBytes(std::shared_ptr<Follower> follower) {
  while (true) {
    // Whether the job is over is asked before the file is read: what was written until then is
    // surely seen.
    if (!follower->is_over) CO_TRY(co_await LookAtJob(follower));
    const bool was_over = follower->is_over;
    Result<std::string> bytes = co_await ReadChunk(follower);
    if (!bytes.ok() || !bytes->empty()) co_return bytes;
    if (was_over || !follower->follows) co_return std::string();
    // Bytes come far more often than ends: then the job is not asked about again.
    (void)co_await follower->signal->Wait(kLookAgain);
  }
}

Result<std::shared_ptr<Follower>> ReadQuery(const ApiContext& context, const LiveContext& live,
                                            Request& request) {
  auto follower = std::make_shared<Follower>();
  follower->context = &context;
  follower->live = &live;
  follower->job = request.Param("job");
  ASSIGN_OR_RETURN(follower->path, SafeRelative(request.Param("path")));
  if (!IsLogPath(follower->path)) {
    return InvalidArgument("\"" + follower->path +
                           "\" is no log; logs are below user_logs/ and system_logs/");
  }
  follower->follows = request.Query("follow") == "true";
  const std::string_view offset = request.Query("offset");
  if (!offset.empty()) {
    const std::optional<int64_t> number = ParseInt(offset);
    if (!number || *number < 0) {
      return InvalidArgument("offset is \"" + std::string(offset) + "\", expected a byte number");
    }
    follower->offset = *number;
  }
  const std::string_view tail = request.Query("tail");
  if (!tail.empty()) {
    const std::optional<int64_t> lines = ParseInt(tail);
    if (!lines || *lines < 0) {
      return InvalidArgument("tail is \"" + std::string(tail) + "\", expected a number of lines");
    }
    follower->lines_from_end = *lines;
  }
  follower->signal = std::make_shared<Signal>(*context.loop);
  return follower;
}

Task<Response> ReadLog(const ApiContext& context, const LiveContext& live, Request& request) {
  Result<std::shared_ptr<Follower>> read = ReadQuery(context, live, request);
  if (!read.ok()) co_return AzureError(read.status());
  const std::shared_ptr<Follower> follower = *read;
  if (follower->follows) live.hub->Watch(follower->signal, "job", follower->job);
  const Status looked = co_await LookAtJob(follower);
  if (!looked.ok()) co_return AzureError(looked);
  Status opened;
  if (!follower->folder.empty()) {
    std::function<void()> open = [&opened, follower] { opened = OpenLog(*follower).status(); };
    co_await context.loop->Briefly(std::move(open));
  }
  const bool is_missing = opened.code() == Code::kNotFound;
  if (is_missing && !follower->follows) {
    co_return AzureError(
        NotFound("job " + follower->job + " has no log \"" + follower->path + "\" (yet)"));
  }
  if (!opened.ok() && !is_missing) co_return AzureError(opened);
  Response response;
  response.headers.Set("Content-Type", "text/plain; charset=utf-8");
  response.headers.Set("Cache-Control", "no-store");
  response.body = BodyStream([follower] { return NextBytes(follower); });
  co_return response;
}

Json FilesBelow(const std::string& folder) {
  Json files = Json::MakeArray();
  for (const std::string part : {"user_logs", "system_logs"}) {
    const std::string place = JoinPath(folder, part);
    struct stat info {};
    if (lstat(place.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    const Result<std::vector<WalkEntry>> entries = WalkTree(place);
    if (!entries.ok()) continue;
    for (const WalkEntry& entry : *entries) {
      if (!S_ISREG(entry.info.st_mode)) continue;
      files.Push(Json(
          Json::Object{{"path", part + "/" + entry.path}, {"bytes", int64_t{entry.info.st_size}}}));
    }
  }
  return files;
}

Task<Response> ListLogs(const ApiContext& context, Request& request) {
  const std::string name(request.Param("job"));
  const Result<Job> job = co_await FindJob(context, name);
  if (!job.ok()) co_return AzureError(job.status());
  Json files = Json::MakeArray();
  if (job->attempt > 0) {
    const std::string folder = AttemptChannel::FolderOf(context.home, name, job->attempt);
    std::function<void()> work = [&files, folder] { files = FilesBelow(folder); };
    co_await context.loop->Briefly(std::move(work));
  }
  co_return Response::OfJson(
      200, Json(Json::Object{{"files", std::move(files)}, {"ended", IsTerminal(job->state)}}));
}

}  // namespace

void AddLogRoutes(Router& router, const ApiContext& context, const LiveContext& live) {
  router.Get("/lazurite/v1/jobs/{job}/logs",
             [&context](Request& request) { return ListLogs(context, request); });
  router.Get("/lazurite/v1/jobs/{job}/logs/{path...}",
             [&context, &live](Request& request) { return ReadLog(context, live, request); });
}

}  // namespace lazurite::live
