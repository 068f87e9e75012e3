#include "base/net/task.h"

namespace lazurite {
namespace {

thread_local Executor* current_executor = nullptr;

}  // namespace

Executor* CurrentExecutor() { return current_executor; }
void SetCurrentExecutor(Executor* executor) { current_executor = executor; }

namespace task_detail {

void Roots::Add(Root& root) {
  const std::lock_guard lock(mutex_);
  root.previous = head_.previous;
  root.next = &head_;
  root.previous->next = &root;
  head_.previous = &root;
}

void Roots::Remove(Root& root) {
  const std::lock_guard lock(mutex_);
  root.previous->next = root.next;
  root.next->previous = root.previous;
}

void Roots::DestroyAll() {
  while (true) {
    std::coroutine_handle<> handle;
    {
      const std::lock_guard lock(mutex_);
      if (head_.next == &head_) return;
      handle = head_.next->handle;
    }
    handle.destroy();  // its promise removes it from the list
  }
}

}  // namespace task_detail
}  // namespace lazurite
