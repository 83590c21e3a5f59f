#pragma once

#include <string_view>

#include "core/error.hpp"
#include "verify/history.hpp"

// The two readers of one history line. Both fill the fields of an Attempt that the caller keeps
// from line to line, so that the texts' memory is used again: a history has millions of lines.
// Pure functions.

namespace firstcome {

// Reads exactly what format_attempt() writes, as long as its texts are plain ASCII without escapes.
// False when the line is anything else; `attempt` is then half filled and the other reader's turn.
[[nodiscard]] bool scan_attempt(std::string_view line, Attempt& attempt);

// Reads any JSON object with the fields in any order; others are ignored. `key`, `rank` and `code`
// may be left out or null, so may `status` where got_ns is null. Error: invalid.
[[nodiscard]] Result<void> read_attempt_json(std::string_view line, Attempt& attempt);

}  // namespace firstcome
