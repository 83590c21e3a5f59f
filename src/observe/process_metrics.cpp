#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "observe/metrics.hpp"

namespace firstcome {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The second figure of /proc/self/statm: resident pages (proc(5)).
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code ignored;
  const std::filesystem::directory_iterator entries("/proc/self/fd", ignored);
  return static_cast<double>(std::distance(begin(entries), end(entries)));
}

double descriptors_max() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void add_process_metrics(Metrics& metrics) {
  const double started =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  metrics.gauge("process_cpu_seconds_total", "User and system CPU time.", {}, cpu_seconds, true);
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", {}, resident_bytes);
  metrics.gauge("process_open_fds", "Open file descriptors.", {}, open_descriptors);
  metrics.gauge("process_max_fds", "Limit of open file descriptors.", {}, descriptors_max);
  metrics.gauge("process_start_time_seconds", "When the process started, Unix time.", {},
                [started] { return started; });
}

}  // namespace firstcome
