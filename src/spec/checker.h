// Holds a parsed document against the table of fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/yaml.h"
#include "spec/document.h"
#include "spec/field.h"

namespace lazurite::spec {

// Where a value stands in the document and in the table of fields.
struct Place {
  std::string path;  // "inputs.data.path"
  std::string row;   // "inputs.*.path"
  Position key;      // of its key; of the document itself its first place
  int key_length = 1;
};

// Collects the values and problems of one document.
class Checker {
 public:
  // Problems beyond this many are not looked for.
  static constexpr size_t kFoundMax = 1000;

  // `text` is the file's; `origins` names the overrides by index. All outlive the checker.
  Checker(const Kind& kind, std::string_view text, const std::vector<std::string>& origins,
          Loaded& loaded);

  // Fills loaded.value, positions, origins and problems.
  void Run(const YamlNode& root);

  void Report(Position position, int length, std::string message, std::string suggestion = "",
              std::string_view help_row = "");
  // The same at a value that was checked before.
  void ReportAt(const YamlNode& node, std::string message, std::string suggestion = "",
                std::string_view help_row = "");
  // At the nth (from 0) time that `part` occurs in the source from the node on.
  void ReportInside(const YamlNode& node, std::string_view part, size_t nth, std::string message,
                    std::string suggestion = "");
  bool is_full() const { return loaded_.problems.size() >= kFoundMax; }
  const Kind& kind() const { return kind_; }

  // How long a value is in its source line, at least 1.
  int SourceLength(const YamlNode& node) const;

 private:
  using Checked = std::optional<Json>;  // nothing: wrong, or null

  Checked CheckValue(const YamlNode& node, const Field& field, const Place& place);
  Checked CheckScalar(const YamlNode& node, const Field& field, const Place& place);
  Checked CheckObject(const YamlNode& node, const Place& place);
  Checked CheckMap(const YamlNode& node, const Place& place, std::string_view item);
  Checked CheckMapEntry(const YamlNode& node, const Place& place, std::string_view item);
  Checked CheckList(const YamlNode& node, const Place& place, std::string_view item);
  Checked CheckEnvironment(const YamlNode& node, const Place& place);
  Checked CheckConda(const YamlNode& node, const Place& place);
  Checked CheckInput(const YamlNode& node, const Place& place);
  Checked CheckOutput(const YamlNode& node, const Place& place);

  Checked WrongType(const YamlNode& node, const Place& place, std::string_view expected);
  void ReportUnknown(const YamlNode::Entry& entry, const Place& place);
  void ReportMissing(const YamlNode& node, const Place& place);
  void CheckRepeats(const YamlNode& node, const Place& place);
  void Remember(const YamlNode& node, const Place& place);
  void RememberBelow(const YamlNode& node, const std::string& path);
  bool CheckEntryName(const YamlNode::Entry& entry, const Place& place);
  size_t OffsetOf(Position position) const;

  const Kind& kind_;
  std::string_view text_;
  const std::vector<std::string>& origins_;
  Loaded& loaded_;
  std::vector<size_t> lines_;  // where each line begins
};

// "resources" -> the rows one level below it; "" -> the top.
std::vector<const Field*> ChildrenOf(const Kind& kind, std::string_view row);
// What a value is, for a message: a list, an object, "text".
std::string Describe(const YamlNode& node);
// The text a scalar stands for in a literal input: True and False, numbers as written.
std::string LiteralText(const YamlNode& node);
// "a.b" of a child; "b" at the top.
std::string JoinRow(std::string_view parent, std::string_view name);

// Reads a scalar by the type of its field ("integer:1..1024"). Nothing: wrong; `expected` then says
// what would be right.
std::optional<Json> ReadScalarAs(const YamlNode& node, std::string_view type,
                                 std::string& expected);

// What no single field can say: expressions of the command, inputs against their types, fields of
// other distributions. `root` is the parsed document.
void CheckJobRules(Checker& checker, const YamlNode& root);
// Fewest instances, at most as many as the most.
void CheckComputeRules(Checker& checker, const YamlNode& root);
// An environment has an image, a build or a conda file.
void CheckEnvironmentRules(Checker& checker, const YamlNode& environment);

}  // namespace lazurite::spec
