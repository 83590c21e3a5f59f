#pragma once

#include <cstdint>

#include "core/error.hpp"

namespace firstcome::load {

// Raises this process's limit of open files to what the system allows it (RLIMIT_NOFILE). Error:
// invalid (field "vus") when that is too few for so many connections.
[[nodiscard]] Result<void> raise_file_limit(std::uint64_t connections);

}  // namespace firstcome::load
