#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/verdict.hpp"
#include "observe/metrics.hpp"
#include "queue/redis/redis_client.hpp"
#include "queue/redis/redis_space.hpp"
#include "queue/redis/redis_waiters.hpp"

// Keeps claims that must wait because nobody can issue (the ledger is away, or a leader stands
// still): writes down in Redis that they wait, has the replicas acknowledge it, and only then lets
// their clients be told. It is written there until it is known how each of them ended, so that
// whoever asks any server hears it; and in which campaigns that is so, that no campaign is
// forgotten in which nobody claims any more. Where nobody is to wait, it takes them out instead.
//
// Thread rule: look_up() may be called by any thread, all else by the one that owns `client`.

namespace firstcome {

class RedisKeeper {
 public:
  struct Options {
    std::uint64_t server = 0;
    unsigned replicas = 0;  // that must have a claim before it is called kept
    std::chrono::milliseconds wait{200};
    std::chrono::milliseconds look_up_time{500};
  };

  RedisKeeper(Options options, RedisSpace space, std::shared_ptr<const RedisAccess> access,
              const Clock& clock, Metrics& metrics);

  struct Kept {
    RedisWaiters::Name name{};
    Place place{};
  };
  using Names = std::map<CampaignNumber, std::vector<RedisWaiters::Name>>;
  // -> those of the names that are kept from now on; `ttl` is that of a campaign's keys. Blocks for
  // a round trip and the replicas.
  [[nodiscard]] std::vector<Kept> keep(
      RedisClient& client, Names names,
      const std::function<std::chrono::milliseconds(CampaignNumber)>& ttl);

  struct Withdrawn {
    RedisWaiters::Name name{};
    std::int64_t ticket = 0;  // under which it stands in the queue, or stood
    bool is_safe = false;     // no failover brings it back
  };
  using Withdrawals = std::map<CampaignNumber, std::vector<Withdrawn>>;
  // In place of keep(): takes these claims out of the queue. -> those that are out; all others may
  // have been kept, by whoever, are held by another server or were sent by one, too, or do not
  // stand there any more. Blocks as keep() does.
  [[nodiscard]] std::vector<Withdrawn> withdraw(RedisClient& client, Withdrawals claims);

  // The campaigns in which claims are kept, by any server. Blocks for a round trip.
  [[nodiscard]] std::vector<CampaignNumber> campaigns(RedisClient& client);

  // Keeps what waits in this campaign for as long again.
  void refresh(RedisClient& client, CampaignNumber campaign, std::chrono::milliseconds ttl) const;

  // Nothing waits in this campaign, of those that campaigns() has named last.
  void forget(RedisClient& client, CampaignNumber campaign);

  // Where the user's claim stands, or how it ended that was kept; nothing also when Redis cannot be
  // asked. Blocks.
  [[nodiscard]] std::optional<Place> look_up(CampaignNumber campaign, const UserId& user);

 private:
  [[nodiscard]] std::vector<RedisCommand> mark(const Names& names) const;
  static void take_places(const RedisValue& places, std::span<const RedisWaiters::Name> names,
                          std::vector<Kept>& kept);
  [[nodiscard]] std::optional<Place> ask(CampaignNumber campaign, const UserId& user);
  [[nodiscard]] std::optional<std::vector<RedisResult>> ask(
      const std::vector<RedisCommand>& commands);
  [[nodiscard]] static Place place_of(std::int64_t ticket, const RedisValue& before);

  const Options options_;
  const RedisSpace space_;
  const Clock& clock_;
  std::map<CampaignNumber, std::string> seen_;  // with their scores, by campaigns()

  std::mutex asking_mutex_;
  RedisClient asking_;         // guarded by asking_mutex_
  Monotonic ask_again_at_{0};  // guarded by asking_mutex_

  Counter& kept_;
  Counter& not_kept_;
};

}  // namespace firstcome
