// TLS: the authority of a home, and contexts for both sides (OpenSSL underneath).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite {

// What a server shows and how: certificate, key, session tickets, TLS 1.2 and up.
class TlsContext {
 public:
  // Reads PEM files. kInvalidArgument: not a certificate, or a key of another one.
  static Result<std::shared_ptr<TlsContext>> Server(const std::string& certificate_file,
                                                    const std::string& key_file);
  // Trusts `ca_file`, or the system's authorities if it is "".
  static Result<std::shared_ptr<TlsContext>> Client(const std::string& ca_file);
  ~TlsContext();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct AuthorityFiles {
  std::string ca;           // <folder>/ca.pem, for clients
  std::string certificate;  // <folder>/server.pem: leaf and CA
  std::string key;          // <folder>/server.key, 0600
};
// Makes what is missing in `folder`: an authority of its own (ECDSA P-256, ten years, CA:TRUE, its
// key 0600) and a leaf for `names` (DNS names and IP addresses; 127.0.0.1, ::1, localhost and this
// host's name are always among them), valid for 397 days and made again when fewer than 30 are left
// or a name is missing.
Result<AuthorityFiles> EnsureAuthority(const std::string& folder,
                                       const std::vector<std::string>& names);

}  // namespace lazurite
