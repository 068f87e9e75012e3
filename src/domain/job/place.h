// A job's place on a machine: whether it has one, and how it gives it back to run again later.
#pragma once

#include <string_view>

#include "domain/job/job_store.h"

namespace lazurite {

// It was given a place and has it still. (A job that waits again has attempts behind it.)
bool HasPlace(const Job& job);

// Remembers in the job that its newest attempt is asked to end for job `by`. Saves nothing.
void MarkPreempted(Job& job, std::string_view by);
// For whom the newest attempt was asked to end; "" if it was not.
std::string PreemptedBy(const Job& job);

// Puts a job with a place back into the queue, where it keeps its age: the next time it is placed
// it runs as a new attempt; how the last one ended is forgotten. `cause` is one word, `why` a
// sentence, which becomes a note of the job too. kFailedPrecondition, and nothing changed, if it is
// not there to be put back.
Status ReturnJob(Transaction& transaction, Job& job, std::string_view cause, std::string_view why,
                 Time now);

}  // namespace lazurite
