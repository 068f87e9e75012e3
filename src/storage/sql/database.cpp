#include "storage/sql/database.h"

#include <future>

#include "base/clock.h"

namespace lazurite {

Status Statement::Run() {
  const Result<bool> stepped = Step();
  Reset();
  return stepped.status();
}

Status Transaction::RecordChange(std::string_view kind, std::string_view object) {
  ASSIGN_OR_RETURN(Statement * insert,
                   Prepare("INSERT INTO changes (time, kind, object) VALUES (?1, ?2, ?3)"));
  insert->Bind(1, ToMillis(SystemClock().Now())).Bind(2, kind).Bind(3, object);
  return insert->Run();
}

Status Database::WriteNow(Work work) {
  std::promise<Status> promise;
  Write(std::move(work), [&promise](Status status) { promise.set_value(std::move(status)); });
  return promise.get_future().get();
}

Status Database::ReadNow(Work work) {
  std::promise<Status> promise;
  Read(std::move(work), [&promise](Status status) { promise.set_value(std::move(status)); });
  return promise.get_future().get();
}

}  // namespace lazurite
