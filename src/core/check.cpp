#include "core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace firstcome {

void check_failed(const char* condition, const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: check failed: %s (%s)\n", file, line, what, condition);
  std::abort();
}

}  // namespace firstcome
