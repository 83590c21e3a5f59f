#pragma once

// CHECK(condition, what): an assertion that stays on in every build, for what cannot be unless the
// code is wrong. A failed check prints the place and the words and aborts: a promise found broken
// stops the process rather than let it go on. Bad input, full disks and lost peers are never
// checked this way; they are values (see error.hpp). Thread-safe.

namespace firstcome {

[[noreturn]] void check_failed(const char* condition, const char* what, const char* file, int line);

}  // namespace firstcome

#define CHECK(condition, what)                                         \
  do {                                                                 \
    if (!(condition)) [[unlikely]] {                                   \
      ::firstcome::check_failed(#condition, what, __FILE__, __LINE__); \
    }                                                                  \
  } while (false)
