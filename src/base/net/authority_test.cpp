#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "base/net/tls.h"

namespace lazurite {
namespace {

class AuthorityTest : public testing::Test {
 protected:
  AuthorityTest() {
    std::string name = (std::filesystem::temp_directory_path() / "lazurite-tls-XXXXXX").string();
    folder_ = std::string(mkdtemp(name.data())) + "/tls";
  }
  ~AuthorityTest() override {
    std::filesystem::remove_all(std::filesystem::path(folder_).parent_path());
  }
  AuthorityFiles Ensure(const std::vector<std::string>& names = {}) {
    const auto files = EnsureAuthority(folder_, names);
    EXPECT_TRUE(files.ok()) << files.status().text();
    return files.value();
  }
  std::string folder_;
};

X509* LeafOf(const AuthorityFiles& files) {
  FILE* const file = fopen(files.certificate.c_str(), "r");
  X509* const leaf = PEM_read_X509(file, nullptr, nullptr, nullptr);
  fclose(file);
  return leaf;
}

TEST_F(AuthorityTest, MakesAnAuthorityAndALeafThatOnlyTheOwnerCanUse) {
  const AuthorityFiles files = Ensure({"train.example", "10.1.2.3"});
  for (const std::string& key : {files.key, folder_ + "/ca.key"}) {
    struct stat info;
    ASSERT_EQ(stat(key.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
  }
  X509* const leaf = LeafOf(files);
  for (const char* const name : {"localhost", "train.example"}) {
    EXPECT_EQ(X509_check_host(leaf, name, 0, 0, nullptr), 1) << name;
  }
  for (const char* const address : {"127.0.0.1", "::1", "10.1.2.3"}) {
    EXPECT_EQ(X509_check_ip_asc(leaf, address, 0), 1) << address;
  }
  EXPECT_EQ(X509_check_host(leaf, "evil.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ca(leaf), 0);
  int days = 0, seconds = 0;
  ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(leaf));
  EXPECT_TRUE(days == 396 || days == 397) << days;
  X509_free(leaf);
}

TEST_F(AuthorityTest, KeepsWhatIsGood) {
  const AuthorityFiles files = Ensure({"a.example"});
  const std::string ca = ReadFile(files.ca).value(), leaf = ReadFile(files.certificate).value();
  Ensure();  // fewer names are fine
  EXPECT_EQ(ReadFile(files.ca).value(), ca);
  EXPECT_EQ(ReadFile(files.certificate).value(), leaf);
}

TEST_F(AuthorityTest, ANewNameMakesANewLeafUnderTheSameAuthority) {
  const AuthorityFiles files = Ensure();
  const std::string ca = ReadFile(files.ca).value(), leaf = ReadFile(files.certificate).value();
  Ensure({"b.example"});
  EXPECT_EQ(ReadFile(files.ca).value(), ca);
  EXPECT_NE(ReadFile(files.certificate).value(), leaf);
}

TEST_F(AuthorityTest, MakesBrokenFilesAgain) {
  const AuthorityFiles files = Ensure();
  ASSERT_TRUE(WriteFile(files.key, "nonsense").ok());
  Ensure();
  EXPECT_TRUE(TlsContext::Server(files.certificate, files.key).ok());
}

TEST_F(AuthorityTest, RefusesNamesThatAreNone) {
  const auto files = EnsureAuthority(folder_, {"a,DNS:evil"});
  EXPECT_EQ(files.status().code(), Code::kInvalidArgument);
}

TEST_F(AuthorityTest, AContextRefusesAKeyOfAnotherCertificate) {
  const AuthorityFiles files = Ensure();
  EXPECT_TRUE(TlsContext::Server(files.certificate, files.key).ok());
  EXPECT_EQ(TlsContext::Server(files.certificate, folder_ + "/ca.key").status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(TlsContext::Server(folder_ + "/none", files.key).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(TlsContext::Client(folder_ + "/none").status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace lazurite
