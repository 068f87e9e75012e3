#include "base/http/parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/text.h"

namespace lazurite {
namespace {

namespace http = boost::beast::http;
using ParseError = boost::beast::error_code;
using Text = boost::beast::string_view;

std::string Copy(Text text) { return std::string(text.data(), text.size()); }

// Trailers come by the same way as headers; they are dropped.
template <bool kIsRequest>
class BeastParser final : public http::basic_parser<kIsRequest> {
 public:
  MessageHead head;
  std::string* body = nullptr;

 private:
  void on_request_impl(http::verb, Text method, Text target, int version, ParseError&) override {
    head.method = Copy(method);
    head.target = Copy(target);
    head.is_http11 = version >= 11;
  }
  void on_response_impl(int code, Text, int version, ParseError&) override {
    head.status = code;
    head.is_http11 = version >= 11;
  }
  void on_field_impl(http::field, Text name, Text value, ParseError&) override {
    if (!this->is_header_done()) head.headers.Add(Copy(name), Copy(value));
  }
  void on_header_impl(ParseError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ParseError&) override {}
  size_t on_body_impl(Text piece, ParseError&) override { return Append(piece); }
  void on_chunk_header_impl(std::uint64_t, Text, ParseError&) override {}
  size_t on_chunk_body_impl(std::uint64_t, Text piece, ParseError&) override {
    return Append(piece);
  }
  void on_finish_impl(ParseError&) override {}

  size_t Append(Text piece) {
    if (body != nullptr) body->append(piece.data(), piece.size());
    return piece.size();
  }
};

Status Broken(const ParseError& error) {
  if (error == http::error::header_limit) {
    return {Code::kResourceExhausted, "the message's head is too large"};
  }
  return InvalidArgument("malformed HTTP: " + error.message());
}

size_t CountOf(const Headers& headers, std::string_view name) {
  return static_cast<size_t>(std::ranges::count_if(
      headers.fields(), [&](const auto& field) { return EqualNoCase(field.first, name); }));
}

template <bool kIsRequest>
Status ReadFraming(const BeastParser<kIsRequest>& parser, bool has_body, MessageHead& head) {
  // Whoever stands in front and we could each believe another one (RFC 9112, section 3.2).
  if (kIsRequest && CountOf(head.headers, "Host") > 1) {
    return InvalidArgument("malformed HTTP: more than one Host");
  }
  head.keeps_alive = parser.keep_alive();
  if (!has_body) return {};
  head.is_chunked = parser.chunked();
  head.ends_at_eof = parser.need_eof();
  const auto length = parser.content_length();
  if (length && *length > uint64_t{std::numeric_limits<int64_t>::max()}) {
    return InvalidArgument("malformed HTTP: the Content-Length is too large");
  }
  if (length) head.content_length = static_cast<int64_t>(*length);
  if (kIsRequest && !head.is_chunked && head.headers.Has("Transfer-Encoding")) {
    return InvalidArgument("unknown Transfer-Encoding, expected chunked");
  }
  return {};
}

}  // namespace

struct MessageParser::Impl {
  std::variant<std::monostate, BeastParser<true>, BeastParser<false>> parser;
  bool has_body = true;
  size_t head_bytes_max = 0;
  size_t head_bytes = 0;

  template <typename Function>
  auto With(Function&& function) {
    if (auto* request = std::get_if<BeastParser<true>>(&parser)) return function(*request);
    return function(std::get<BeastParser<false>>(parser));
  }
};

MessageParser::MessageParser(Kind kind, size_t head_bytes_max) : impl_(std::make_unique<Impl>()) {
  if (kind == Kind::kRequest) {
    impl_->parser.emplace<BeastParser<true>>();
  } else {
    impl_->parser.emplace<BeastParser<false>>();
  }
  impl_->head_bytes_max = head_bytes_max;
  impl_->has_body = kind != Kind::kResponseToHead;
  impl_->With([&](auto& parser) {
    parser.header_limit(static_cast<std::uint32_t>(head_bytes_max));
    parser.body_limit(boost::none);
    parser.skip(!impl_->has_body);
  });
}

MessageParser::~MessageParser() = default;

Result<size_t> MessageParser::PutHead(std::string_view bytes) {
  return impl_->With([&](auto& parser) -> Result<size_t> {
    size_t taken = 0;
    while (!parser.is_header_done() && taken < bytes.size()) {
      ParseError error;
      taken += parser.put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), error);
      if (error == http::error::need_more) break;
      if (error) return Broken(error);
    }
    impl_->head_bytes += taken;
    if (impl_->head_bytes > impl_->head_bytes_max) {
      return Broken(ParseError(http::error::header_limit));
    }
    if (parser.is_header_done()) TRY(ReadFraming(parser, impl_->has_body, parser.head));
    return taken;
  });
}

bool MessageParser::is_head_done() const {
  return impl_->With([](auto& parser) { return parser.is_header_done(); });
}

MessageHead& MessageParser::head() {
  return *impl_->With([](auto& parser) { return &parser.head; });
}

Result<size_t> MessageParser::PutChunks(std::string_view bytes, std::string& into) {
  return impl_->With([&](auto& parser) -> Result<size_t> {
    parser.body = &into;
    size_t taken = 0;
    while (!parser.is_done() && taken < bytes.size()) {
      ParseError error;
      taken += parser.put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), error);
      if (error == http::error::need_more) break;
      if (error) return Broken(error);
    }
    parser.body = nullptr;
    if (!parser.is_done() && bytes.size() - taken > kChunkLineBytesMax) {
      return InvalidArgument("malformed HTTP: the line of a chunk is too long");
    }
    return taken;
  });
}

bool MessageParser::is_done() const {
  return impl_->With([](auto& parser) { return parser.is_done(); });
}

}  // namespace lazurite
