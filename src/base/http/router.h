// From method and path to handler.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/http/message.h"

namespace lazurite {

// Patterns are paths whose parts are literals (matched without regard to case, as Azure's are),
// "{name}" (one part, kept as it came), or, last, "{name...}" (the whole rest, may be empty).
// Literals win over parameters. Trailing slashes do not count. Thread-safe once filled.
class Router {
 public:
  void Add(std::string_view method, std::string_view pattern, Handler handler);
  void Get(std::string_view pattern, Handler handler) { Add("GET", pattern, std::move(handler)); }
  void Put(std::string_view pattern, Handler handler) { Add("PUT", pattern, std::move(handler)); }
  void Post(std::string_view pattern, Handler handler) { Add("POST", pattern, std::move(handler)); }
  void Patch(std::string_view pattern, Handler handler) {
    Add("PATCH", pattern, std::move(handler));
  }
  void Delete(std::string_view pattern, Handler handler) {
    Add("DELETE", pattern, std::move(handler));
  }

  struct Match {
    const Handler* handler = nullptr;  // nullptr: no route, see `methods`
    std::string pattern;               // for metrics and logs
    std::vector<std::string> methods;  // what the path would allow, if only the method is wrong
  };
  // Finds the route and fills in request.params. HEAD finds GET.
  Match Find(Request& request) const;

  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

}  // namespace lazurite
