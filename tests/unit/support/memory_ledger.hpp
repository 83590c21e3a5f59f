#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "ledger/campaign_staging.hpp"
#include "ledger/ledger.hpp"

// A ledger that lives in memory, does as it is told, and writes down what it was asked: the
// driver's other side. Its commits go well unless `next_commits` says otherwise.

namespace firstcome::testing {

class MemoryLedger final : public Ledger {
 public:
  // How the next commits end, and whether an unknown one was written.
  std::deque<CommitResult> next_commits{};
  bool unknown_lands = false;
  bool is_away = false;  // it cannot say
  std::optional<Error> lost_because{};
  bool loses_itself = false;  // at the next commit that does not go well
  // Called in each commit with its rows: lets time pass, as a slow disk would.
  std::function<void(std::size_t)> on_commit = [](std::size_t) {};
  // As if another server that shares the ledger had not heard of a change yet.
  bool another_lags = false;
  bool decides_nothing_yet = false;  // until another acts on a change
  // Where servers share it: what others have done, told once; and whether the lines are ours.
  bool shared = false;
  News next_news{};
  bool finds_itself_lost = false;  // at the next look after the others
  bool has_leases = true;
  // Every commit that was tried, as rows; and what happened, as words.
  std::vector<BatchRows> tried{};
  std::vector<std::string>* events = nullptr;

  std::vector<CouponRow> coupons{};
  std::map<Ticket, ParkedClaim> parked{};

  void hold(const Campaign& campaign) { campaigns_.push_back(campaign); }
  // As if an administrator had changed it.
  void set(CampaignNumber number, CampaignSettings settings) {
    campaigns_[number.value - 1].settings =
        std::make_shared<const CampaignSettings>(std::move(settings));
  }

  void for_each_campaign(const std::function<void(const Campaign&)>& visit) const override {
    for (const Campaign& one : campaigns_) visit(one);
  }
  [[nodiscard]] const Campaign& campaign(CampaignNumber number) const override {
    return campaigns_.at(number.value - 1);
  }
  [[nodiscard]] Result<void> for_each_parked(
      const std::function<void(const ParkedClaim&)>& visit) override {
    for (const auto& [ticket, one] : parked) visit(one);
    return {};
  }
  [[nodiscard]] Result<std::vector<Result<Changed>>> change(
      std::span<const CampaignChange> changes) override {
    note("change " + std::to_string(changes.size()));
    if (lost_because) return std::unexpected(*lost_because);
    CampaignStaging staging(
        [this](const CampaignId& id) -> const Campaign* {
          for (const Campaign& one : campaigns_) {
            if (one.id == id) return &one;
          }
          return nullptr;
        },
        CampaignNumber{static_cast<std::uint32_t>(campaigns_.size() + 1)});
    std::vector<Result<Changed>> results;
    for (const CampaignChange& one : changes) results.push_back(staging.stage(one));
    for (const Campaign& one : staging.changed()) {
      if (one.number.value > campaigns_.size()) campaigns_.emplace_back();
      campaigns_[one.number.value - 1] = one;
    }
    return results;
  }
  [[nodiscard]] Result<BatchState> state_for(std::span<Claim> due,
                                             std::span<Claim> arrivals) override {
    if (lost_because) return std::unexpected(*lost_because);
    if (decides_nothing_yet) return fail(ErrorCode::conflict, "another does not act on a change");
    BatchState state;
    for (const std::span<Claim> claims : {due, arrivals}) {
      for (const Claim& claim : claims) {
        state.campaigns.push_back(&campaign(claim.campaign));
        state.standings.push_back(*recall(claim.campaign, claim.identity));
      }
    }
    return state;
  }
  [[nodiscard]] CommitResult commit(const BatchRows& rows) override {
    if (rows.empty() && next_commits.empty()) return CommitResult::ok;
    note("commit");
    on_commit(rows.size());
    tried.push_back(rows);
    CommitResult result = CommitResult::ok;
    if (!next_commits.empty()) {
      result = next_commits.front();
      next_commits.pop_front();
    }
    if (result == CommitResult::ok || (result == CommitResult::unknown && unknown_lands)) {
      write(rows);
    }
    if (result != CommitResult::ok && loses_itself) {
      lost_because = Error{ErrorCode::unavailable, "the disk is full"};
    }
    return result;
  }
  [[nodiscard]] Result<bool> landed(const BatchRows&) override {
    note("landed");
    if (lost_because) return std::unexpected(*lost_because);
    if (is_away) return fail(ErrorCode::unavailable, "it is away");
    return unknown_lands;
  }
  [[nodiscard]] News news() override { return std::exchange(next_news, {}); }
  [[nodiscard]] bool is_shared() const override { return shared; }
  [[nodiscard]] std::optional<Monotonic> follow_every() const override {
    return shared ? std::optional<Monotonic>(std::chrono::milliseconds(100)) : std::nullopt;
  }
  void follow() override {
    if (finds_itself_lost) lost_because = Error{ErrorCode::corrupt, "it has gone back"};
  }
  [[nodiscard]] bool runs_line(CampaignNumber) const override { return has_leases; }
  [[nodiscard]] std::optional<Error> lost() const override { return lost_because; }
  [[nodiscard]] bool all_act_on_changes() const override { return !another_lags; }
  void between_batches() override { note("between"); }
  void when_idle() override { note("idle"); }
  [[nodiscard]] std::optional<Standing> recall(CampaignNumber number,
                                               const Identity& identity) const override {
    Standing standing;
    for (const CouponRow& row : coupons) {
      if (row.campaign != number || row.identity.user != identity.user) continue;
      ++standing.coupons;
      if (row.coupon.nth == 1) standing.first = row.coupon;
      if (identity.keyed() && row.identity.claim == identity.claim) standing.by_key = row.coupon;
    }
    return standing;
  }

 private:
  void note(const std::string& event) {
    if (events != nullptr) events->push_back(event);
  }
  void write(const BatchRows& rows) {
    for (const CouponRow& row : rows.coupons) {
      Campaign& one = campaigns_.at(row.campaign.value - 1);
      CHECK(row.coupon.rank.value == ++one.issued, "ranks go on");
      coupons.push_back(row);
    }
    for (const Claim& claim : rows.parked) parked[claim.ticket] = {claim, Outcome::queued};
    for (const Settlement& one : rows.settled) {
      if (one.outcome == Outcome::issued) {
        parked.erase(one.ticket);
      } else {
        parked.at(one.ticket).outcome = one.outcome;
      }
    }
  }

  std::vector<Campaign> campaigns_;
};

}  // namespace firstcome::testing
