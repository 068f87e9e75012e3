// A JSON value. Objects keep the order of their members, so that what a client wrote comes back as
// it came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace lazurite {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;
  // Deepest nesting and most bytes that Parse accepts.
  static constexpr int kDepthMax = 200;
  static constexpr size_t kBytesMax = size_t{256} << 20;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(unsigned value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value) : value_(static_cast<int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  static Json MakeArray() { return Json(Array{}); }
  static Json MakeObject() { return Json(Object{}); }

  // Parses one JSON text (UTF-8, strict). kInvalidArgument says what is wrong. Integers beyond 64
  // bits become doubles; a member written twice keeps its last value.
  static Result<Json> Parse(std::string_view text);

  // The text; doubles in their shortest form that reads back exactly, NaN and infinities as the
  // strings "NaN", "Infinity", "-Infinity" (as protobuf's JSON has them). `indent` > 0 writes a
  // line for each member.
  std::string Dump(int indent = 0) const;

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_double() const { return std::holds_alternative<double>(value_); }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // The value of that kind; asserts that it is one.
  bool bool_value() const { return Get<bool>(); }
  int64_t int_value() const { return Get<int64_t>(); }
  double double_value() const {
    return is_int() ? static_cast<double>(Get<int64_t>()) : Get<double>();
  }
  const std::string& string() const { return Get<std::string>(); }
  const Array& array() const { return Get<Array>(); }
  Array& array() { return const_cast<Array&>(Get<Array>()); }
  const Object& object() const { return Get<Object>(); }
  Object& object() { return const_cast<Object&>(Get<Object>()); }

  // The member called `key`, or nullptr if there is none or this is no object.
  const Json* Find(std::string_view key) const;
  Json* Find(std::string_view key);
  // The same without regard to case (Azure's own services read members so).
  const Json* FindNoCase(std::string_view key) const;
  // The member at a dotted path, "properties.resources.instanceCount"; nullptr if a part is
  // missing.
  const Json* At(std::string_view dotted_path) const;
  // The member called `key`, added as null if there is none; a null becomes an object first.
  Json& operator[](std::string_view key);
  // Sets the value at a dotted path, making objects on the way.
  void Set(std::string_view dotted_path, Json value);
  // Removes the member called `key`; false if there was none.
  bool Erase(std::string_view key);
  void Push(Json value);  // a null becomes an array first

  // The member's value if it is there with that kind, else `preset`.
  std::string GetString(std::string_view key, std::string_view preset = "") const;
  int64_t GetInt(std::string_view key, int64_t preset = 0) const;
  double GetDouble(std::string_view key, double preset = 0) const;
  bool GetBool(std::string_view key, bool preset = false) const;

  bool operator==(const Json& other) const { return value_ == other.value_; }

 private:
  template <typename T>
  const T& Get() const {
    LAZURITE_CHECK(std::holds_alternative<T>(value_));
    return std::get<T>(value_);
  }

  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 are replaced by U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace lazurite
