// Other programs, asked something: git, uv.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace lazurite::cli {

struct ProgramCall {
  std::vector<std::string> arguments;  // the first is the program, looked for on PATH
  std::string folder;                  // where it runs; "" = here
  std::vector<std::pair<std::string, std::string>> variables;  // besides this process's own
  size_t bytes_max = size_t{1} << 20;  // of what it writes; it is ended beyond that
  Duration time_max{10'000};           // it is killed after that
};

struct ProgramAnswer {
  int exit_code = 0;     // 128 + signal if it was killed
  std::string out;       // standard output, any bytes
  std::string err;       // the beginning of standard error
  bool is_cut = false;   // it wrote more than bytes_max
  bool is_late = false;  // it took longer than time_max
  bool Succeeded() const { return exit_code == 0 && !is_cut && !is_late; }
};

inline constexpr size_t kProgramErrorBytesMax = 4096;

// Runs it to its end with nothing on its standard input. kNotFound: there is no such program.
Result<ProgramAnswer> AskProgram(const ProgramCall& call);

}  // namespace lazurite::cli
