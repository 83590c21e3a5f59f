#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/campaign.hpp"
#include "core/claim.hpp"
#include "core/outcome.hpp"
#include "core/verdict.hpp"

// The contract of arrival order: claims that are not settled yet. A claim arrives with enqueue(),
// which gives its ticket; the issuer peeks at the oldest with take_batch(), and settle() removes
// exactly those. Claims of paced campaigns are parked in a line of their own after their ticket is
// durable, and leave it by pace.
//
// Thread rule: any thread may call enqueue(), depth(), place() and look_up(); all else belongs to
// the issuing thread.

namespace firstcome {

struct QueueDepth {
  std::uint64_t arrived = 0;  // taken by nobody, or taken and not settled
  std::uint64_t parked = 0;
};

class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  virtual ~Queue() = default;

  // Gives the claims their tickets, in their order, and wakes the issuing thread; one that comes
  // from elsewhere (ReplyTo::elsewhere) keeps the ticket that it brings. One call, one message: a
  // desk calls it once for all claims of one round of its event loop.
  virtual void enqueue(std::span<Claim> claims) = 0;

  // The oldest claims in order of arrival, at most `max`. A peek: until settle(), a further call
  // begins with the same. Valid until settle(). The caller may give them the epoch and ticket under
  // which they are decided, where that is known only then.
  [[nodiscard]] virtual std::span<Claim> take_batch(std::size_t max) = 0;

  // Removes the `count` oldest claims, which take_batch() has shown.
  virtual void settle(std::size_t count) = 0;

  // Gives the verdicts of claims that came from elsewhere (ReplyTo::elsewhere) to whoever waits for
  // them, before the claims are settled. One that could not be decided may stay in the queue.
  virtual void answer(std::span<const Verdict> verdicts) = 0;

  // Whether a claim may come out of it more than once, so that each needs a name of its own.
  [[nodiscard]] virtual bool may_repeat() const { return false; }

  // A campaign was made or changed, or has issued more.
  virtual void note_campaign(const Campaign& campaign) = 0;

  // Another server issues for this campaign: its claims that came from elsewhere are left to it.
  virtual void leave_to_another(CampaignNumber campaign) = 0;

  // The same, between batches; and removes and returns those that came from this server's clients.
  [[nodiscard]] virtual std::vector<Claim> take_out(CampaignNumber campaign) = 0;

  // Removes and returns what has arrived behind the `count` oldest, which take_batch() has shown:
  // to be refused, while nobody can issue.
  [[nodiscard]] virtual std::vector<Claim> drop_behind(std::size_t count) = 0;

  // Moves a claim, whose ticket is durable now, to the end of its campaign's line.
  virtual void park(const Claim& claim) = 0;

  // Restores at start a claim that has its verdict already.
  virtual void remember(CampaignNumber campaign, const Identity& identity, Ticket ticket,
                        Outcome outcome) = 0;

  // The front of a campaign's line in ticket order, at most `max`. A peek.
  [[nodiscard]] virtual std::vector<Claim> front_of_line(CampaignNumber campaign,
                                                         std::size_t max) = 0;

  // Removes the front claims with their outcomes; losers are remembered, so that they can be told.
  virtual void settle_line(CampaignNumber campaign, std::span<const Outcome> outcomes) = 0;

  [[nodiscard]] virtual std::uint64_t line_length(CampaignNumber campaign) const = 0;

  // The newest ticket in a campaign's line so far: of one behind it place() does not know. Any
  // thread.
  [[nodiscard]] virtual Ticket line_back(CampaignNumber campaign) const = 0;

  // Where this claim waits, or how it ended unless it was issued. A keyed identity finds that very
  // claim, one without a key the user's newest. Any thread.
  [[nodiscard]] virtual std::optional<Place> place(CampaignNumber campaign,
                                                   const Identity& identity) const = 0;

  // As place(), of the user's newest claim that waits, or has lost, where only what servers have in
  // common tells. Any thread; blocks. Nothing also when nobody can be asked.
  [[nodiscard]] virtual std::optional<Place> look_up(CampaignNumber campaign,
                                                     const UserId& user) = 0;

  [[nodiscard]] virtual QueueDepth depth() const = 0;
};

}  // namespace firstcome
