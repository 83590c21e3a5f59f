#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

// What clients saw: one record an attempt, in NDJSON as the load test writes it and the verifier
// reads it. Times are nanoseconds of one monotonic clock, so records of one machine compare.

namespace firstcome {

struct Attempt {
  std::string campaign{};
  std::string user{};
  std::string key{};                     // the Idempotency-Key, empty when none was sent
  std::int64_t sent_ns = 0;              // just before the request was handed to the kernel
  std::optional<std::int64_t> got_ns{};  // when the reply was complete; none: it never came
  int status = 0;                        // HTTP status, 0 when no reply came
  std::string outcome{};   // "issued", "sold_out", … the reply's outcome or problem code;
                           // "unknown" when the reply never came
  std::uint64_t rank = 0;  // of the coupon, 0 when there is none
  std::string code{};      // of the coupon
};

// One line, without the newline.
[[nodiscard]] std::string format_attempt(const Attempt& attempt);

// Error: invalid, with what is wrong in this line.
[[nodiscard]] Result<Attempt> parse_attempt(std::string_view line);

// Reads a stream line by line. Error: invalid, with the line's number; `visit` has then seen the
// lines before it.
[[nodiscard]] Result<void> read_history(std::istream& in,
                                        const std::function<void(const Attempt&)>& visit);

}  // namespace firstcome
