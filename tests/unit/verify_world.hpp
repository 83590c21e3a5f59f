#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "ledger/ledger.hpp"
#include "verify/history.hpp"
#include "verify/promises.hpp"

// A small world in which the promises are kept: clients that ask, lose answers and ask again, and
// a server that gives out coupons as it should, all driven by one seed. It yields what the verifier
// reads, so that tests can break it in one place and see who notices.

namespace firstcome::testing {

struct WorldShape {
  std::uint64_t seed = 0;
  std::string campaign = "demo";
  std::uint32_t users = 60;
  std::uint32_t stock = 1000;
  std::uint32_t per_user = 1;
  std::uint32_t claims_per_user = 1;
  bool keyed = false;
  bool paced = false;
  bool opens_late = false;
  bool restarts = false;
};

struct World {
  std::vector<AuditedCampaign> campaigns{};
  std::vector<AuditedCoupon> coupons{};
  std::vector<Attempt> attempts{};
  std::uint64_t unsettled = 0;

  void append(const World& other) {
    campaigns.insert(campaigns.end(), other.campaigns.begin(), other.campaigns.end());
    coupons.insert(coupons.end(), other.coupons.begin(), other.coupons.end());
    attempts.insert(attempts.end(), other.attempts.begin(), other.attempts.end());
  }
};

// The code of a campaign's rank; another salt makes another.
[[nodiscard]] inline CouponCode code_for(const std::string& campaign, std::uint64_t rank,
                                         std::uint64_t salt = 0) {
  std::seed_seq seed{std::hash<std::string>{}(campaign), rank, salt};
  std::mt19937 random(seed);
  CouponCode code;
  for (auto& byte : code.bytes) byte = static_cast<std::uint8_t>(random());
  return code;
}

// What the verifier finds when it is given all of it, the HTTP listing only, or no ledger.
[[nodiscard]] inline std::vector<PromiseReport> check(const World& world, Facts::Source source,
                                                      const CheckOptions& options = {}) {
  Facts facts(source);
  facts.begin_file("h");
  for (const Attempt& attempt : world.attempts) facts.add(attempt);
  if (source == Facts::Source::none) return check_promises(facts, options);
  for (const AuditedCampaign& campaign : world.campaigns) {
    facts.add_campaign(campaign.id.view(),
                       {.stock = campaign.settings.stock, .per_user = campaign.settings.per_user});
    if (source == Facts::Source::audit) facts.set_unsettled(campaign.id.view(), world.unsettled);
  }
  for (AuditedCoupon coupon : world.coupons) {
    if (source == Facts::Source::listing) coupon.key = {};
    facts.add(coupon);
  }
  return check_promises(facts, options);
}

// The numbers of the promises that are found broken.
[[nodiscard]] inline std::set<int> broken(const World& world,
                                          Facts::Source source = Facts::Source::audit) {
  std::set<int> numbers;
  for (const PromiseReport& report : check(world, source)) {
    if (report.verdict() == Judgement::broken) numbers.insert(report.number);
  }
  return numbers;
}

// One campaign's drop. Clients send, give up waiting after a while and try again; requests and
// replies get lost or late, some are refused with 429 and 503.
class Drop {
 public:
  explicit Drop(const WorldShape& shape) : shape_(shape), random_(shape.seed) {}

  [[nodiscard]] World run() {
    describe_campaign();
    make_clients();
    if (shape_.paced) after(tick_every, [this] { tick(); });
    if (shape_.restarts) after(within(3000), [this] { restart(); });
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.act();
    }
    return std::move(world_);
  }

 private:
  struct Event {
    std::int64_t at;
    std::uint64_t order;
    std::function<void()> act;
    bool operator>(const Event& other) const {
      return std::tie(at, order) > std::tie(other.at, other.order);
    }
  };
  struct Client {
    std::string user;
    std::string key;
    int tries_left = 4;
  };
  struct Parked {
    std::size_t client;
    std::string claim;
    std::uint64_t ticket;
  };
  struct Reply {
    int status;
    std::string outcome;
    std::size_t coupon = SIZE_MAX;
  };

  static constexpr std::int64_t delay_max = 400;
  static constexpr std::int64_t patience = 500;
  static constexpr std::int64_t tick_every = 300;
  static constexpr std::int64_t last_start = 4000;

