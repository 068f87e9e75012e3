#include "engine/runner/listener.h"

#include <future>
#include <thread>

#include "base/hash.h"
#include "base/http/server.h"
#include "base/net/loop.h"
#include "domain/workspace/places.h"
#include "engine/runner/forwarder.h"

namespace lazurite::runner {
namespace {

constexpr const char* kLoopback = "127.0.0.1";
constexpr size_t kTokenBytes = 24;
// Whoever called is dead when the listener stops.
constexpr Duration kStopGrace{200};

class LoopbackListener final : public Listener {
 public:
  explicit LoopbackListener(Options options)
      : token_(options.token.empty() ? HexEncode(RandomBytes(kTokenBytes)) : options.token),
        forwarder_(loop_, {ServerFile(options.home), options.attempt_folder, token_, options.token,
                           options.note, options.replay_pause_max, options.run, options.redaction}),
        server_(loop_, ServerOptions(),
                [this](Request& request) { return forwarder_.Handle(request); }) {}
  ~LoopbackListener() override { Stop(); }

  Status Listen() {
    ASSIGN_OR_RETURN(const int port, server_.ListenTcp(kLoopback, 0));
    address_ = std::string("http://") + kLoopback + ":" + std::to_string(port);
    thread_ = std::thread([this] { loop_.Run(); });
    return {};
  }

  std::string address() const override { return address_; }
  const std::string& token() const override { return token_; }

  void Stop() override {
    if (!thread_.joinable()) return;
    std::promise<void> done;
    loop_.Post([this, &done] { Detach(StopOnLoop(done)); });
    done.get_future().wait();
    loop_.Stop();
    thread_.join();
  }

 private:
  static HttpServerOptions ServerOptions() {
    HttpServerOptions options;
    options.stop_grace = kStopGrace;
    return options;
  }

  Task<void> StopOnLoop(std::promise<void>& done) {
    forwarder_.BeginStop();
    co_await server_.Stop();
    co_await forwarder_.Finish();
    done.set_value();
  }

  Loop loop_;
  const std::string token_;
  Forwarder forwarder_;
  HttpServer server_;
  std::string address_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Start(Options options) {
  auto listener = std::make_unique<LoopbackListener>(std::move(options));
  TRY(listener->Listen());
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace lazurite::runner
