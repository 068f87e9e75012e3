#include "domain/job/notes.h"

#include <algorithm>

namespace lazurite {

bool HasNote(const Job& job, std::string_view text) {
  const Json* notes = job.detail.Find("notes");
  if (notes == nullptr || !notes->is_array()) return false;
  if (notes->array().size() >= kNotesMax) return true;
  return std::any_of(notes->array().begin(), notes->array().end(),
                     [&](const Json& note) { return note.is_string() && note.string() == text; });
}

void AddNote(Job& job, std::string_view text) {
  Json& notes = job.detail["notes"];
  if (!notes.is_array() || notes.array().size() < kNotesMax) notes.Push(text);
}

}  // namespace lazurite
