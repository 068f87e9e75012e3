// Coroutines: a Task<T> is work that may wait, started when it is awaited.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"

namespace lazurite {

// Where coroutines are resumed. Safe for several threads.
class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` soon on a thread of this executor; never inside the call.
  virtual void Post(std::function<void()> work) = 0;
};

// The executor whose thread this is, or nullptr on a thread of none.
Executor* CurrentExecutor();
void SetCurrentExecutor(Executor* executor);  // called once by each thread of an executor

template <typename T>
class Task;

namespace task_detail {

struct FinalAwaiter {
  bool await_ready() noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    const auto next = handle.promise().continuation;
    return next ? next : std::noop_coroutine();
  }
  void await_resume() noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation;
  std::exception_ptr exception;
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() { exception = std::current_exception(); }
};

template <typename T>
struct Promise final : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T Take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};

template <>
struct Promise<void> final : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void Take() {
    if (exception) std::rethrow_exception(exception);
  }
};

}  // namespace task_detail

// Move-only; awaited at most once. Trap of g++ 12: give a lambda coroutine its values as parameters, not as captures,
// and keep arguments of co_await'ed calls in named variables when they own memory.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (handle_) handle_.destroy();
    handle_ = std::exchange(other.handle_, {});
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) noexcept {
    handle_.promise().continuation = continuation;
    return handle_;
  }
  T await_resume() { return handle_.promise().Take(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

namespace task_detail {
template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};
}  // namespace task_detail

// Starts `task` at once on this thread and lets it go; an exception that leaves it ends the process.
inline void Detach(Task<void> task) {
  [](Task<void> running) -> task_detail::Detached { co_await running; }(std::move(task));
}

// Awaits a function that answers by a callback: `co_await Await<Status>([&](auto done) { database.Write(work, done); })`.
// The callback may come on any thread, at most once; the coroutine goes on on the executor it was suspended on.
template <typename T, typename Start>
class CallbackAwaiter {
 public:
  explicit CallbackAwaiter(Start start) : start_(std::move(start)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    Executor* executor = CurrentExecutor();
    LAZURITE_CHECK(executor != nullptr);
    start_([this, handle, executor](T value) {
      value_.emplace(std::move(value));
      executor->Post([handle] { handle.resume(); });
    });
  }
  T await_resume() { return std::move(*value_); }

 private:
  Start start_;
  std::optional<T> value_;
};

template <typename T, typename Start>
CallbackAwaiter<T, Start> Await(Start start) {
  return CallbackAwaiter<T, Start>(std::move(start));
}

}  // namespace lazurite
