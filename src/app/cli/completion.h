// Completion for shells: the scripts ask `lazurite __complete -- WORD…`, the last word being the
// one under the cursor.
#pragma once

#include <string>
#include <vector>

namespace lazurite::cli {

struct Candidate {
  std::string word;
  std::string sentence;
};
// Live names are asked of the server only where `asks_server`; silent when it does not answer.
std::vector<Candidate> Complete(const std::vector<std::string>& words, bool asks_server);
// One candidate a line, a tab before its sentence. "<file>" as the only line means file names.
void PrintCompletions(const std::vector<std::string>& words);

}  // namespace lazurite::cli
