#include "engine/runner/own_run.h"

#include "base/json.h"
#include "domain/workspace/places.h"

namespace lazurite::runner {
namespace {

constexpr std::string_view kGetRun = "/mlflow/runs/get";
constexpr const char* kJsonType = "application/json";

// As the server shows a run of a job that has logged nothing.
Json RunOf(const JobRun& run) {
  Json info = Json::MakeObject();
  info["run_uuid"] = run.id;
  info["experiment_id"] = run.experiment_id;
  info["run_name"] = run.name;
  info["user_id"] = "";
  info["status"] = "RUNNING";
  info["start_time"] = ToMillis(run.started);
  info["artifact_uri"] = "mlflow-artifacts:/" + ArtifactsPath(run.id);
  info["lifecycle_stage"] = "active";
  info["run_id"] = run.id;
  Json answer = Json::MakeObject();
  answer["run"]["info"] = std::move(info);
  answer["run"]["data"] = Json::MakeObject();
  answer["run"]["inputs"] = Json::MakeObject();
  return answer;
}

// A body that is kept when it has passed to its end.
class PassingBody final {
 public:
  PassingBody(BodyStream from, std::shared_ptr<std::string> seen)
      : from_(std::move(from)), seen_(std::move(seen)) {}

  Task<Result<std::string>> Next() {
    Result<std::string> piece = co_await from_();
    if (!piece.ok() || copy_.size() + piece.value().size() > OwnRun::kAnswerMax) {
      is_kept_ = false;
      copy_.clear();
    } else if (is_kept_ && piece.value().empty()) {
      *seen_ = std::move(copy_);
    } else if (is_kept_) {
      copy_ += piece.value();
    }
    co_return piece;
  }

 private:
  const BodyStream from_;
  const std::shared_ptr<std::string> seen_;
  std::string copy_;
  bool is_kept_ = true;
};

}  // namespace

OwnRun::OwnRun(const JobRun& run)
    : id_(run.id), seen_(std::make_shared<std::string>(RunOf(run).Dump())) {}

bool OwnRun::IsAskedFor(const Request& request) const {
  if (id_.empty() || request.method != "GET" || !request.path.ends_with(kGetRun)) return false;
  const std::string_view asked = request.Query("run_id");
  return (asked.empty() ? request.Query("run_uuid") : asked) == id_;
}

Response OwnRun::Watch(Response answer) {
  if (answer.status != 200 || answer.headers.Has("content-encoding")) return answer;
  if (const auto* whole = std::get_if<std::string>(&answer.body)) {
    if (whole->size() <= kAnswerMax) *seen_ = *whole;
  } else if (auto* stream = std::get_if<BodyStream>(&answer.body)) {
    auto passing = std::make_shared<PassingBody>(std::move(*stream), seen_);
    answer.body = BodyStream([passing] { return passing->Next(); });
  }
  return answer;
}

Response OwnRun::Answer() const { return Response::Text(200, *seen_, kJsonType); }

}  // namespace lazurite::runner
