#include "app/cli/jmespath.h"

#include "app/cli/jmespath_tree.h"

namespace lazurite::cli {
namespace jmespath {
namespace {

// Items that are null are left out of projections.
Result<Json> Project(const Json::Array& items, const Node& through) {
  Json::Array out;
  for (const Json& item : items) {
    ASSIGN_OR_RETURN(Json value, Evaluate(through, item));
    if (!value.is_null()) out.push_back(std::move(value));
  }
  return Json(std::move(out));
}

Json SliceOf(const Json::Array& items, const Node::Slice& slice) {
  const auto size = static_cast<int64_t>(items.size());
  const int64_t step = slice.step.value_or(1);
  const auto bound = [&](int64_t at) {
    if (at < 0) at += size;
    return step < 0 ? std::clamp<int64_t>(at, -1, size - 1) : std::clamp<int64_t>(at, 0, size);
  };
  const int64_t start = slice.start ? bound(*slice.start) : step < 0 ? size - 1 : 0;
  const int64_t stop = slice.stop ? bound(*slice.stop) : step < 0 ? -1 : size;
  Json::Array out;
  for (int64_t at = start; step < 0 ? at > stop : at < stop; at += step) {
    out.push_back(items[static_cast<size_t>(at)]);
    // A step near the limits of 64 bits ends here.
    if (step > size || step < -size) break;
  }
  return Json(std::move(out));
}

Json FlattenOf(const Json::Array& items) {
  Json::Array out;
  for (const Json& item : items) {
    if (item.is_array()) {
      out.insert(out.end(), item.array().begin(), item.array().end());
    } else {
      out.push_back(item);
    }
  }
  return Json(std::move(out));
}

Json ValuesOf(const Json& object) {
  Json::Array out;
  for (const auto& [key, value] : object.object()) out.push_back(value);
  return Json(std::move(out));
}

Result<Json> FilterOf(const Node& node, const Json::Array& items) {
  Json::Array kept;
  for (const Json& item : items) {
    ASSIGN_OR_RETURN(const Json holds, Evaluate(*node.children[2], item));
    if (IsTrue(holds)) kept.push_back(item);
  }
  return Project(kept, *node.children[1]);
}

bool IsSame(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.double_value() == b.double_value();
  return a == b;
}

Result<Json> Compare(const Node& node, const Json& value) {
  ASSIGN_OR_RETURN(const Json left, Evaluate(*node.children[0], value));
  ASSIGN_OR_RETURN(const Json right, Evaluate(*node.children[1], value));
  if (node.text == "==") return Json(IsSame(left, right));
  if (node.text == "!=") return Json(!IsSame(left, right));
  // Azure's clients order texts too (times, names), beyond what the language asks for.
  int order = 0;
  if (left.is_number() && right.is_number()) {
    const double a = left.double_value(), b = right.double_value();
    order = a < b ? -1 : a > b ? 1 : 0;
  } else if (left.is_string() && right.is_string()) {
    order = left.string().compare(right.string());
  } else {
    return Json();
  }
  if (node.text == "<") return Json(order < 0);
  if (node.text == "<=") return Json(order <= 0);
  if (node.text == ">") return Json(order > 0);
  return Json(order >= 0);
}

Result<Json> EvaluateProjection(const Node& node, const Json& value) {
  ASSIGN_OR_RETURN(Json left, Evaluate(*node.children[0], value));
  if (node.kind == Node::Kind::kValues) {
    if (!left.is_object()) return Json();
    left = ValuesOf(left);
  }
  if (!left.is_array()) return Json();
  if (node.kind == Node::Kind::kFlatten) return FlattenOf(left.array());
  if (node.kind == Node::Kind::kFilter) return FilterOf(node, left.array());
  return Project(left.array(), *node.children[1]);
}

Result<Json> EvaluateLogic(const Node& node, const Json& value) {
  ASSIGN_OR_RETURN(Json left, Evaluate(*node.children[0], value));
  if (node.kind == Node::Kind::kNot) return Json(!IsTrue(left));
  if (IsTrue(left) == (node.kind == Node::Kind::kOr)) return left;
  return Evaluate(*node.children[1], value);
}

Result<Json> EvaluateMany(const Node& node, const Json& value) {
  if (node.kind == Node::Kind::kFunction) {
    std::vector<Json> arguments;
    for (const NodePtr& child : node.children) {
      Json argument;
      if (child->kind != Node::Kind::kReference) {
        ASSIGN_OR_RETURN(argument, Evaluate(*child, value));
      }
      arguments.push_back(std::move(argument));
    }
    return CallFunction(node, arguments);
  }
  if (value.is_null()) return Json();
  Json out = node.kind == Node::Kind::kHash ? Json::MakeObject() : Json::MakeArray();
  for (size_t i = 0; i < node.children.size(); ++i) {
    ASSIGN_OR_RETURN(Json item, Evaluate(*node.children[i], value));
    if (node.kind == Node::Kind::kHash) {
      out[node.keys[i]] = std::move(item);
    } else {
      out.Push(std::move(item));
    }
  }
  return out;
}

Json IndexOf(const Node& node, const Json& value) {
  if (!value.is_array()) return {};
  const auto size = static_cast<int64_t>(value.array().size());
  const int64_t at = node.number < 0 ? node.number + size : node.number;
  return at >= 0 && at < size ? value.array()[static_cast<size_t>(at)] : Json();
}

}  // namespace

bool IsTrue(const Json& value) {
  if (value.is_null()) return false;
  if (value.is_bool()) return value.bool_value();
  if (value.is_string()) return !value.string().empty();
  if (value.is_array()) return !value.array().empty();
  if (value.is_object()) return !value.object().empty();
  return true;
}

Result<Json> Evaluate(const Node& node, const Json& value) {
  switch (node.kind) {
    case Node::Kind::kCurrent:
      return value;
    case Node::Kind::kField: {
      const Json* found = value.Find(node.text);
      return found == nullptr ? Json() : *found;
    }
    case Node::Kind::kLiteral:
      return node.literal;
    case Node::Kind::kIndex:
      return IndexOf(node, value);
    case Node::Kind::kSlice:
      return value.is_array() ? SliceOf(value.array(), node.slice) : Json();
    case Node::Kind::kSubexpression:
    case Node::Kind::kPipe: {
      ASSIGN_OR_RETURN(const Json left, Evaluate(*node.children[0], value));
      return Evaluate(*node.children[1], left);
    }
    case Node::Kind::kProjection:
    case Node::Kind::kValues:
    case Node::Kind::kFlatten:
    case Node::Kind::kFilter:
      return EvaluateProjection(node, value);
    case Node::Kind::kCompare:
      return Compare(node, value);
    case Node::Kind::kOr:
    case Node::Kind::kAnd:
    case Node::Kind::kNot:
      return EvaluateLogic(node, value);
    case Node::Kind::kList:
    case Node::Kind::kHash:
    case Node::Kind::kFunction:
      return EvaluateMany(node, value);
    case Node::Kind::kReference:
      break;
  }
  return Json();
}

}  // namespace jmespath

JmesPath::JmesPath(std::shared_ptr<const jmespath::Node> root) : root_(std::move(root)) {}
JmesPath::~JmesPath() = default;
JmesPath::JmesPath(JmesPath&&) noexcept = default;
JmesPath& JmesPath::operator=(JmesPath&&) noexcept = default;

Result<JmesPath> JmesPath::Parse(std::string_view text) {
  if (text.size() > kBytesMax) return InvalidArgument("query: longer than 64 KiB");
  ASSIGN_OR_RETURN(const std::vector<jmespath::Token> tokens, jmespath::Tokenize(text));
  if (tokens.size() == 1) return InvalidArgument("query: it is empty");
  ASSIGN_OR_RETURN(jmespath::NodePtr root, jmespath::ParseTokens(tokens));
  return JmesPath(std::move(root));
}

Result<Json> JmesPath::Search(const Json& value) const { return jmespath::Evaluate(*root_, value); }

}  // namespace lazurite::cli
