#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/campaign.hpp"
#include "core/clock.hpp"
#include "core/coupon.hpp"
#include "core/identity.hpp"
#include "observe/metrics.hpp"
#include "queue/queue.hpp"
#include "queue/redis/redis_client.hpp"
#include "queue/redis/redis_fetched.hpp"
#include "queue/redis/redis_keeper.hpp"
#include "queue/redis/redis_origins.hpp"
#include "queue/redis/redis_post.hpp"
#include "queue/redis/redis_space.hpp"
#include "queue/redis/redis_stints.hpp"
#include "queue/redis/redis_subscriber.hpp"
#include "queue/redis/redis_waiters.hpp"

// Arrival order among servers: a sorted set a campaign in Redis. A server sends its desks' claims
// there, one script call a campaign and round; whoever leads the campaign fetches them in order and
// issues; each server is told its own verdicts, and tells its clients. One thread, the porter, does
// all of it in rounds of one pipeline each; a second one hears what is published.
//
// Redis orders, it is never the truth: the ledger's lock decides, and the same claim decided twice
// comes to the same coupon. So everything may be repeated. A server sends again what waits for
// long, and while Redis is away it issues its claims itself, under the ledger's lock. While the
// ledger is away the claims stay in Redis, in order, and their clients are told that they wait.
//
// Who leads is tried, not known: a server fetches what it has sent itself, and learns from the
// ledger (leave_to_another) that another leads; from then on it only tells that one of its claims,
// or all servers as long as it has not heard which it is, until one of them has waited for long and
// it tries again.
//
// Thread rule: as Queue.

namespace firstcome {

class RedisQueue final : public Queue {
 public:
  // Who must have a claim before its client is told that it waits.
  enum class Ack : std::uint8_t {
    redis,   // Redis and `replicas` of its replicas
    ledger,  // nobody else will do: while the ledger is away, claims are refused
  };
  struct Options {
    std::string space;         // names the ledger
    std::uint64_t server = 0;  // this server's number, to know its own messages
    Ack ack = Ack::redis;
    unsigned replicas = 0;
    std::uint64_t depth_max = 1'000'000;              // claims in a campaign's queue
    std::chrono::milliseconds grace{3'600'000};       // keys stay so long after their campaign
    std::chrono::milliseconds send_again_after{500};  // without a verdict where nothing moves
    std::chrono::milliseconds send_again_at_last{5000};
    RedisWaiters::Patience patience{.stalled = std::chrono::seconds(1),
                                    .silent = std::chrono::seconds(4)};
    std::chrono::milliseconds look_every{300};  // after who waits for long
    std::chrono::milliseconds rest{2};          // between rounds, while claims wait anyhow
    std::chrono::milliseconds away_for{1000};   // before a failed Redis is tried again
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
  void settle(std::size_t count) override;
  [[nodiscard]] bool may_repeat() const override { return true; }
  void leave_to_another(CampaignNumber campaign) override;
  [[nodiscard]] std::vector<Claim> take_out(CampaignNumber campaign) override {
    return parts_.local->take_out(campaign);
  }
  void note_campaign(const Campaign& campaign) override;
  [[nodiscard]] std::optional<Place> look_up(CampaignNumber campaign, const UserId& user) override;

  [[nodiscard]] std::span<Claim> take_batch(std::size_t max) override;
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
  // In place of a server's number.
  static constexpr std::uint64_t everyone = 0;
  // So many claims may be here undecided before no more are fetched.
  static constexpr std::size_t fetched_max = 16'384;
  // A campaign in which nothing was decided for as long may stand still.
  static constexpr Monotonic moves_within = std::chrono::seconds(2);

  struct Post {
    RedisWaiters::Told told;
    std::uint64_t to = everyone;
  };
  // What the porter has to do.
  struct Tasks {
    std::vector<Claim> claims;                // to send
    std::vector<RedisWaiters::Told> decided;  // to remove
    std::vector<Post> posts;                  // verdicts to publish
    std::set<CampaignNumber> work;            // campaigns to fetch from
    std::set<CampaignNumber> put_back;        // what is still held there is to be written down
    std::set<std::string> notices;            // on the channel of work, for everyone
    [[nodiscard]] bool empty() const {
      return claims.empty() && decided.empty() && posts.empty() && work.empty() &&
             put_back.empty() && notices.empty();
    }
  };
  // Of a campaign that another server leads.
  struct Left {
    Monotonic since{};
    std::uint64_t to = everyone;  // as far as that is known
  };
  // What is fetched with claims that are sent: what stands before them behind this ticket.
  struct Behind {
    std::int64_t ticket = 0;
    std::uint64_t version = 0;
  };
  // How a campaign's claims are sent.
  struct Sending {
    CampaignNumber campaign{};
    std::string leader{};            // the channel where the leader is told
    bool again = false;              // it has been sent before
    std::optional<Behind> behind{};  // to fetch
    std::int64_t depth_max = 0;      // 0: any
  };
  // One pipeline and what its replies belong to.
  struct Round;

