#include "domain/secret/vault.h"

#include <openssl/evp.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "domain/workspace/key_file.h"
#include "domain/workspace/places.h"

namespace lazurite {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kKeyIdLetters = 8;
// "v1.<key id>.<base64url of nonce, ciphertext and tag>"
constexpr std::string_view kFormat = "v1";

struct CipherContext {
  EVP_CIPHER_CTX* get = EVP_CIPHER_CTX_new();
  CipherContext() = default;
  CipherContext(const CipherContext&) = delete;
  CipherContext& operator=(const CipherContext&) = delete;
  ~CipherContext() { EVP_CIPHER_CTX_free(get); }
};

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Nonce, ciphertext, tag.
std::string Encrypt(const std::string& key, std::string_view plain, std::string_view place) {
  const CipherContext context;
  const std::string nonce = RandomBytes(kNonceBytes);
  std::string cipher(plain.size(), '\0');
  std::string tag(kTagBytes, '\0');
  int count = 0;
  bool is_good = EVP_EncryptInit_ex(context.get, EVP_aes_256_gcm(), nullptr, Bytes(key),
                                    Bytes(std::string_view(nonce))) == 1;
  is_good = is_good && EVP_EncryptUpdate(context.get, nullptr, &count, Bytes(place),
                                         static_cast<int>(place.size())) == 1;
  is_good = is_good && EVP_EncryptUpdate(context.get, Bytes(cipher), &count, Bytes(plain),
                                         static_cast<int>(plain.size())) == 1;
  is_good = is_good && EVP_EncryptFinal_ex(context.get, Bytes(cipher) + count, &count) == 1;
  is_good = is_good && EVP_CIPHER_CTX_ctrl(context.get, EVP_CTRL_GCM_GET_TAG,
                                           static_cast<int>(kTagBytes), tag.data()) == 1;
  LAZURITE_CHECK(is_good);
  return nonce + cipher + tag;
}

bool Decrypt(const std::string& key, std::string_view sealed, std::string_view place,
             std::string& plain) {
  if (sealed.size() < kNonceBytes + kTagBytes) return false;
  const CipherContext context;
  const std::string_view cipher =
      sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  plain.assign(cipher.size(), '\0');
  int count = 0;
  bool is_good =
      EVP_DecryptInit_ex(context.get, EVP_aes_256_gcm(), nullptr, Bytes(key), Bytes(sealed)) == 1;
  is_good = is_good && EVP_DecryptUpdate(context.get, nullptr, &count, Bytes(place),
                                         static_cast<int>(place.size())) == 1;
  is_good = is_good && EVP_DecryptUpdate(context.get, Bytes(plain), &count, Bytes(cipher),
                                         static_cast<int>(cipher.size())) == 1;
  is_good = is_good && EVP_CIPHER_CTX_ctrl(context.get, EVP_CTRL_GCM_SET_TAG,
                                           static_cast<int>(kTagBytes), tag.data()) == 1;
  return is_good && EVP_DecryptFinal_ex(context.get, Bytes(plain) + count, &count) == 1;
}

}  // namespace

Result<std::unique_ptr<Vault>> Vault::Open(const std::string& home) {
  const std::string file = JoinPath(KeysFolder(home), "secrets.key");
  ASSIGN_OR_RETURN(const std::string text, ReadOrMakeKeyFile(file, "", kKeyBytes));
  Result<std::string> key = Base64Decode(text);
  if (!key.ok() || key->size() != kKeyBytes) {
    return FailedPrecondition(file +
                              " is no key of 32 bytes in base64; put the right one back, or remove "
                              "it, and secrets have to be set again");
  }
  std::unique_ptr<Vault> vault(new Vault);
  vault->key_ = std::move(*key);
  vault->key_id_ = HmacSha256Hex(vault->key_, "key id").substr(0, kKeyIdLetters);
  return vault;
}

std::string Vault::Seal(std::string_view value, std::string_view place) const {
  return std::string(kFormat) + "." + key_id_ + "." + Base64UrlEncode(Encrypt(key_, value, place));
}

Result<std::string> Vault::Unseal(std::string_view sealed, std::string_view place) const {
  const std::vector<std::string_view> parts = Split(sealed, '.');
  if (parts.size() != 3 || parts[0] != kFormat) {
    return FailedPrecondition("it is sealed in a form that this program does not know");
  }
  if (parts[1] != key_id_) {
    return FailedPrecondition("it was sealed with another keys/secrets.key than this home has");
  }
  const Result<std::string> bytes = Base64Decode(parts[2]);
  std::string plain;
  if (!bytes.ok() || !Decrypt(key_, *bytes, place, plain)) {
    return FailedPrecondition("what is stored of it was changed or damaged");
  }
  return plain;
}

}  // namespace lazurite
