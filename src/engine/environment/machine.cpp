#include "engine/environment/machine.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/environment/command.h"

namespace lazurite::environment {
namespace {

constexpr size_t kFileBytesMax = 1 << 16;

std::string Get(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// Differs when programs may have come, gone or been renamed in the folders that are looked at.
std::string SignatureOf(const Variables& variables) {
  std::string signature;
  const auto add = [&](const std::string& path) {
    struct stat info {};
    signature += path;
    if (stat(path.c_str(), &info) == 0) {
      signature += "@" + std::to_string(info.st_ino) + "." + std::to_string(info.st_mtim.tv_sec) +
                   "." + std::to_string(info.st_mtim.tv_nsec);
    }
    signature += ":";
  };
  const std::string path = Get(variables, "PATH");
  for (const std::string_view folder : Split(path, ':')) add(std::string(folder));
  add("/usr/local/bin");
  add("/usr/bin");
  const std::string root = PyenvRoot(variables);
  add(JoinPath(root, "versions"));
  add(JoinPath(root, "version"));
  return signature + Get(variables, "PYENV_VERSION");
}

Json ToJson(const Machine& machine, const std::string& signature) {
  Json json = Json::MakeObject();
  json["signature"] = signature;
  json["conda"] = machine.conda;
  json["platform"] = machine.platform;
  json["pythons"] = Json::MakeArray();
  for (const Interpreter& python : machine.pythons) {
    Json one = Json::MakeObject();
    one["path"] = python.path;
    one["minor"] = python.minor;
    json["pythons"].Push(std::move(one));
  }
  return json;
}

Machine FromJson(const Json& json) {
  Machine machine{
      .pythons = {}, .conda = json.GetString("conda"), .platform = json.GetString("platform")};
  const Json* pythons = json.Find("pythons");
  if (pythons == nullptr || !pythons->is_array()) return machine;
  for (const Json& one : pythons->array()) {
    machine.pythons.push_back({one.GetString("path"), static_cast<int>(one.GetInt("minor", 0))});
  }
  return machine;
}

}  // namespace

Machine LookAtMachine(const Variables& variables) {
  Machine machine;
  machine.pythons = FindPythons(variables);
  for (const char* name : {"micromamba", "mamba", "conda"}) {
    if (machine.conda.empty()) machine.conda = FindProgram(name, Get(variables, "PATH"));
  }
  struct utsname names {};
  ::uname(&names);
  machine.platform = Lower(names.sysname) + "-" + names.machine;
  return machine;
}

Machine RememberedMachine(const Variables& variables, const std::string& file) {
  const std::string signature = SignatureOf(variables);
  const Result<std::string> text = ReadFile(file, kFileBytesMax);
  if (text.ok()) {
    const Result<Json> json = Json::Parse(*text);
    if (json.ok() && json->GetString("signature") == signature) return FromJson(*json);
  }
  Machine machine = LookAtMachine(variables);
  const Status kept = WriteFileAtomic(file, ToJson(machine, signature).Dump() + "\n");
  if (!kept.ok()) Log(LogLevel::kDebug, "what this machine has is not remembered", {});
  return machine;
}

}  // namespace lazurite::environment
