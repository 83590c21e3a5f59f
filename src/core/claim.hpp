#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "core/identity.hpp"
#include "core/ids.hpp"

// One user's wish for one coupon of one campaign, as it travels from desk to issuer. Plain value.

namespace firstcome {

// Where the reply goes: which desk, and which of the requests that wait there. The generation tells
// a reused slot from the one that asked.
struct ReplyTo {
  std::uint16_t desk = 0;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  // In place of a desk: whoever waits for it is known to the queue, maybe at another server.
  static constexpr std::uint16_t elsewhere = 0xFFFF;
  friend bool operator==(const ReplyTo&, const ReplyTo&) = default;
};

struct Claim {
  CampaignNumber campaign{};
  UserId user{};
  IdempotencyKey key{};
  Identity identity{};
  Time arrived_at{};         // decides the window: opens_at <= arrived_at < closes_at
  Monotonic arrived_mono{};  // for the metrics only
  Epoch epoch{};             // epoch and ticket are given by the queue
  Ticket ticket{};
  ReplyTo reply_to{};
  // It may stand in a queue that cannot be asked now, and be decided again from there: nothing but
  // a yes is true of it for ever.
  bool in_queue_elsewhere = false;
};

}  // namespace firstcome
