// Compiles the Python files of environments after they are in use.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace lazurite::environment {

// Jobs see environments read-only, so Python keeps nothing of what it compiles there: a new
// environment imports slowly until its files are compiled once. That is done here, by one thread
// and at the lowest priority, while the first job runs already. Nothing that a job can write is
// read, and no code of the environment is run. Work that was not done (the server went away) is
// done when a job uses the environment next.
class BytecodeCompiler final {
 public:
  // Environments that wait for their turn; more are left for later.
  static constexpr size_t kWaitingMax = 64;

  // Only folders directly in `envs_folder` are compiled.
  explicit BytecodeCompiler(std::string envs_folder) : envs_folder_(std::move(envs_folder)) {}
  ~BytecodeCompiler();
  BytecodeCompiler(const BytecodeCompiler&) = delete;
  BytecodeCompiler& operator=(const BytecodeCompiler&) = delete;

  // A job uses this environment ("" = none). Returns at once.
  void Used(const std::string& folder);

  // Waits until nothing is left to do, for tests.
  void WaitUntilIdle();

 private:
  void Run();
  void Compile(const std::string& folder);
  bool IsStopping();

  const std::string envs_folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::string last_;  // folder that was found done, or is being done
  bool is_busy_ = false;
  bool is_stopping_ = false;
  std::thread thread_;  // from the first folder on
};

}  // namespace lazurite::environment
