// The head of an answer as it goes over the wire.
#pragma once

#include <string>
#include <string_view>

#include "base/http/message.h"

namespace lazurite {

std::string_view ReasonOf(int status);

// How the body follows the head.
struct Framing {
  enum class Kind : unsigned char { kNone, kLength, kChunked, kUntilClose } kind = Kind::kNone;
  int64_t length = 0;
  bool closes = false;           // the connection, after this answer
  bool says_keep_alive = false;  // to a client of HTTP/1.0
};

// Fields of the response that belong to the framing are replaced by the true ones.
std::string MakeHead(const Response& response, const Framing& framing, std::string_view request_id);

// What the server answers by itself: {"error": {"code", "message"}}.
Response ErrorResponse(int status, std::string_view code, std::string_view message);

}  // namespace lazurite
