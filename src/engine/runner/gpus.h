// Which GPUs a process sees.
#pragma once

#include <string>
#include <vector>

#include "domain/attempt/attempt.h"
#include "engine/runner/variables.h"

namespace lazurite::runner {

// The devices of node `node`: the granted ones in equal parts.
std::vector<std::string> DevicesOf(const AttemptSpec& spec, int node);

// The variables of all vendors. Where there is nothing to see they are set and empty, so that a job
// without GPUs touches none. AMD counts what is left by ROCR_VISIBLE_DEVICES from 0 again.
void AddGpuVariables(const AttemptSpec& spec, const std::vector<std::string>& devices,
                     Variables& out);

// The variables whose values differ from node to node.
std::vector<std::string> GpuVariablesByNode(const AttemptSpec& spec);

}  // namespace lazurite::runner
