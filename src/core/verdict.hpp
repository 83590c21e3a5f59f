#pragma once

#include <chrono>
#include <cstdint>

#include "core/claim.hpp"
#include "core/coupon.hpp"
#include "core/ids.hpp"
#include "core/outcome.hpp"

// What goes back to the client who waits. Plain values.

namespace firstcome {

// Where a parked claim stands.
struct Place {
  Ticket ticket{};
  std::uint64_t position = 0;  // 1 is next; 0 once it is settled
  Outcome outcome = Outcome::queued;
};

struct Answer {
  Outcome outcome{};
  bool repeated = false;             // issued or queued before; this is the same again
  Coupon coupon{};                   // when issued
  Place place{};                     // when queued
  std::chrono::milliseconds eta{0};  // when queued: until its tick, as things stand
};

struct Verdict {
  enum class Kind : std::uint8_t {
    answered,
    unavailable,  // nothing was taken
    overloaded,   // nothing was taken, too many wait
    unanswered,   // nobody knows whether it was committed: say nothing, the client asks again
  };
  ReplyTo reply_to{};
  Kind kind = Kind::answered;
  Answer answer{};

  // Whether the ledger has it, so that it stays true whatever becomes of the claim.
  [[nodiscard]] bool is_yes() const {
    return kind == Kind::answered &&
           (answer.outcome == Outcome::issued || answer.outcome == Outcome::queued);
  }
};

// How long a parked claim waits at its place when `batch` claims leave each tick.
[[nodiscard]] constexpr std::chrono::milliseconds eta_at(std::uint64_t position,
                                                         std::uint32_t batch,
                                                         std::chrono::milliseconds tick) {
  const std::uint64_t ticks = (position + batch - 1) / batch;
  return tick * static_cast<std::int64_t>(ticks);
}

}  // namespace firstcome
