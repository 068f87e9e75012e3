#include "app/cli/service_unit.h"

#include <algorithm>

#include "base/text.h"

namespace lazurite::cli {
namespace {

// The home as it is, for HomeOfUnit; systemd skips keys that begin with X-.
constexpr std::string_view kHomeKey = "X-Lazurite-Home=";

bool IsPlain(std::string_view text) {
  return !text.ends_with('\\') && std::ranges::none_of(text, [](char letter) {
    return static_cast<unsigned char>(letter) < ' ' || letter == 127;
  });
}

// '%' begins a specifier everywhere in a unit.
std::string WithoutSpecifiers(std::string_view text) {
  std::string out;
  for (const char letter : text) out.append(letter == '%' ? 2 : 1, letter);
  return out;
}

}  // namespace

std::string QuoteForUnit(std::string_view word, bool is_command) {
  std::string out = "\"";
  for (const char letter : WithoutSpecifiers(word)) {
    if (letter == '"' || letter == '\\') out += '\\';
    if (letter == '$' && is_command) out += '$';
    out += letter;
  }
  return out + "\"";
}

Result<std::string> ServiceUnit::ToText() const {
  for (const std::string* text : {&program, &home, &log, &path}) {
    if (IsPlain(*text)) continue;
    return InvalidArgument(
        "a systemd unit can hold no path with line breaks, control letters or a backslash at its "
        "end; choose another home with --home");
  }
  std::string command = QuoteForUnit(program, true) + " serve --home " + QuoteForUnit(home, true);
  if (port != 0) command += " --port " + std::to_string(port);
  const std::string log_place = WithoutSpecifiers(log);
  return "# Written by lazurite service install; lazurite service uninstall removes it.\n"
         "[Unit]\n"
         "Description=Lazurite, the server of " +
         WithoutSpecifiers(home) + "\n" + std::string(kHomeKey) + home +
         "\n"
         "# A server that fails again and again is left alone after a while.\n"
         "StartLimitIntervalSec=300\n"
         "StartLimitBurst=10\n"
         "\n"
         "[Service]\n"
         "Type=exec\n"
         "ExecStart=" +
         command +
         "\n"
         "# Where uv, conda and the Pythons were found when the service was installed.\n"
         "Environment=" +
         QuoteForUnit("PATH=" + path, false) +
         "\n"
         "UMask=0077\n"
         "# The log is kept short by the server itself.\n"
         "StandardOutput=append:" +
         log_place +
         "\n"
         "StandardError=append:" +
         log_place +
         "\n"
         "Restart=on-failure\n"
         "RestartSec=2\n"
         "# Wrong settings, a taken port and a home that cannot be served do not mend themselves.\n"
         "RestartPreventExitStatus=2 5\n"
         "# Only the server is stopped, not the runners: each leads a job that goes on while there "
         "is no\n"
         "# server, and the next server finds it again. What is left in the service's group is "
         "meant to be.\n"
         "KillMode=process\n"
         "# A job that the kernel ends for want of memory is no reason to stop all others.\n"
         "OOMPolicy=continue\n"
         "TimeoutStopSec=30\n"
         "\n"
         "[Install]\n"
         "WantedBy=default.target\n";
}

std::string HomeOfUnit(std::string_view text) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with(kHomeKey)) return std::string(line.substr(kHomeKey.size()));
  }
  return "";
}

}  // namespace lazurite::cli
