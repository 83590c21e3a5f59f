#include "queue/redis/redis_keeper.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "queue/redis/redis_post.hpp"

namespace firstcome::embedded {
extern const std::string_view redis_forget;
extern const std::string_view redis_keep;
extern const std::string_view redis_withdraw;
}  // namespace firstcome::embedded

namespace firstcome {
namespace {

constexpr std::size_t claims_a_script = 1000;
constexpr std::int64_t campaigns_max = 1000;  // looked after at once; the others' turn comes
constexpr Monotonic ask_again_after = std::chrono::seconds(1);
constexpr std::chrono::milliseconds campaigns_ttl = std::chrono::hours(48);

// What one script does.
template <class One>
struct Part {
  CampaignNumber campaign{};
  std::span<One> all;
};

template <class One>
std::vector<Part<One>> parts_of(std::map<CampaignNumber, std::vector<One>>& by_campaign) {
  std::vector<Part<One>> parts;
  for (auto& [campaign, all] : by_campaign) {
    for (std::size_t at = 0; at < all.size(); at += claims_a_script) {
      const std::size_t count = std::min(claims_a_script, all.size() - at);
      parts.push_back({campaign, std::span(all).subspan(at, count)});
    }
  }
  return parts;
}

const RedisScript& keep_script() {
  static const RedisScript script{std::string(embedded::redis_keep)};
  return script;
}

const RedisScript& withdraw_script() {
  static const RedisScript script{std::string(embedded::redis_withdraw)};
  return script;
}

const RedisScript& forget_script() {
  static const RedisScript script{std::string(embedded::redis_forget)};
  return script;
}

}  // namespace

RedisKeeper::RedisKeeper(Options options, RedisSpace space,
                         std::shared_ptr<const RedisAccess> access, const Clock& clock,
                         Metrics& metrics)
    : options_(options),
      space_(std::move(space)),
      clock_(clock),
      asking_(std::move(access)),
      kept_(metrics.shard().counter("firstcome_redis_kept_total",
                                    "Claims that were told to wait, kept in Redis.")),
      not_kept_(metrics.shard().counter(
          "firstcome_redis_not_kept_total",
          "Times that a claim was not told to wait, because Redis or a replica did not have it.")) {
}

std::vector<RedisKeeper::Kept> RedisKeeper::keep(
    RedisClient& client, Names names,
    const std::function<std::chrono::milliseconds(CampaignNumber)>& ttl) {
  if (names.empty()) return {};
  std::vector<RedisCommand> commands = mark(names);
  const std::size_t marks = commands.size();
  const auto parts = parts_of(names);
  for (const auto& [campaign, part] : parts) {
    RedisCommand command = RedisCommand::script(keep_script(), 3)
                               .key(space_.claims(campaign))
                               .key(space_.meta(campaign))
                               .key(space_.kept(campaign))
                               .arg(ttl(campaign).count())
                               .arg(std::string(1, outcome_digit(Outcome::queued)));
    for (const RedisWaiters::Name& name : part) command.arg(name.claim);
    commands.push_back(std::move(command));
  }
  RedisWaited waited =
      client.run_and_wait(commands, {.replicas = options_.replicas, .time = options_.wait});
  const auto is_safe = [&](std::size_t at) {
    return waited.results[at] && waited.replicas[at] >= options_.replicas;
  };
  std::vector<Kept> kept;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_safe(0) && is_safe(marks + i)) {
      take_places(*waited.results[marks + i], parts[i].all, kept);
    } else {
      not_kept_.add(parts[i].all.size());
    }
  }
  kept_.add(kept.size());
  return kept;
}

std::vector<RedisKeeper::Withdrawn> RedisKeeper::withdraw(RedisClient& client, Withdrawals claims) {
  if (claims.empty()) return {};
  const auto parts = parts_of(claims);
  std::vector<RedisCommand> commands;
  for (const auto& [campaign, part] : parts) {
    RedisCommand command = RedisCommand::script(withdraw_script(), 3)
                               .key(space_.claims(campaign))
                               .key(space_.meta(campaign))
                               .key(space_.also(campaign))
                               .arg(std::to_string(options_.server));
    for (const Withdrawn& one : part) command.arg(one.name.claim);
    for (const Withdrawn& one : part) command.arg(one.ticket);
    commands.push_back(std::move(command));
  }
  const RedisWaited waited =
      client.run_and_wait(commands, {.replicas = options_.replicas, .time = options_.wait});
  std::vector<Withdrawn> withdrawn;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!waited.results[i]) continue;  // they still wait, and are looked after again
    const std::string_view fates = waited.results[i]->text();
    CHECK(fates.size() == parts[i].all.size(), "the script answers for each claim");
    for (std::size_t at = 0; at < fates.size(); ++at) {
      if (fates[at] != '1') continue;
      withdrawn.push_back(std::move(parts[i].all[at]));
      withdrawn.back().is_safe = waited.replicas[i] >= options_.replicas;
    }
  }
  return withdrawn;
}

