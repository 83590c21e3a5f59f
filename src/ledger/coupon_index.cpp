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
constexpr std::uint32_t no_record = 0;  // slots hold a record's index + 1

// Both halves of a fingerprint are random, so its bits serve as the hash.
std::uint64_t slot_hash(CampaignNumber campaign, const Fingerprint& print) {
  return print.low ^ (campaign.value * 0x9E3779B97F4A7C15ULL);
}

// A coupon without what can be computed (the code) or read back (the user id).
struct Record {
  Fingerprint user;
  CampaignNumber campaign;
  Rank rank;
  // Of a user's first coupon: how many coupons he has. Of a later one: its nth, always above 1.
  std::uint32_t count_or_nth;
  std::uint32_t ttl_s;  // 0: never expires
  std::uint64_t issued_at_ms : 63;
  std::uint64_t is_first : 1;
};
static_assert(sizeof(Record) == 40);

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
// probing, at most 4/5 full) over the records of first coupons.
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
    if (first != nullptr) ++first->count_or_nth;
    append(campaign, identity.user, coupon);
    if (first == nullptr) insert_slot(static_cast<std::uint32_t>(records_.size()));
    if (identity.keyed()) {
      by_claim_.emplace(ClaimKey{campaign, identity.claim},
                        static_cast<std::uint32_t>(records_.size()));
    }
    return {};
  }

  [[nodiscard]] Standing standing(CampaignNumber campaign, const Identity& identity,
                                  const CouponCodes& codes) const {
    Standing standing;
    const std::shared_lock lock(mutex_);
    if (const Record* first = find_first(campaign, identity.user)) {
      standing.coupons = first->count_or_nth;
      standing.first = coupon_of(*first, codes);
    }
    if (!identity.keyed()) return standing;
    const auto keyed = by_claim_.find(ClaimKey{campaign, identity.claim});
    if (keyed != by_claim_.end()) standing.by_key = coupon_of(records_[keyed->second - 1], codes);
    return standing;
  }

  [[nodiscard]] std::vector<Held> held_by(const Fingerprint& user, const CouponCodes& codes) const {
    std::vector<Held> result;
    const std::shared_lock lock(mutex_);
    for (const Record& record : records_) {
      if (record.user == user) result.push_back({record.campaign, coupon_of(record, codes)});
    }
    return result;
  }

 private:
  static Coupon coupon_of(const Record& record, const CouponCodes& codes) {
    Coupon coupon{.rank = record.rank,
                  .nth = record.is_first ? 1 : record.count_or_nth,
                  .code = codes.code(record.campaign, record.rank),
                  .issued_at = Time(
                      std::chrono::milliseconds(static_cast<std::int64_t>(record.issued_at_ms)))};
    if (record.ttl_s != 0)
      coupon.expires_at = coupon.issued_at + std::chrono::seconds(record.ttl_s);
    return coupon;
  }

  void append(CampaignNumber campaign, const Fingerprint& user, const Coupon& coupon) {
    std::uint32_t ttl_s = 0;
    if (coupon.expires_at) {
      ttl_s = static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::seconds>(*coupon.expires_at - coupon.issued_at)
              .count());
    }
    const bool is_first = coupon.nth == 1;
    const auto issued_at_ms =
        static_cast<std::uint64_t>(coupon.issued_at.time_since_epoch().count());
    records_.push_back({user, campaign, coupon.rank, is_first ? 1 : coupon.nth, ttl_s,
                        issued_at_ms & ((std::uint64_t{1} << 63) - 1), is_first});
  }

  [[nodiscard]] const Record* find_first(CampaignNumber campaign, const Fingerprint& user) const {
    if (slots_.empty()) return nullptr;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = slot_hash(campaign, user) & mask;; at = (at + 1) & mask) {
      if (slots_[at] == no_record) return nullptr;
      const Record& record = records_[slots_[at] - 1];
      if (record.user == user && record.campaign == campaign) return &record;
    }
  }
  [[nodiscard]] Record* find_first(CampaignNumber campaign, const Fingerprint& user) {
    return const_cast<Record*>(std::as_const(*this).find_first(campaign, user));
  }

  void insert_slot(std::uint32_t record_number) {
    if ((used_ + 1) * 5 > slots_.size() * 4) grow();
    place(record_number);
    ++used_;
  }

  void place(std::uint32_t record_number) {
    const Record& record = records_[record_number - 1];
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = slot_hash(record.campaign, record.user) & mask;
    while (slots_[at] != no_record) at = (at + 1) & mask;
    slots_[at] = record_number;
  }

  void grow() {
    std::vector<std::uint32_t> old(std::max<std::size_t>(16, slots_.size() * 2), no_record);
    old.swap(slots_);
    for (const std::uint32_t record_number : old) {
      if (record_number != no_record) place(record_number);
    }
  }

  mutable std::shared_mutex mutex_;
  std::deque<Record> records_;  // a deque grows without moving and without doubling
  std::vector<std::uint32_t> slots_;
  std::size_t used_ = 0;
  boost::unordered_flat_map<ClaimKey, std::uint32_t, ClaimKeyHash> by_claim_;
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
  if (coupon.rank.value != last_rank(campaign).value + 1) {
    return fail(ErrorCode::corrupt, "rank " + std::to_string(coupon.rank.value) +
                                        " does not follow " +
                                        std::to_string(last_rank(campaign).value));
  }
  auto added = shard_of(identity.user).add(campaign, identity, coupon);
  if (added) rank_rows_->add(campaign, coupon.rank, seq);
  return added;
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
