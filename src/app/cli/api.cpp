#include <unistd.h>

#include "app/cli/context.h"
#include "base/file.h"
#include "base/text.h"

namespace lazurite::cli {
namespace {

constexpr size_t kBodyBytesMax = size_t{256} << 20;

Result<std::string> ReadBody(const std::string& file) {
  if (file != "-") return ReadFile(file, kBodyBytesMax);
  std::string text;
  std::array<char, 65536> buffer;
  while (text.size() <= kBodyBytesMax) {
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0) return ErrnoStatus("reading standard input", errno);
    if (count == 0) break;
    text.append(buffer.data(), static_cast<size_t>(count));
  }
  return text;
}

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

Status Run(Context& context) {
  if (context.arguments.words.size() != 2)
    return InvalidArgument("lazurite api needs METHOD and PATH");
  ASSIGN_OR_RETURN(Server * server, context.Connect());
  ClientRequest request;
  request.method = Upper(context.arguments.words[0]);
  const std::string& path = context.arguments.words[1];
  request.target = path.starts_with('/') ? path : server->Workspace(path);
  if (context.arguments.Has("--body")) {
    ASSIGN_OR_RETURN(request.body, ReadBody(context.arguments.Get("--body")));
    request.headers.Set("Content-Type", context.arguments.Get("--type", "application/json"));
  }
  const bool is_plain = !context.arguments.Has("--query") && !context.arguments.Has("--output");
  if (!is_plain) {
    ASSIGN_OR_RETURN(const ClientResponse response, server->Call(std::move(request)));
    TRY(Server::StatusOf(response));
    ASSIGN_OR_RETURN(const Json json, Json::Parse(response.body));
    return context.Print(json, {});
  }
  const auto write = [](std::string_view piece) {
    WriteOut(piece);
    return true;
  };
  ASSIGN_OR_RETURN(const ClientResponse response, server->Call(std::move(request), write));
  if (response.status >= 400) WriteOut(response.body);
  if (context.terminal.is_out_terminal) WriteOut("\n");
  return Server::StatusOf(response);
}

constexpr Flag kFlags[] = {
    {"--body", "", "FILE", "what to send, - for standard input", "<file>"},
    {"--type", "", "TYPE", "its content type, application/json if not given"}};

}  // namespace

extern const Command kApi;
const Command kApi = {
    .name = "api",
    .sentence = "Send one request, signed in; a path without a leading / is one of the workspace.",
    .arguments = "METHOD PATH",
    .words_max = 2,
    .flags = kFlags,
    .examples =
        "lazurite api GET /lazurite/v1/queue\n"
        "lazurite api GET jobs/brave_moon_1a2b3c4d5e\n"
        "lazurite api PUT data/x/versions/1 --body x.json",
    .run = Run};

}  // namespace lazurite::cli
