#include "engine/environment/bytecode.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/environment/command.h"

namespace lazurite::environment {
namespace {

constexpr size_t kMarkerBytesMax = 1 << 16;
// Says that it is done; also if some file is no Python that this interpreter knows.
constexpr std::string_view kDone = "compiled";

// The interpreter that the environment was made with; "" if the folder is no finished environment.
std::string PythonOf(const std::string& folder) {
  const Result<std::string> marker = ReadFile(JoinPath(folder, "ready"), kMarkerBytesMax);
  if (!marker.ok()) return "";
  const Result<Json> json = Json::Parse(*marker);
  if (!json.ok() || json->GetString("folder") != folder) return "";
  const std::string python = json->GetString("python");
  return python.empty() ? JoinPath(folder, "bin/python") : python;
}

}  // namespace

BytecodeCompiler::~BytecodeCompiler() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BytecodeCompiler::Used(const std::string& folder) {
  if (folder.empty() || DirName(folder) != envs_folder_) return;
  const std::lock_guard lock(mutex_);
  const bool is_known = folder == last_ || waiting_.size() >= kWaitingMax ||
                        std::find(waiting_.begin(), waiting_.end(), folder) != waiting_.end();
  if (is_known) return;
  waiting_.push_back(folder);
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  changed_.notify_all();
}

void BytecodeCompiler::WaitUntilIdle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !is_busy_; });
}

void BytecodeCompiler::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    is_busy_ = false;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (is_stopping_) return;
    last_ = std::move(waiting_.front());
    waiting_.pop_front();
    is_busy_ = true;
    const std::string folder = last_;
    lock.unlock();
    Compile(folder);
    lock.lock();
  }
}

void BytecodeCompiler::Compile(const std::string& folder) {
  const std::string done = JoinPath(folder, kDone);
  const std::string python = PythonOf(folder);
  if (python.empty() || Exists(done)) return;
  // Isolated and without site-packages: no .pth file or sitecustomize of a package is run here.
  const Command command{
      .arguments = {python, "-I", "-S", "-m", "compileall", "-q", "-q", JoinPath(folder, "lib")},
      .variables = OwnVariables(),
      .line = [](std::string_view) {},
      .canceled = [this] { return IsStopping(); },
      .is_background = true};
  const Result<int> code = RunCommand(command);
  // 1: some file could not be compiled, which is no matter unless it is imported.
  if (code.ok() && (*code == 0 || *code == 1)) {
    const Status marked = WriteFile(done, "");
    if (marked.ok()) return;
  }
  Log(LogLevel::kDebug, "an environment is not compiled", {{"folder", folder}});
}

bool BytecodeCompiler::IsStopping() {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

}  // namespace lazurite::environment
