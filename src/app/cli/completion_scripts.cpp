#include "app/cli/context.h"

namespace lazurite::cli {
namespace {

constexpr std::string_view kBash =
    R"SHELL(# lazurite completion for bash:  eval "$(lazurite completion bash)"
_lazurite() {
  local IFS=$'\n' line
  COMPREPLY=()
  for line in $(lazurite __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    if [ "$line" = "<file>" ]; then
      COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
      return
    fi
    COMPREPLY+=("${line%%$'\t'*}")
  done
}
complete -o filenames -F _lazurite lazurite
)SHELL";

constexpr std::string_view kZsh =
    R"SHELL(#compdef lazurite
# lazurite completion for zsh:  eval "$(lazurite completion zsh)"
_lazurite() {
  local -a words_found
  local line
  for line in ${(f)"$(lazurite __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
    if [[ $line == "<file>" ]]; then
      _files
      return
    fi
    words_found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe 'lazurite' words_found
}
compdef _lazurite lazurite
)SHELL";

constexpr std::string_view kFish =
    R"SHELL(# lazurite completion for fish:  lazurite completion fish | source
function __lazurite_complete
  set -l found (lazurite __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found" = "<file>"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\n' $found
  end
end
complete -c lazurite -f -a '(__lazurite_complete)'
)SHELL";

Status Run(Context& context) {
  const std::string shell = context.arguments.words.empty() ? "" : context.arguments.words[0];
  if (shell != "bash" && shell != "zsh" && shell != "fish") {
    return InvalidArgument("completion for \"" + shell +
                           "\" is not there, expected bash, zsh or fish");
  }
  WriteOut(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish);
  return {};
}

}  // namespace

extern const Command kCompletion;
const Command kCompletion = {.name = "completion",
                             .sentence = "Print the completion script of a shell.",
                             .arguments = "bash|zsh|fish",
                             .subject = "bash|zsh|fish",
                             .words_max = 1,
                             .examples =
                                 "eval \"$(lazurite completion bash)\"\n"
                                 "lazurite completion fish | source",
                             .run = Run};

}  // namespace lazurite::cli
