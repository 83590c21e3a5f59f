#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "core/claim.hpp"
#include "desk/desk.hpp"

// What users want and what they have tried so far. A wish is one claim in the sense of the
// promises: one user's wish for one coupon of one campaign; an attempt is one request for it. Plain
// values, numbered by their place in the book.

namespace firstcome::sim {

// A place in the order of all that happens; two things never share one.
using Moment = std::uint64_t;

struct Reply {
  enum class Kind : std::uint8_t {
    answered,
    refused,  // before a ticket: nothing was taken
    dropped,  // the connection closed without an answer
  };
  Kind kind{};
  Answer answer{};
};

struct Wish {
  std::uint32_t user = 0;
  std::uint32_t campaign = 0;  // which of the plan's
  bool keyed = false;
  bool fulfilled = false;     // has a final answer
  bool queued = false;        // was told so
  std::uint32_t pending = 0;  // attempts under way or about to be made
};

struct Attempt {
  std::uint32_t wish = 0;
  std::uint16_t desk = 0;
  Moment sent = 0;
  Time arrived_at{};  // by the wall clock, at its desk
  Ticket ticket{};
  bool waits = false;  // at its desk, for a verdict
  bool given_up = false;
  bool finished = false;  // the user has its reply
  std::optional<Reply> reply{};
};

// References to wishes and attempts stay valid while others are added.
struct Book {
  std::deque<Wish> wishes{};
  std::deque<Attempt> attempts{};
  Moment now = 0;

  Moment next_moment() { return ++now; }
  [[nodiscard]] const Wish& wish_of(std::uint32_t attempt) const {
    return wishes[attempts[attempt].wish];
  }
};

// Names as they go over the wire. Campaigns are numbered from 0 in the plan.
inline CampaignId campaign_name(std::uint32_t campaign) {
  return CampaignId::trusted("c" + std::to_string(campaign));
}
inline UserId user_name(std::uint32_t user) {
  return UserId::trusted("u" + std::to_string(user));
}
inline IdempotencyKey key_of(std::uint32_t wish, const Wish& what) {
  return what.keyed ? IdempotencyKey::trusted("k" + std::to_string(wish)) : IdempotencyKey{};
}

}  // namespace firstcome::sim
