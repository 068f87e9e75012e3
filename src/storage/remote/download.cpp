#include "storage/remote/download.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "storage/remote/remote_url.h"

namespace lazurite {
namespace {

constexpr std::chrono::milliseconds kAskEvery{100};
constexpr std::chrono::milliseconds kPauseFirst{500};
constexpr std::chrono::milliseconds kPauseMost{8000};
constexpr std::chrono::seconds kConnectTimeout{15};
constexpr std::chrono::seconds kTellEvery{10};
constexpr int64_t kRoomStepBytes = int64_t{64} << 20;

// Asks whether to stop, on a thread of its own, and interrupts the call that is under way.
class CancelWatch {
 public:
  explicit CancelWatch(const std::function<bool()>& cancelled)
      : cancelled_(cancelled), thread_([this] { Run(); }) {}
  ~CancelWatch() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  bool is_cancelled() const {
    const std::lock_guard lock(mutex_);
    return is_cancelled_;
  }
  // The client that is to be interrupted from now on, or nullptr.
  void Guard(BlockingClient* client) {
    const std::lock_guard lock(mutex_);
    client_ = client;
    if (is_cancelled_ && client_ != nullptr) client_->Abort();
  }
  // False if it is to stop.
  bool Sleep(Duration duration) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, duration, [this] { return is_cancelled_; });
    return !is_cancelled_;
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!is_over_ && !is_cancelled_) {
      lock.unlock();
      const bool is_asked = cancelled_();
      lock.lock();
      if (!is_asked) {
        changed_.wait_for(lock, kAskEvery, [this] { return is_over_; });
        continue;
      }
      is_cancelled_ = true;
      if (client_ != nullptr) client_->Abort();
      changed_.notify_all();
    }
  }

  const std::function<bool()>& cancelled_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  BlockingClient* client_ = nullptr;
  bool is_cancelled_ = false;
  bool is_over_ = false;
  std::thread thread_;
};

