// Where a model comes from: the job that made it, and the data that this job read.
#pragma once

#include "base/json.h"
#include "storage/sql/database.h"

namespace lazurite {

// Sets properties.properties.lazurite_data of a model version to the versions of data and models
// that the job called properties.jobName read: "azureml:fashion-mnist:1", several separated by
// blanks. Leaves it alone if there is no such job or it read none.
Status AddLineage(Transaction& transaction, Json& properties);

}  // namespace lazurite
