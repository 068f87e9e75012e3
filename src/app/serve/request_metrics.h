// Counts of requests, and everything that GET /metrics tells.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace lazurite::serve {

// Lives on the loop's thread.
class RequestMetrics final {
 public:
  // Routes beyond so many are counted together: paths come from outside.
  static constexpr size_t kRoutesMax = 1000;

  void Count(std::string_view method, std::string_view route, int status, double seconds);
  // In Prometheus' text format (version 0.0.4).
  std::string Text() const;

 private:
  struct Cell {
    int64_t count = 0;
    double seconds = 0;
  };
  std::map<std::tuple<std::string, std::string, int>, Cell> cells_;
};

// One sample with its help and type lines.
std::string GaugeText(std::string_view name, std::string_view help, double value);
// CPU time, resident memory, open files and start of this process.
std::string ProcessMetricsText();

}  // namespace lazurite::serve
