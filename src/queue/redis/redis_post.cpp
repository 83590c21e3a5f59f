#include "queue/redis/redis_post.hpp"

#include <charconv>
#include <cstring>

namespace firstcome {
namespace {

// Native byte order: all servers of a ledger run on the same kind of machine, and a message of
// another fails the mark.
constexpr std::uint32_t mark = 0x46435631;  // "FCV1"

template <class Value>
void put(std::string& bytes, const Value& value) {
  static_assert(std::is_trivially_copyable_v<Value>);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Value>
bool get(std::string_view& bytes, Value& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return true;
}

// A verdict without its code.
struct Packed {
  std::int64_t queue_ticket;
  std::uint64_t ticket;
  std::uint64_t position;
  std::int64_t eta_ms;
  std::int64_t issued_at_ms;
  std::int64_t expires_at_ms;  // 0: never
  std::uint32_t campaign;
  std::uint32_t rank;
  std::uint32_t nth;
  std::uint8_t claim_size;
  std::uint8_t kind;
  std::uint8_t outcome;
  std::uint8_t repeated;
};
static_assert(sizeof(Packed) == 64);

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::int64_t unix_ms(Time time) {
  return time.time_since_epoch().count();
}

Time time_of(std::int64_t ms) {
  return Time(std::chrono::milliseconds(ms));
}

Packed pack(const RedisWaiters::Told& told) {
  const Verdict& verdict = told.verdict;
  const Answer& answer = verdict.answer;
  const Coupon& coupon = answer.coupon;
  return {.queue_ticket = told.ticket,
          .ticket = answer.place.ticket.value,
          .position = answer.place.position,
          .eta_ms = answer.eta.count(),
          .issued_at_ms = unix_ms(coupon.issued_at),
          .expires_at_ms = coupon.expires_at ? unix_ms(*coupon.expires_at) : 0,
          .campaign = told.name.campaign.value,
          .rank = coupon.rank.value,
          .nth = coupon.nth,
          .claim_size = static_cast<std::uint8_t>(told.name.claim.size()),
          .kind = static_cast<std::uint8_t>(verdict.kind),
          .outcome = static_cast<std::uint8_t>(answer.outcome),
          .repeated = static_cast<std::uint8_t>(answer.repeated)};
}

std::optional<Verdict> unpack(const Packed& packed, const CouponCodes& codes) {
  if (packed.kind > static_cast<std::uint8_t>(Verdict::Kind::unanswered) ||
      packed.outcome > static_cast<std::uint8_t>(Outcome::paused)) {
    return std::nullopt;
  }
  Verdict verdict{.kind = static_cast<Verdict::Kind>(packed.kind)};
  Answer& answer = verdict.answer;
  answer.outcome = static_cast<Outcome>(packed.outcome);
  answer.repeated = packed.repeated != 0;
  answer.place = {.ticket = Ticket{packed.ticket}, .position = packed.position};
  answer.eta = std::chrono::milliseconds(packed.eta_ms);
  if (packed.rank == 0) return verdict;
  const CampaignNumber campaign{packed.campaign};
  answer.coupon = {.rank = Rank{packed.rank},
                   .nth = packed.nth,
                   .code = codes.code(campaign, Rank{packed.rank}),
                   .issued_at = time_of(packed.issued_at_ms)};
  if (packed.expires_at_ms != 0) answer.coupon.expires_at = time_of(packed.expires_at_ms);
  return verdict;
}

}  // namespace

std::string claim_bytes(const UserId& user, const IdempotencyKey& key) {
  std::string bytes(user.view());
  bytes.push_back('\0');
  return bytes.append(key.view());
}

std::optional<ClaimNames> read_claim_bytes(std::string_view bytes) {
  const std::size_t zero = bytes.find('\0');
  if (zero == 0 || zero == std::string_view::npos || zero > UserId::size_max ||
      bytes.size() - zero - 1 > IdempotencyKey::size_max) {
    return std::nullopt;
  }
  return ClaimNames{UserId::trusted(bytes.substr(0, zero)),
                    IdempotencyKey::trusted(bytes.substr(zero + 1))};
}

std::optional<CampaignNumber> read_campaign(std::string_view text) {
  const auto number = read_number<std::uint32_t>(text);
  if (!number || *number == 0) return std::nullopt;
  return CampaignNumber{*number};
}

char outcome_digit(Outcome outcome) {
  return static_cast<char>('0' + static_cast<int>(outcome));
}

std::optional<KeptClaim> read_kept(std::string_view bytes) {
  const std::size_t zero = bytes.find('\0');
  if (zero == std::string_view::npos || bytes.size() - zero - 1 > IdempotencyKey::size_max) {
    return std::nullopt;
  }
  const auto ticket = read_number<std::int64_t>(bytes.substr(1, zero - 1));
  const int outcome = bytes[0] - '0';
  if (!ticket || outcome < 0 || outcome > static_cast<int>(Outcome::paused)) return std::nullopt;
  return KeptClaim{.outcome = static_cast<Outcome>(outcome),
                   .ticket = *ticket,
                   .key = IdempotencyKey::trusted(bytes.substr(zero + 1))};
}

std::vector<std::uint64_t> read_servers(std::string_view text) {
  std::vector<std::uint64_t> servers;
  while (true) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return servers;
    if (const auto server = read_number<std::uint64_t>(text.substr(0, space))) {
      servers.push_back(*server);
    }
    text.remove_prefix(space + 1);
  }
}

namespace {

std::string notice_head(WorkNotice::Kind kind, CampaignNumber campaign, std::uint64_t server) {
  std::string bytes(1, static_cast<char>(kind));
  bytes.append(" ").append(std::to_string(campaign.value));
  return bytes.append(" ").append(std::to_string(server));
}

}  // namespace

std::string claims_notice_head(CampaignNumber campaign, std::uint64_t server) {
  return notice_head(WorkNotice::Kind::claims, campaign, server);
}

std::string notice_bytes(const WorkNotice& notice) {
  std::string bytes = notice_head(notice.kind, notice.campaign, notice.server);
  bytes.append(" ").append(std::to_string(notice.first_ticket));
  return bytes.append(" ").append(std::to_string(notice.count));
}

std::optional<WorkNotice> read_notice(std::string_view bytes) {
  constexpr std::string_view kinds = "cfsm";
  if (bytes.size() < 2 || kinds.find(bytes[0]) == std::string_view::npos) return std::nullopt;
  WorkNotice notice{.kind = static_cast<WorkNotice::Kind>(bytes[0])};
  bytes.remove_prefix(1);
  const auto next = [&bytes]<class Number>(Number& number) {
    if (bytes.empty() || bytes[0] != ' ') return false;
    bytes.remove_prefix(1);
    const auto [end, code] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
    bytes.remove_prefix(static_cast<std::size_t>(end - bytes.data()));
    return code == std::errc{};
  };
  const bool read = next(notice.campaign.value) && next(notice.server) &&
                    next(notice.first_ticket) && next(notice.count) && bytes.empty();
  if (!read || notice.campaign.value == 0) return std::nullopt;
  return notice;
}

PostWriter::PostWriter(std::uint64_t sender) {
  put(bytes_, mark);
  put(bytes_, sender);
}

void PostWriter::add(const RedisWaiters::Told& told) {
  put(bytes_, pack(told));
  bytes_.append(told.name.claim);
  ++count_;
}

bool read_post(std::string_view bytes, std::uint64_t self, const CouponCodes& codes,
               const std::function<bool(CampaignNumber, std::string_view)>& wanted,
               const std::function<void(RedisWaiters::Told)>& visit) {
  std::uint32_t found = 0;
  std::uint64_t sender = 0;
  if (!get(bytes, found) || found != mark || !get(bytes, sender)) return false;
  if (sender == self) return true;
  Packed packed{};
  while (!bytes.empty()) {
    if (!get(bytes, packed) || bytes.size() < packed.claim_size) return false;
    const CampaignNumber campaign{packed.campaign};
    const std::string_view claim = bytes.substr(0, packed.claim_size);
    bytes.remove_prefix(packed.claim_size);
    if (!wanted(campaign, claim)) continue;
    const auto verdict = unpack(packed, codes);
    if (!verdict) return false;
    visit({.name = {campaign, std::string(claim)},
           .ticket = packed.queue_ticket,
           .verdict = *verdict});
  }
  return true;
}

}  // namespace firstcome
