// MLflow's artifact proxy: files of runs and logged models through the server, at
// /api/2.0/mlflow-artifacts/….
#pragma once

#include "api/http/context.h"

namespace lazurite::mlflow {

void AddArtifactRoutes(Router& router, const ApiContext& context);

}  // namespace lazurite::mlflow
