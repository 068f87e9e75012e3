#include "base/id.h"

#include <array>
#include <cstring>

#include "base/hash.h"

namespace lazurite {
namespace {

constexpr std::array<const char*, 48> kAdjectives = {
    "amber",  "ample",  "azure",  "bold",   "brave",   "bright", "brisk",  "calm",
    "clever", "cool",   "coral",  "crisp",  "eager",   "elated", "fair",   "fine",
    "gentle", "gifted", "good",   "green",  "happy",   "honest", "ivory",  "jolly",
    "keen",   "kind",   "lively", "loyal",  "lucid",   "mellow", "mighty", "modest",
    "neat",   "nifty",  "noble",  "olive",  "patient", "plucky", "polite", "proud",
    "quick",  "quiet",  "sharp",  "silver", "sincere", "steady", "sunny",  "witty"};
constexpr std::array<const char*, 48> kNouns = {
    "apple", "arch",  "basil",  "beach", "bell",   "bird",  "boat",   "bridge", "brook", "cherry",
    "cloud", "crane", "date",   "door",  "dream",  "drum",  "feast",  "fern",   "fig",   "garden",
    "ghost", "grape", "hat",    "heart", "island", "jelly", "kettle", "lamp",   "leaf",  "lemon",
    "lime",  "mango", "market", "melon", "moon",   "nail",  "node",   "oven",   "pear",  "picture",
    "plum",  "river", "rocket", "shoe",  "stone",  "tiger", "tree",   "yacht"};

}  // namespace

std::string IdSource::Hex(size_t letters) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  uint64_t bits = 0;
  for (size_t i = 0; i < letters; ++i) {
    if (i % 16 == 0) bits = Next();
    out += kHex[bits & 15];
    bits >>= 4;
  }
  return out;
}

std::string IdSource::Uuid() {
  std::string hex = Hex(32);
  hex[12] = '4';
  hex[16] = "89ab"[(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10) & 3];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string IdSource::JobName() {
  static constexpr char kLetters[] = "0123456789bcdfghjklmnpqrstvwxyz";
  std::string out = kAdjectives[Next() % kAdjectives.size()];
  out += '_';
  out += kNouns[Next() % kNouns.size()];
  out += '_';
  uint64_t bits = Next();
  for (int i = 0; i < 10; ++i) {
    out += kLetters[bits % (sizeof kLetters - 1)];
    bits /= sizeof kLetters - 1;
  }
  return out;
}

uint64_t RandomIdSource::Next() {
  const std::string bytes = RandomBytes(sizeof(uint64_t));
  uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace lazurite
