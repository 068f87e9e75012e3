// The tables that make up Kinds(), one function for each source that holds some.
#pragma once

#include <span>

#include "spec/field.h"

namespace lazurite::spec {

std::span<const Field> CommandJobFields();
std::span<const Field> DataFields();
std::span<const Field> EnvironmentFields();
std::span<const Field> ModelFields();
std::span<const Field> WorkspaceFields();
std::span<const Field> AmlComputeFields();
std::span<const Field> ComputeInstanceFields();
std::span<const Field> BlobDatastoreFields();
std::span<const Field> FileDatastoreFields();
std::span<const Field> LakeDatastoreFields();     // azure_data_lake_gen2
std::span<const Field> OldLakeDatastoreFields();  // azure_data_lake_gen1

}  // namespace lazurite::spec
