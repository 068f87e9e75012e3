// What Lazurite knows of environments and images that it has not been given: curated.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazurite {

// Packages from PyPI in place of an image that Azure ML provides.
struct CuratedEnvironment {
  std::string name;                   // "sklearn-1.5"
  std::string python;                 // "3.10", or "" for any
  std::vector<std::string> packages;  // as pip reads them
};

// An image that has nothing but Python, so that a virtual environment can stand for it.
struct KnownImage {
  std::string note;    // for people: "plain Python"
  std::string python;  // "3.11", or "" for any
};

// The bare name in a reference: "sklearn-1.5" for "AzureML-sklearn-1.5",
// "azureml:AzureML-sklearn-1.5@latest" and
// "azureml://registries/azureml/environments/sklearn-1.5/labels/latest".
std::string CuratedName(std::string_view reference);

// The curated environment that a reference means; nothing if the table has none.
std::optional<CuratedEnvironment> FindCurated(std::string_view reference);
// The curated environment whose image this is ("mcr.microsoft.com/azureml/curated/NAME:TAG").
std::optional<CuratedEnvironment> FindCuratedImage(std::string_view image);
std::optional<KnownImage> FindImage(std::string_view image);

// For messages: the exact names of the table ("sklearn-1.5"), and how known images begin
// ("python:3.*").
std::vector<std::string> CuratedNames();
std::vector<std::string> ImagePatterns();
// The curated name that is most like a reference, in the spelling of that ("AzureML-sklearn-1.5");
// "" if none is like it.
std::string NearestCurated(std::string_view reference);

}  // namespace lazurite
