// Takes HTTP/1.1 messages apart as their bytes come (Boost.Beast underneath).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/http/message.h"

namespace lazurite {

struct MessageHead {
  std::string method;  // of a request
  std::string target;
  int status = 0;  // of a response
  Headers headers;
  bool is_http11 = true;
  bool keeps_alive = true;
  // How the body is framed; none of the three: no body.
  bool is_chunked = false;
  int64_t content_length = 0;
  bool ends_at_eof = false;
};

// One message; bytes behind it are left alone.
class MessageParser {
 public:
  enum class Kind : unsigned char {
    kRequest,
    kResponse,
    kResponseToHead,  // has no body whatever its fields say
  };
  MessageParser(Kind kind, size_t head_bytes_max);
  ~MessageParser();

  // Takes bytes of the head: how many; what it left comes again with what follows it.
  // kInvalidArgument: no HTTP; kResourceExhausted: more than `head_bytes_max`.
  Result<size_t> PutHead(std::string_view bytes);
  bool is_head_done() const;
  MessageHead& head();

  // Takes body bytes in chunks apart and appends what they carry to `into`; the number taken. Only
  // after the head, and only if the body is chunked. kInvalidArgument: broken framing, or a chunk's
  // line of more than kChunkLineBytesMax.
  Result<size_t> PutChunks(std::string_view bytes, std::string& into);
  static constexpr size_t kChunkLineBytesMax = size_t{16} << 10;
  bool is_done() const;  // the last chunk and its trailer were seen

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazurite
