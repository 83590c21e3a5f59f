// Stands in for core/check.cpp: a failed CHECK ends a run, not the program.

#include <string>

#include "core/check.hpp"
#include "sim/broken.hpp"

namespace firstcome {

void check_failed(const char* condition, const char* what, const char* file, int line) {
  const std::string path(file);
  sim::broken(0, std::string("check failed: ") + what + " (" + condition + "), " +
                     path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(line));
}

}  // namespace firstcome
