#include "storage/series/point.h"

#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

#include "storage/series/series_store.h"

namespace lazurite {
namespace series {
namespace {

constexpr int64_t kAllButSign = std::numeric_limits<int64_t>::max();

}  // namespace

int64_t EncodeValue(double value) {
  if (std::isnan(value)) return kAllButSign;
  const auto bits = std::bit_cast<int64_t>(value);
  // Of negative doubles the one with the larger bits is the smaller number.
  return bits < 0 ? bits ^ kAllButSign : bits;
}

double DecodeValue(int64_t code) {
  return std::bit_cast<double>(code < 0 ? code ^ kAllButSign : code);
}

}  // namespace series

bool SamePoint(const Point& a, const Point& b) {
  return a.step == b.step && a.timestamp_ms == b.timestamp_ms &&
         series::EncodeValue(a.value) == series::EncodeValue(b.value);
}

bool EarlierPoint(const Point& a, const Point& b) {
  return std::tuple(a.step, a.timestamp_ms, series::EncodeValue(a.value)) <
         std::tuple(b.step, b.timestamp_ms, series::EncodeValue(b.value));
}

}  // namespace lazurite
