// What the replies of a round become: claims with tickets, claims to decide, verdicts that may be
// told, and what failed.

#include <algorithm>
#include <map>
#include <set>

#include "core/check.hpp"
#include "observe/log.hpp"
#include "queue/redis/redis_carry.hpp"

namespace firstcome {
namespace {

// What settle.lua has replied.
class Settled {
 public:
  explicit Settled(const RedisValue& reply) {
    for (std::size_t i = 0; i < reply[0].size(); ++i) {
      staying_.insert(static_cast<std::size_t>(reply[0][i].integer().value_or(0) - 1));
    }
    for (std::size_t i = 0; i + 1 < reply[1].size(); i += 2) {
      also_.emplace(reply[1][i].text(), read_servers(reply[1][i + 1].text()));
    }
  }

  // Whether the i-th claim was left in the queue.
  [[nodiscard]] bool stays(std::size_t i) const { return staying_.contains(i); }

  // Who has sent this claim, too.
  [[nodiscard]] std::vector<std::uint64_t> servers(std::string_view claim) const {
    const auto found = also_.find(claim);
    return found == also_.end() ? std::vector<std::uint64_t>{} : found->second;
  }

 private:
  std::set<std::size_t> staying_;
  std::map<std::string_view, std::vector<std::uint64_t>> also_;
};

}  // namespace

void RedisQueue::take_settled(Round& round, const std::vector<RedisResult>& results) {
  std::vector<RedisWaiters::Told> noes;
  std::set<CampaignNumber> standing_still;
  {
    const std::scoped_lock lock(mutex_);
    for (Round::Settling& settling : round.settlings) {
      const RedisResult& result = results[settling.at];
      if (!result) {  // to be settled twice does no harm
        std::ranges::move(settling.decided, std::back_inserter(unsettled_));
        continue;
      }
      const Settled settled(*result);
      for (std::size_t i = 0; i < settling.decided.size(); ++i) {
        RedisWaiters::Told& told = settling.decided[i];
        const auto [campaign, ticket] = std::pair(told.name.campaign, told.ticket);
        fetched_.release(campaign, ticket);
        if (settled.stays(i)) {
          standing_still.insert(campaign);
          continue;
        }
        for (const std::uint64_t server : settled.servers(told.name.claim)) add_post(told, server);
        if (!told.verdict.is_yes()) {
          add_post(told, origins_.of(campaign, ticket).value_or(everyone));
          noes.push_back(std::move(told));
        }
        origins_.forget(campaign, ticket);
      }
    }
  }
  waiters_.answer(noes, parts_.clock.monotonic());
  for (const CampaignNumber campaign : standing_still) {
    if (!is_paused(campaign)) look_from_front(campaign);  // the pause has ended meanwhile
  }
}

// Under the lock.
void RedisQueue::add_post(RedisWaiters::Told told, std::uint64_t to) {
  if (to != options_.server) tasks_.posts.push_back({std::move(told), to});
}

void RedisQueue::take_sent(Round& round, const std::vector<RedisResult>& results) {
  for (Round::Sent& sent : round.sent) {
    const RedisResult& result = results[sent.at];
    if (!result) {
      note_away(result.error());
      issue_directly(sent.names, result.error().kind != RedisErrorKind::unreachable);
      continue;
    }
    std::int64_t ticket = (*result)[1].integer().value_or(0);
    const std::string_view flags = (*result)[2].text();
    const RedisValue known = (*result)[3];
    CHECK(flags.size() == sent.names.size(), "the script answers for each claim");
    std::vector<Name> refused;
    std::size_t old = 0;
    for (std::size_t i = 0; i < flags.size(); ++i) {
      const Name& name = sent.names[i];
      if (flags[i] == '1') waiters_.confirm(name, ticket++, true);
      if (flags[i] == '0') waiters_.confirm(name, known[old++].integer().value_or(0), false);
      if (flags[i] == '2') refused.push_back(name);
    }
    refuse(refused);
    note_generation(sent.campaign, (*result)[0].text());
  }
}

// A new one says that what waited before is gone: it is sent again, and tickets may begin anew.
void RedisQueue::note_generation(CampaignNumber campaign, std::string_view generation) {
  std::string& known = generations_[campaign.value];
  if (!known.empty() && known != generation) {
    waiters_.note_lost(campaign);
    look_from_front(campaign);
  }
  known = generation;
}

// The queue is full: nothing was taken.
void RedisQueue::refuse(const std::vector<Name>& names) {
  std::map<std::uint16_t, std::vector<Verdict>> by_desk;
  for (const Name& name : names) {
    for (const Claim& claim : waiters_.take(name, false)) {
      by_desk[claim.reply_to.desk].push_back(
          {.reply_to = claim.reply_to, .kind = Verdict::Kind::overloaded});
    }
  }
  for (auto& [desk, verdicts] : by_desk) parts_.deliver(desk, std::move(verdicts));
}

void RedisQueue::take_fetched(const Round& round, const std::vector<RedisResult>& results) {
  std::vector<Claim> claims;
  // To the end, so that leave_to_another() finds all claims of a campaign or none.
  const std::scoped_lock lock(mutex_);
  for (const Round::Sent& sent : round.sent) {
    const RedisResult& result = results[sent.at];
    if (!result || !sent.behind || !may_take(sent.campaign, *sent.behind)) continue;
    const RedisValue before = (*result)[4];
    if (sent.behind->ticket == 0 && before.size() == 0) emptied_.insert(sent.campaign);
    // One's own come when all that stands before them is here.
    if (add_all_fetched(sent.campaign, before, claims)) continue;
    const std::string_view flags = (*result)[2].text();
    std::int64_t ticket = (*result)[1].integer().value_or(0);
    origins_.note(sent.campaign, ticket, std::ranges::count(flags, '1'), options_.server);
    for (std::size_t i = 0; i < flags.size(); ++i) {
      if (flags[i] == '1') add_fetched(sent.campaign, sent.names[i].claim, ticket++, claims);
    }
  }
  for (const Round::Fetch& fetch : round.fetches) {
    const RedisResult& result = results[fetch.at];
    if (!result) continue;  // what waits is fetched again when it is overdue
    if (!may_take(fetch.campaign, fetch.behind)) continue;
    if (fetch.behind.ticket == 0 && result->size() == 0) emptied_.insert(fetch.campaign);
    (void)add_all_fetched(fetch.campaign, *result, claims);
  }
  if (!claims.empty()) parts_.local->enqueue(claims);
}

// Under the lock, as the next.
bool RedisQueue::may_take(CampaignNumber campaign, const Behind& behind) {
  const bool leads = !left_.contains(campaign.value);
  if (leads && behind.version == fetched_.version(campaign)) return true;
  tasks_.put_back.insert(campaign);
  if (leads) tasks_.work.insert(campaign);  // what was put back meanwhile comes first
  return false;
}

bool RedisQueue::add_all_fetched(CampaignNumber campaign, const RedisValue& all,
                                 std::vector<Claim>& claims) {
  for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
    const auto ticket = all[i + 1].integer();
    if (ticket) add_fetched(campaign, all[i].text(), *ticket, claims);
  }
  const bool may_be_more = all.size() >= 2 * static_cast<std::size_t>(Round::fetch_max);
  if (may_be_more) tasks_.work.insert(campaign);
  return may_be_more;
}

