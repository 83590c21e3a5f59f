#include "load/file_limit.hpp"

#include <sys/resource.h>

#include "load/units.hpp"

namespace firstcome::load {
namespace {

constexpr std::uint64_t files_besides = 64;  // event loops, history, terminal

}  // namespace

Result<void> raise_file_limit(std::uint64_t connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= connections + files_besides) return {};
  return invalid("vus", format_count(connections) + " connections need " +
                            format_count(connections + files_besides) +
                            " open files, the system allows " + format_count(limit.rlim_cur) +
                            " (ulimit -n)");
}

}  // namespace firstcome::load
