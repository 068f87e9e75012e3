#include "app/cli/job_follow.h"

#include "app/cli/interrupt.h"
#include "app/cli/job_names.h"
#include "app/cli/log_follower.h"
#include "base/text.h"
#include "spec/job_reader.h"

namespace lazurite::cli {
namespace {

constexpr Duration kSecondInterrupt{2000};
constexpr size_t kLineBytesMax = size_t{1} << 20;

// How many processes of the user's the job has.
int RanksOf(Server& server, const std::string& job) {
  const Result<Json> resource = server.Get(server.Workspace("jobs/" + UrlEncode(job)));
  const Json* properties = resource.ok() ? resource->Find("properties") : nullptr;
  if (properties == nullptr) return 1;
  const Result<JobSpec> spec = spec::ReadJobSpec(*properties);
  return spec.ok() ? std::max(1, spec->Ranks()) : 1;
}

std::string PathOf(int rank, int ranks) {
  if (ranks == 1) return "user_logs/std_log.txt";
  return "user_logs/std_log_process_" + std::to_string(rank) + ".txt";
}

// Writes whole lines of several files to one descriptor, each behind its mark.
class LineWriter {
 public:
  LineWriter(std::mutex& mutex, std::string mark, void (*write)(std::string_view))
      : mutex_(mutex), mark_(std::move(mark)), write_(write) {}

  void Add(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t end = bytes.find('\n');
      const size_t count = end == bytes.npos ? bytes.size() : end + 1;
      line_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (end != std::string_view::npos || line_.size() > kLineBytesMax) Flush();
    }
  }
  void Flush() {
    if (line_.empty()) return;
    if (line_.back() != '\n') line_ += '\n';
    const std::lock_guard lock(mutex_);
    write_(mark_ + line_);
    line_.clear();
  }

 private:
  std::mutex& mutex_;
  const std::string mark_;
  void (*write_)(std::string_view);
  std::string line_;
};

// All followers of one job.
class Following {
 public:
  Following(Context& context, const FollowOptions& options, int ranks)
      : context_(context), options_(options), ranks_(ranks), notice_(context.terminal) {}

  Result<FollowEnd> Run(Server& server, JobNotes& notes) {
    TRY(ChooseFiles(server));
    const InterruptWatch interrupt([this] { Stop(); });
    std::optional<JobWatch> watch;
    if (options_.shows_states) {
      watch.emplace(context_, options_.job, notes);
      if (system_) StartSystemLog();
    }
    std::vector<Status> results(logs_.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < logs_.size(); ++i) {
      threads.emplace_back([this, i, &results] { results[i] = Follow(i); });
    }
    for (std::thread& thread : threads) thread.join();
    if (system_) system_->Stop();
    if (system_thread_.joinable()) system_thread_.join();
    if (interrupt.was_interrupted()) return Detach(interrupt);
    for (const Status& result : results) TRY(result);
    return FollowEnd::kComplete;
  }

 private:
  Status ChooseFiles(Server& server) {
    std::vector<int> ranks = options_.ranks;
    for (const int rank : ranks) {
      if (rank < ranks_) continue;
      return InvalidArgument("job " + options_.job + " has no rank " + std::to_string(rank) +
                             ", its ranks are 0 to " + std::to_string(ranks_ - 1));
    }
    if (ranks.empty()) {
      for (int rank = 0; rank < ranks_; ++rank) ranks.push_back(rank);
    }
    if (ranks.size() > kFollowedMax) {
      context_.terminal.Note("showing ranks 0 to " + std::to_string(kFollowedMax - 1) + " of " +
                             std::to_string(ranks.size()) + ", --rank chooses others");
      ranks.resize(kFollowedMax);
    }
    chosen_ = ranks;
    Json logs;
    if (options_.tail) {
      ASSIGN_OR_RETURN(logs, server.Get(LogTarget(options_.job, "")));
    }
    for (const int rank : ranks) {
      LogFollower::File file{options_.job, PathOf(rank, ranks_), 0, options_.has_follow};
      if (options_.tail) {
        ASSIGN_OR_RETURN(file.offset, TailOf(server, logs, file.path));
      }
      logs_.push_back(std::make_unique<LogFollower>(context_, notice_, file));
    }
    if (options_.shows_states && !context_.terminal.is_quiet) {
      system_ = std::make_unique<LogFollower>(
          context_, notice_,
          LogFollower::File{options_.job, "system_logs/environment.txt", 0, true});
    }
    return {};
  }