int64_t NumberOf(std::string_view text) {
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

class Transfer {
 public:
  Transfer(std::string url, const Validators& known, std::string part, const DownloadHooks& hooks)
      : url_(std::move(url)),
        known_(known),
        part_(std::move(part)),
        hooks_(hooks),
        watch_(hooks.cancelled) {}

  Result<Downloaded> Run() {
    ASSIGN_OR_RETURN(file_, OpenFile(part_, O_RDWR | O_CREAT, 0600));
    LoadPart();
    auto pause = kPauseFirst;
    int tries = 0;
    while (true) {
      const int64_t before = have_;
      const Status status = Follow();
      if (status.ok()) return Finish();
      if (watch_.is_cancelled()) return Status(Code::kCancelled, "cancelled");
      const bool is_passing =
          status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded;
      if (have_ > before) {
        tries = 0;
        pause = kPauseFirst;
      }
      if (!is_passing || ++tries > kDownloadRetriesMax) return status;
      hooks_.log(status.text() + "; trying again");
      if (!watch_.Sleep(pause)) return Status(Code::kCancelled, "cancelled");
      pause = std::min(pause * 2, kPauseMost);
    }
  }

 private:
  // What an earlier transfer left.
  void LoadPart() {
    const Result<std::string> text = ReadFile(part_ + ".json");
    const Result<Json> json = text.ok() ? Json::Parse(*text) : Result<Json>(text.status());
    struct stat info {};
    if (!json.ok() || fstat(file_.get(), &info) != 0) return;
    validators_ = {json->GetString("etag"), json->GetString("modified")};
    if (!validators_.empty()) have_ = info.st_size;
  }

  // What has to match for the rest to be the rest: a strong tag, else the time.
  std::string IfRange() const {
    if (!validators_.etag.empty() && !validators_.etag.starts_with("W/")) return validators_.etag;
    return validators_.modified;
  }

  ClientRequest MakeRequest(const RemoteUrl& url) {
    ClientRequest request;
    request.target = url.target;
    request.headers.Add("User-Agent", "lazurite");
    request.headers.Add("Accept", "*/*");
    request.headers.Add("x-ms-version", "2021-08-06");
    if (have_ > 0 && !IfRange().empty()) {
      request.headers.Add("Range", "bytes=" + std::to_string(have_) + "-");
      request.headers.Add("If-Range", IfRange());
    } else {
      have_ = 0;
      if (!known_.etag.empty()) request.headers.Add("If-None-Match", known_.etag);
      if (!known_.modified.empty()) request.headers.Add("If-Modified-Since", known_.modified);
    }
    return request;
  }

  Status Follow() {
    std::string url = url_;
    for (int i = 0; i <= kRedirectsMax; ++i) {
      ASSIGN_OR_RETURN(const RemoteUrl parsed, ParseRemoteUrl(url));
      location_.clear();
      TRY(Ask(parsed).With(RedactedUrl(url)));
      if (location_.empty()) return {};
      ASSIGN_OR_RETURN(url, FollowUrl(url, location_));
    }
    return FailedPrecondition(RedactedUrl(url_) + " leads from address to address without an end");
  }

  Status Ask(const RemoteUrl& url) {
    BlockingClient client(
        url.origin,
        {.connect_timeout = kConnectTimeout, .timeout = hooks_.timeout, .ca_file = hooks_.ca_file});
    ClientRequest request = MakeRequest(url);
    failure_ = Status();
    bool has_body = false;
    request.on_head = [&](int status, const Headers& headers) {
      failure_ = TakeHead(status, headers);
      has_body = failure_.ok() && (status == 200 || status == 206);
      return has_body;
    };
    watch_.Guard(&client);
    const Result<ClientResponse> answer =
        client.Call(request, [this](std::string_view bytes) { return Write(bytes); });
    watch_.Guard(nullptr);
    if (!failure_.ok()) return failure_;
    if (!answer.ok()) return answer.status();
    if (has_body && total_ >= 0 && have_ != total_) {
      return Unavailable("it ended after " + std::to_string(have_) + " of " +
                         std::to_string(total_) + " bytes");
    }
    return {};
  }

  Status TakeHead(int status, const Headers& headers) {
    if (status == 304) {
      is_unchanged_ = true;
      return {};
    }
    if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
      location_ = headers.Get("Location");
      return location_.empty() ? FailedPrecondition("it leads elsewhere, and does not say where")
                               : Status();
    }
    if (status == 416) {
      // What was there is no part of it any more.
      have_ = 0;
      validators_ = {};
      return Unavailable("the rest of an earlier transfer is not given");
    }
    if (status == 200) return TakeWhole(headers);
    if (status == 206) return TakeRest(headers);
    return Refused(status, headers);
  }

  static Status Refused(int status, const Headers& headers) {
    std::string text = "the server answers " + std::to_string(status);
    const std::string_view code = headers.Get("x-ms-error-code");
    if (!code.empty()) text += " (" + std::string(code) + ")";
    if (status == 404 || status == 410) return NotFound(text + ": nothing lies there");
    if (status == 401 || status == 403) {
      return {Code::kPermissionDenied, text + ": it wants credentials, or others"};
    }
    if (status == 408 || status == 429 || status >= 500) return Unavailable(text);
    return FailedPrecondition(text);
  }

  Status TakeWhole(const Headers& headers) {
    have_ = 0;
    if (ftruncate(file_.get(), 0) != 0) return ErrnoStatus("emptying " + part_, errno);
    total_ = NumberOf(headers.Get("Content-Length"));
    validators_ = {std::string(headers.Get("ETag")), std::string(headers.Get("Last-Modified"))};
    Json json = Json::MakeObject();
    json["etag"] = validators_.etag;
    json["modified"] = validators_.modified;
    TRY(WriteFile(part_ + ".json", json.Dump()));
    roomy_ = std::max<int64_t>(total_, 0);
    return hooks_.make_room(total_);
  }

  Status TakeRest(const Headers& headers) {
    // "bytes 100-199/200"
    std::string_view range = headers.Get("Content-Range");
    const size_t dash = range.find('-');
    const size_t slash = range.find('/');
    const bool is_rest = range.starts_with("bytes ") && dash != std::string_view::npos &&
                         slash != std::string_view::npos &&
                         NumberOf(range.substr(6, dash - 6)) == have_;
    if (!is_rest) {
      have_ = 0;
      validators_ = {};
      return Unavailable("the server gave another part than was asked for");
    }
    total_ = NumberOf(range.substr(slash + 1));
    hooks_.log("going on after " + FormatBytes(have_));
    roomy_ = std::max(total_, have_);
    return hooks_.make_room(total_ < 0 ? -1 : total_ - have_);
  }

  bool Write(std::string_view bytes) {
    const auto count = static_cast<int64_t>(bytes.size());
    if (have_ + count > roomy_) {
      failure_ = hooks_.make_room(kRoomStepBytes);
      roomy_ = have_ + count + kRoomStepBytes;
    }
    while (failure_.ok() && !bytes.empty()) {
      const ssize_t put = pwrite(file_.get(), bytes.data(), bytes.size(), have_);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) {
        failure_ = ErrnoStatus("writing " + part_, errno);
      } else {
        have_ += put;
        bytes.remove_prefix(static_cast<size_t>(put));
      }
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ >= kTellEvery) {
      told_ = now;
      hooks_.log(FormatBytes(have_) + (total_ >= 0 ? " of " + FormatBytes(total_) : ""));
    }
    return failure_.ok() && !watch_.is_cancelled();
  }

  Result<Downloaded> Finish() {
    if (watch_.is_cancelled()) return Status(Code::kCancelled, "cancelled");
    if (is_unchanged_) return Downloaded{.is_unchanged = true, .validators = known_, .bytes = 0};
    if (fdatasync(file_.get()) != 0) return ErrnoStatus("syncing " + part_, errno);
    unlink((part_ + ".json").c_str());
    return Downloaded{.is_unchanged = false, .validators = validators_, .bytes = have_};
  }

  const std::string url_;
  const Validators known_;
  const std::string part_;
  const DownloadHooks& hooks_;
  CancelWatch watch_;
  Fd file_;
  Validators validators_;  // of what is in the file
  int64_t have_ = 0;
  int64_t total_ = -1;
  int64_t roomy_ = 0;  // up to here there is room
  std::string location_;
  bool is_unchanged_ = false;
  Status failure_;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace

Result<Downloaded> Download(const std::string& url, const Validators& known,
                            const std::string& part, const DownloadHooks& hooks) {
  return Transfer(url, known, part, hooks).Run();
}

}  // namespace lazurite
