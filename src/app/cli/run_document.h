// The job file that the words of `lazurite run` stand for.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/arguments.h"
#include "base/json.h"
#include "spec/document.h"

namespace lazurite::cli {

// A document that is put together from flags; each part knows which flag it came from.
class FlagDocument {
 public:
  // `origin` is what messages call it: "--input data".
  void Set(const std::string& path, Json value, std::string origin);

  const Json& json() const { return json_; }
  // The same for spec::LoadDocument with an empty text.
  const std::vector<spec::Override>& overrides() const { return overrides_; }

 private:
  Json json_ = Json::MakeObject();
  std::vector<spec::Override> overrides_;
};

// The words as bash reads them. One word alone that has blanks is a line for bash already; words
// with ${{…}} are put into single quotes, so that a value with blanks stays one word.
std::string CommandLine(std::span<const std::string> words);
// "NAME=VALUE" of --input: a URI, an asset or a path (./x, /x, or what exists) is data, anything
// else a plain value. kInvalidArgument: no name.
Status SetInput(FlagDocument& document, const std::string& text);
// The types of inputs that are assets of the server: `type_of` gives that of a URI, or "" if it is
// not known; these stay uri_folder.
void SetAssetTypes(FlagDocument& document,
                   const std::function<std::string(const std::string& uri)>& type_of);
// "NAME" or "NAME=URI" of --out.
Status SetOutput(FlagDocument& document, const std::string& text);

// The document of the flags; the environment is left to ChooseEnvironment.
Result<FlagDocument> MakeRunDocument(const Arguments& arguments, const std::string& folder);

// The document with its local paths as seen from `to` instead of `from` (absolute folders).
Json Rebased(const Json& document, const std::string& from, const std::string& to);

}  // namespace lazurite::cli
