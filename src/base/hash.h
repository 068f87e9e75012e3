// Digests, encodings and randomness (OpenSSL underneath).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lazurite {

// Computes a SHA-256 digest piece by piece.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Add(std::string_view bytes);
  // The digest in lower-case hex (64 letters). The hasher is spent.
  std::string Hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::string_view bytes);
std::string HmacSha256Hex(std::string_view key, std::string_view bytes);
// The digest of a file's content, in hex.
Result<std::string> Sha256File(const std::string& path);

std::string HexEncode(std::string_view bytes);
std::string Base64Encode(std::string_view bytes);
std::string Base64UrlEncode(std::string_view bytes);  // without padding
// Either alphabet, padding optional; kInvalidArgument for anything else.
Result<std::string> Base64Decode(std::string_view text);

// Compares in a time that does not depend on where they differ.
bool EqualSecret(std::string_view a, std::string_view b);
// Bytes from the system's generator.
std::string RandomBytes(size_t count);

}  // namespace lazurite
