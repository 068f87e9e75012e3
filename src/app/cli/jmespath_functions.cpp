#include <cmath>

#include "app/cli/jmespath_tree.h"
#include "base/text.h"

namespace lazurite::cli::jmespath {
namespace {

// What an argument may be: letters of n(umber), s(tring), a(rray), o(bject), b(oolean), 0 (null), &
// (a reference); "*" = anything; N = an array of numbers, S = of strings.
struct Function {
  std::string_view name;
  std::vector<std::string_view> arguments;
  bool is_variadic;  // the last argument may repeat
  Result<Json> (*call)(const Node& node, const std::vector<Json>& in);
};

Json Number(double value) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (value == std::floor(value) && std::abs(value) < kExactMax) {
    return static_cast<int64_t>(value);
  }
  return value;
}

std::string_view TypeName(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "boolean";
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

bool AllAre(const Json& array, char kind) {
  return std::all_of(array.array().begin(), array.array().end(), [kind](const Json& item) {
    return kind == 'N' ? item.is_number() : item.is_string();
  });
}

bool Matches(const Json& value, bool is_reference, std::string_view allowed) {
  for (const char letter : allowed) {
    const bool fits = letter == '&'                    ? is_reference
                      : is_reference                   ? false
                      : letter == '*'                  ? true
                      : letter == '0'                  ? value.is_null()
                      : letter == 'N' || letter == 'S' ? value.is_array() && AllAre(value, letter)
                                                       : TypeName(value)[0] == letter;
    if (fits) return true;
  }
  return false;
}

bool IsLess(const Json& a, const Json& b) {
  return a.is_string() ? a.string() < b.string() : a.double_value() < b.double_value();
}

// The keys by which the items of in[0] are ordered: all numbers or all texts.
Result<std::vector<Json>> KeysBy(const Node& node, const Json& items) {
  std::vector<Json> keys;
  for (const Json& item : items.array()) {
    ASSIGN_OR_RETURN(Json key, Evaluate(*node.children[1]->children[0], item));
    const bool fits = (key.is_number() || key.is_string()) &&
                      (keys.empty() || keys[0].is_string() == key.is_string());
    if (!fits) {
      return InvalidArgument("query: " + node.text +
                             "() needs keys that are all numbers or all texts, found " +
                             std::string(TypeName(key)));
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<Json> SortBy(const Node& node, const std::vector<Json>& in) {
  ASSIGN_OR_RETURN(const std::vector<Json> keys, KeysBy(node, in[0]));
  std::vector<size_t> order(keys.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return IsLess(keys[a], keys[b]); });
  Json::Array out;
  for (const size_t at : order) out.push_back(in[0].array()[at]);
  return Json(std::move(out));
}

Result<Json> Extreme(const Node& node, const Json& items, bool is_max) {
  ASSIGN_OR_RETURN(const std::vector<Json> keys, KeysBy(node, items));
  if (keys.empty()) return Json();
  size_t best = 0;
  for (size_t i = 1; i < keys.size(); ++i) {
    if (is_max ? IsLess(keys[best], keys[i]) : IsLess(keys[i], keys[best])) best = i;
  }
  return items.array()[best];
}
Result<Json> MaxBy(const Node& node, const std::vector<Json>& in) {
  return Extreme(node, in[0], true);
}
Result<Json> MinBy(const Node& node, const std::vector<Json>& in) {
  return Extreme(node, in[0], false);
}

Result<Json> Max(const Node&, const std::vector<Json>& in) {
  const Json::Array& items = in[0].array();
  return items.empty() ? Json() : *std::max_element(items.begin(), items.end(), IsLess);
}
Result<Json> Min(const Node&, const std::vector<Json>& in) {
  const Json::Array& items = in[0].array();
  return items.empty() ? Json() : *std::min_element(items.begin(), items.end(), IsLess);
}

Result<Json> Sort(const Node&, const std::vector<Json>& in) {
  Json::Array items = in[0].array();
  std::stable_sort(items.begin(), items.end(), IsLess);
  return Json(std::move(items));
}

double SumOf(const Json& items) {
  double sum = 0;
  for (const Json& item : items.array()) sum += item.double_value();
  return sum;
}
Result<Json> Sum(const Node&, const std::vector<Json>& in) { return Number(SumOf(in[0])); }
Result<Json> Avg(const Node&, const std::vector<Json>& in) {
  if (in[0].array().empty()) return Json();
  return Number(SumOf(in[0]) / static_cast<double>(in[0].array().size()));
}

Result<Json> Abs(const Node&, const std::vector<Json>& in) {
  return Number(std::abs(in[0].double_value()));
}
Result<Json> Ceil(const Node&, const std::vector<Json>& in) {
  return Number(std::ceil(in[0].double_value()));
}
Result<Json> Floor(const Node&, const std::vector<Json>& in) {
  return Number(std::floor(in[0].double_value()));
}

// How many characters (not bytes) a text has.
int64_t CountCharacters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80; });
}

Result<Json> Length(const Node&, const std::vector<Json>& in) {
  if (in[0].is_string()) return Json(CountCharacters(in[0].string()));
  return Json(uint64_t{in[0].is_array() ? in[0].array().size() : in[0].object().size()});
}

Result<Json> Reverse(const Node&, const std::vector<Json>& in) {
  if (in[0].is_array()) {
    return Json(Json::Array(in[0].array().rbegin(), in[0].array().rend()));
  }
  const std::string& text = in[0].string();
  std::string out;
  for (size_t end = text.size(); end > 0;) {
    size_t start = end - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0u) == 0x80) --start;
    out += text.substr(start, end - start);
    end = start;
  }
  return Json(std::move(out));
}

