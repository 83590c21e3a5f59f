#pragma once

#include <string>
#include <vector>

#include "issue/driver.hpp"
#include "queue/memory_queue.hpp"
#include "unit/support/manual_clock.hpp"
#include "unit/support/memory_ledger.hpp"
#include "unit/support/samples.hpp"

// A driver between a real queue and a ledger in memory, stepped by hand under a clock that is moved
// by hand. What it says is written down as words, in order.

namespace firstcome::testing {

class DriverBench : public DriverEvents {
 public:
  static constexpr std::size_t batch_claims_max = 8;

  explicit DriverBench(const CampaignSettings& first, const CampaignSettings& second = {},
                       std::size_t claims_max = batch_claims_max)
      : claims_max_(claims_max) {
    ledger.events = &events;
    ledger.hold(campaign_of(first, 0, first_campaign));
    ledger.hold(campaign_of(second, 0, second_campaign));
  }

  // Once, as at the server's start.
  DriverBench& start() {
    CHECK(driver.restore(fingerprints), "the ledger can be read");
    events.clear();
    return *this;
  }

  // One desk's round: all of these users claim. Slots number the claims from 0.
  DriverBench& claim(const std::vector<std::string>& users,
                     CampaignNumber campaign = first_campaign, const std::string& key = {}) {
    std::vector<Claim> claims;
    for (const std::string& user : users) {
      Claim claim = claim_of(user, key, campaign);
      claim.arrived_at = clock.now();
      claim.arrived_mono = clock.monotonic();
      claim.reply_to.slot = slot_++;
      claims.push_back(claim);
    }
    queue.enqueue(claims);
    return *this;
  }

  DriverBench& change(CampaignPatch patch, CampaignNumber campaign = first_campaign) {
    driver.submit({.id = ledger.campaign(campaign).id,
                   .kind = CampaignChange::Kind::patch,
                   .patch = std::move(patch)},
                  {.slot = slot_++});
    return *this;
  }

  // Steps until there is nothing to do at this moment.
  Driver::Next settle() {
    for (int steps = 0; steps < 1000; ++steps) {
      const Driver::Next next = driver.step();
      const bool due = next.due_at && *next.due_at <= clock.monotonic();
      if (!next.more && !due) return next;
    }
    CHECK(false, "the driver turns in a circle");
  }

  // What was said since the last call: "a issued 1", "b sold_out", …
  [[nodiscard]] std::string told() {
    std::string text;
    for (const std::string& one : std::exchange(told_, {})) {
      text += (text.empty() ? "" : ", ") + one;
    }
    return text;
  }

  void on_campaign(const Campaign& campaign) override {
    events.push_back("publish " + std::to_string(campaign.issued));
  }
  void on_verdicts(std::uint16_t, std::vector<Verdict> verdicts) override {
    events.push_back("tell " + std::to_string(verdicts.size()) + ", arrived " +
                     std::to_string(queue.depth().arrived));
    for (const Verdict& verdict : verdicts) told_.push_back(words(verdict));
  }
  void on_changed(ReplyTo reply_to, Result<Ledger::Changed> result) override {
    events.push_back("changed");
    told_.push_back(std::to_string(reply_to.slot) +
                    (result ? " changed" : std::string(" ") + to_string(result.error().code)));
  }

  ManualClock clock{};
  MemoryLedger ledger{};
  MemoryQueue queue{Epoch{1}, Ticket{1}, [] {}};
  std::vector<std::string> events{};

 private:
  static std::string words(const Verdict& verdict) {
    const std::string slot = std::to_string(verdict.reply_to.slot) + " ";
    if (verdict.kind == Verdict::Kind::unavailable) return slot + "unavailable";
    if (verdict.kind == Verdict::Kind::unanswered) return slot + "unanswered";
    const Answer& answer = verdict.answer;
    std::string text = slot + std::string(to_string(answer.outcome));
    if (answer.outcome == Outcome::issued) text += " " + std::to_string(answer.coupon.rank.value);
    if (answer.outcome == Outcome::queued) {
      text += " at " + std::to_string(answer.place.position) + " in " +
              std::to_string(answer.eta.count());
    }
    return answer.repeated ? text + "'" : text;
  }

  const std::size_t claims_max_;
  std::uint32_t slot_ = 0;
  std::vector<std::string> told_;
  Metrics metrics_;
  const Issuer issuer_{codes};

 public:
  Driver driver{{.batch_claims_max = claims_max_, .line_claims_max = claims_max_},
                ledger,
                queue,
                issuer_,
                clock,
                *this,
                metrics_.shard()};
};

}  // namespace firstcome::testing
