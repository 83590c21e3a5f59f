#include "ledger/coupon_index.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <mutex>
#include <shared_mutex>

#include "core/check.hpp"

namespace firstcome {
namespace {

constexpr std::size_t shard_count = 1024;

// Both halves of a fingerprint are random, so its bits serve as the hash.
std::uint64_t slot_hash(CampaignNumber campaign, const Fingerprint& print) {
  return print.low ^ (campaign.value * 0x9E3779B97F4A7C15ULL);
}

// A coupon without what can be computed (the code) or read back (the user id).
struct Record {
  Fingerprint user;
  CampaignNumber campaign;
  Rank rank;
  std::uint32_t count_or_nth;  // of a first coupon: how many its user has; of a later one: its nth
  std::uint32_t ttl_s;         // 0: never expires
  std::int64_t issued_at_ms;
};
static_assert(sizeof(Record) == 40);

// 0 is an empty slot; otherwise 24 bits of a first coupon's number (from 1) under 8 bits of its
// hash, so that a probe which passes strangers seldom has to look at their records.
struct Slot {
  static constexpr std::uint32_t number_max = (1U << 24) - 1;

  std::uint32_t bits = 0;

  static Slot of(std::uint32_t number, std::uint64_t hash) { return {number | tag(hash)}; }
  static std::uint32_t tag(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 56) << 24;
  }
  [[nodiscard]] bool empty() const { return bits == 0; }
  [[nodiscard]] std::uint32_t number() const { return bits & number_max; }
  [[nodiscard]] bool may_be(std::uint64_t hash) const { return (bits & ~number_max) == tag(hash); }
};

struct ClaimKey {
  CampaignNumber campaign;
  Fingerprint claim;
  friend bool operator==(const ClaimKey&, const ClaimKey&) = default;
};
struct ClaimKeyHash {
  using is_avalanching = void;
  std::size_t operator()(const ClaimKey& key) const noexcept {
    return slot_hash(key.campaign, key.claim);
  }
};

}  // namespace

// The users whose fingerprints fall into one shard. Slots are an open-addressing table (linear
// probing, at most 4/5 full) over the users' first coupons of each campaign. Records stand in
// deques, which grow without moving and without doubling.
class CouponIndex::Shard {
 public:
  [[nodiscard]] Result<void> add(CampaignNumber campaign, const Identity& identity,
                                 const Coupon& coupon) {
    const std::unique_lock lock(mutex_);
    Record* first = find_first(campaign, identity.user);
    const std::uint32_t count = first == nullptr ? 0 : first->count_or_nth;
    if (coupon.nth != count + 1) {
      return fail(ErrorCode::corrupt, "a user's coupons are not numbered 1, 2, 3, …");
    }
    const Record record = record_of(campaign, identity.user, coupon);
    if (first == nullptr) {
      firsts_.push_back(record);
      insert_slot();
    } else {
      ++first->count_or_nth;
      laters_.push_back(record);
    }
    if (identity.keyed()) {
      const std::deque<Record>& home = coupon.nth == 1 ? firsts_ : laters_;
      by_claim_.emplace(ClaimKey{campaign, identity.claim},
                        Place{coupon.nth == 1, static_cast<std::uint32_t>(home.size() - 1)});
    }
    return {};
  }

  void prefetch(CampaignNumber campaign, const Fingerprint& user) const {
    if (slots_.empty()) return;
    __builtin_prefetch(&slots_[slot_hash(campaign, user) & (slots_.size() - 1)], 1);
    if (!firsts_.empty()) __builtin_prefetch(&firsts_.back(), 1);
  }

  [[nodiscard]] Standing standing(CampaignNumber campaign, const Identity& identity,
                                  const CouponCodes& codes) const {
    Standing standing;
    const std::shared_lock lock(mutex_);
    if (const Record* first = find_first(campaign, identity.user)) {
      standing.coupons = first->count_or_nth;
      standing.first = coupon_of(*first, 1, codes);
    }
    if (!identity.keyed()) return standing;
    const auto keyed = by_claim_.find(ClaimKey{campaign, identity.claim});
    if (keyed != by_claim_.end()) standing.by_key = coupon_at(keyed->second, codes);
    return standing;
  }

