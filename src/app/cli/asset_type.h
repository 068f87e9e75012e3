// What the server knows of an asset that an input names.
#pragma once

#include <string>

#include "app/cli/server.h"

namespace lazurite::cli {

// "uri_file", "mltable", "custom_model" … of "azureml:name:1", "azureml:name@latest" or an ARM id;
// data comes before models, as for jobs. "" if `uri` is no asset, if there is none, or if nobody
// answers.
std::string AssetTypeOf(Server& server, const std::string& uri);

}  // namespace lazurite::cli
