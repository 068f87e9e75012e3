#include <cstring>
#include <string>
#include <vector>

#include "app/cli/cli.h"
#include "app/serve/serve.h"

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  const std::vector<std::string> rest(argv + std::min(argc, 2), argv + argc);
  if (first == "serve") return lazurite::RunServe(rest);
  if (first == "runner") return lazurite::RunRunner(argc, argv);
  return lazurite::RunCli(argc, argv);
}
