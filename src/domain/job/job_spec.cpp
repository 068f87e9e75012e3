#include "domain/job/job_spec.h"

namespace lazurite {

int JobSpec::RanksPerInstance() const {
  switch (distribution.kind) {
    case Distribution::Kind::kNone:
      return 1;
    case Distribution::Kind::kPyTorch:
    case Distribution::Kind::kMpi:
      return distribution.process_count_per_instance;
    case Distribution::Kind::kTensorFlow:
      break;
  }
  const int workers = distribution.worker_count == 0 ? instance_count : distribution.worker_count;
  const int tasks = workers + distribution.parameter_server_count;
  return (tasks + instance_count - 1) / instance_count;
}

}  // namespace lazurite
