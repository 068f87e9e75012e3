#include "app/cli/command.h"

namespace lazurite::cli {

std::span<const Command> NounCommands();  // noun_commands.cpp
extern const Command kUp, kDown, kServe, kSubmit, kPs, kLogs, kStop, kWait, kExplain, kEnv, kExec,
    kDoctor, kApi, kCompletion, kVersion, kJobCreate, kJobStream, kJobCancel, kJobDownload, kRun,
    kJobDiff, kSchema, kSchemaInstall, kServiceInstall, kServiceUninstall, kServiceStatus;
extern const Command kSecretSet, kSecretList, kSecretDelete, kTokenCreate, kTokenList, kTokenRevoke;

namespace {

constexpr const Command* kShortcuts[] = {&kUp,  &kDown,       &kServe,  &kRun,           &kSubmit,
                                         &kPs,  &kLogs,       &kStop,   &kWait,          &kExec,
                                         &kEnv, &kExplain,    &kSchema, &kSchemaInstall, &kDoctor,
                                         &kApi, &kCompletion, &kVersion};
constexpr const Command* kJobCommands[] = {&kJobCreate, &kJobStream, &kJobCancel, &kJobDownload,
                                           &kJobDiff};
constexpr const Command* kPeopleCommands[] = {&kSecretSet,   &kSecretList, &kSecretDelete,
                                              &kTokenCreate, &kTokenList,  &kTokenRevoke};

constexpr const Command* kServiceCommands[] = {&kServiceInstall, &kServiceUninstall,
                                               &kServiceStatus};

constexpr Flag kGlobalFlags[] = {
    {"--output", "-o", "FORM", "form of the result; a table on a terminal, tabs in a pipe",
     "table|tsv|json|jsonc|jsonl|yaml|yamlc|name|none"},
    {"--query", "", "JMESPATH", "part of the result that is printed"},
    {"--server", "", "ADDRESS", "server; else LAZURITE_SERVER, else the one of the home"},
    {"--home", "", "FOLDER", "home of the server on this machine; else LAZURITE_HOME", "<file>"},
    {"--workspace-name", "-w", "NAME", "workspace", "<workspace>", "--workspace"},
    {"--resource-group", "-g", "NAME", "resource group"},
    {"--subscription", "", "ID", "subscription"},
    {"--color", "", "WHEN", "colours", "always|never|auto"},
    {"--only-show-errors", "", "", "no notes on standard error"},
    {"--help", "-h", "", "this help"}};

}  // namespace

std::span<const Command* const> Commands() {
  static const std::vector<const Command*> commands = [] {
    std::vector<const Command*> all(std::begin(kShortcuts), std::end(kShortcuts));
    all.insert(all.end(), std::begin(kJobCommands), std::end(kJobCommands));
    all.insert(all.end(), std::begin(kServiceCommands), std::end(kServiceCommands));
    for (const Command& command : NounCommands()) all.push_back(&command);
    all.insert(all.end(), std::begin(kPeopleCommands), std::end(kPeopleCommands));
    return all;
  }();
  return commands;
}

std::span<const Flag> GlobalFlags() { return kGlobalFlags; }

const Command* FindCommand(std::string_view name) {
  for (const Command* command : Commands()) {
    if (command->name == name) return command;
  }
  return nullptr;
}

std::vector<const Command*> CommandsOf(std::string_view noun) {
  std::vector<const Command*> found;
  for (const Command* command : Commands()) {
    const bool is_of_it = command->name.size() > noun.size() + 1 &&
                          command->name.starts_with(noun) && command->name[noun.size()] == ' ';
    if (is_of_it) found.push_back(command);
  }
  return found;
}

const Flag* FindFlag(const Command& command, std::string_view name) {
  const auto is_it = [name](const Flag& flag) {
    return flag.name == name || (!flag.short_name.empty() && flag.short_name == name) ||
           (!flag.also.empty() && flag.also == name);
  };
  // The command's own flags first: their short names may be those of global ones.
  for (const Flag& flag : command.flags) {
    if (is_it(flag)) return &flag;
  }
  for (const Flag& flag : GlobalFlags()) {
    if (is_it(flag)) return &flag;
  }
  return nullptr;
}

}  // namespace lazurite::cli
