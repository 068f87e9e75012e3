// A value inside a REST body together with the path that messages call it by.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace lazurite::spec {

// Reading leaves the target alone if the member is absent or null; what has the wrong form is
// kInvalidArgument and named by its path. The value outlives the member.
class Member {
 public:
  Member(const Json* value, std::string path) : value_(value), path_(std::move(path)) {}

  // The member of that name, in any case.
  Member At(std::string_view name) const;
  const Json* json() const { return value_; }  // nullptr if it is not there
  bool is_absent() const { return value_ == nullptr || value_->is_null(); }
  const std::string& path() const { return path_; }

  Status CheckObject() const;
  // The names of a map's members as written; none if it is absent.
  Result<std::vector<std::string>> Names(size_t count_max) const;
  Status ReadText(std::string& out) const;
  // A text, or a number or boolean as one (True, False).
  Status ReadScalar(std::string& out) const;
  // The REST word of an enumeration of the table of fields.
  Status ReadWord(std::string_view enum_type, std::string& out) const;
  // A whole number, also as a text.
  Status ReadInt(int low, int high, int& out) const;
  // A map of texts; null values are "".
  Status ReadTexts(std::map<std::string, std::string>& out, size_t count_max) const;

  // "properties.command is missing, expected …"
  Status Missing(std::string_view expected) const;
  // "properties.resources.instanceCount is -1, expected 1 to 1024"
  Status Wrong(std::string_view found, std::string_view expected) const;

 private:
  const Json* value_;
  std::string path_;
};

}  // namespace lazurite::spec
