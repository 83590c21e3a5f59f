#include "sim/sim_ledger.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "sim/planted.hpp"

namespace firstcome::sim {

using std::chrono::microseconds;

SimLedger::SimLedger(Scene& scene, Disk& disk, const Fingerprints& fingerprints)
    : scene_(scene), disk_(disk), campaigns_(disk.campaigns) {
  for (const CouponRow& row : disk_.coupons) {
    add_to_index(row, fingerprints.of(row.user, row.key));
  }
}

void SimLedger::add_to_index(const CouponRow& row, const Identity& identity) {
  Held& held = by_user_[{row.campaign.value, identity.user}];
  if (held.coupons++ == 0) held.first = row.coupon;
  if (identity.keyed()) by_claim_[{row.campaign.value, identity.claim}] = row.coupon;
}

Ticket SimLedger::first_free_ticket() const {
  Ticket highest{};
  for (const ParkedClaim& parked : disk_.parked) highest = std::max(highest, parked.claim.ticket);
  return {highest.value + 1};
}

Epoch SimLedger::take_epoch() {
  epoch_ = {++disk_.epoch.value};
  return epoch_;
}

void SimLedger::for_each_campaign(const std::function<void(const Campaign&)>& visit) const {
  for (const Campaign& campaign : campaigns_) visit(campaign);
}

const Campaign& SimLedger::campaign(CampaignNumber number) const {
  CHECK(number.value >= 1 && number.value <= campaigns_.size(), "no campaign has this number");
  return campaigns_[number.value - 1];
}

Result<void> SimLedger::for_each_parked(const std::function<void(const ParkedClaim&)>& visit) {
  std::vector<ParkedClaim> parked = disk_.parked;
  std::ranges::stable_sort(parked, {}, [](const ParkedClaim& one) {
    return std::pair(one.claim.campaign, one.claim.ticket);
  });
  for (const ParkedClaim& one : parked) visit(one);
  return {};
}

Result<std::vector<Result<Ledger::Changed>>> SimLedger::change(
    std::span<const CampaignChange> changes) {
  if (lost_) return std::unexpected(*lost_);
  const auto find = [this](const CampaignId& id) -> const Campaign* {
    const auto found = std::ranges::find(campaigns_, id, &Campaign::id);
    return found == campaigns_.end() ? nullptr : &*found;
  };
  CampaignStaging staging(find, {static_cast<std::uint32_t>(campaigns_.size() + 1)});
  std::vector<Result<Changed>> results;
  for (const CampaignChange& one : changes) results.push_back(staging.stage(one));
  wait_for_disk();
  if (scene_.trouble(scene_.plan.troubles.change_unavailable)) {
    return fail(ErrorCode::unavailable, "the ledger is away");
  }
  if (scene_.trouble(scene_.plan.troubles.ledger_lost)) {
    if (scene_.random.percent(50)) write_campaigns(staging.changed());
    lose("lost while a campaign was changed");
    return std::unexpected(*lost_);
  }
  write_campaigns(staging.changed());
  wait_for_disk();
  for (const Campaign& campaign : staging.changed()) keep(campaign);
  return results;
}

void SimLedger::write_campaigns(std::span<const Campaign> campaigns) {
  for (const Campaign& campaign : campaigns) {
    if (campaign.number.value > disk_.campaigns.size()) {
      disk_.campaigns.push_back(campaign);
    } else {
      disk_.campaigns[campaign.number.value - 1] = campaign;
    }
    scene_.trace.note("durable: campaign",
                      {{"number", campaign.number.value}, {"stock", campaign.settings->stock}});
    scene_.judge.campaign_durable(campaign);
  }
}

void SimLedger::keep(const Campaign& campaign) {
  if (campaign.number.value > campaigns_.size()) {
    campaigns_.push_back(campaign);
  } else {
    campaigns_[campaign.number.value - 1] = campaign;
  }
}

Result<BatchState> SimLedger::state_for(std::span<Claim> due, std::span<Claim> arrivals) {
  if (lost_) return std::unexpected(*lost_);
  const std::uint32_t sometimes = scene_.plan.troubles.commit_unavailable / 4;
  if (scene_.trouble(sometimes)) return fail(ErrorCode::unavailable, "the ledger is away");
  if (scene_.trouble(sometimes)) return fail(ErrorCode::conflict, "it has changed by now");
  BatchState state;
  for (const std::span<Claim> claims : {due, arrivals}) {
    for (const Claim& claim : claims) {
      state.campaigns.push_back(&campaign(claim.campaign));
      state.standings.push_back(standing(claim.campaign, claim.identity));
    }
  }
  return state;
}

Standing SimLedger::standing(CampaignNumber campaign, const Identity& identity) const {
  Standing standing;
  if (const auto held = by_user_.find({campaign.value, identity.user}); held != by_user_.end()) {
    standing.coupons = held->second.coupons;
    standing.first = held->second.first;
  }
  if (!identity.keyed()) return standing;
  const auto claim = by_claim_.find({campaign.value, identity.claim});
  if (claim != by_claim_.end()) standing.by_key = claim->second;
  return standing;
}

CommitResult SimLedger::commit(const BatchRows& rows) {
  CHECK(!unknown_landed_, "commit() before landed() has answered");
  if (lost_) return CommitResult::unavailable;
  if (!rows.empty()) wait_for_disk();
  if (epoch_ != disk_.epoch) return CommitResult::stale_epoch;
  const Troubles& troubles = scene_.plan.troubles;
  if (scene_.trouble(troubles.commit_unavailable)) {
    scene_.trace.note("commit: unavailable");
    return CommitResult::unavailable;
  }
  if (scene_.trouble(troubles.commit_unavailable / 4)) {
    scene_.trace.note("commit: again");
    return CommitResult::retry;
  }
  if (scene_.trouble(troubles.commit_unknown)) return commit_unknown(rows);
  if (scene_.trouble(troubles.ledger_lost)) return lose_at_commit(rows);
  return commit_soundly(rows);
}

CommitResult SimLedger::commit_soundly(const BatchRows& rows) {
  if (planted("ledger_acks_before_durable")) {
    if (unwritten_) write(*unwritten_);
    unwritten_ = rows;
  } else {
    write(rows);
  }
  wait_for_disk();
  remember(rows);
  scene_.elsewhere->goes_on(scene_.random.between(microseconds(0), microseconds(50)));
  return CommitResult::ok;
}

CommitResult SimLedger::commit_unknown(const BatchRows& rows) {
  unknown_landed_ = scene_.random.percent(50);
  scene_.trace.note("commit: unknown", {{"landed", *unknown_landed_ ? 1U : 0U}});
  if (*unknown_landed_) write(rows);
  wait_for_disk();
  if (planted("ledger_says_ok_when_unknown")) {
    unknown_landed_.reset();
    remember(rows);
    return CommitResult::ok;
  }
  return CommitResult::unknown;
}

CommitResult SimLedger::lose_at_commit(const BatchRows& rows) {
  const bool reached_log = scene_.random.percent(50);
  if (reached_log && scene_.random.percent(50)) write(rows);
  lose("lost at a commit");
  return reached_log ? CommitResult::unknown : CommitResult::unavailable;
}

void SimLedger::write(const BatchRows& rows) {
  scene_.trace.note("durable: batch", {{"coupons", rows.coupons.size()},
                                       {"parked", rows.parked.size()},
                                       {"settled", rows.settled.size()}});
  for (const CouponRow& row : rows.coupons) {
    disk_.coupons.push_back(row);
    disk_.campaigns[row.campaign.value - 1].issued = row.coupon.rank.value;
    if (planted("ledger_loses_half_a_batch")) break;
  }
  for (const Claim& claim : rows.parked) {
    Claim stored = claim;
    stored.identity = {};
    stored.reply_to = {};
    if (!planted("ledger_forgets_parked")) disk_.parked.push_back({stored, Outcome::queued});
  }
  for (const Settlement& settlement : rows.settled) forget_or_mark(settlement);
  if (planted("ledger_loses_half_a_batch") && rows.coupons.size() > 1) {
    BatchRows half = rows;
    half.coupons.resize(1);
    return scene_.judge.rows_durable(half);
  }
  scene_.judge.rows_durable(rows);
}

void SimLedger::forget_or_mark(const Settlement& settlement) {
  const auto found = std::ranges::find_if(disk_.parked, [&](const ParkedClaim& parked) {
    return parked.claim.campaign == settlement.campaign && parked.claim.ticket == settlement.ticket;
  });
  if (found == disk_.parked.end()) return;
  if (settlement.outcome == Outcome::issued) {
    disk_.parked.erase(found);
  } else {
    found->outcome = settlement.outcome;
  }
}

void SimLedger::remember(const BatchRows& rows) {
  for (const CouponRow& row : rows.coupons) {
    add_to_index(row, row.identity);
    campaigns_[row.campaign.value - 1].issued = row.coupon.rank.value;
  }
  if (!unwritten_) scene_.judge.rows_visible(rows);
}

Result<bool> SimLedger::landed(const BatchRows& rows) {
  CHECK(unknown_landed_ || lost_, "landed() without an unknown commit");
  if (lost_) return std::unexpected(*lost_);
  wait_for_disk();
  if (scene_.trouble(scene_.plan.troubles.landed_unavailable)) {
    scene_.trace.note("landed: unavailable");
    return fail(ErrorCode::unavailable, "the ledger is away");
  }
  if (scene_.trouble(scene_.plan.troubles.ledger_lost)) {
    lose("lost while looking a commit up");
    return std::unexpected(*lost_);
  }
  const bool landed = *unknown_landed_;
  unknown_landed_.reset();
  if (landed) remember(rows);
  return landed;
}

void SimLedger::between_batches() {
  scene_.elsewhere->goes_on(scene_.random.between(microseconds(0), microseconds(30)));
}

std::optional<Standing> SimLedger::recall(CampaignNumber campaign, const Identity& identity) const {
  scene_.elsewhere->issuer_may_cut_in();
  if (status_count_ == 0 && scene_.trouble(scene_.plan.troubles.recall_blind)) return std::nullopt;
  return standing(campaign, identity);
}

void SimLedger::wait_for_disk() {
  const bool slow = scene_.trouble(scene_.plan.troubles.slow_commit);
  may_crash("before");
  scene_.elsewhere->goes_on(slow ? scene_.random.between(microseconds(3'000), microseconds(20'000))
                                 : scene_.random.between(microseconds(20), microseconds(600)));
  may_crash("after");
}

void SimLedger::may_crash(const char* where) {
  if (!scene_.trouble(scene_.plan.troubles.crash_in_commit)) return;
  scene_.trace.note("the process dies at the disk", where, {});
  throw Crashed{};
}

void SimLedger::lose(const char* message) {
  scene_.trace.note("the ledger is lost");
  lost_ = Error{ErrorCode::corrupt, message};
}

}  // namespace firstcome::sim
