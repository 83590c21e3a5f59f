#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "core/coupon.hpp"
#include "core/identity.hpp"
#include "observe/metrics.hpp"
#include "queue/queue.hpp"
#include "queue/redis/redis_client.hpp"
#include "queue/redis/redis_post.hpp"
#include "queue/redis/redis_subscriber.hpp"
#include "queue/redis/redis_waiters.hpp"

// Arrival order among servers: a sorted set a campaign in Redis. A server sends its desks' claims
// there, one script call a campaign and round; whoever leads the campaign fetches them in order and
// issues; the verdicts are published to all, and each server tells its own clients. One thread, the
// porter, does all of it in rounds of one pipeline each; a second one hears what is published.
//
// Redis orders, it is never the truth: the ledger's lock decides, and the same claim decided twice
// comes to the same coupon. So everything may be repeated. A server sends again what waits for
// long, and while Redis is away it issues its claims itself, under the ledger's lock.
//
// Who leads is tried, not known: a server fetches what it has sent itself, and learns from the
// ledger (leave_to_another) that another leads; from then on it only tells that one of its claims,
// until one of them has waited for long and it tries again.
//
// Thread rule: as Queue.

namespace firstcome {

class RedisQueue final : public Queue {
 public:
  struct Options {
    std::string space;                      // names the ledger: what keys and channels begin with
    std::uint64_t server = 0;               // this server's number, to know its own messages
    std::uint64_t waiting_max = 1'000'000;  // in a campaign
    std::chrono::milliseconds ttl{60 * 60 * 1000};    // of a campaign's keys, from its last claim
    std::chrono::milliseconds send_again_after{500};  // without a verdict
    std::chrono::milliseconds look_for_leader_after{300};
    std::chrono::milliseconds away_for{1000};  // before a failed Redis is tried again
  };
  struct Parts {
    std::shared_ptr<const RedisAccess> access;
    const Fingerprints& fingerprints;
    CouponCodes codes;
    const Clock& clock;
    Metrics& metrics;
    // Holds what this server issues: fetched claims, those of its own while Redis is away, and the
    // lines.
    std::unique_ptr<Queue> local;
    RedisWaiters::Deliver deliver;
  };

  // Starts the threads.
  RedisQueue(Options options, Parts parts);
  ~RedisQueue() override;

  void enqueue(std::span<Claim> claims) override;
  void answer(std::span<const Verdict> verdicts) override;
  [[nodiscard]] bool may_repeat() const override { return true; }
  void leave_to_another(CampaignNumber campaign) override;

  [[nodiscard]] std::span<Claim> take_batch(std::size_t max) override {
    return parts_.local->take_batch(max);
  }
  void settle(std::size_t count) override { parts_.local->settle(count); }
  [[nodiscard]] std::vector<Claim> drop_behind(std::size_t count) override {
    return parts_.local->drop_behind(count);
  }
  void park(const Claim& claim) override { parts_.local->park(claim); }
  void remember(CampaignNumber campaign, const Identity& identity, Ticket ticket,
                Outcome outcome) override {
    parts_.local->remember(campaign, identity, ticket, outcome);
  }
  [[nodiscard]] std::vector<Claim> front_of_line(CampaignNumber campaign,
                                                 std::size_t max) override {
    return parts_.local->front_of_line(campaign, max);
  }
  void settle_line(CampaignNumber campaign, std::span<const Outcome> outcomes) override {
    parts_.local->settle_line(campaign, outcomes);
  }
  [[nodiscard]] std::uint64_t line_length(CampaignNumber campaign) const override {
    return parts_.local->line_length(campaign);
  }
  [[nodiscard]] Ticket line_back(CampaignNumber campaign) const override {
    return parts_.local->line_back(campaign);
  }
  [[nodiscard]] std::optional<Place> place(CampaignNumber campaign,
                                           const Identity& identity) const override {
    return parts_.local->place(campaign, identity);
  }
  [[nodiscard]] QueueDepth depth() const override { return parts_.local->depth(); }

 private:
  using Name = RedisWaiters::Name;
  // What the porter has to do.
  struct Tasks {
    std::vector<Claim> claims;                 // to send
    std::vector<RedisWaiters::Told> verdicts;  // to publish, and their claims to remove
    std::set<CampaignNumber> work;             // campaigns to fetch from
    std::set<CampaignNumber> announce;         // campaigns whose leader is to look
    [[nodiscard]] bool empty() const {
      return claims.empty() && verdicts.empty() && work.empty() && announce.empty();
    }
  };
  // One pipeline and what its replies belong to.
  struct Round;
  struct Fetched {
    Name name;
    std::int64_t ticket = 0;
    bool done = false;
  };

  void run(const std::stop_token& stop);
  [[nodiscard]] Tasks wait_for_tasks(const std::stop_token& stop);
  void add_overdue(Tasks& tasks);
  void carry(Tasks tasks);
  void add_verdicts(Round& round, const Tasks& tasks) const;
  void add_claims(Round& round, Tasks& tasks);
  void add_fetches(Round& round, const Tasks& tasks);
  void take_sent(Round& round, const std::vector<RedisResult>& results);
  void take_fetched(Round& round, const std::vector<RedisResult>& results);
  void issue_directly(const std::vector<Name>& names);
  void note_away();
  void hear(std::string_view channel, std::string_view payload);
  [[nodiscard]] bool is_led_elsewhere(CampaignNumber campaign) const;
  [[nodiscard]] std::string key(CampaignNumber campaign, std::string_view what) const;

  const Options options_;
  Parts parts_;
  const std::string work_channel_;
  const std::string post_channel_;
  RedisWaiters waiters_;
  RedisClient client_;                                          // the porter's
  std::unordered_map<std::uint32_t, std::string> generations_;  // the porter's
  Monotonic looked_at_{0};                                      // the porter's

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  Tasks tasks_;                                                 // guarded by mutex_
  std::set<CampaignNumber> led_elsewhere_;                      // guarded by mutex_
  std::unordered_map<std::uint32_t, std::int64_t> fetched_to_;  // ticket; guarded by mutex_
  std::deque<Fetched> fetched_;                                 // guarded by mutex_
  std::uint32_t fetched_base_ = 0;  // slot of its front; guarded by mutex_
  Monotonic away_until_{0};         // guarded by mutex_

  Histogram& round_seconds_;
  Counter& failures_;
  Counter& sent_again_;
  Counter& direct_;

  std::unique_ptr<RedisSubscriber> subscriber_;
  std::jthread porter_;
};

}  // namespace firstcome