  [[nodiscard]] std::vector<Held> held_by(const Fingerprint& user, const CouponCodes& codes) const {
    std::vector<Held> result;
    const std::shared_lock lock(mutex_);
    for (const Record& record : firsts_) {
      if (record.user == user) result.push_back({record.campaign, coupon_of(record, 1, codes)});
    }
    for (const Record& record : laters_) {
      if (record.user != user) continue;
      result.push_back({record.campaign, coupon_of(record, record.count_or_nth, codes)});
    }
    return result;
  }

 private:
  struct Place {
    bool is_first;
    std::uint32_t at;
  };

  static Record record_of(CampaignNumber campaign, const Fingerprint& user, const Coupon& coupon) {
    std::uint32_t ttl_s = 0;
    if (coupon.expires_at) {
      const auto ttl = *coupon.expires_at - coupon.issued_at;
      ttl_s =
          static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(ttl).count());
    }
    return {user,       campaign, coupon.rank,
            coupon.nth, ttl_s,    coupon.issued_at.time_since_epoch().count()};
  }

  static Coupon coupon_of(const Record& record, std::uint32_t nth, const CouponCodes& codes) {
    Coupon coupon{.rank = record.rank,
                  .nth = nth,
                  .code = codes.code(record.campaign, record.rank),
                  .issued_at = Time(std::chrono::milliseconds(record.issued_at_ms))};
    if (record.ttl_s != 0) {
      coupon.expires_at = coupon.issued_at + std::chrono::seconds(record.ttl_s);
    }
    return coupon;
  }

  [[nodiscard]] Coupon coupon_at(Place place, const CouponCodes& codes) const {
    const Record& record = place.is_first ? firsts_[place.at] : laters_[place.at];
    return coupon_of(record, place.is_first ? 1 : record.count_or_nth, codes);
  }

  [[nodiscard]] const Record* find_first(CampaignNumber campaign, const Fingerprint& user) const {
    if (slots_.empty()) return nullptr;
    const std::uint64_t hash = slot_hash(campaign, user);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask; !slots_[at].empty(); at = (at + 1) & mask) {
      if (!slots_[at].may_be(hash)) continue;
      const Record& record = firsts_[slots_[at].number() - 1];
      if (record.user == user && record.campaign == campaign) return &record;
    }
    return nullptr;
  }
  [[nodiscard]] Record* find_first(CampaignNumber campaign, const Fingerprint& user) {
    return const_cast<Record*>(std::as_const(*this).find_first(campaign, user));
  }

  // For the newest of firsts_.
  void insert_slot() {
    CHECK(firsts_.size() <= Slot::number_max, "a shard of the coupon index is full");
    if (firsts_.size() * 5 > slots_.size() * 4) return grow();
    place(static_cast<std::uint32_t>(firsts_.size()));
  }

  void place(std::uint32_t number) {
    const Record& record = firsts_[number - 1];
    const std::uint64_t hash = slot_hash(record.campaign, record.user);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (!slots_[at].empty()) at = (at + 1) & mask;
    slots_[at] = Slot::of(number, hash);
  }

  void grow() {
    slots_.assign(std::max<std::size_t>(16, slots_.size() * 2), Slot{});
    for (std::uint32_t number = 1; number <= firsts_.size(); ++number) place(number);
  }

  mutable std::shared_mutex mutex_;
  std::deque<Record> firsts_;
  std::deque<Record> laters_;
  std::vector<Slot> slots_;
  boost::unordered_flat_map<ClaimKey, Place, ClaimKeyHash> by_claim_;
};

