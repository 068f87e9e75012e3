#include "app/cli/context.h"

namespace lazurite::cli {
namespace {

Status Run(Context& context) {
  if (!context.arguments.Has("--output")) {
    WriteOut("lazurite " LAZURITE_VERSION "\n");
    return {};
  }
  Json json = Json::MakeObject();
  json["lazurite"] = LAZURITE_VERSION;
  return context.Print(json, {});
}

}  // namespace

extern const Command kVersion;
const Command kVersion = {.name = "version",
                          .sentence = "Print the version of this program.",
                          .examples = "lazurite version",
                          .run = Run};

}  // namespace lazurite::cli
