// Requests and answers as a client has them on the wire, without any waiting: for the blocking
// client and for Fetch.
#pragma once

#include <string>

#include "base/http/client.h"
#include "base/http/input_buffer.h"
#include "base/http/parser.h"

namespace lazurite {

// How the body of a request follows its head.
struct RequestFraming {
  bool is_chunked = false;
  int64_t length = 0;
};
std::string MakeRequestHead(const Origin& origin, const ClientRequest& request,
                            const RequestFraming& framing);
std::string ChunkLine(size_t size);

// Makes an answer out of the bytes that come: fill the buffer, then ask.
class AnswerReader {
 public:
  explicit AnswerReader(std::string method) : method_(std::move(method)) { Begin(); }

  static constexpr size_t kHeadBytesMax = size_t{256} << 10;

  // Where the next bytes go.
  InputBuffer& input() { return input_; }
  void ReserveForHead() { input_.Reserve(4096); }
  void ReserveForBody();

  // True as soon as the head of the final answer is there (those that begin with 1 are skipped).
  Result<bool> HasHead();
  MessageHead& head() { return parser_->head(); }
  // What the buffer holds of the body; may be empty.
  Result<std::string> TakeBody();
  bool is_done() const { return is_done_; }
  // No more bytes come: fine only where that is the end of the answer.
  Status End();
  // Whether another request may follow on this connection.
  bool may_go_on() const { return is_done_ && input_.empty() && parser_->head().keeps_alive; }

 private:
  void Begin();

  std::string method_;
  InputBuffer input_;
  std::unique_ptr<MessageParser> parser_;
  bool is_done_ = false;
  int64_t left_ = 0;
  size_t room_bytes_ = 16384;
};

}  // namespace lazurite
