#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "queue/redis/redis_waiters.hpp"

// The claims that this server has fetched from the queue to decide them, and how far it has come in
// each campaign. None is fetched a second time before it is known to have left the queue: decided
// again under other settings, a no could become a yes.
//
// Not for several threads at once: its owner locks.

namespace firstcome {

class RedisFetched {
 public:
  struct One {
    RedisWaiters::Name name{};
    std::int64_t ticket = 0;  // in the queue
  };

  // -> the slot (ReplyTo) under which it will be decided; nothing when it is here already.
  std::optional<std::uint32_t> add(One one);

  // The claim of a slot has been decided, or is left in the queue: release() follows. Nothing if it
  // was dropped before.
  std::optional<One> finish(std::uint32_t slot);

  // Whether it is here and not released.
  [[nodiscard]] bool holds(CampaignNumber campaign, std::int64_t ticket) const;

  // The newest of those, 0 when there is none.
  [[nodiscard]] std::int64_t newest_held(CampaignNumber campaign) const;

  // It has left the queue, or may be fetched again.
  void release(CampaignNumber campaign, std::int64_t ticket);

  // What is undecided is not decided here any more; the next fetch begins at the front.
  void drop(CampaignNumber campaign);

  // The next fetch begins at the front.
  void rewind(CampaignNumber campaign);

  // The ticket behind which the next fetch begins.
  [[nodiscard]] std::int64_t newest(CampaignNumber campaign) const;
  void note_newest(CampaignNumber campaign, std::int64_t ticket);

  // Rises with drop() and rewind(): what was asked for before is not to be taken after.
  [[nodiscard]] std::uint64_t version(CampaignNumber campaign) const;

 private:
  struct Entry {
    One one{};
    bool done = false;
  };
  struct State {
    std::int64_t newest = 0;
    std::uint64_t version = 0;
    boost::unordered_flat_set<std::int64_t> here;  // tickets
    std::int64_t newest_here = 0;                  // of those
  };

  void pop_done();

  std::deque<Entry> entries_;  // by slot, the front one's is base_
  std::uint32_t base_ = 0;     // wraps, as slots do
  std::unordered_map<std::uint32_t, State> states_;
};

}  // namespace firstcome
