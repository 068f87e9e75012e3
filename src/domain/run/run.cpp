#include "domain/run/run.h"

#include <array>

namespace lazurite {
namespace {

constexpr std::array<std::string_view, 5> kRunStatuses = {"RUNNING", "SCHEDULED", "FINISHED",
                                                          "FAILED", "KILLED"};
constexpr std::array<std::string_view, 4> kModelStatuses = {
    "LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED"};

}  // namespace

std::string_view ToText(RunStatus status) { return kRunStatuses[static_cast<size_t>(status) - 1]; }

std::optional<RunStatus> ParseRunStatus(std::string_view text) {
  for (size_t i = 0; i < kRunStatuses.size(); ++i) {
    if (kRunStatuses[i] == text) return static_cast<RunStatus>(i + 1);
  }
  return std::nullopt;
}

bool IsEnded(RunStatus status) {
  return status != RunStatus::kRunning && status != RunStatus::kScheduled;
}

std::string_view ToText(LoggedModelStatus status) {
  return kModelStatuses[static_cast<size_t>(status)];
}

std::optional<LoggedModelStatus> ParseLoggedModelStatus(std::string_view text) {
  for (size_t i = 0; i < kModelStatuses.size(); ++i) {
    if (kModelStatuses[i] == text) return static_cast<LoggedModelStatus>(i);
  }
  return std::nullopt;
}

const std::string* FindValue(const std::vector<KeyValue>& pairs, std::string_view key) {
  for (const KeyValue& pair : pairs) {
    if (pair.key == key) return &pair.value;
  }
  return nullptr;
}

}  // namespace lazurite
