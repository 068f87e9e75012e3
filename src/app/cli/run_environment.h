// What a job without a file runs in: `lazurite run -e …`.
#pragma once

#include <string>

#include "app/cli/run_document.h"

namespace lazurite::cli {

struct RunEnvironment {
  std::string sentence;  // which one it is, in one line for people
};

// Puts the environment into the document. `wish` is the value of -e:
//   ""                 the Python of this shell as it is, if the server is on this machine
//   host               the same, said aloud
//   FILE               a conda file, an environment file, requirements.txt or pyproject.toml
//   azureml:NAME:1     a registered one; NAME:1 and NAME@latest too, if there is no such file
//   image:REFERENCE    a container image
// kInvalidArgument: none of them, or a file that cannot be used; kFailedPrecondition: the server is
// elsewhere and nothing was asked for.
Result<RunEnvironment> ChooseEnvironment(FlagDocument& document, const std::string& wish,
                                         const std::string& folder, const std::string& server);

// Where the shell finds its Python, absolute; "" if it finds none.
std::string ShellPython();
// "http://127.0.0.1:8451": whether programs of this machine are the server's too.
bool IsThisMachine(const std::string& address);
// The lines of a requirements file as pip reads them, other files of `-r` put in; comments and
// empty lines are left out.
Result<std::vector<std::string>> ReadRequirements(const std::string& file);

}  // namespace lazurite::cli
