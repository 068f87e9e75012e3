// JMESPath: the query language of `--query`, whole.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::cli {

namespace jmespath {
struct Node;
}

// A parsed expression. Immutable, so it may be used by several threads.
class JmesPath {
 public:
  // Longest expression and deepest nesting.
  static constexpr size_t kBytesMax = 64 << 10;
  static constexpr int kDepthMax = 200;

  // kInvalidArgument says what is wrong and at which column.
  static Result<JmesPath> Parse(std::string_view text);
  ~JmesPath();
  JmesPath(JmesPath&&) noexcept;
  JmesPath& operator=(JmesPath&&) noexcept;

  // What the expression gives for `value`; null where nothing is found. kInvalidArgument: a
  // function that is unknown or was given a value of the wrong type.
  Result<Json> Search(const Json& value) const;

 private:
  explicit JmesPath(std::shared_ptr<const jmespath::Node> root);
  std::shared_ptr<const jmespath::Node> root_;
};

}  // namespace lazurite::cli
