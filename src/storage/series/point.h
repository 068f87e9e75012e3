// How a double is kept in an integer column. Internal to storage/series.
#pragma once

#include <cstdint>

namespace lazurite::series {

// An integer that orders as the doubles do, -infinity first, NaN (all of them as one) last. Exact
// both ways.
int64_t EncodeValue(double value);
double DecodeValue(int64_t code);

}  // namespace lazurite::series