  Result<int64_t> TailOf(Server& server, const Json& logs, const std::string& path) {
    const Json* files = logs.Find("files");
    if (files == nullptr || !files->is_array()) return int64_t{0};
    for (const Json& file : files->array()) {
      if (file.GetString("path") != path) continue;
      return FindTailOffset(server, options_.job, path, file.GetInt("bytes"), *options_.tail);
    }
    return int64_t{0};
  }

  // The environment's build, while the job has no output of its own yet.
  void StartSystemLog() {
    system_thread_ = std::thread([this] {
      LineWriter lines(mutex_, "  ", [](std::string_view text) { WriteErr(text); });
      const Status ended = system_->Run([&](std::string_view bytes) { lines.Add(bytes); });
      lines.Flush();
      // What keeps this log away keeps the user's away too, which is told there.
      static_cast<void>(ended);
    });
  }

  Status Follow(size_t at) {
    if (logs_.size() == 1) {
      return logs_[at]->Run([](std::string_view bytes) { WriteOut(bytes); });
    }
    LineWriter lines(mutex_, "[" + std::to_string(chosen_[at]) + "] ",
                     [](std::string_view text) { WriteOut(text); });
    Status status = logs_[at]->Run([&](std::string_view bytes) { lines.Add(bytes); });
    lines.Flush();
    return status;
  }

  void Stop() {
    for (const auto& log : logs_) log->Stop();
    if (system_) system_->Stop();
  }

  FollowEnd Detach(const InterruptWatch& interrupt) {
    const Terminal& terminal = context_.terminal;
    if (terminal.is_err_terminal) WriteErr("\r");
    if (!options_.has_follow) return FollowEnd::kInterrupted;
    terminal.Note("detached; job " + options_.job + " goes on. Ctrl-C again within 2 s cancels it");
    if (!interrupt.WaitForSecond(kSecondInterrupt)) {
      terminal.Note("come back:  lazurite logs " + options_.job + " --follow");
      return FollowEnd::kInterrupted;
    }
    const Result<Server*> server = context_.Reconnect();
    const Status asked = server.ok() ? CancelJob(**server, options_.job) : server.status();
    terminal.Note(asked.ok() ? "asked job " + options_.job + " to end"
                             : "job " + options_.job + " could not be canceled: " + asked.text());
    return FollowEnd::kInterrupted;
  }

  Context& context_;
  const FollowOptions& options_;
  const int ranks_;
  AwayNotice notice_;
  std::mutex mutex_;  // of lines written
  std::vector<int> chosen_;
  std::vector<std::unique_ptr<LogFollower>> logs_;
  std::unique_ptr<LogFollower> system_;
  std::thread system_thread_;
};

}  // namespace

Result<FollowEnd> FollowJob(Context& context, const FollowOptions& options, JobNotes& notes) {
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  return Following(context, options, RanksOf(*server, options.job)).Run(*server, notes);
}

Status FollowToEnd(Context& context, const FollowOptions& options) {
  JobNotes notes;
  ASSIGN_OR_RETURN(const FollowEnd end, FollowJob(context, options, notes));
  if (end == FollowEnd::kInterrupted) {
    context.exit_code = kInterruptedExit;
    return {};
  }
  ASSIGN_OR_RETURN(Server * server, context.Reconnect());
  ASSIGN_OR_RETURN(const Json live, GetLiveJob(*server, options.job));
  notes.Tell(context.terminal, live);
  ShowSummary(context, live);
  context.exit_code = ReportEnd(context, live);
  return {};
}

}  // namespace lazurite::cli
