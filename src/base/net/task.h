// Coroutines: a Task<T> is work that may wait, started when it is awaited.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"

namespace lazurite {

namespace task_detail {

// One detached coroutine that has not ended.
struct Root {
  std::coroutine_handle<> handle;
  Root* previous = nullptr;
  Root* next = nullptr;
};

// The detached coroutines of an executor, so that those which wait when it goes are destroyed and
// not lost.
class Roots {
 public:
  Roots() { head_.previous = head_.next = &head_; }
  void Add(Root& root);
  void Remove(Root& root);
  // Destroys them one after the other; no thread may run them any more.
  void DestroyAll();

 private:
  std::mutex mutex_;
  Root head_;
};

}  // namespace task_detail

// Where coroutines are resumed. Safe for several threads.
class Executor {
 public:
  virtual ~Executor() { roots_.DestroyAll(); }
  // Runs `work` soon on a thread of this executor; never inside the call.
  virtual void Post(std::function<void()> work) = 0;
  // Runs `work` inside the call where that is possible (this is a thread of the executor's), else
  // posts it.
  virtual void Dispatch(std::function<void()> work) { Post(std::move(work)); }
  // The executor this one works through and that outlives it; itself if there is none.
  virtual Executor& root() { return *this; }
  // Keeps an executor that is shared alive; nothing for others.
  virtual std::shared_ptr<void> Hold() { return nullptr; }

  task_detail::Roots& roots() { return roots_; }

 private:
  task_detail::Roots roots_;
};

// The executor whose thread this is, or nullptr on a thread of none.
Executor* CurrentExecutor();
void SetCurrentExecutor(Executor* executor);  // called by each thread of an executor

// Makes `executor` the current one for a while.
class ExecutorScope {
 public:
  explicit ExecutorScope(Executor* executor) : before_(CurrentExecutor()) {
    SetCurrentExecutor(executor);
  }
  ~ExecutorScope() { SetCurrentExecutor(before_); }
  ExecutorScope(const ExecutorScope&) = delete;
  ExecutorScope& operator=(const ExecutorScope&) = delete;

 private:
  Executor* before_;
};

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

// Move-only; awaited at most once. Trap of g++ 12: give a lambda coroutine its values as
// parameters, not as captures, and keep arguments of co_await'ed calls in named variables when they
// own memory.
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
    promise_type() {
      Executor* const executor = CurrentExecutor();
      if (executor == nullptr) return;
      roots = &executor->root().roots();
      root.handle = std::coroutine_handle<promise_type>::from_promise(*this);
      roots->Add(root);
    }
    ~promise_type() {
      if (roots != nullptr) roots->Remove(root);
    }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;

    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }

    Roots* roots = nullptr;
    Root root;
  };
};

inline Detached RunDetached(Task<void> task) { co_await task; }

}  // namespace task_detail

// Starts `task` at once on this thread and lets it go; an exception that leaves it ends the
// process. It goes on on the current executor's root, and is destroyed where it waits when that
// executor goes.
inline void Detach(Task<void> task) {
  Executor* const executor = CurrentExecutor();
  const ExecutorScope scope(executor == nullptr ? nullptr : &executor->root());
  task_detail::RunDetached(std::move(task));
}

