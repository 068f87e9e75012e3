#include "engine/runner/gpus.h"

#include "base/text.h"

namespace lazurite::runner {

std::vector<std::string> DevicesOf(const AttemptSpec& spec, int node) {
  const size_t each = spec.gpus.size() / static_cast<size_t>(spec.instance_count);
  const auto first = spec.gpus.begin() + static_cast<std::ptrdiff_t>(each) * node;
  return {first, first + static_cast<std::ptrdiff_t>(each)};
}

void AddGpuVariables(const AttemptSpec& spec, const std::vector<std::string>& devices,
                     Variables& out) {
  const bool is_amd = spec.gpu_vendor == "amd";
  const std::string absolute = Join(devices, ",");
  std::vector<std::string> numbers;
  for (size_t i = 0; i < devices.size(); ++i) numbers.push_back(std::to_string(i));
  const std::string counted = Join(numbers, ",");
  out["CUDA_VISIBLE_DEVICES"] = is_amd ? counted : absolute;
  out["NVIDIA_VISIBLE_DEVICES"] = is_amd ? "" : absolute;
  out["ROCR_VISIBLE_DEVICES"] = is_amd ? absolute : "";
  out["HIP_VISIBLE_DEVICES"] = is_amd ? counted : "";
}

std::vector<std::string> GpuVariablesByNode(const AttemptSpec& spec) {
  if (spec.gpu_vendor == "amd") return {"ROCR_VISIBLE_DEVICES"};
  return {"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"};
}

}  // namespace lazurite::runner
