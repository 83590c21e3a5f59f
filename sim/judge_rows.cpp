// What became durable, against promises 1, 2, 4, 5, 6 and 7.

#include <algorithm>
#include <cstring>

#include "sim/judge.hpp"

namespace firstcome::sim {
namespace {

std::uint64_t low_bytes(const CouponCode& code) {
  std::uint64_t low = 0;
  std::memcpy(&low, code.bytes.data(), sizeof low);
  return low;
}

}  // namespace

void Judge::campaign_durable(const Campaign& campaign) {
  const std::size_t at = campaign.number.value - 1;
  if (at > truths_.size()) broken(0, "campaigns are not numbered 1, 2, 3, …");
  if (at == truths_.size()) {
    Truth& truth = truths_.emplace_back();
    truth.index = static_cast<std::uint32_t>(std::stoul(campaign.id.str().substr(1)));
    truth.coupons_of_user.resize(plan_.users);
    truth.first_rank_of_user.resize(plan_.users);
  }
  Truth& truth = truths_[at];
  if (campaign.settings->stock < truth.issued()) {
    broken(1, "the stock of " + campaign.id.str() + " fell below what is issued");
  }
  truth.versions.push_back({.settings = campaign.settings});
}

void Judge::campaign_put_up(const Campaign& campaign) {
  Truth& truth = truth_of(campaign.number);
  const Moment now = book_.next_moment();
  if (truth.put_up == 0) truth.put_up = now;
  if (campaign.issued > truth.issued()) broken(3, "put up a coupon that is not durable");
  // When one group changes a campaign twice, the settings in between are shown for a moment.
  const auto known = std::ranges::find(truth.versions, campaign.settings, &Version::settings);
  if (known == truth.versions.end()) {
    truth.versions.insert(truth.versions.end() - 1, {.settings = campaign.settings});
  }
  end_versions(truth, campaign.settings.get(), now);
}

void Judge::end_versions(Truth& truth, const CampaignSettings* but, Moment now) {
  for (Version& version : truth.versions) {
    if (version.settings.get() == but) break;
    if (version.ended) continue;
    version.ended = true;
    version.until = now;
    version.issued_until = truth.issued();
  }
}

void Judge::rows_durable(const BatchRows& rows) {
  for (const Settlement& settlement : rows.settled) settle(settlement);
  for (const CouponRow& row : rows.coupons) add_row(row);
  for (const Claim& claim : rows.parked) add_parked(claim);
  for (const Settlement& settlement : rows.settled) check_settled(settlement);
}

void Judge::add_row(const CouponRow& row) {
  const std::uint32_t attempt = attempt_with(row.epoch, row.ticket);
  const Wish& wish = book_.wish_of(attempt);
  Truth& truth = truth_of(row.campaign);
  check_owner(row, attempt);
  check_counts(truth, row, wish.user);
  check_order(truth, row, attempt);
  if (find_parked(truth, row.ticket) == nullptr) check_in_time(truth, attempt);
  rank_of_attempt_.resize(book_.attempts.size());
  rank_of_wish_.resize(book_.wishes.size());
  rank_of_attempt_[attempt] = row.coupon.rank.value;
  rank_of_wish_[book_.attempts[attempt].wish] = row.coupon.rank.value;
  truth.rows.push_back({.row = row, .attempt = attempt});
  if (truth.coupons_of_user[wish.user]++ == 0) {
    truth.first_rank_of_user[wish.user] = row.coupon.rank.value;
  }
}

void Judge::check_owner(const CouponRow& row, std::uint32_t attempt) const {
  const std::uint32_t number = book_.attempts[attempt].wish;
  const Wish& wish = book_.wishes[number];
  if (row.user != user_name(wish.user) || row.key != key_of(number, wish)) {
    broken(4, "a row names another user or key than its claim: " + name(attempt));
  }
  if (attempt < told_no_.size() && told_no_[attempt]) {
    broken(4, "a row for a claim that was told no: " + name(attempt));
  }
  if (attempt < rank_of_attempt_.size() && rank_of_attempt_[attempt] != 0) {
    broken(5, "a second row for one request: " + name(attempt));
  }
  if (wish.keyed && number < rank_of_wish_.size() && rank_of_wish_[number] != 0) {
    broken(5, "a second row under one Idempotency-Key: " + name(attempt));
  }
}

void Judge::check_counts(const Truth& truth, const CouponRow& row, std::uint32_t user) const {
  const std::uint32_t rank = row.coupon.rank.value;
  const std::string words =
      "rank " + std::to_string(rank) + " of " + campaign_name(truth.index).str();
  if (rank != truth.issued() + 1) {
    broken(6, words + " follows rank " + std::to_string(truth.issued()));
  }
  if (rank > truth.settings().stock) {
    broken(1, words + " is over the stock of " + std::to_string(truth.settings().stock));
  }
  const std::uint32_t nth = truth.coupons_of_user[user] + 1;
  if (nth > truth.settings().per_user) {
    broken(2, words + " is the user's coupon number " + std::to_string(nth));
  }
  if (row.coupon.nth != nth) broken(2, words + " is not the user's coupon number it says");
}

void Judge::check_order(Truth& truth, const CouponRow& row, std::uint32_t attempt) {
  const std::string words = "rank " + std::to_string(row.coupon.rank.value) + ", " + name(attempt);
  if (row.epoch == truth.row_epoch && row.ticket <= truth.row_ticket) {
    broken(7, words + ", has a lower ticket than the rank before");
  }
  if (row.epoch < truth.row_epoch) broken(7, words + ", is of an older epoch than the rank before");
  truth.row_epoch = row.epoch;
  truth.row_ticket = row.ticket;
  for (const Parked& parked : truth.parked) {
    if (parked.settled || parked.learned == 0) continue;
    if (parked.learned < book_.attempts[attempt].sent) {
      broken(7, words + ", was sent after " + name(parked.attempt) + " was told its place");
    }
  }
  const std::uint64_t owner = (std::uint64_t{row.campaign.value} << 32) | row.coupon.rank.value;
  if (!code_owners_.emplace(low_bytes(row.coupon.code), owner).second) {
    broken(6, words + ", has a code that another coupon has");
  }
}

void Judge::check_in_time(const Truth& truth, std::uint32_t attempt) const {
  const CampaignSettings& settings = truth.settings();
  const Time arrived = book_.attempts[attempt].arrived_at;
  if (settings.paused) broken(0, "taken while paused: " + name(attempt));
  if (settings.opens_at && arrived < *settings.opens_at) {
    broken(0, "taken before the window: " + name(attempt));
  }
  if (settings.closes_at && arrived >= *settings.closes_at) {
    broken(0, "taken after the window: " + name(attempt));
  }
}

void Judge::add_parked(const Claim& claim) {
  const std::uint32_t attempt = attempt_with(claim.epoch, claim.ticket);
  Truth& truth = truth_of(claim.campaign);
  check_in_time(truth, attempt);
  if (attempt < told_no_.size() && told_no_[attempt]) {
    broken(4, "parked a claim that was told no: " + name(attempt));
  }
  for (const Parked& parked : truth.parked) {
    if (!parked.settled && same_claim(truth, attempt, parked.attempt)) {
      broken(5, "parked twice: " + name(attempt) + " and " + name(parked.attempt));
    }
  }
  truth.parked.push_back({.ticket = claim.ticket, .attempt = attempt});
}

void Judge::settle(const Settlement& settlement) {
  Truth& truth = truth_of(settlement.campaign);
  const auto found = std::ranges::find(truth.parked.rbegin(), truth.parked.rend(),
                                       settlement.ticket, &Parked::ticket);
  if (found == truth.parked.rend()) broken(10, "settled a claim that was not parked");
  if (found->settled) broken(10, "settled twice: " + name(found->attempt));
  found->settled = true;
  found->outcome = settlement.outcome;
}

void Judge::lines_settled() {
  const Moment now = book_.next_moment();
  for (Truth& truth : truths_) {
    for (Parked& parked : truth.parked) {
      if (parked.settled && parked.left == 0) parked.left = now;
    }
  }
}

void Judge::check_settled(const Settlement& settlement) {
  const Truth& truth = truth_of(settlement.campaign);
  const Parked& parked = *find_parked(truth, settlement.ticket);
  const std::uint32_t user = book_.wish_of(parked.attempt).user;
  const std::string words =
      "settled as " + std::string(to_string(settlement.outcome)) + ": " + name(parked.attempt);
  const Row* row = row_of_claim(truth, parked.attempt);
  if ((settlement.outcome == Outcome::issued) != (row != nullptr)) broken(10, words);
  if (settlement.outcome == Outcome::sold_out && truth.issued() < truth.settings().stock) {
    broken(8, words);
  }
  if (settlement.outcome == Outcome::limit_reached &&
      truth.coupons_of_user[user] < truth.settings().per_user) {
    broken(9, words);
  }
}

void Judge::rows_visible(const BatchRows& rows) {
  const Moment now = book_.next_moment();
  for (const CouponRow& row : rows.coupons) {
    Truth& truth = truth_of(row.campaign);
    if (row.coupon.rank.value > truth.issued()) broken(3, "the ledger shows what is not durable");
    truth.rows[row.coupon.rank.value - 1].visible = now;
  }
}

}  // namespace firstcome::sim