void RedisQueue::add_fetched(CampaignNumber campaign, std::string_view bytes, std::int64_t ticket,
                             std::vector<Claim>& claims) {
  const auto names = read_claim_bytes(bytes);
  if (!names) return fetched_.note_newest(campaign, ticket);  // not ours
  const auto slot = fetched_.add({{campaign, std::string(bytes)}, ticket});
  if (!slot) return;
  claims.push_back({.campaign = campaign,
                    .user = names->user,
                    .key = names->key,
                    .identity = parts_.fingerprints.of(names->user, names->key),
                    .arrived_at = Time(std::chrono::milliseconds(ticket / 1000)),
                    .arrived_mono = parts_.clock.monotonic(),
                    .ticket = Ticket{static_cast<std::uint64_t>(ticket)},
                    .reply_to = {.desk = ReplyTo::elsewhere, .slot = *slot}});
}

void RedisQueue::issue_directly(const std::vector<Name>& names, bool may_be_in_queue) {
  std::vector<Claim> claims;
  for (const Name& name : names) {
    const std::vector<Claim> waiting = waiters_.take(name, may_be_in_queue);
    claims.insert(claims.end(), waiting.begin(), waiting.end());
  }
  if (claims.empty()) return;
  direct_.add(claims.size());
  parts_.local->enqueue(claims);
}

void RedisQueue::note_away(const RedisError& error) {
  log::warn("Redis takes no claims, they are issued without it: " + error.message);
  const std::scoped_lock lock(mutex_);
  away_until_ = parts_.clock.monotonic() + options_.away_for;
}

}  // namespace firstcome
