#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/coupon.hpp"
#include "core/ids.hpp"
#include "ledger/ledger.hpp"
#include "verify/history.hpp"
#include "verify/text_ids.hpp"

// What the verifier knows: attempts as clients saw them, coupons as the ledger holds them, side by
// side for each campaign, small enough that ten million of each fit in memory. Nothing is judged
// here, but an answer is sorted into the few kinds that the promises tell apart. No I/O. One thread
// at a time.

namespace firstcome {

// What an answer says about whether its claim was taken.
enum class AnswerKind : std::uint8_t {
  issued,         // yes, with a coupon
  queued,         // taken, the verdict follows
  sold_out,       // no
  limit_reached,  // no
  shut,           // no: not_open, closed or paused
  refused,        // no: 4xx or 503, nothing was taken
  unknown,        // none came, or one that tells nothing; the claim may have been taken
};

[[nodiscard]] AnswerKind answer_of(const Attempt& attempt);

// Whether the attempt may be the one that won a coupon.
[[nodiscard]] constexpr bool may_have_won(AnswerKind answer) {
  return answer == AnswerKind::issued || answer == AnswerKind::queued ||
         answer == AnswerKind::unknown;
}

inline constexpr std::int64_t always_ns = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

struct AttemptFact {
  std::int64_t sent_ns = 0;
  std::int64_t got_ns = never_ns;
  std::uint64_t place = 0;  // file << 40 | line
  std::uint32_t user = 0;
  std::uint32_t claim = 0;  // of (user, Idempotency-Key), 0 without a key
  std::uint32_t rank = 0;
  std::uint16_t status = 0;
  AnswerKind answer{};
  bool code_read = false;  // false: the answer's code is none that firstcome makes
  CouponCode code{};
};

struct CouponFact {
  std::uint64_t epoch = 0;
  std::uint64_t ticket = 0;
  std::uint32_t user = 0;
  std::uint32_t claim = 0;
  std::uint32_t rank = 0;
  CouponCode code{};
};

struct CampaignLimits {
  std::uint32_t stock = 0;
  std::uint32_t per_user = 1;
  bool paused = false;
};

struct CampaignFacts {
  std::string id{};
  std::optional<CampaignLimits> limits{};    // none: the ledger does not know this campaign
  std::optional<std::uint64_t> unsettled{};  // parked claims without a verdict
  std::vector<AttemptFact> attempts{};
  std::vector<CouponFact> coupons{};
};

class Facts {
 public:
  // Where coupons come from, which decides how much is known of them.
  enum class Source : std::uint8_t {
    none,
    listing,  // the HTTP API: no keys, no tickets, no parked claims
    audit,    // the ledger itself
  };

  // With `only`, facts about other campaigns are ignored.
  explicit Facts(Source source, std::string only = {}) : source_(source), only_(std::move(only)) {}

  // The lines of one file follow each other, from line 1.
  void begin_file(std::string name);
  void add(const Attempt& attempt);

  void add_campaign(std::string_view id, const CampaignLimits& limits);
  void add(const AuditedCoupon& coupon);
  void set_unsettled(std::string_view campaign, std::uint64_t count);

  [[nodiscard]] bool wants(std::string_view campaign) const {
    return only_.empty() || only_ == campaign;
  }
  [[nodiscard]] Source source() const { return source_; }
  [[nodiscard]] bool has_history() const { return !files_.empty(); }
  [[nodiscard]] std::vector<CampaignFacts>& campaigns() { return campaigns_; }
  [[nodiscard]] const std::vector<CampaignFacts>& campaigns() const { return campaigns_; }

  [[nodiscard]] std::string user_name(std::uint32_t user) const {
    return std::string(users_.text(user));
  }
  // "FILE:LINE"
  [[nodiscard]] std::string place_name(const AttemptFact& attempt) const;

 private:
  [[nodiscard]] CampaignFacts& campaign(std::string_view id);
  [[nodiscard]] std::uint32_t claim_id(std::uint32_t user, std::string_view key);

  Source source_;
  std::string only_;
  std::vector<std::string> files_{};
  std::uint64_t line_ = 0;
  TextIds users_{};
  TextIds claims_{};
  std::vector<CampaignFacts> campaigns_{};
  boost::unordered_flat_map<std::string, std::size_t> campaign_index_{};
  std::size_t last_campaign_ = 0;  // facts about one campaign come in long rows
};

}  // namespace firstcome