Result<Json> Contains(const Node&, const std::vector<Json>& in) {
  if (in[0].is_string()) {
    return Json(in[1].is_string() && in[0].string().find(in[1].string()) != std::string::npos);
  }
  const Json::Array& items = in[0].array();
  return Json(std::find(items.begin(), items.end(), in[1]) != items.end());
}
Result<Json> StartsWith(const Node&, const std::vector<Json>& in) {
  return Json(in[0].string().starts_with(in[1].string()));
}
Result<Json> EndsWith(const Node&, const std::vector<Json>& in) {
  return Json(in[0].string().ends_with(in[1].string()));
}

Result<Json> JoinTexts(const Node&, const std::vector<Json>& in) {
  std::vector<std::string> parts;
  for (const Json& part : in[1].array()) parts.push_back(part.string());
  return Json(Join(parts, in[0].string()));
}

Result<Json> Keys(const Node&, const std::vector<Json>& in) {
  Json out = Json::MakeArray();
  for (const auto& [key, value] : in[0].object()) out.Push(key);
  return out;
}
Result<Json> Values(const Node&, const std::vector<Json>& in) {
  Json out = Json::MakeArray();
  for (const auto& [key, value] : in[0].object()) out.Push(value);
  return out;
}

Result<Json> Map(const Node& node, const std::vector<Json>& in) {
  Json out = Json::MakeArray();
  for (const Json& item : in[1].array()) {
    ASSIGN_OR_RETURN(Json value, Evaluate(*node.children[0]->children[0], item));
    out.Push(std::move(value));
  }
  return out;
}

Result<Json> Merge(const Node&, const std::vector<Json>& in) {
  Json out = Json::MakeObject();
  for (const Json& object : in) {
    for (const auto& [key, value] : object.object()) out[key] = value;
  }
  return out;
}

Result<Json> NotNull(const Node&, const std::vector<Json>& in) {
  const auto found = std::find_if(in.begin(), in.end(), [](const Json& v) { return !v.is_null(); });
  return found == in.end() ? Json() : *found;
}

Result<Json> ToArray(const Node&, const std::vector<Json>& in) {
  return in[0].is_array() ? in[0] : Json(Json::Array{in[0]});
}
Result<Json> ToText(const Node&, const std::vector<Json>& in) {
  return in[0].is_string() ? in[0] : Json(in[0].Dump());
}
Result<Json> ToNumber(const Node&, const std::vector<Json>& in) {
  if (in[0].is_number()) return in[0];
  if (!in[0].is_string()) return Json();
  if (const auto whole = ParseInt(in[0].string())) return Json(*whole);
  const auto value = ParseDouble(in[0].string());
  return value && std::isfinite(*value) ? Json(*value) : Json();
}
Result<Json> Type(const Node&, const std::vector<Json>& in) { return Json(TypeName(in[0])); }

const std::vector<Function>& Functions() {
  static const std::vector<Function> functions = {
      {"abs", {"n"}, false, Abs},
      {"avg", {"N"}, false, Avg},
      {"ceil", {"n"}, false, Ceil},
      {"contains", {"as", "*"}, false, Contains},
      {"ends_with", {"s", "s"}, false, EndsWith},
      {"floor", {"n"}, false, Floor},
      {"join", {"s", "S"}, false, JoinTexts},
      {"keys", {"o"}, false, Keys},
      {"length", {"sao"}, false, Length},
      {"map", {"&", "a"}, false, Map},
      {"max", {"NS"}, false, Max},
      {"max_by", {"a", "&"}, false, MaxBy},
      {"merge", {"o"}, true, Merge},
      {"min", {"NS"}, false, Min},
      {"min_by", {"a", "&"}, false, MinBy},
      {"not_null", {"*"}, true, NotNull},
      {"reverse", {"as"}, false, Reverse},
      {"sort", {"NS"}, false, Sort},
      {"sort_by", {"a", "&"}, false, SortBy},
      {"starts_with", {"s", "s"}, false, StartsWith},
      {"sum", {"N"}, false, Sum},
      {"to_array", {"*"}, false, ToArray},
      {"to_number", {"*"}, false, ToNumber},
      {"to_string", {"*"}, false, ToText},
      {"type", {"*"}, false, Type},
      {"values", {"o"}, false, Values},
  };
  return functions;
}

const Function* Find(std::string_view name) {
  for (const Function& function : Functions()) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace

bool IsFunction(std::string_view name) { return Find(name) != nullptr; }

std::string_view NearestFunction(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Function& function : Functions()) names.push_back(function.name);
  return Nearest(name, names);
}

Result<Json> CallFunction(const Node& node, const std::vector<Json>& arguments) {
  const Function& function = *Find(node.text);
  const size_t count = function.arguments.size();
  if (function.is_variadic ? arguments.size() < count : arguments.size() != count) {
    return InvalidArgument("query: " + node.text + "() takes " + std::to_string(count) +
                           (count == 1 ? " argument" : " arguments") +
                           (function.is_variadic ? " or more" : "") + ", got " +
                           std::to_string(arguments.size()));
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool is_reference = node.children[i]->kind == Node::Kind::kReference;
    if (Matches(arguments[i], is_reference, function.arguments[std::min(i, count - 1)])) continue;
    return InvalidArgument("query: argument " + std::to_string(i + 1) + " of " + node.text +
                           "() cannot be " +
                           (is_reference ? "a reference" : std::string(TypeName(arguments[i]))));
  }
  return function.call(node, arguments);
}

}  // namespace lazurite::cli::jmespath
