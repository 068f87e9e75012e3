// What `doctor` looks at: each check says what it found and, if something is missing, the way to
// get it.
#pragma once

#include <string>
#include <vector>

#include "app/cli/settings.h"

namespace lazurite::cli {

struct Finding {
  enum class Grade : unsigned char { kGood, kNote, kBad } grade = Grade::kGood;
  std::string what;    // "uv"
  std::string found;   // "0.9.11 at /usr/bin/uv"
  std::string remedy;  // "make setup", "" if there is nothing to do
};
std::vector<Finding> ExaminePrograms();                        // what jobs are made with
std::vector<Finding> ExamineMachine();                         // GPUs, groups, namespaces, clock
std::vector<Finding> ExamineHome(const Settings& settings);    // where it lies, and its room
std::vector<Finding> ExamineServer(const Settings& settings);  // who serves, and the service

// Where a program is on PATH; "" if it is not.
std::string FindProgram(const std::string& name, const std::string& path);

}  // namespace lazurite::cli
