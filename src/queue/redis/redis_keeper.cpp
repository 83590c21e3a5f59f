#include "queue/redis/redis_keeper.hpp"

#include <algorithm>
#include <charconv>

#include "core/check.hpp"
#include "observe/log.hpp"
#include "queue/redis/redis_post.hpp"

namespace firstcome::embedded {
extern const std::string_view redis_forget;
extern const std::string_view redis_keep;
}  // namespace firstcome::embedded

namespace firstcome {
namespace {

constexpr std::size_t claims_a_script = 1000;
constexpr std::int64_t campaigns_max = 1000;  // looked after at once; the others' turn comes
constexpr Monotonic ask_again_after = std::chrono::seconds(1);
constexpr std::chrono::milliseconds campaigns_ttl = std::chrono::hours(48);

const RedisScript& keep_script() {
  static const RedisScript script{std::string(embedded::redis_keep)};
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
      not_replicated_(metrics.shard().counter(
          "firstcome_redis_not_replicated_total",
          "Claims that were not told to wait because a replica did not acknowledge them.")) {}

std::vector<RedisKeeper::Kept> RedisKeeper::keep(RedisClient& client, CampaignNumber campaign,
                                                 std::span<const RedisWaiters::Name> names,
                                                 std::chrono::milliseconds ttl) {
  std::vector<RedisCommand> commands;
  const std::int64_t now_ms = clock_.now().time_since_epoch().count();
  commands.push_back(RedisCommand("ZADD")
                         .key(space_.kept_campaigns())
                         .arg(now_ms)
                         .arg(std::to_string(campaign.value)));
  commands.push_back(
      RedisCommand("PEXPIRE").key(space_.kept_campaigns()).arg(campaigns_ttl.count()));
  const std::size_t first = commands.size();
  for (std::size_t at = 0; at < names.size(); at += claims_a_script) {
    RedisCommand command = RedisCommand::script(keep_script(), 2)
                               .key(space_.claims(campaign))
                               .key(space_.kept(campaign))
                               .arg(ttl.count())
                               .arg(std::string(1, outcome_digit(Outcome::queued)));
    for (const auto& name : names.subspan(at, std::min(claims_a_script, names.size() - at))) {
      command.arg(name.claim);
    }
    commands.push_back(std::move(command));
  }
  const RedisWaited waited =
      options_.replicas == 0
          ? RedisWaited{client.run(commands), {}}
          : client.run_and_wait(commands, {.replicas = options_.replicas, .time = options_.wait});
  if (!waited.results.front()) return {};
  std::vector<Kept> kept;
  for (std::size_t i = first; i < commands.size(); ++i) {
    const RedisResult& places = waited.results[i];
    if (!places) continue;
    const std::size_t at = (i - first) * claims_a_script;
    if (options_.replicas > 0 && waited.replicas[i] < options_.replicas) {
      not_replicated_.add(places->size() / 2);
      continue;
    }
    for (std::size_t j = 0; j + 1 < places->size(); j += 2) {
      const auto ticket = (*places)[j].integer();
      const auto before = (*places)[j + 1].integer();
      if (!ticket || !before) continue;  // decided by now: its verdict is on its way
      kept.push_back({names[at + j / 2],
                      {.ticket = Ticket{static_cast<std::uint64_t>(*ticket)},
                       .position = static_cast<std::uint64_t>(*before) + 1}});
    }
  }
  kept_.add(kept.size());
  return kept;
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
  const RedisRunOptions in_time{.time = options_.look_up_time};
  const RedisResult entry =
      asking_.run(RedisCommand("HGET").key(space_.kept(campaign)).arg(user.view()), in_time);
  if (!entry) {
    ask_again_at_ = clock_.monotonic() + ask_again_after;
    return std::nullopt;
  }
  const auto kept = read_kept(entry->text());
  if (!kept) return std::nullopt;
  Place place{.ticket = Ticket{static_cast<std::uint64_t>(kept->ticket)}, .outcome = kept->outcome};
  if (place.outcome != Outcome::queued) return place;
  const RedisResult before = asking_.run(
      RedisCommand("ZRANK").key(space_.claims(campaign)).arg(claim_bytes(user, kept->key)),
      in_time);
  // Nothing before it and not in the queue either: it is decided, and about to be written down.
  place.position = static_cast<std::uint64_t>(before ? before->integer().value_or(0) : 0) + 1;
  return place;
}

}  // namespace firstcome
