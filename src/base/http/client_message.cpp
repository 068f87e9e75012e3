#include "base/http/client_message.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace lazurite {
namespace {

constexpr size_t kRoomBytesMax = size_t{256} << 10;
constexpr int kPortMax = 65535;

std::string HostField(const Origin& origin) {
  if (!origin.unix_path.empty()) return "localhost";
  const bool is_ipv6 = origin.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + origin.host + "]" : origin.host) + ":" + std::to_string(origin.port);
}

// "host", "host:80", "[::1]:80".
Status ReadAuthority(std::string_view text, Origin& origin) {
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return InvalidArgument("a \"]\" is missing");
    origin.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    origin.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (origin.host.empty()) return InvalidArgument("the host is missing");
  if (port.empty()) {
    origin.port = origin.is_tls ? 443 : 80;
    return {};
  }
  const auto number = ParseInt(port.substr(1));
  if (port.front() != ':' || !number || *number < 1 || *number > kPortMax) {
    return InvalidArgument("the port is \"" + std::string(port.substr(1)) +
                           "\", expected 1 to 65535");
  }
  origin.port = static_cast<int>(*number);
  return {};
}

}  // namespace

Result<Origin> Origin::Parse(std::string_view url) {
  const std::string name = "address \"" + std::string(url) + "\"";
  Origin origin;
  constexpr std::string_view kUnix = "unix:", kPlain = "http://", kTls = "https://";
  if (url.substr(0, kUnix.size()) == kUnix) {
    origin.unix_path = url.substr(kUnix.size());
    if (origin.unix_path.empty()) return InvalidArgument(name + ": the path is missing");
    return origin;
  }
  origin.is_tls = EqualNoCase(url.substr(0, kTls.size()), kTls);
  if (!origin.is_tls && !EqualNoCase(url.substr(0, kPlain.size()), kPlain)) {
    return InvalidArgument(name + ": expected http://, https:// or unix:");
  }
  url.remove_prefix(origin.is_tls ? kTls.size() : kPlain.size());
  Status status = ReadAuthority(url.substr(0, url.find_first_of("/?#")), origin);
  if (!status.ok()) return std::move(status).With(name);
  return origin;
}

std::string MakeRequestHead(const Origin& origin, const ClientRequest& request,
                            const RequestFraming& framing) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (!request.headers.Has("Host")) head += "Host: " + HostField(origin) + "\r\n";
  for (const auto& [name, value] : request.headers.fields()) {
    const bool is_ours = EqualNoCase(name, "Content-Length") ||
                         EqualNoCase(name, "Transfer-Encoding") || EqualNoCase(name, "Connection");
    if (!is_ours) head += name + ": " + value + "\r\n";
  }
  const bool has_body = request.method != "GET" && request.method != "HEAD";
  if (framing.is_chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (framing.length > 0 || has_body) {
    head += "Content-Length: " + std::to_string(framing.length) + "\r\n";
  }
  head += "\r\n";
  return head;
}

std::string ChunkLine(size_t size) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), size, 16);
  return std::string(text.data(), end.ptr) + "\r\n";
}

void AnswerReader::Begin() {
  parser_ = std::make_unique<MessageParser>(
      method_ == "HEAD" ? MessageParser::Kind::kResponseToHead : MessageParser::Kind::kResponse,
      kHeadBytesMax);
}

void AnswerReader::ReserveForBody() {
  if (input_.room_bytes() == 0 && room_bytes_ < kRoomBytesMax) room_bytes_ *= 2;
  input_.Reserve(room_bytes_);
}

Result<bool> AnswerReader::HasHead() {
  while (true) {
    ASSIGN_OR_RETURN(const size_t taken, parser_->PutHead(input_.bytes()));
    input_.Consume(taken);
    if (!parser_->is_head_done()) return false;
    const MessageHead& head = parser_->head();
    if (head.status >= 200 || head.status == 101) {
      left_ = head.content_length;
      is_done_ = !head.is_chunked && !head.ends_at_eof && left_ == 0;
      return true;
    }
    Begin();
  }
}

Result<std::string> AnswerReader::TakeBody() {
  std::string piece;
  if (is_done_) return piece;
  const MessageHead& head = parser_->head();
  if (head.is_chunked) {
    ASSIGN_OR_RETURN(const size_t taken, parser_->PutChunks(input_.bytes(), piece));
    input_.Consume(taken);
    is_done_ = parser_->is_done();
  } else if (head.ends_at_eof) {
    piece = input_.Take(input_.bytes().size());
  } else {
    piece = input_.Take(
        static_cast<size_t>(std::min(left_, static_cast<int64_t>(input_.bytes().size()))));
    left_ -= static_cast<int64_t>(piece.size());
    is_done_ = left_ == 0;
  }
  return piece;
}

Status AnswerReader::End() {
  if (is_done_) return {};
  if (parser_->is_head_done() && parser_->head().ends_at_eof) {
    is_done_ = true;
    return {};
  }
  return Unavailable("the connection ended before the answer did");
}

}  // namespace lazurite
