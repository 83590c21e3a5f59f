#include "verify/evidence.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace firstcome {
namespace {

// How many of the first elements share the first one's key.
template <class T, class KeyOf>
std::size_t run_length(std::span<T> items, std::uint64_t key, const KeyOf& key_of) {
  std::size_t size = 0;
  while (size < items.size() && key_of(items[size]) == key) ++size;
  return size;
}

template <class T>
std::span<T> take_front(std::span<T>& rest, std::size_t size) {
  const std::span<T> front = rest.first(size);
  rest = rest.subspan(size);
  return front;
}

// Walks two lists that are in the order of the same key side by side.
template <class AttemptKey, class RowKey>
void merge(Group rest, const AttemptKey& attempt_key, const RowKey& row_key,
           const Evidence::Visit& visit) {
  while (!rest.attempts.empty() || !rest.rows.empty()) {
    std::uint64_t key = UINT64_MAX;
    if (!rest.attempts.empty()) key = attempt_key(rest.attempts.front());
    if (!rest.rows.empty()) key = std::min<std::uint64_t>(key, row_key(rest.rows.front()));
    const std::size_t attempts = run_length(rest.attempts, key, attempt_key);
    const std::size_t rows = run_length(rest.rows, key, row_key);
    visit({.attempts = take_front(rest.attempts, attempts), .rows = take_front(rest.rows, rows)});
  }
}

auto rank_order(const CouponFact& coupon) {
  return std::tuple(coupon.rank, coupon.epoch, coupon.ticket, coupon.user);
}

// The first coupon of this rank or above. Without gaps the coupon of rank r is the r-th, and no
// search is needed.
std::size_t first_of_rank(std::span<const CouponFact> coupons, std::uint32_t rank) {
  const std::size_t row = rank - std::size_t{1};
  const bool in_place = rank != 0 && row < coupons.size() && coupons[row].rank == rank &&
                        (row == 0 || coupons[row - 1].rank != rank);
  if (in_place) return row;
  const auto found = std::ranges::lower_bound(coupons, rank, {}, &CouponFact::rank);
  return static_cast<std::size_t>(found - coupons.begin());
}

}  // namespace

std::uint64_t Group::may_have_won() const {
  return static_cast<std::uint64_t>(std::ranges::count_if(attempts, [](const AttemptFact& attempt) {
    return firstcome::may_have_won(attempt.answer);
  }));
}

Evidence::Evidence(const Facts& facts, CampaignFacts& campaign)
    : facts_(facts),
      campaign_(campaign),
      claims_have_keys_(facts.source() == Facts::Source::audit) {
  if (facts.source() == Facts::Source::none) take_shown_coupons();
  sort();
  find_windows();
}

void Evidence::take_shown_coupons() {
  auto& coupons = campaign_.coupons;
  for (const AttemptFact& attempt : campaign_.attempts) {
    if (attempt.answer != AnswerKind::issued) continue;
    coupons.push_back({.user = attempt.user, .rank = attempt.rank, .code = attempt.code});
  }
  const auto order = [](const CouponFact& coupon) {
    return std::tuple(coupon.rank, coupon.user, coupon.code.bytes);
  };
  std::ranges::sort(coupons, {}, order);
  const auto repeated = std::ranges::unique(coupons, {}, order);
  coupons.erase(repeated.begin(), repeated.end());
}

void Evidence::sort() {
  std::ranges::sort(campaign_.attempts, {}, [](const AttemptFact& attempt) {
    return std::tuple(attempt.user, attempt.claim, attempt.sent_ns, attempt.place);
  });
  std::ranges::sort(campaign_.coupons, {}, rank_order);
  rows_by_user_.resize(campaign_.coupons.size());
  std::iota(rows_by_user_.begin(), rows_by_user_.end(), std::uint32_t{0});
  std::ranges::sort(rows_by_user_, {}, [&](std::uint32_t row) {
    const CouponFact& coupon = campaign_.coupons[row];
    return std::tuple(coupon.user, coupon.claim, row);
  });
}

void Evidence::find_windows() {
  windows_.resize(campaign_.coupons.size());
  for_each_claim([&](const Group& claim) { narrow(claim); });
  for (const AttemptFact& attempt : campaign_.attempts) {
    const std::uint32_t row = row_shown_by(attempt);
    if (row == no_row) continue;
    windows_[row].until_ns = std::min(windows_[row].until_ns, attempt.got_ns);
  }
}

void Evidence::narrow(const Group& claim) {
  const std::uint64_t candidates = claim.may_have_won();
  if (candidates == 0 || claim.rows.empty()) return;
  Window window{.from_ns = never_ns};
  for (const AttemptFact& attempt : claim.attempts) {
    if (!may_have_won(attempt.answer)) continue;
    window.from_ns = std::min(window.from_ns, attempt.sent_ns);
    const bool settled_by_it = candidates == 1 && claim.rows.size() == 1;
    if (settled_by_it && attempt.answer == AnswerKind::queued) window.until_ns = attempt.got_ns;
  }
  for (const std::uint32_t row : claim.rows) windows_[row] = window;
}

std::uint32_t Evidence::row_shown_by(const AttemptFact& attempt) const {
  if (attempt.answer != AnswerKind::issued || !attempt.code_read) return no_row;
  const auto coupons = this->coupons();
  for (std::size_t row = first_of_rank(coupons, attempt.rank);
       row < coupons.size() && coupons[row].rank == attempt.rank; ++row) {
    const bool identical = coupons[row].user == attempt.user && coupons[row].code == attempt.code;
    if (identical) return static_cast<std::uint32_t>(row);
  }
  return no_row;
}

void Evidence::for_each_user(const Visit& visit) const {
  merge(
      {.attempts = campaign_.attempts, .rows = rows_by_user_},
      [](const AttemptFact& attempt) { return attempt.user; },
      [&](std::uint32_t row) { return campaign_.coupons[row].user; }, visit);
}

void Evidence::for_each_claim_of(const Group& user, const Visit& visit) const {
  if (one_each() || !claims_have_keys_) return visit(user);
  merge(
      user, [](const AttemptFact& attempt) { return attempt.claim; },
      [&](std::uint32_t row) { return campaign_.coupons[row].claim; }, visit);
}

void Evidence::for_each_claim(const Visit& visit) const {
  for_each_user([&](const Group& user) { for_each_claim_of(user, visit); });
}

std::string Evidence::describe(const CouponFact& coupon) const {
  return "rank " + std::to_string(coupon.rank) + " of " + facts_.user_name(coupon.user);
}

std::string Evidence::describe(const AttemptFact& attempt) const {
  return facts_.user_name(attempt.user) + " (" + facts_.place_name(attempt) + ")";
}

}  // namespace firstcome
