#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/claim.hpp"
#include "core/coupon.hpp"
#include "core/verdict.hpp"
#include "queue/redis/redis_waiters.hpp"

// Claims and verdicts as bytes, the way they stand in Redis and travel between servers. Pure.

namespace firstcome {

// A claim in the queue: its user, a zero byte, its Idempotency-Key. Neither holds a zero byte, and
// equal claims are equal bytes.
[[nodiscard]] std::string claim_bytes(const UserId& user, const IdempotencyKey& key);

struct ClaimNames {
  UserId user{};
  IdempotencyKey key{};
};
// nullopt: no such bytes.
[[nodiscard]] std::optional<ClaimNames> read_claim_bytes(std::string_view bytes);

// A campaign's number in decimal. nullopt: it is none.
[[nodiscard]] std::optional<CampaignNumber> read_campaign(std::string_view text);

// The numbers of servers, each before a space.
[[nodiscard]] std::vector<std::uint64_t> read_servers(std::string_view text);

// What the queue has written down of a kept claim: an outcome's digit, the ticket, a zero byte, the
// Idempotency-Key.
struct KeptClaim {
  Outcome outcome{};
  std::int64_t ticket = 0;
  IdempotencyKey key{};
};
[[nodiscard]] char outcome_digit(Outcome outcome);
[[nodiscard]] std::optional<KeptClaim> read_kept(std::string_view bytes);

// What servers tell each other of a campaign on the channels of work, as text: its kind, and four
// numbers, each behind a space.
struct WorkNotice {
  enum class Kind : char {
    claims = 'c',      // that came into the queue under these tickets
    from_front = 'f',  // something there has waited for long
    stalled = 's',     // who leads cannot issue for now
    moves = 'm',       // who leads has decided something
  };
  Kind kind{};
  CampaignNumber campaign{};
  std::uint64_t server = 0;  // whose word it is
  std::int64_t first_ticket = 0;
  std::int64_t count = 0;
};
[[nodiscard]] std::string notice_bytes(const WorkNotice& notice);
// Of `claims`, what stands before ticket and count, which enqueue.lua puts behind it.
[[nodiscard]] std::string claims_notice_head(CampaignNumber campaign, std::uint64_t server);
[[nodiscard]] std::optional<WorkNotice> read_notice(std::string_view bytes);

// The verdicts of a batch, as one server tells the others.
class PostWriter {
 public:
  explicit PostWriter(std::uint64_t sender);
  void add(const RedisWaiters::Told& told);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
};

// Calls `visit` for each verdict in a message of another server whose campaign and claim are
// `wanted`, which is asked of all; `self` skips one's own. Codes are not sent, they follow from
// campaign and rank. False: the bytes are no such message.
bool read_post(std::string_view bytes, std::uint64_t self, const CouponCodes& codes,
               const std::function<bool(CampaignNumber, std::string_view)>& wanted,
               const std::function<void(RedisWaiters::Told)>& visit);

}  // namespace firstcome
