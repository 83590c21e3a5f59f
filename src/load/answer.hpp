#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// What a reply to a claim means for the test. Served: a coupon (201), the same coupon again (200)
// or a place in the queue (202). Refused: a no that the API foresees (409 with sold_out,
// limit_reached, not_open, closed or paused); in a drop most claims end so, and it is a correct
// answer. All else is a failure: 429 and 5xx, other statuses, replies that cannot be read, and
// replies that never came. Plain values and pure functions.

namespace firstcome::load {

enum class Verdict : std::uint8_t { served, refused, failed };

struct Answer {
  Verdict verdict = Verdict::failed;
  int status = 0;       // 0 when no reply came
  std::string label{};  // what is counted: "issued", "repeated", "sold_out", … the failure's reason
  std::string
      outcome{};  // as the history has it: the reply's outcome or problem code, or "unknown"
  std::uint64_t rank = 0;
  std::string code{};  // of the coupon
};

[[nodiscard]] Answer read_answer(int status, std::string_view body);

// The reply never came, or was no HTTP. `reason` is a few words.
[[nodiscard]] Answer no_answer(std::string_view reason);

}  // namespace firstcome::load
