// Flags that several commands share, so that one name always means one thing.
#pragma once

#include "app/cli/command.h"

namespace lazurite::cli::flags {

inline constexpr Flag kFile{"--file", "-f", "FILE", "YAML file, - for standard input", "<file>"};
inline constexpr Flag kSet{"--set",   "", "PATH=VALUE", "set a field: --set inputs.lr=0.01",
                           "<field>", "", true};
inline constexpr Flag kName{"--name", "-n", "NAME", "name"};
inline constexpr Flag kJobName{"--name", "-n", "NAME", "name of the job, or the beginning of it",
                               "<job>"};
inline constexpr Flag kVersion{"--version", "-v", "VERSION", "version"};
inline constexpr Flag kLabel{"--label", "-l", "LABEL", "label instead of a version", "latest"};
inline constexpr Flag kYes{"--yes", "-y", "", "do not ask"};
inline constexpr Flag kDryRun{"--dry-run", "", "", "check and show the plan, change nothing"};
inline constexpr Flag kIfNotExists{"--if-not-exists", "", "", "fine if it exists already"};
inline constexpr Flag kNoWait{"--no-wait", "", "", "do not wait until it is ready"};
inline constexpr Flag kStream{"--stream", "-s", "", "follow the log until the job ends"};
inline constexpr Flag kWeb{"--web", "", "", "show the address of the job's page"};
inline constexpr Flag kMax{"--max-results", "-r", "N", "list at most N"};
inline constexpr Flag kCreatedBy{"--created-by", "", "NAME", "only what this user made"};
inline constexpr Flag kArchivedToo{"--include-archived", "", "", "list archived ones too"};
inline constexpr Flag kArchivedOnly{"--archived-only", "", "", "list archived ones only"};
inline constexpr Flag kDescription{"--description", "", "TEXT", "description"};
inline constexpr Flag kPath{"--path", "-p", "PATH", "local path or URI", "<file>"};
inline constexpr Flag kType{"--type", "-t", "TYPE", "type"};
inline constexpr Flag kDownloadPath{"--download-path", "-p", "FOLDER",
                                    "where files go; the current folder if not given", "<file>"};

}  // namespace lazurite::cli::flags
