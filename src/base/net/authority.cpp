#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "base/file.h"
#include "base/net/tls.h"

namespace lazurite {
namespace {

constexpr long kDaySeconds = 24 * 60 * 60;
constexpr int kAuthorityDays = 3652;
constexpr int kLeafDays = 397;
constexpr int kLeafDaysLeftMin = 30;
constexpr long kBackdatedSeconds = 60 * 60;  // for clocks that differ

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;

// What OpenSSL cannot refuse unless we are wrong or out of memory.
void Must(bool is_done) { LAZURITE_CHECK(is_done); }

std::string TextOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string ToPem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return TextOf(bio);
}

std::string ToPem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return TextOf(bio);
}

// The first certificate or the key in a file; nothing if it has none.
Certificate CertificateIn(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return nullptr;
  const Bio bio(BIO_new_mem_buf(text.value().data(), static_cast<int>(text.value().size())));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

Key KeyIn(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return nullptr;
  const Bio bio(BIO_new_mem_buf(text.value().data(), static_cast<int>(text.value().size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key;
}

bool Match(const Certificate& certificate, const Key& key) {
  const bool match = certificate != nullptr && key != nullptr &&
                     X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return match;
}

bool LastsFor(const Certificate& certificate, int days) {
  int days_left = 0;
  int seconds_left = 0;
  return ASN1_TIME_diff(&days_left, &seconds_left, nullptr,
                        X509_get0_notAfter(certificate.get())) == 1 &&
         days_left >= days && seconds_left >= 0;
}

Key MakeKey() {
  Key key(EVP_EC_gen("P-256"));
  Must(key != nullptr);
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// A certificate with everything but its extensions and signature.
Certificate MakeCertificate(const std::string& name, const Key& key, int days) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  const std::unique_ptr<BIGNUM, FreeWith<BN_free>> serial(BN_new());
  Must(BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kBackdatedSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDaySeconds);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const auto add = [subject](const char* field, const std::string& value) {
    X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  };
  add("O", "Lazurite");
  add("CN", name);
  Must(X509_set_pubkey(certificate.get(), key.get()) == 1);
  return certificate;
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

bool IsIpAddress(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// Letters, digits, dots, hyphens, a leading "*.": nothing that OpenSSL's extension syntax would
// understand.
bool IsDnsName(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*") ==
         std::string::npos;
}

bool IsFor(X509* certificate, const std::string& name) {
  if (IsIpAddress(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  return X509_check_host(certificate, name.c_str(), name.size(), 0, nullptr) == 1;
}

std::string AlternativeNames(const std::vector<std::string>& names) {
  std::string value;
  for (const std::string& name : names) {
    if (!value.empty()) value += ',';
    value += (IsIpAddress(name) ? "IP:" : "DNS:") + name;
  }
  return value;
}

struct Authority {
  Certificate certificate;
  Key key;
};

Result<Authority> ReadOrMakeAuthority(const std::string& certificate_file,
                                      const std::string& key_file) {
  Authority authority{CertificateIn(certificate_file), KeyIn(key_file)};
  if (Match(authority.certificate, authority.key) &&
      LastsFor(authority.certificate, kLeafDaysLeftMin)) {
    return authority;
  }
  authority.key = MakeKey();
  const std::string name = "Lazurite authority of " + HostName();
  authority.certificate = MakeCertificate(name.substr(0, 64), authority.key, kAuthorityDays);
  X509* const certificate = authority.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(certificate, certificate, NID_subject_key_identifier, "hash");
  Must(X509_sign(certificate, authority.key.get(), EVP_sha256()) != 0);
  TRY(WriteFileAtomic(key_file, ToPem(authority.key.get()), 0600));
  TRY(WriteFileAtomic(certificate_file, ToPem(certificate), 0644));
  return authority;
}

bool IsLeafGood(const AuthorityFiles& files, const Authority& authority,
                const std::vector<std::string>& names) {
  const Certificate leaf = CertificateIn(files.certificate);
  if (!Match(leaf, KeyIn(files.key)) || !LastsFor(leaf, kLeafDaysLeftMin)) return false;
  const bool is_ours = X509_verify(leaf.get(), X509_get0_pubkey(authority.certificate.get())) == 1;
  ERR_clear_error();
  return is_ours && std::all_of(names.begin(), names.end(), [&leaf](const std::string& name) {
           return IsFor(leaf.get(), name);
         });
}

Status MakeLeaf(const AuthorityFiles& files, const Authority& authority,
                const std::vector<std::string>& names) {
  const Key key = MakeKey();
  const Certificate leaf = MakeCertificate(names.front().substr(0, 64), key, kLeafDays);
  X509* const issuer = authority.certificate.get();
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer));
  AddExtension(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(leaf.get(), issuer, NID_key_usage, "critical,digitalSignature");
  AddExtension(leaf.get(), issuer, NID_ext_key_usage, "serverAuth");
  AddExtension(leaf.get(), issuer, NID_subject_key_identifier, "hash");
  AddExtension(leaf.get(), issuer, NID_authority_key_identifier, "keyid");
  AddExtension(leaf.get(), issuer, NID_subject_alt_name, AlternativeNames(names));
  Must(X509_sign(leaf.get(), authority.key.get(), EVP_sha256()) != 0);
  TRY(WriteFileAtomic(files.key, ToPem(key.get()), 0600));
  return WriteFileAtomic(files.certificate, ToPem(leaf.get()) + ToPem(issuer), 0644);
}

}  // namespace

Result<AuthorityFiles> EnsureAuthority(const std::string& folder,
                                       const std::vector<std::string>& names) {
  std::vector<std::string> all = {"localhost", "127.0.0.1", "::1"};
  for (const std::string& name : names) {
    if (!IsIpAddress(name) && !IsDnsName(name)) {
      return InvalidArgument("\"" + name + "\" is neither a DNS name nor an IP address");
    }
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  }
  const std::string host = HostName();
  if (IsDnsName(host) && std::find(all.begin(), all.end(), host) == all.end()) all.push_back(host);
  const AuthorityFiles files{JoinPath(folder, "ca.pem"), JoinPath(folder, "server.pem"),
                             JoinPath(folder, "server.key")};
  TRY(MakeDirs(folder, 0700));
  auto authority = ReadOrMakeAuthority(files.ca, JoinPath(folder, "ca.key"));
  if (!authority.ok()) return authority.status().With("making the authority in " + folder);
  if (IsLeafGood(files, authority.value(), all)) return files;
  Status made = MakeLeaf(files, authority.value(), all);
  if (!made.ok()) return std::move(made).With("making the certificate in " + folder);
  return files;
}

}  // namespace lazurite
