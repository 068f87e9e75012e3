// The fields of a request, read as MLflow's own server does: snake_case or camelCase, 64-bit
// integers as numbers or texts, doubles also as "NaN" and "Infinity", unknown fields ignored; what
// is wrong said in its words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "domain/run/run.h"

namespace lazurite::mlflow {

class Fields {
 public:
  // `prefix` says where the object stands in the request: "metrics[2].".
  explicit Fields(const Json& object, std::string prefix = "")
      : object_(object), prefix_(std::move(prefix)) {}

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // "" if absent.
  Result<std::string> Text(std::string_view name) const;
  // kInvalidArgument if absent or empty.
  Result<std::string> RequiredText(std::string_view name) const;
  // run_id, or run_uuid as older clients say.
  Result<std::string> RunId() const;
  Result<std::optional<int64_t>> Int(std::string_view name) const;
  Result<int64_t> RequiredInt(std::string_view name) const;
  Result<double> RequiredDouble(std::string_view name) const;
  Result<bool> Bool(std::string_view name, bool preset) const;
  // A number of results between 1 and `limit`.
  Result<int64_t> MaxResults(int64_t preset, int64_t limit) const;
  // An experiment's id; kDefaultExperiment if absent or empty.
  Result<int64_t> ExperimentId() const;
  Result<std::vector<int64_t>> ExperimentIds() const;
  // A list of texts; one text counts as a list of one.
  Result<std::vector<std::string>> Texts(std::string_view name) const;
  // A list of objects.
  Result<std::vector<Fields>> Objects(std::string_view name) const;
  Result<std::vector<KeyValue>> Pairs(std::string_view name) const;
  // An object, nothing if absent.
  Result<std::optional<Fields>> Object(std::string_view name) const;

 private:
  // The value, nullptr if absent or null.
  const Json* Find(std::string_view name) const;
  Status Invalid(std::string_view name, const Json& value) const;
  Status Missing(std::string_view name) const;

  const Json& object_;
  std::string prefix_;
};

// The query of a GET request as an object: texts, or lists of texts for what is repeated.
Json QueryAsJson(std::string_view target);

Status InvalidValue(std::string_view name, const Json& value);

}  // namespace lazurite::mlflow
