// Help, made from the table of commands. Fits 80 columns; examples come first.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/command.h"
#include "app/cli/terminal.h"

namespace lazurite::cli {

std::string GeneralHelp(const Terminal& terminal);
std::string NounHelp(std::string_view noun, const Terminal& terminal);
std::string CommandHelp(const Command& command, const Terminal& terminal);
// "lazurite job create -f FILE [flags]"
std::string Usage(const Command& command);

}  // namespace lazurite::cli
