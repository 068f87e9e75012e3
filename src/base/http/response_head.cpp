#include "base/http/response_head.h"

#include <array>
#include <ctime>

#include "base/http/http_date.h"
#include "base/text.h"

namespace lazurite {
namespace {

// The time of now, made once a second.
const std::string& DateNow() {
  thread_local time_t made = 0;
  thread_local std::string text;
  const time_t now = time(nullptr);
  if (now != made) {
    text = FormatHttpDate(now);
    made = now;
  }
  return text;
}

bool IsOurs(std::string_view name) {
  switch (name.size()) {
    case 10:
      return EqualNoCase(name, "Connection");
    case 14:
      return EqualNoCase(name, "Content-Length");
    case 17:
      return EqualNoCase(name, "Transfer-Encoding");
    default:
      return false;
  }
}

void AddField(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  const size_t begin = head.size();
  head += value;
  // A value with line breaks in it would be another field.
  for (size_t i = begin; i < head.size(); ++i) {
    if (head[i] == '\r' || head[i] == '\n' || head[i] == '\0') head[i] = ' ';
  }
  head += "\r\n";
}

}  // namespace

std::string_view ReasonOf(int status) {
  static constexpr std::array<std::pair<int, std::string_view>, 40> kReasons{{
      {100, "Continue"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {423, "Locked"},
      {424, "Failed Dependency"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {499, "Client Closed Request"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  }};
  for (const auto& [code, reason] : kReasons) {
    if (code == status) return reason;
  }
  return "Status";
}

std::string MakeHead(const Response& response, const Framing& framing,
                     std::string_view request_id) {
  std::string head;
  head.reserve(512);
  head += "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += ReasonOf(response.status);
  head += "\r\n";
  for (const auto& [name, value] : response.headers.fields()) {
    if (!IsOurs(name)) AddField(head, name, value);
  }
  if (!response.headers.Has("Date")) AddField(head, "Date", DateNow());
  if (!response.headers.Has("Server")) AddField(head, "Server", "lazurite");
  if (!response.headers.Has("x-ms-request-id")) AddField(head, "x-ms-request-id", request_id);
  if (framing.kind == Framing::Kind::kLength) {
    AddField(head, "Content-Length", std::to_string(framing.length));
  } else if (framing.kind == Framing::Kind::kChunked) {
    AddField(head, "Transfer-Encoding", "chunked");
  }
  if (framing.closes) {
    AddField(head, "Connection", "close");
  } else if (framing.says_keep_alive) {
    AddField(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  return head;
}

Response ErrorResponse(int status, std::string_view code, std::string_view message) {
  Json body;
  body.Set("error.code", code);
  body.Set("error.message", message);
  return Response::OfJson(status, body);
}

}  // namespace lazurite