  void after(std::int64_t delay, std::function<void()> act) {
    events_.push({now_ + delay, event_count_++, std::move(act)});
  }
  std::int64_t within(std::int64_t most) {
    return 1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most));
  }
  bool chance(int percent) { return within(100) <= percent; }

  void describe_campaign() {
    AuditedCampaign campaign{.id = CampaignId::trusted(shape_.campaign)};
    campaign.settings.stock = shape_.stock;
    campaign.settings.per_user = shape_.per_user;
    world_.campaigns.push_back(campaign);
  }

  void make_clients() {
    for (std::uint32_t user = 0; user < shape_.users; ++user) {
      for (std::uint32_t claim = 0; claim < shape_.claims_per_user; ++claim) {
        const std::string key = shape_.keyed ? "k" + std::to_string(claim) : "";
        clients_.push_back({.user = "u" + std::to_string(user), .key = key});
        after(within(last_start), [this, client = clients_.size() - 1] { send(client); });
      }
    }
  }

  void send(std::size_t client) {
    const Client& from = clients_[client];
    const std::size_t attempt = world_.attempts.size();
    world_.attempts.push_back({.campaign = shape_.campaign,
                               .user = from.user,
                               .key = from.key,
                               .sent_ns = now_,
                               .outcome = "unknown"});
    if (!chance(5)) after(within(delay_max), [=, this] { arrive(client, attempt); });
    after(patience, [=, this] {
      if (!world_.attempts[attempt].got_ns) send_again(client, within(100));
    });
  }

  void arrive(std::size_t client, std::size_t attempt) {
    const Reply reply = admit(client, attempt);
    if (chance(10)) return;  // the reply is lost
    after(within(delay_max), [=, this] { receive(client, attempt, reply); });
  }

  void receive(std::size_t client, std::size_t attempt, const Reply& reply) {
    Attempt& to = world_.attempts[attempt];
    if (now_ >= to.sent_ns + patience) return;  // nobody waits any more
    to.got_ns = now_;
    to.status = reply.status;
    to.outcome = reply.outcome;
    if (reply.coupon != SIZE_MAX) {
      to.rank = world_.coupons[reply.coupon].coupon.rank.value;
      to.code = to_string(world_.coupons[reply.coupon].coupon.code);
    }
    const bool refused = reply.status == 503 || reply.status == 429;
    if (refused || reply.outcome == "not_open" || chance(20)) send_again(client, within(600));
  }

  void send_again(std::size_t client, std::int64_t delay) {
    if (clients_[client].tries_left-- > 0) after(delay, [=, this] { send(client); });
  }

  // Without a key, each request of a user who may have several coupons is a claim of its own.
  std::string claim_of(const Client& client, std::size_t attempt) const {
    if (shape_.per_user == 1) return client.user;
    return client.user + "/" + (shape_.keyed ? client.key : std::to_string(attempt));
  }

  Reply admit(std::size_t client, std::size_t attempt) {
    if (chance(4)) return {503, "overloaded"};
    if (chance(3)) return {429, "rate_limited"};
    const std::string claim = claim_of(clients_[client], attempt);
    if (const auto won = issued_.find(claim); won != issued_.end()) {
      return {200, "issued", won->second};
    }
    if (shape_.opens_late && now_ < 1000) return {409, "not_open"};
    return shape_.paced ? park(client, claim) : decide(client, claim, ++ticket_);
  }

  Reply decide(std::size_t client, const std::string& claim, std::uint64_t ticket) {
    const std::string& user = clients_[client].user;
    if (held_[user] >= shape_.per_user) return {409, "limit_reached"};
    if (world_.coupons.size() >= shape_.stock) return {409, "sold_out"};
    const auto rank = static_cast<std::uint32_t>(world_.coupons.size() + 1);
    world_.coupons.push_back(
        {.campaign = CampaignId::trusted(shape_.campaign),
         .user = UserId::trusted(user),
         .key = IdempotencyKey::trusted(clients_[client].key),
         .coupon = {.rank = {rank}, .nth = ++held_[user], .code = code_for(shape_.campaign, rank)},
         .epoch = {epoch_},
         .ticket = {ticket}});
    issued_[claim] = rank - 1;
    return {201, "issued", rank - 1};
  }

  Reply park(std::size_t client, const std::string& claim) {
    const std::string& user = clients_[client].user;
    for (const Parked& parked : parked_) {
      if (parked.claim == claim) return {202, "queued"};
    }
    if (held_[user] >= shape_.per_user) return {409, "limit_reached"};
    if (world_.coupons.size() >= shape_.stock) return {409, "sold_out"};
    parked_.push_back({client, claim, ++ticket_});
    return {202, "queued"};
  }

  void tick() {
    for (int left = 7; left > 0 && !parked_.empty(); --left) {
      const Parked next = parked_.front();
      parked_.erase(parked_.begin());
      std::ignore = decide(next.client, next.claim, next.ticket);
    }
    if (!events_.empty() || !parked_.empty()) after(tick_every, [this] { tick(); });
  }

  // Whoever issues next counts tickets anew; what was parked keeps its order.
  void restart() {
    ++epoch_;
    ticket_ = 0;
    for (Parked& parked : parked_) parked.ticket = ++ticket_;
  }

  WorldShape shape_;
  std::mt19937_64 random_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_{};
  std::uint64_t event_count_ = 0;
  std::int64_t now_ = 0;
  std::vector<Client> clients_{};
  World world_{};
  std::map<std::string, std::size_t> issued_{};  // claim → index of its coupon
  std::map<std::string, std::uint32_t> held_{};  // user → coupons
  std::vector<Parked> parked_{};
  std::uint64_t epoch_ = 1;
  std::uint64_t ticket_ = 0;
};

[[nodiscard]] inline World make_world(const WorldShape& shape) {
  return Drop(shape).run();
}

}  // namespace firstcome::testing
