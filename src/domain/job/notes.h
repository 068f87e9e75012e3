// Sentences for a job's page: job.detail.notes. Nothing here is saved.
#pragma once

#include <string_view>

#include "domain/job/job_store.h"

namespace lazurite {

inline constexpr size_t kNotesMax = 50;

// Also if there are so many notes that no other one is taken.
bool HasNote(const Job& job, std::string_view text);
// At most kNotesMax.
void AddNote(Job& job, std::string_view text);

}  // namespace lazurite