// A task that runs beside its owner: started at once, and destroyed where it waits when the owner
// lets it go. Let go of it only on the executor it runs on, and not from inside it.
class Running {
 public:
  struct promise_type {
    Running get_return_object() {
      return Running(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  Running() = default;
  explicit Running(std::coroutine_handle<> handle) : handle_(handle) {}
  Running(Running&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Running& operator=(Running&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Running() {
    if (handle_) handle_.destroy();
  }

 private:
  std::coroutine_handle<> handle_;
};

namespace task_detail {

// What a suspended coroutine and the callback that will wake it share.
template <typename T>
class CallbackState {
 public:
  CallbackState(Executor* executor, std::coroutine_handle<> handle)
      : executor_(executor), hold_(executor->Hold()), handle_(handle) {}

  // The callback came. Only the first counts.
  static void Complete(const std::shared_ptr<CallbackState>& state, T value) {
    const std::lock_guard lock(state->mutex_);
    if (std::exchange(state->is_over_, true)) return;
    state->over_.notify_all();
    if (!state->handle_) return;
    state->value_.emplace(std::move(value));
    state->executor_->Post([state] {
      if (const auto handle = state->Claim()) handle.resume();
    });
  }
  // Every copy of the callback is gone.
  void Drop() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    over_.notify_all();
  }
  // The coroutine is destroyed while it waits.
  void Abandon(bool waits_for_work) {
    std::unique_lock lock(mutex_);
    if (!handle_) return;
    handle_ = {};
    hold_.reset();  // which may hold, as something that waits on it, this very state
    if (waits_for_work) over_.wait(lock, [this] { return is_over_; });
  }
  T TakeValue() { return std::move(*value_); }

 private:
  std::coroutine_handle<> Claim() {
    const std::lock_guard lock(mutex_);
    return std::exchange(handle_, {});
  }

  Executor* executor_;
  std::shared_ptr<void> hold_;
  std::mutex mutex_;
  std::condition_variable over_;
  std::coroutine_handle<> handle_;
  std::optional<T> value_;
  bool is_over_ = false;
};

// The callback: copyable, may be called on any thread.
template <typename T>
class Callback {
 public:
  explicit Callback(std::shared_ptr<CallbackState<T>> state)
      : token_(std::make_shared<Token>(std::move(state))) {}
  void operator()(T value) const { CallbackState<T>::Complete(token_->state, std::move(value)); }

 private:
  struct Token {
    explicit Token(std::shared_ptr<CallbackState<T>> of) : state(std::move(of)) {}
    ~Token() { state->Drop(); }
    Token(const Token&) = delete;
    Token& operator=(const Token&) = delete;
    std::shared_ptr<CallbackState<T>> state;
  };
  std::shared_ptr<Token> token_;
};

}  // namespace task_detail

// Awaits a function that answers by a callback: `co_await Await<Status>([&](auto done) {
// hub.Wait(done); })`. The callback may come on any thread, at once or later, at most once; the
// coroutine goes on on the executor it was suspended on. If the coroutine is destroyed while it
// waits, the callback does nothing.
template <typename T, typename Start, bool kWaitsForWork = false>
class [[nodiscard]] CallbackAwaiter {
 public:
  explicit CallbackAwaiter(Start start) : start_(std::move(start)) {}
  CallbackAwaiter(CallbackAwaiter&&) = default;
  ~CallbackAwaiter() {
    if (state_) state_->Abandon(kWaitsForWork);
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    Executor* executor = CurrentExecutor();
    LAZURITE_CHECK(executor != nullptr);
    state_ = std::make_shared<task_detail::CallbackState<T>>(executor, handle);
    // From here on the coroutine may go on, and end, on another thread: nothing below touches this
    // awaiter.
    Start start = std::move(start_);
    task_detail::Callback<T> callback(state_);
    start(std::move(callback));
  }
  T await_resume() { return state_->TakeValue(); }

 private:
  Start start_;
  std::shared_ptr<task_detail::CallbackState<T>> state_;
};

template <typename T, typename Start>
CallbackAwaiter<T, Start> Await(Start start) {
  return CallbackAwaiter<T, Start>(std::move(start));
}

// The same for work on another thread that refers to the coroutine's own variables: destroying the
// coroutine waits until the callback came or was dropped.
template <typename T, typename Start>
CallbackAwaiter<T, Start, true> AwaitWork(Start start) {
  return CallbackAwaiter<T, Start, true>(std::move(start));
}

// A word from one place to one coroutine, both on the same executor or not. Remembered until
// somebody waits for it.
class Event {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    if (waiter_) {
      (*std::exchange(waiter_, std::nullopt))(true);
    } else {
      is_set_ = true;
    }
  }
  Task<void> Wait() {
    auto start = [this](task_detail::Callback<bool> done) {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_set_, false)) {
        done(true);
      } else {
        waiter_ = std::move(done);
      }
    };
    co_await Await<bool>(start);
  }

 private:
  std::mutex mutex_;
  bool is_set_ = false;
  std::optional<task_detail::Callback<bool>> waiter_;
};

}  // namespace lazurite
