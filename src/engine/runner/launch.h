// Starting one process of the job.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "engine/runner/limits.h"
#include "engine/runner/sandbox.h"

namespace lazurite::runner {

struct LaunchSpec {
  std::vector<std::string> arguments;  // the first is the program's absolute path
  std::vector<std::string> variables;  // "NAME=value"
  std::string folder;                  // working directory
  std::string output;                  // file to which stdout and stderr are appended
  const Sandbox* sandbox = nullptr;
  int output_fd = -1;  // where stdout and stderr go instead of the file, if not -1
  const Limits* limits = nullptr;
  size_t rank = 0;  // its part of the limits
};

struct Launched {
  pid_t pid = 0;
  Fd report;  // see ReadReport
};

// Forks; the child dies with this thread of ours, has its output straight in the file, and no other
// descriptor. Returns without waiting for it to become the program.
Result<Launched> Launch(const LaunchSpec& spec);

struct LaunchReport {
  std::string sandbox;  // why the sandbox is not complete, or ""
  std::string limits;   // why it is not limited as it should be, or ""
  std::string failure;  // why it did not become the program, or ""
};
// Waits until the child has become the program or given up.
LaunchReport ReadReport(const Fd& report);

}  // namespace lazurite::runner