// The campaigns, by now.
std::vector<RedisCommand> RedisKeeper::mark(const Names& names) const {
  const std::int64_t now_ms = clock_.now().time_since_epoch().count();
  RedisCommand add("ZADD");
  add.key(space_.kept_campaigns());
  for (const auto& [campaign, all] : names) add.arg(now_ms).arg(std::to_string(campaign.value));
  std::vector<RedisCommand> commands;
  commands.push_back(std::move(add));
  commands.push_back(
      RedisCommand("PEXPIRE").key(space_.kept_campaigns()).arg(campaigns_ttl.count()));
  return commands;
}

void RedisKeeper::take_places(const RedisValue& places, std::span<const RedisWaiters::Name> names,
                              std::vector<Kept>& kept) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto ticket = places[2 * i].integer();
    if (!ticket) continue;  // decided by now: its verdict is on its way
    kept.push_back({names[i], place_of(*ticket, places[2 * i + 1])});
  }
}

std::vector<CampaignNumber> RedisKeeper::campaigns(RedisClient& client) {
  seen_.clear();
  const RedisResult found = client.run(RedisCommand("ZRANGE")
                                           .key(space_.kept_campaigns())
                                           .arg(0)
                                           .arg(campaigns_max - 1)
                                           .arg("WITHSCORES"));
  std::vector<CampaignNumber> campaigns;
  for (std::size_t i = 0; found && i + 1 < found->size(); i += 2) {
    const auto campaign = read_campaign((*found)[i].text());
    if (!campaign) continue;
    seen_[*campaign] = (*found)[i + 1].text();
    campaigns.push_back(*campaign);
  }
  return campaigns;
}

void RedisKeeper::refresh(RedisClient& client, CampaignNumber campaign,
                          std::chrono::milliseconds ttl) const {
  std::vector<RedisCommand> commands;
  for (const std::string& key :
       {space_.claims(campaign), space_.meta(campaign), space_.kept(campaign)}) {
    commands.push_back(RedisCommand("PEXPIRE").key(key).arg(ttl.count()));
  }
  commands.push_back(
      RedisCommand("PEXPIRE").key(space_.kept_campaigns()).arg(campaigns_ttl.count()));
  (void)client.run(commands);  // the next look comes in time
}

void RedisKeeper::forget(RedisClient& client, CampaignNumber campaign) {
  const auto seen = seen_.find(campaign);
  if (seen == seen_.end()) return;
  // Should it fail, the campaign is looked after once more.
  (void)client.run(RedisCommand::script(forget_script(), 1)
                       .key(space_.kept_campaigns())
                       .arg(std::to_string(campaign.value))
                       .arg(seen->second));
  seen_.erase(seen);
}

std::optional<Place> RedisKeeper::look_up(CampaignNumber campaign, const UserId& user) {
  const std::scoped_lock lock(asking_mutex_);
  if (clock_.monotonic() < ask_again_at_) return std::nullopt;
  return ask(campaign, user);
}

std::optional<Place> RedisKeeper::ask(CampaignNumber campaign, const UserId& user) {
  const std::string keyless = claim_bytes(user, {});
  const auto entry = ask({RedisCommand("HGET").key(space_.kept(campaign)).arg(user.view()),
                          RedisCommand("ZSCORE").key(space_.claims(campaign)).arg(keyless),
                          RedisCommand("ZRANK").key(space_.claims(campaign)).arg(keyless)});
  if (!entry) return std::nullopt;
  if (const auto ticket = (*entry)[1]->integer()) return place_of(*ticket, *(*entry)[2]);
  const auto kept = read_kept((*entry)[0]->text());
  if (!kept) return std::nullopt;
  if (kept->outcome != Outcome::queued) {
    return Place{.ticket = Ticket{static_cast<std::uint64_t>(kept->ticket)},
                 .outcome = kept->outcome};
  }
  const auto before =
      ask({RedisCommand("ZRANK").key(space_.claims(campaign)).arg(claim_bytes(user, kept->key))});
  if (!before) return std::nullopt;
  return place_of(kept->ticket, *before->front());
}

// nullopt: one of them was not answered.
std::optional<std::vector<RedisResult>> RedisKeeper::ask(
    const std::vector<RedisCommand>& commands) {
  std::vector<RedisResult> results = asking_.run(commands, {.time = options_.look_up_time});
  if (std::ranges::all_of(results, [](const RedisResult& one) { return one.has_value(); })) {
    return results;
  }
  ask_again_at_ = clock_.monotonic() + ask_again_after;
  return std::nullopt;
}

// Who does not stand in the queue any more is decided, and that is about to be written down.
Place RedisKeeper::place_of(std::int64_t ticket, const RedisValue& before) {
  return {.ticket = Ticket{static_cast<std::uint64_t>(ticket)},
          .position = static_cast<std::uint64_t>(before.integer().value_or(0)) + 1};
}

}  // namespace firstcome