// Which row of the coupons' log holds a rank. A campaign's ranks lie in runs of consecutive rows,
// long ones when it is hot alone, so runs are kept: 8 bytes for as many coupons as a run has.
class CouponIndex::RankRows {
 public:
  void add(CampaignNumber campaign, Rank rank, std::uint32_t seq) {
    const std::unique_lock lock(mutex_);
    if (campaign.value >= campaigns_.size()) campaigns_.resize(campaign.value + 1);
    Ranks& ranks = campaigns_[campaign.value];
    ranks.last = rank;
    if (!ranks.runs.empty()) {
      const Run& run = ranks.runs.back();
      if (seq - run.first_seq == rank.value - run.first_rank.value) return;
    }
    ranks.runs.push_back({rank, seq});
  }

  [[nodiscard]] Rank last(CampaignNumber campaign) const {
    const std::shared_lock lock(mutex_);
    return last_as_added(campaign);
  }

  // For the thread that adds, beside which nobody writes.
  [[nodiscard]] Rank last_as_added(CampaignNumber campaign) const {
    return campaign.value < campaigns_.size() ? campaigns_[campaign.value].last : Rank{};
  }

  [[nodiscard]] std::vector<std::uint32_t> after(CampaignNumber campaign, Rank after,
                                                 std::size_t limit) const {
    std::vector<std::uint32_t> rows;
    const std::shared_lock lock(mutex_);
    if (campaign.value >= campaigns_.size()) return rows;
    const Ranks& ranks = campaigns_[campaign.value];
    if (after >= ranks.last) return rows;
    Rank rank{after.value + 1};
    auto run = std::ranges::upper_bound(ranks.runs, rank, {}, &Run::first_rank) - 1;
    for (; rank <= ranks.last && rows.size() < limit; ++rank.value) {
      if (run + 1 != ranks.runs.end() && (run + 1)->first_rank == rank) ++run;
      rows.push_back(run->first_seq + (rank.value - run->first_rank.value));
    }
    return rows;
  }

 private:
  struct Run {
    Rank first_rank;
    std::uint32_t first_seq;
  };
  struct Ranks {
    Rank last{};
    std::vector<Run> runs;
  };

  mutable std::shared_mutex mutex_;
  std::vector<Ranks> campaigns_;  // by number
};

CouponIndex::CouponIndex(CouponCodes codes)
    : codes_(codes),
      shards_(std::make_unique<Shard[]>(shard_count)),
      rank_rows_(std::make_unique<RankRows>()) {}

CouponIndex::~CouponIndex() = default;

CouponIndex::Shard& CouponIndex::shard_of(const Fingerprint& user) const {
  return shards_[user.high % shard_count];
}

Result<void> CouponIndex::add(CampaignNumber campaign, const Identity& identity,
                              const Coupon& coupon, std::uint32_t seq) {
  const Rank last = rank_rows_->last_as_added(campaign);
  if (coupon.rank.value != last.value + 1) {
    return fail(ErrorCode::corrupt, "rank " + std::to_string(coupon.rank.value) +
                                        " does not follow " + std::to_string(last.value));
  }
  auto added = shard_of(identity.user).add(campaign, identity, coupon);
  if (added) rank_rows_->add(campaign, coupon.rank, seq);
  return added;
}

void CouponIndex::prefetch(CampaignNumber campaign, const Fingerprint& user) const {
  shard_of(user).prefetch(campaign, user);
}

Standing CouponIndex::standing(CampaignNumber campaign, const Identity& identity) const {
  return shard_of(identity.user).standing(campaign, identity, codes_);
}

std::vector<CouponIndex::Held> CouponIndex::held_by(const Fingerprint& user) const {
  std::vector<Held> held = shard_of(user).held_by(user, codes_);
  std::ranges::sort(held, {},
                    [](const Held& one) { return std::pair(one.campaign, one.coupon.rank); });
  return held;
}

std::vector<std::uint32_t> CouponIndex::rows_after(CampaignNumber campaign, Rank after,
                                                   std::size_t limit) const {
  return rank_rows_->after(campaign, after, limit);
}

Rank CouponIndex::last_rank(CampaignNumber campaign) const {
  return rank_rows_->last(campaign);
}

}  // namespace firstcome
