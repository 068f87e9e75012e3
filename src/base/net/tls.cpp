#include "base/net/tls.h"

#include <openssl/err.h>

#include "base/net/tls_session.h"

namespace lazurite {
namespace {

constexpr unsigned char kSessionName[] = "lazurite";

Status TlsFailure(const std::string& doing) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return InvalidArgument(doing + ": " + (reason == nullptr ? "not usable" : reason));
}

void SetUp(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A peer that leaves without a word is met where the message's own framing is broken.
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(context, 1);
}

// Called by OpenSSL for each ticket a server gives; it keeps the reference when 1 is returned.
int KeepSession(SSL* ssl, SSL_SESSION* session) {
  const auto* const owner = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  auto* const impl = static_cast<TlsContext::Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const std::lock_guard lock(impl->mutex);
  const auto known = impl->sessions.find(owner->host());
  if (known != impl->sessions.end()) {
    SSL_SESSION_free(std::exchange(known->second, session));
    return 1;
  }
  if (impl->sessions.size() >= TlsContext::Impl::kSessionsMax) return 0;
  impl->sessions.emplace(owner->host(), session);
  return 1;
}

}  // namespace

TlsContext::Impl::~Impl() {
  for (const auto& [host, session] : sessions) SSL_SESSION_free(session);
  SSL_CTX_free(context);
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::Server(const std::string& certificate_file,
                                                       const std::string& key_file) {
  auto impl = std::make_unique<Impl>();
  impl->context = SSL_CTX_new(TLS_server_method());
  SSL_CTX* const context = impl->context;
  SetUp(context);
  SSL_CTX_set_session_id_context(context, kSessionName, sizeof kSessionName - 1);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return TlsFailure("certificate " + certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return TlsFailure("key " + key_file);
  }
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

Result<std::shared_ptr<TlsContext>> TlsContext::Client(const std::string& ca_file) {
  auto impl = std::make_unique<Impl>();
  impl->context = SSL_CTX_new(TLS_client_method());
  SSL_CTX* const context = impl->context;
  SetUp(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_app_data(context, impl.get());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, KeepSession);
  const int loaded = ca_file.empty()
                         ? SSL_CTX_set_default_verify_paths(context)
                         : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  if (loaded != 1) return TlsFailure("authorities " + ca_file);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(impl)));
}

}  // namespace lazurite
