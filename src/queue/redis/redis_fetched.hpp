#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "queue/redis/redis_waiters.hpp"

// The claims that this server has fetched from the queue to decide them, and how far it has come in
// each campaign. A claim fetched twice is decided twice, to the same end.
//
// Not for several threads at once: its owner locks.

namespace firstcome {

class RedisFetched {
 public:
  struct One {
    RedisWaiters::Name name{};
    std::int64_t ticket = 0;  // in the queue
  };

  // -> the slot (ReplyTo) under which it will be decided.
  std::uint32_t add(One one);

  // The claim of a slot has been decided, or is left in the queue. Nothing if it was dropped
  // before.
  std::optional<One> finish(std::uint32_t slot);

  // The campaign's claims are not decided here any more; the next fetch begins at the front.
  void drop(CampaignNumber campaign);

  // The next fetch begins at the front: now, or, while claims are undecided that it would bring a
  // second time, only if that was not done lately.
  void rewind(CampaignNumber campaign, Monotonic now);

  // The ticket behind which the next fetch begins.
  [[nodiscard]] std::int64_t newest(CampaignNumber campaign) const;

 private:
  struct Entry {
    One one{};
    bool done = false;
  };
  struct State {
    std::int64_t newest = 0;
    std::size_t undecided = 0;
    std::optional<Monotonic> rewound{};
  };

  void pop_done();

  std::deque<Entry> entries_;  // by slot, the front one's is base_
  std::uint32_t base_ = 0;     // wraps, as slots do
  std::unordered_map<std::uint32_t, State> states_;
};

}  // namespace firstcome
