// Names and identifiers that the platform makes up.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

namespace lazurite {

// Where new identifiers come from; a value that comes in, so that tests repeat.
class IdSource {
 public:
  virtual ~IdSource() = default;
  virtual uint64_t Next() = 0;

  std::string Hex(size_t letters);  // "3f9c…"
  std::string Uuid();               // "1e3d5bc5-36c7-4f68-a2f5-aa5c4e7d1312"
  std::string JobName();            // "adjective_noun_xxxxxxxxxx", as Azure ML makes them
};

// From the system's generator. Safe for several threads.
class RandomIdSource final : public IdSource {
 public:
  uint64_t Next() override;
};

// The same row for the same seed.
class SeededIdSource final : public IdSource {
 public:
  explicit SeededIdSource(uint64_t seed) : engine_(seed) {}
  uint64_t Next() override {
    const std::lock_guard lock(mutex_);
    return engine_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace lazurite