  void run(const std::stop_token& stop);
  [[nodiscard]] Tasks wait_for_tasks(const std::stop_token& stop);
  [[nodiscard]] Tasks take_tasks();
  [[nodiscard]] Monotonic rest_until() const;
  [[nodiscard]] bool enqueue_if_paused(Claim claim);
  void send(std::span<const Claim> claims);
  void leave_put_back();
  void resume();
  // Every now and then: what nobody else would see to.
  void look_after(Tasks& tasks);
  std::vector<Name> add_overdue(Tasks& tasks);
  void add_unsettled(Tasks& tasks, const std::vector<Name>& sent);
  void keep_patient();
  void refuse_patient();
  [[nodiscard]] bool holds(CampaignNumber campaign, std::int64_t ticket) const;
  void look_after_kept();
  void look_from_front(CampaignNumber campaign);

  // A round, in redis_carry.cpp and redis_replies.cpp.
  void carry(Tasks tasks);
  void add_decided(Round& round, std::vector<RedisWaiters::Told> decided);
  void add_messages(Round& round, const Tasks& tasks) const;
  void add_claims(Round& round, Tasks& tasks);
  void add_scripts(Round& round, const Sending& sending, std::span<Name> names,
                   bool are_last) const;
  void add_script(Round& round, const Sending& sending, std::span<Name> names, bool is_last) const;
  [[nodiscard]] std::string leader_channel(CampaignNumber campaign) const;
  [[nodiscard]] std::optional<Behind> fetch_with(CampaignNumber campaign);
  void add_fetches(Round& round, const Tasks& tasks);
  void add_fetch(Round& round, CampaignNumber campaign, std::int64_t behind,
                 std::int64_t most) const;
  void add_put_back(Round& round, const Tasks& tasks) const;
  [[nodiscard]] std::vector<RedisResult> run(const Round& round);
  void take_settled(Round& round, const std::vector<RedisResult>& results);
  void take_sent(Round& round, const std::vector<RedisResult>& results);
  void note_generation(CampaignNumber campaign, std::string_view generation);
  void refuse(const std::vector<Name>& names);
  void take_fetched(const Round& round, const std::vector<RedisResult>& results);
  // Claim, ticket, claim, ticket, … Whether these may not be all.
  bool add_all_fetched(CampaignNumber campaign, const RedisValue& all, std::vector<Claim>& claims);
  void add_fetched(CampaignNumber campaign, std::string_view bytes, std::int64_t ticket,
                   std::vector<Claim>& claims);
  // Whether what came is what was asked for: nothing was put back meanwhile, and nobody else leads.
  [[nodiscard]] bool may_take(CampaignNumber campaign, const Behind& behind);
  void add_post(RedisWaiters::Told told, std::uint64_t to);
  void issue_directly(const std::vector<Name>& names, bool may_be_in_queue);
  void note_away(const RedisError& error);

  void hear(std::string_view channel, std::string_view payload);
  void hear_of_work(std::string_view payload);
  void add_notice(CampaignNumber campaign, WorkNotice::Kind kind);
  [[nodiscard]] bool is_away() const;
  [[nodiscard]] std::shared_ptr<const CampaignSettings> settings_of(CampaignNumber campaign) const;
  [[nodiscard]] bool is_closed(CampaignNumber campaign) const;
  // And so kept claims stand still.
  [[nodiscard]] bool is_paused(CampaignNumber campaign) const;
  [[nodiscard]] std::chrono::milliseconds ttl_of(CampaignNumber campaign) const;
  [[nodiscard]] std::uint64_t depth_max_of(CampaignNumber campaign) const;
  [[nodiscard]] std::chrono::milliseconds eta_of(CampaignNumber campaign, const Place& place) const;

  const Options options_;
  Parts parts_;
  const RedisSpace space_;
  RedisWaiters waiters_;
  RedisKeeper keeper_;
  RedisClient client_;                                          // the porter's
  std::unordered_map<std::uint32_t, std::string> generations_;  // the porter's
  std::set<CampaignNumber> emptied_;                            // the porter's
  std::unordered_map<std::uint32_t, Monotonic> moves_said_;     // the porter's
  Stints rounds_;                                               // the porter's
  Stints batches_;                                              // the issuing thread's
  Stints batches_elsewhere_;           // from one's verdicts to the next's; the hearing thread's
  Monotonic looked_at_{0};             // the porter's
  Monotonic looked_after_kept_at_{0};  // the porter's
  std::set<CampaignNumber> put_back_;  // the issuing thread's
  std::set<CampaignNumber> resumed_;   // after a pause, at the next batch; the issuing thread's

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;              // there is something to do
  std::condition_variable_any rest_is_over_;      // there are verdicts
  Tasks tasks_;                                   // guarded by mutex_
  std::vector<RedisWaiters::Told> unsettled_;     // guarded by mutex_
  std::set<CampaignNumber> put_off_;              // work, when there is room; guarded by mutex_
  std::set<CampaignNumber> retries_;              // work, at the next look; guarded by mutex_
  std::unordered_map<std::uint32_t, Left> left_;  // guarded by mutex_
  RedisFetched fetched_;                          // guarded by mutex_
  RedisOrigins origins_;                          // guarded by mutex_
  Monotonic away_until_{0};                       // guarded by mutex_

  mutable std::mutex settings_mutex_;  // the inner one of the two
  std::unordered_map<std::uint32_t, std::shared_ptr<const CampaignSettings>>
      settings_;  // guarded by settings_mutex_

  Histogram& round_seconds_;
  Counter& failures_;
  Counter& sent_again_;
  Counter& direct_;

  std::unique_ptr<RedisSubscriber> subscriber_;
  std::jthread porter_;
};

}  // namespace firstcome
