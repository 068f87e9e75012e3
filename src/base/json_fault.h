// Where a text stops being JSON, for messages: the fast parser does not say.
#pragma once

#include <string>
#include <string_view>

namespace lazurite {

// "line 2, column 8: expected a value"; "" if the text is JSON.
std::string JsonFault(std::string_view text, int depth_max);

}  // namespace lazurite
