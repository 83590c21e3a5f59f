#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/campaign.hpp"
#include "desk/desk.hpp"
#include "ledger/ledger.hpp"
#include "sim/book.hpp"
#include "sim/broken.hpp"
#include "sim/plan.hpp"

// Holds every step against the promises, at the moment it is taken: what became durable, what was
// said on it, what a user then knew. It keeps its own book of the truth and shares nothing with the
// parts it judges. Throws Broken. One thread.
//
// What was said is judged as an outsider may: a no is true if it was true at some moment between
// the request's sending and its answer, for a desk answers from what was last put up.

namespace firstcome::sim {

class Judge {
 public:
  Judge(const Plan& plan, Book& book);

  // A process took over under this epoch; all that is durable can be seen by it.
  void epoch_taken(Epoch epoch);
  void server_gone();

  // On the way in.
  void tickets_given(std::span<const Claim> claims);
  void verdict_given(std::uint32_t attempt);  // each waiting attempt gets one

  // In the ledger.
  void campaign_durable(const Campaign& campaign);
  void campaign_put_up(const Campaign& campaign);
  void rows_durable(const BatchRows& rows);
  void rows_visible(const BatchRows& rows);  // from here on the ledger's memory knows them

  void lines_settled();  // from here on the queue knows every verdict

  // What was said to an attempt, when the words left the code: by the desk at once, or as the
  // issuer's verdict.
  enum class Speaker : std::uint8_t { desk, issuer };
  void said(std::uint32_t attempt, const Answer& answer, Speaker speaker);
  void refused(std::uint32_t attempt, bool had_ticket);
  void unknown_campaign(std::uint32_t attempt) const;

  // What a user learned.
  void learned_queued(std::uint32_t attempt, Ticket ticket);
  void shown_status(std::uint32_t wish, const std::optional<Desk::Status>& status) const;

  // When all troubles are over and everybody has asked until there was an answer.
  void at_the_end() const;

  [[nodiscard]] std::uint32_t issued(std::uint32_t campaign) const;
  [[nodiscard]] const CampaignSettings* settings(std::uint32_t campaign) const;

 private:
  // Settings count from when they are durable until the next ones are put up.
  struct Version {
    std::shared_ptr<const CampaignSettings> settings;
    bool ended = false;
    Moment until = 0;
    std::uint32_t issued_until = 0;
  };
  struct Row {
    CouponRow row;
    std::uint32_t attempt = 0;
    Moment visible = 0;
  };
  struct Parked {
    Ticket ticket{};
    std::uint32_t attempt = 0;
    Moment learned = 0;  // when its user was told
    bool settled = false;
    Moment left = 0;  // when its line let it go, so that no desk can find it waiting
    Outcome outcome{};
  };
  struct Truth {
    std::uint32_t index = 0;  // in the plan
    Moment put_up = 0;
    std::vector<Version> versions;
    std::vector<Row> rows;  // rank n at n - 1
    std::vector<std::uint32_t> coupons_of_user;
    std::vector<std::uint32_t> first_rank_of_user;
    std::vector<Parked> parked;  // in ticket order
    Epoch row_epoch{};
    Ticket row_ticket{};
    [[nodiscard]] const CampaignSettings& settings() const { return *versions.back().settings; }
    [[nodiscard]] std::uint32_t issued() const { return static_cast<std::uint32_t>(rows.size()); }
  };

  [[nodiscard]] Truth& truth_of(CampaignNumber number);
  [[nodiscard]] const Truth* truth_of_wish(const Wish& wish) const;
  [[nodiscard]] std::uint32_t attempt_with(Epoch epoch, Ticket ticket) const;
  [[nodiscard]] std::string name(std::uint32_t attempt) const;

  void add_row(const CouponRow& row);
  void check_owner(const CouponRow& row, std::uint32_t attempt) const;
  void check_counts(const Truth& truth, const CouponRow& row, std::uint32_t user) const;
  void check_order(Truth& truth, const CouponRow& row, std::uint32_t attempt);
  void check_in_time(const Truth& truth, std::uint32_t attempt) const;
  void add_parked(const Claim& claim);
  void settle(const Settlement& settlement);
  void check_settled(const Settlement& settlement);

  [[nodiscard]] static const Parked* find_parked(const Truth& truth, Ticket ticket);
  [[nodiscard]] bool same_claim(const Truth& truth, std::uint32_t attempt,
                                std::uint32_t other) const;
  [[nodiscard]] const Row* row_of_claim(const Truth& truth, std::uint32_t attempt) const;

  void said_issued(const Truth& truth, std::uint32_t attempt, const Answer& answer) const;
  void said_queued(const Truth& truth, std::uint32_t attempt, const Answer& answer,
                   Speaker speaker) const;
  void said_no(const Truth& truth, std::uint32_t attempt, Outcome outcome);
  [[nodiscard]] bool is_true_no(const Truth& truth, const Version& version, std::uint32_t attempt,
                                Outcome outcome) const;
  static void end_versions(Truth& truth, const CampaignSettings* but, Moment now);

  const Plan& plan_;
  Book& book_;
  Epoch epoch_{};
  Ticket last_ticket_{};
  std::vector<Truth> truths_;  // by campaign number
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> attempt_by_ticket_;
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> code_owners_;
  // By attempt and by wish; 0 and false until then.
  std::vector<std::uint32_t> rank_of_attempt_;
  std::vector<bool> told_no_;
  std::vector<std::uint32_t> rank_of_wish_;
};

}  // namespace firstcome::sim
