#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/campaign.hpp"
#include "core/claim.hpp"
#include "core/coupon.hpp"
#include "core/error.hpp"
#include "core/key_hash.hpp"
#include "core/outcome.hpp"
#include "core/verdict.hpp"

// The contracts of the durable truth: what an engine must do to hold campaigns and coupons.
// Ledger is the issuing side, LedgerReader the listings; an engine provides both, and a KeyBook
// where servers share the ledger. Nothing here knows SQL. The promises rest on three rules: a
// commit is all or nothing; `ok` means that it outlives a power cut; and `unknown` is said rather
// than guessed.
//
// Several servers may issue from one ledger. Then what a batch's decisions depend on is held still
// from state_for() to commit(), and what the others have done comes as News.

namespace firstcome {

// What the ledger holds of one claim's user in its campaign.
struct Standing {
  std::uint32_t coupons = 0;       // how many the user has
  std::optional<Coupon> first{};   // the one with nth = 1
  std::optional<Coupon> by_key{};  // the one issued under this claim's Idempotency-Key
};

// What a batch's decisions depend on; one entry a claim, in the claims' order, the due ones first.
struct BatchState {
  std::vector<const Campaign*> campaigns;  // owned by the ledger, valid until its next change
  std::vector<Standing> standings;
};

struct CouponRow {
  CampaignNumber campaign{};
  Coupon coupon{};
  UserId user{};
  IdempotencyKey key{};
  Identity identity{};
  Epoch epoch{};
  Ticket ticket{};
};

// A claim that was answered `queued` has reached its end.
struct Settlement {
  CampaignNumber campaign{};
  Ticket ticket{};
  Outcome outcome{};
};

// One transaction.
struct BatchRows {
  std::vector<CouponRow> coupons;   // in rank order within each campaign
  std::vector<Claim> parked;        // paced claims to remember before they are answered 202
  std::vector<Settlement> settled;  // parked claims with their verdict; an issued one is forgotten
  [[nodiscard]] std::size_t size() const { return coupons.size() + parked.size() + settled.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
};

// What others who issue from the same ledger have done: it is in the ledger's memory already, and
// board and queue are to follow, in this order.
struct News {
  std::vector<CampaignNumber> campaigns{};  // made, changed, or with more issued; each once
  std::vector<Claim> parked{};              // came to the end of their line, in ticket order
  std::vector<Settlement> settled{};        // left the front of their line, in ticket order
  std::vector<CampaignNumber> lines{};      // whose ticks are this server's to run from now on
  // Whose claims that come from elsewhere are another server's to issue.
  std::vector<CampaignNumber> led_elsewhere{};
  [[nodiscard]] bool empty() const {
    return campaigns.empty() && parked.empty() && settled.empty() && lines.empty() &&
           led_elsewhere.empty();
  }
};

enum class CommitResult : std::uint8_t {
  ok,           // durable
  retry,        // nothing was written; what was decided on has changed: decide again
  stale_epoch,  // somebody holds a newer epoch; nothing was written, and never will be under this
  unavailable,  // nothing was written; may work later
  unknown,      // written or not: ask landed() before anything else
};

// A parked claim as the ledger remembers it; `outcome` is queued until it is settled.
struct ParkedClaim {
  Claim claim{};
  Outcome outcome{};
};

// Thread rule: one thread issues and calls everything but recall(), which any thread may call at
// any time.
class Ledger {
 public:
  Ledger() = default;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  virtual ~Ledger() = default;

  // Every campaign, in order of number. Valid until the next change().
  virtual void for_each_campaign(const std::function<void(const Campaign&)>& visit) const = 0;

  // A campaign by its number, which exists. Valid until the next change().
  [[nodiscard]] virtual const Campaign& campaign(CampaignNumber number) const = 0;

  // Every parked claim, settled ones too, in ticket order within a campaign. Called at start.
  [[nodiscard]] virtual Result<void> for_each_parked(
      const std::function<void(const ParkedClaim&)>& visit) = 0;

  // Makes or changes campaigns, durable when it returns; one result a change, in order. A change
  // that is refused (invalid, not_found, or conflict with field "stock" when the stock would fall
  // below what is issued) leaves the others alone. The outer error means that none was made,
  // or with code unknown that they may have been.
  struct Changed {
    Campaign campaign{};
    bool created = false;
  };
  [[nodiscard]] virtual Result<std::vector<Result<Changed>>> change(
      std::span<const CampaignChange> changes) = 0;

  // What the decisions about these claims depend on; `due` are those that their line's tick has
  // brought. Every claim's campaign exists. Where others may issue, the arrivals get their epochs
  // and tickets here: tickets rise, and a claim that comes from elsewhere (ReplyTo::elsewhere)
  // keeps the one it brought where that is above all before it. May block. Once it has succeeded,
  // commit() must follow. Error: unavailable; timeout, when it may work at once; conflict, when
  // some of the claims are not to be decided here, as news() says, or not yet: not all who issue
  // act on a change of their campaign.
  [[nodiscard]] virtual Result<BatchState> state_for(std::span<Claim> due,
                                                     std::span<Claim> arrivals) = 0;

  // Commits what was decided on the state in one transaction or not at all; without rows it only
  // ends what state_for() began, and may still be refused as stale. May block for a disk sync.
  [[nodiscard]] virtual CommitResult commit(const BatchRows& rows) = 0;

  // After `unknown`: whether that transaction is in the ledger. Once answered, state_for() agrees
  // with it. An error means that nobody can say yet (unavailable), or never will (corrupt). May
  // block for some hundred ms.
  [[nodiscard]] virtual Result<bool> landed(const BatchRows& rows) = 0;

