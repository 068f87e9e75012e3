#include "app/serve/request_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

namespace lazurite::serve {
namespace {

std::string Sample(std::string_view name, std::string_view type, std::string_view help,
                   double value) {
  const std::string text(name);
  return "# HELP " + text + " " + std::string(help) + "\n# TYPE " + text + " " + std::string(type) +
         "\n" + text + " " + FormatDouble(value) + "\n";
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double ResidentBytes() {
  const Result<std::string> text = ReadFile("/proc/self/statm");
  if (!text.ok()) return 0;
  const std::vector<std::string_view> words = Split(*text, ' ');
  const double pages = words.size() > 1 ? ParseDouble(words[1]).value_or(0) : 0;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void RequestMetrics::Count(std::string_view method, std::string_view route, int status,
                           double seconds) {
  std::tuple<std::string, std::string, int> key{method, route, status};
  if (cells_.size() >= kRoutesMax && !cells_.contains(key)) key = {"other", "other", 0};
  Cell& cell = cells_[std::move(key)];
  ++cell.count;
  cell.seconds += seconds;
}

std::string RequestMetrics::Text() const {
  std::string counts =
      "# HELP lazurite_http_requests_total Requests answered.\n"
      "# TYPE lazurite_http_requests_total counter\n";
  std::string times =
      "# HELP lazurite_http_request_seconds Time from the head of a request to its answer.\n"
      "# TYPE lazurite_http_request_seconds summary\n";
  for (const auto& [key, cell] : cells_) {
    const auto& [method, route, status] = key;
    const std::string labels = "{method=\"" + method + "\",route=\"" + route + "\",status=\"" +
                               std::to_string(status) + "\"} ";
    counts += "lazurite_http_requests_total" + labels + std::to_string(cell.count) + "\n";
    times += "lazurite_http_request_seconds_sum" + labels + FormatDouble(cell.seconds) + "\n";
    times += "lazurite_http_request_seconds_count" + labels + std::to_string(cell.count) + "\n";
  }
  return counts + times;
}

std::string GaugeText(std::string_view name, std::string_view help, double value) {
  return Sample(name, "gauge", help, value);
}

std::string ProcessMetricsText() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto files = ListDir("/proc/self/fd");
  return Sample("process_cpu_seconds_total", "counter", "CPU time of the server.",
                Seconds(usage.ru_utime) + Seconds(usage.ru_stime)) +
         GaugeText("process_resident_memory_bytes", "Resident memory of the server.",
                   ResidentBytes()) +
         GaugeText("process_open_fds", "Open files of the server.",
                   files.ok() ? static_cast<double>(files->size()) : 0);
}

}  // namespace lazurite::serve
