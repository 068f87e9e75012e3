#include "domain/compute/machine.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <thread>

namespace lazurite {
namespace {

TEST(Machine, HasNoMoreThanTheHardware) {
  const MachineFacts facts = LookAtMachine();
  EXPECT_GE(facts.cores, 1);
  EXPECT_LE(facts.cores, sysconf(_SC_NPROCESSORS_ONLN));
  EXPECT_GT(facts.memory_bytes, int64_t{64} << 20);
  EXPECT_LE(facts.memory_bytes, sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
}

TEST(Machine, CountsOnlyCoresThisProcessMayUse) {
  int cores = 0;
  // Affinity belongs to a thread; this one ends with the test.
  std::thread([&cores] {
    cpu_set_t set;
    ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
    cores = LookAtMachine().cores;
  }).join();
  EXPECT_EQ(cores, 1);
}

TEST(Machine, SaysTheSameTwice) {
  const MachineFacts first = LookAtMachine();
  const MachineFacts second = LookAtMachine();
  EXPECT_EQ(first.cores, second.cores);
  EXPECT_EQ(first.gpus, second.gpus);
  EXPECT_EQ(first.user_namespaces, second.user_namespaces);
}

}  // namespace
}  // namespace lazurite
