// One TLS connection over a descriptor that does not block: for the sources of base/net and
// base/http's client.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/net/tls.h"

namespace lazurite {

struct TlsContext::Impl {
  ~Impl();
  SSL_CTX* context = nullptr;

  // Sessions of a client by host, so that the next connection is resumed.
  static constexpr size_t kSessionsMax = 64;
  std::mutex mutex;
  std::map<std::string, SSL_SESSION*, std::less<>> sessions;
};

class TlsSession {
 public:
  enum class Step : unsigned char { kDone, kWantsRead, kWantsWrite, kClosed, kFailed };

  // `host` is "" on the server's side. The descriptor stays the caller's.
  TlsSession(std::shared_ptr<TlsContext> context, int fd, std::string host);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  Step Handshake();
  Step Read(char* into, size_t count, size_t& got);
  Step Write(std::string_view bytes, size_t& written);
  Step EndWriting();
  bool was_resumed() const;
  // Why the last step failed.
  const Status& failure() const { return failure_; }
  const std::string& host() const { return host_; }

 private:
  Step Judge(int result);

  std::shared_ptr<TlsContext> context_;
  std::string host_;
  SSL* ssl_;
  Status failure_;
};

}  // namespace lazurite
