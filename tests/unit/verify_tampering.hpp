#pragma once

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "unit/verify_world.hpp"

// What mutations of a world are made of: finding who was told what, and falsifying rows and
// answers. Everything is about the campaign "demo".

namespace firstcome::testing {

inline bool shows(const Attempt& attempt, const AuditedCoupon& coupon) {
  return attempt.outcome == "issued" && attempt.user == coupon.user.view() &&
         attempt.rank == coupon.coupon.rank.value;
}

// The first answer that showed this coupon, nullptr when nobody was told.
inline Attempt* told(World& world, const AuditedCoupon& coupon) {
  Attempt* first = nullptr;
  for (Attempt& attempt : world.attempts) {
    if (!shows(attempt, coupon)) continue;
    if (first == nullptr || attempt.got_ns < first->got_ns) first = &attempt;
  }
  return first;
}

inline std::int64_t first_sent(const World& world, const std::string& user) {
  std::int64_t first = never_ns;
  for (const Attempt& attempt : world.attempts) {
    if (attempt.user == user) first = std::min(first, attempt.sent_ns);
  }
  return first;
}

inline std::int64_t end_of(const World& world) {
  std::int64_t end = 0;
  for (const Attempt& attempt : world.attempts) end = std::max(end, attempt.sent_ns + 1000);
  return end;
}

// One more attempt, at the end, that was answered with this.
inline Attempt& add_answer(World& world, const std::string& user, int status,
                           const std::string& outcome) {
  const std::int64_t sent = end_of(world);
  return world.attempts.emplace_back(Attempt{.campaign = "demo",
                                             .user = user,
                                             .sent_ns = sent,
                                             .got_ns = sent + 1,
                                             .status = status,
                                             .outcome = outcome});
}

// One more coupon, as the issuer would write it next.
inline AuditedCoupon& add_row(World& world, const std::string& user, const std::string& key = "") {
  AuditedCoupon row = world.coupons.back();
  row.user = UserId::trusted(user);
  row.key = IdempotencyKey::trusted(key);
  row.coupon.rank.value = static_cast<std::uint32_t>(world.coupons.size() + 1);
  row.coupon.code = code_for("demo", row.coupon.rank.value);
  row.ticket.value += 1;
  return world.coupons.emplace_back(row);
}

// Changes a coupon and what clients were told of it alike.
inline void change_everywhere(World& world, std::size_t row,
                              const std::function<void(Coupon&)>& change) {
  const AuditedCoupon before = world.coupons[row];
  change(world.coupons[row].coupon);
  for (Attempt& attempt : world.attempts) {
    if (!shows(attempt, before)) continue;
    attempt.rank = world.coupons[row].coupon.rank.value;
    attempt.code = to_string(world.coupons[row].coupon.code);
  }
}

// Two users' coupons change places, tickets stay where they were.
inline void swap_ranks(World& world, std::size_t a, std::size_t b) {
  const Rank low = world.coupons[a].coupon.rank;
  const Rank high = world.coupons[b].coupon.rank;
  change_everywhere(world, a, [&](Coupon& coupon) { coupon.rank = high; });
  change_everywhere(world, b, [&](Coupon& coupon) { coupon.rank = low; });
  std::swap(world.coupons[a].ticket, world.coupons[b].ticket);
  std::swap(world.coupons[a].epoch, world.coupons[b].epoch);
}

inline bool swap_first_and_last(World& world) {
  const std::size_t last = world.coupons.size() - 1;
  const Attempt* answer = told(world, world.coupons.front());
  if (answer == nullptr) return false;
  if (*answer->got_ns >= first_sent(world, world.coupons[last].user.str())) return false;
  swap_ranks(world, 0, last);
  return true;
}

inline bool only_told(const World& world, const std::string& user,
                      const std::set<std::string>& outcomes) {
  return std::ranges::all_of(world.attempts, [&](const Attempt& attempt) {
    return attempt.user != user || outcomes.contains(attempt.outcome);
  });
}

inline std::ptrdiff_t rows_of(const World& world, const std::string& user) {
  return std::ranges::count_if(
      world.coupons, [&](const AuditedCoupon& coupon) { return coupon.user.view() == user; });
}

}  // namespace firstcome::testing