  // What others have done as far as it was come across since the last call, by state_for(),
  // change(), landed() or follow().
  [[nodiscard]] virtual News news() { return {}; }

  // Whether others may issue from the same ledger. Any thread.
  [[nodiscard]] virtual bool is_shared() const { return false; }

  // Where they may: how often to look after them when nothing else
  // does, and the look. May block. While the ledger is away there is no news.
  [[nodiscard]] virtual std::optional<Monotonic> follow_every() const { return std::nullopt; }
  virtual void follow() {}

  // Whether all others who issue from the same ledger act on the changes that were made here, as of
  // the last look at them. Who is not there any more does not count.
  [[nodiscard]] virtual bool all_act_on_changes() const { return true; }

  // Whether the ticks of this campaign's line are this server's to run.
  [[nodiscard]] virtual bool runs_line(CampaignNumber) const { return true; }

  // Why this can never commit again (disk full, failed sync), once that is so: the process must
  // stop rather than go on.
  [[nodiscard]] virtual std::optional<Error> lost() const = 0;

  // Upkeep (a checkpoint, say) when replies have been given and before the next batch is taken, or
  // when there has been nothing to do for a while. May block for some ms.
  virtual void between_batches() = 0;
  virtual void when_idle() = 0;

  // What can be said at once, from memory, about a claim's user; nullopt when that takes a look
  // into the database. Where others may issue, memory may miss their newest, and what it says is
  // what was so at most a moment ago. Any thread; never blocks on I/O.
  [[nodiscard]] virtual std::optional<Standing> recall(CampaignNumber campaign,
                                                       const Identity& identity) const = 0;
};

// A coupon as listings show it.
struct ListedCoupon {
  CampaignNumber campaign{};
  UserId user{};
  Coupon coupon{};
};

// A coupon with everything the ledger knows of it, for the verifier.
struct AuditedCoupon {
  CampaignId campaign{};
  UserId user{};
  IdempotencyKey key{};
  Coupon coupon{};
  Epoch epoch{};
  Ticket ticket{};
};

struct AuditedCampaign {
  CampaignId id{};
  CampaignSettings settings{};
};

// What somebody knows of a user in a campaign's line.
struct SeenInLine {
  Ticket back{};                 // of what is behind this ticket he knows nothing
  std::optional<Place> place{};  // of the user's newest claim, unless that was issued
};

// How a user stands in a campaign.
struct UserClaims {
  std::vector<Coupon> coupons{};  // in order of nth
  std::optional<Place> place{};   // of the newest claim that is parked and has no coupon
};

// Reads only; may block on I/O. One thread at a time.
class LedgerReader {
 public:
  LedgerReader() = default;
  LedgerReader(const LedgerReader&) = delete;
  LedgerReader& operator=(const LedgerReader&) = delete;
  virtual ~LedgerReader() = default;

  // The campaign's coupons with rank > after, in rank order, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<ListedCoupon>> coupons_of_campaign(
      CampaignNumber campaign, Rank after, std::size_t limit) = 0;

  // The user's coupons in order of (campaign, rank), at most `limit`, from those after `after`:
  // campaign number << 32 | rank.
  [[nodiscard]] virtual Result<std::vector<ListedCoupon>> coupons_of_user(const UserId& user,
                                                                          std::uint64_t after,
                                                                          std::size_t limit) = 0;

  // A user's coupons in a campaign as they are now, whoever has issued them, and his place, whoever
  // has parked him. Who was behind what the caller has seen is looked for only there.
  [[nodiscard]] virtual Result<UserClaims> claims_now(CampaignNumber campaign, const UserId& user,
                                                      const SeenInLine& seen) = 0;
};

// The whole ledger, for the verifier: one consistent snapshot, from another process if need be.
class LedgerAudit {
 public:
  LedgerAudit() = default;
  LedgerAudit(const LedgerAudit&) = delete;
  LedgerAudit& operator=(const LedgerAudit&) = delete;
  virtual ~LedgerAudit() = default;

  [[nodiscard]] virtual Result<std::vector<AuditedCampaign>> campaigns() = 0;

  // Every coupon, in the order of their commit, so that within a campaign ranks should rise by 1.
  [[nodiscard]] virtual Result<void> for_each_coupon(
      const std::function<void(const AuditedCoupon&)>& visit) = 0;

  // Parked claims that have no verdict yet.
  [[nodiscard]] virtual Result<std::uint64_t> unsettled_count(const CampaignId& campaign) = 0;
};

// A key that all servers of a ledger take: its hash, and for people where the key itself is.
struct KeptKey {
  KeyHash hash{};
  std::string origin{};  // "web1:/var/lib/firstcome/admin.key"; what is too long is cut off
};

// What servers that share a ledger agree on by it: the keys that say who asks, under names. One
// thread at a time; may block on I/O. Error: as the ledger says, or corrupt.
class KeyBook {
 public:
  KeyBook() = default;
  KeyBook(const KeyBook&) = delete;
  KeyBook& operator=(const KeyBook&) = delete;
  virtual ~KeyBook() = default;

  [[nodiscard]] virtual Result<std::optional<KeptKey>> find(const std::string& name) = 0;

  // Keeps the key, unless one is kept: of several who call, one comes first. Returns the one that
  // is kept. After an error it may be kept or not.
  [[nodiscard]] virtual Result<KeptKey> keep(const std::string& name, const KeptKey& key) = 0;

  // Keeps the key in place of the one that is. Servers that run go on with the one they know.
  [[nodiscard]] virtual Result<void> replace(const std::string& name, const KeptKey& key) = 0;
};

}  // namespace firstcome
