// What a database says no more, its files may still hold: in free pages, in its log, and in the
// copies that were kept before its schema changed.
#pragma once

#include <string>

#include "base/status.h"

namespace lazurite {

// Writes the database at `path` anew, so that nothing deleted is left in it or in its log. Others
// of this process may have it open; kUnavailable if one of them is reading or writing.
Status RewriteSqlite(const std::string& path);
// Removes the copies of schemas before `schema`. A database that others have open may be meant.
Status RemoveOldCopies(const std::string& path, int schema);

}  // namespace lazurite
