#include "base/http/router.h"

#include "base/http/target.h"
#include "base/text.h"

namespace lazurite {
namespace {

struct Route {
  Handler handler;
  std::string pattern;
  std::vector<std::string> names;  // of the parameters, in order
};
using Routes = std::map<std::string, Route, std::less<>>;  // by method

// A path in its parts, still encoded; `from` is where each begins.
struct RawParts {
  std::string_view path;
  std::vector<std::string_view> parts;
};

RawParts SplitPath(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  RawParts raw{path, {}};
  for (const std::string_view part : Split(path, '/')) {
    if (!part.empty()) raw.parts.push_back(part);
  }
  return raw;
}

std::string Decoded(std::string_view raw) { return UrlDecode(raw).value_or(std::string(raw)); }

bool IsParameter(std::string_view part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  Routes routes;       // of paths that end here
  Routes rest_routes;  // of paths that end here or go on
};

namespace {

// One search: goes down the tree, literals first, and comes back where it leads nowhere.
template <typename Node>
class Search {
 public:
  Search(const RawParts& raw, std::string_view method) : raw_(raw), method_(method) {}

  bool Descend(const Node& node, size_t at) {
    if (at == raw_.parts.size()) return Take(node.routes, at, false) || Rest(node, at);
    const std::string literal = Lower(Decoded(raw_.parts[at]));
    const auto found = node.literals.find(literal);
    if (found != node.literals.end() && Descend(*found->second, at + 1)) return true;
    if (node.parameter != nullptr) {
      values_.push_back(Decoded(raw_.parts[at]));
      if (Descend(*node.parameter, at + 1)) return true;
      values_.pop_back();
    }
    return Rest(node, at);
  }

  const Route* route() const { return route_; }
  std::vector<std::string>& values() { return values_; }
  const std::set<std::string>& methods() const { return methods_; }

 private:
  bool Rest(const Node& node, size_t at) { return Take(node.rest_routes, at, true); }

  bool Take(const Routes& routes, size_t at, bool has_rest) {
    auto found = routes.find(method_);
    if (found == routes.end() && method_ == "HEAD") found = routes.find("GET");
    if (found == routes.end()) {
      for (const auto& [method, route] : routes) methods_.insert(method);
      return false;
    }
    route_ = &found->second;
    if (has_rest) {
      const size_t begin = at < raw_.parts.size()
                               ? static_cast<size_t>(raw_.parts[at].data() - raw_.path.data())
                               : raw_.path.size();
      values_.push_back(Decoded(raw_.path.substr(begin)));
    }
    return true;
  }

  const RawParts& raw_;
  std::string_view method_;
  const Route* route_ = nullptr;
  std::vector<std::string> values_;
  std::set<std::string> methods_;
};

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::Add(std::string_view method, std::string_view pattern, Handler handler) {
  Node* node = root_.get();
  Route route{std::move(handler), std::string(pattern), {}};
  Routes* routes = nullptr;
  for (const std::string_view part : SplitPath(pattern).parts) {
    LAZURITE_CHECK(routes == nullptr);  // a "{name...}" comes last
    if (!IsParameter(part)) {
      auto& next = node->literals[Lower(part)];
      if (next == nullptr) next = std::make_unique<Node>();
      node = next.get();
      continue;
    }
    std::string_view name = part.substr(1, part.size() - 2);
    if (name.size() > 3 && name.substr(name.size() - 3) == "...") {
      name.remove_suffix(3);
      routes = &node->rest_routes;
    } else {
      if (node->parameter == nullptr) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
    }
    route.names.emplace_back(name);
  }
  if (routes == nullptr) routes = &node->routes;
  const bool is_new = routes->emplace(method, std::move(route)).second;
  LAZURITE_CHECK(is_new);  // a route is added once
}

Router::Match Router::Find(Request& request) const {
  const bool has_target = !request.target.empty();
  const RawParts raw = SplitPath(has_target ? RawPath(request.target) : request.path);
  Search<Node> search(raw, request.method);
  request.params.clear();
  Match match;
  if (!search.Descend(*root_, 0)) {
    match.methods.assign(search.methods().begin(), search.methods().end());
    return match;
  }
  match.handler = &search.route()->handler;
  match.pattern = search.route()->pattern;
  for (size_t i = 0; i < search.values().size(); ++i) {
    request.params.insert_or_assign(search.route()->names[i], std::move(search.values()[i]));
  }
  return match;
}

}  // namespace lazurite
