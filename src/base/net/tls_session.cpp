#include "base/net/tls_session.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

namespace lazurite {
namespace {

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE.
int FdOf(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

int SendBytes(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = send(FdOf(bio), bytes, static_cast<size_t>(count), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int ReceiveBytes(BIO* bio, char* into, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = recv(FdOf(bio), into, static_cast<size_t>(count), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long ControlBio(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* MakeBio(int fd) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lazurite");
    BIO_meth_set_write(made, SendBytes);
    BIO_meth_set_read(made, ReceiveBytes);
    BIO_meth_set_ctrl(made, ControlBio);
    return made;
  }();
  BIO* const bio = BIO_new(method);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

bool IsIpAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

void ExpectHost(SSL* ssl, const std::string& host) {
  if (IsIpAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, host.c_str());
    SSL_set1_host(ssl, host.c_str());
  }
}

std::string LastError() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "the peer broke off";
  std::array<char, 256> text;
  ERR_error_string_n(error, text.data(), text.size());
  const char* const reason = ERR_reason_error_string(error);
  return reason == nullptr ? text.data() : reason;
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<TlsContext> context, int fd, std::string host)
    : context_(std::move(context)),
      host_(std::move(host)),
      ssl_(SSL_new(context_->impl().context)) {
  BIO* const bio = MakeBio(fd);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  if (host_.empty()) {
    SSL_set_accept_state(ssl_);
    return;
  }
  ExpectHost(ssl_, host_);
  SSL_set_connect_state(ssl_);
  TlsContext::Impl& impl = context_->impl();
  const std::lock_guard lock(impl.mutex);
  const auto known = impl.sessions.find(host_);
  if (known != impl.sessions.end()) SSL_set_session(ssl_, known->second);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession::Step TlsSession::Judge(int result) {
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ) return Step::kWantsRead;
  if (error == SSL_ERROR_WANT_WRITE) return Step::kWantsWrite;
  if (error == SSL_ERROR_ZERO_RETURN) return Step::kClosed;
  const long verified = SSL_get_verify_result(ssl_);
  if (verified != X509_V_OK) {
    ERR_clear_error();
    failure_ = Status(Code::kUnauthenticated,
                      "the certificate of " + host_ +
                          " cannot be trusted: " + X509_verify_cert_error_string(verified));
  } else {
    failure_ = Unavailable("TLS: " + LastError());
  }
  return Step::kFailed;
}

TlsSession::Step TlsSession::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  return result == 1 ? Step::kDone : Judge(result);
}

TlsSession::Step TlsSession::Read(char* into, size_t count, size_t& got) {
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_, into, count, &got);
  return result == 1 ? Step::kDone : Judge(result);
}

TlsSession::Step TlsSession::Write(std::string_view bytes, size_t& written) {
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
  return result == 1 ? Step::kDone : Judge(result);
}

TlsSession::Step TlsSession::EndWriting() {
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_);
  return result >= 0 ? Step::kDone : Judge(result);
}

bool TlsSession::was_resumed() const { return SSL_session_reused(ssl_) == 1; }

}  // namespace lazurite
