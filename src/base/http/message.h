// HTTP messages as handlers see them: what came in, what goes out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/net/task.h"
#include "base/status.h"

namespace lazurite {

// Header fields in the order they came; names compare without regard to case.
class Headers {
 public:
  std::string_view Get(std::string_view name) const;  // the first, or ""
  bool Has(std::string_view name) const;
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void Set(std::string_view name, std::string value);  // replaces all of that name
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Who asks, already authenticated (api/auth fills it in).
struct Caller {
  enum class Kind : unsigned char { kNobody, kOwner, kUser, kJob } kind = Kind::kNobody;
  std::string name;       // user name, or the job's name for a job's own token
  std::string life = {};  // of the job, if its token says so
};

// The incoming body, pulled by the handler piece by piece.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next piece; empty at the end. kInvalidArgument: broken framing or a sender that left;
  // kDeadlineExceeded: a sender that is too slow.
  virtual Task<Result<std::string>> ReadSome() = 0;
  // The same into a place of the caller's: how many bytes, 0 at the end. A body is read in one way
  // or the other.
  virtual Task<Result<size_t>> ReadInto(char* into, size_t count);

 private:
  std::string rest_;  // of a piece that was too large for its place
};

class Request {
 public:
  std::string method;                                      // "GET"
  std::string target;                                      // as it came, "/a%20b?x=1"
  std::string path;                                        // percent-decoded once, "/a b"
  std::map<std::string, std::string, std::less<>> query;   // decoded; the last of a name wins
  std::map<std::string, std::string, std::less<>> params;  // of the route's "{name}" parts, decoded
  Headers headers;
  Caller caller;
  std::string request_id;  // for logs and the answer's x-ms-request-id
  bool is_tls = false;
  std::string peer;  // "127.0.0.1:50312"
  std::unique_ptr<BodyReader> body;

  std::string_view Param(std::string_view name) const;  // "" if absent
  std::string_view Query(std::string_view name) const;  // "" if absent
  // "http://127.0.0.1:8451": scheme and Host header, for absolute addresses in answers.
  std::string BaseUrl() const;
  // The rest of the body. kResourceExhausted beyond `bytes_max`.
  Task<Result<std::string>> ReadAll(size_t bytes_max);
  // The rest of the body as JSON; an empty body is an empty object.
  Task<Result<Json>> ReadJson(size_t bytes_max = kJsonBytesMax);
  static constexpr size_t kJsonBytesMax = size_t{64} << 20;
};

// A range of an open file as the body, sent without passing through memory at once.
struct FileRange {
  std::shared_ptr<const Fd> file;
  int64_t offset = 0;
  int64_t length = 0;
};

// A body that is made while it is sent (chunked): called again and again until it gives an empty
// piece. When the peer has gone, the function is destroyed and not called again.
using BodyStream = std::function<Task<Result<std::string>>()>;

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, FileRange, BodyStream> body;

  static Response Text(int status, std::string text,
                       std::string type = "text/plain; charset=utf-8");
  static Response OfJson(int status, const Json& json);
  static Response Empty(int status) { return {status, {}, {}}; }
};

// A coroutine from a request to a response; it never blocks its thread.
using Handler = std::function<Task<Response>(Request&)>;

// Serves a range request on a file, as RFC 9110 says: 200, 206 with Content-Range, 416; ETag and
// Last-Modified from the file, If-None-Match honoured. Adds Accept-Ranges and the given content
// type. 404 text if there is no such file, or it is none.
Response ServeFile(const Request& request, const std::string& path, std::string_view content_type);
Response ServeFile(const Request& request, Fd file, std::string_view content_type);

}  // namespace lazurite
