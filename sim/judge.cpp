#include "sim/judge.hpp"

#include <algorithm>

namespace firstcome::sim {
namespace {

constexpr std::uint64_t ticket_key(Epoch epoch, Ticket ticket) {
  return (epoch.value << 40) | ticket.value;
}

}  // namespace

Judge::Judge(const Plan& plan, Book& book) : plan_(plan), book_(book) {}

void Judge::epoch_taken(Epoch epoch) {
  if (epoch <= epoch_) broken(0, "an epoch was given twice");
  epoch_ = epoch;
  last_ticket_ = {};
}

void Judge::server_gone() {
  const Moment now = book_.next_moment();
  for (Truth& truth : truths_) {
    end_versions(truth, &truth.settings(), now);
    for (Row& row : truth.rows) {
      if (row.visible == 0) row.visible = now;
    }
  }
  lines_settled();
  for (Attempt& attempt : book_.attempts) attempt.waits = false;
}

void Judge::tickets_given(std::span<const Claim> claims) {
  for (const Claim& claim : claims) {
    if (claim.epoch != epoch_) broken(7, "a ticket of another epoch");
    if (claim.ticket <= last_ticket_) broken(7, "a ticket is not above the one before");
    last_ticket_ = claim.ticket;
    Attempt& attempt = book_.attempts[claim.reply_to.slot];
    if (attempt.ticket != Ticket{}) broken(7, "a second ticket: " + name(claim.reply_to.slot));
    attempt.ticket = claim.ticket;
    attempt_by_ticket_.emplace(ticket_key(claim.epoch, claim.ticket), claim.reply_to.slot);
  }
}

void Judge::verdict_given(std::uint32_t attempt) {
  if (!book_.attempts[attempt].waits) broken(10, "a verdict nobody waits for: " + name(attempt));
  book_.attempts[attempt].waits = false;
}

void Judge::at_the_end() const {
  for (std::uint32_t i = 0; i < book_.attempts.size(); ++i) {
    if (book_.attempts[i].waits) broken(10, "never got its verdict: " + name(i));
  }
  for (std::uint32_t i = 0; i < book_.wishes.size(); ++i) {
    if (!book_.wishes[i].fulfilled) broken(10, "a wish without an end: k" + std::to_string(i));
  }
  for (const Truth& truth : truths_) {
    for (const Parked& parked : truth.parked) {
      if (!parked.settled) broken(10, "waits in its line for ever: " + name(parked.attempt));
    }
    const std::uint32_t demand = plan_.users * truth.settings().per_user;
    if (truth.issued() != std::min(truth.settings().stock, demand)) {
      broken(10, campaign_name(truth.index).str() + " issued " + std::to_string(truth.issued()) +
                     " of " + std::to_string(truth.settings().stock) + " to a demand of " +
                     std::to_string(demand));
    }
  }
}

std::uint32_t Judge::issued(std::uint32_t campaign) const {
  for (const Truth& truth : truths_) {
    if (truth.index == campaign) return truth.issued();
  }
  return 0;
}

const CampaignSettings* Judge::settings(std::uint32_t campaign) const {
  for (const Truth& truth : truths_) {
    if (truth.index == campaign) return &truth.settings();
  }
  return nullptr;
}

Judge::Truth& Judge::truth_of(CampaignNumber number) {
  if (number.value == 0 || number.value > truths_.size()) broken(0, "no campaign has this number");
  return truths_[number.value - 1];
}

const Judge::Truth* Judge::truth_of_wish(const Wish& wish) const {
  const auto found = std::ranges::find(truths_, wish.campaign, &Truth::index);
  return found == truths_.end() ? nullptr : &*found;
}

std::uint32_t Judge::attempt_with(Epoch epoch, Ticket ticket) const {
  const auto found = attempt_by_ticket_.find(ticket_key(epoch, ticket));
  if (found == attempt_by_ticket_.end()) broken(4, "a row of a ticket that nobody was given");
  return found->second;
}

std::string Judge::name(std::uint32_t attempt) const {
  const Wish& wish = book_.wish_of(attempt);
  std::string words = "attempt " + std::to_string(attempt) + " of u" + std::to_string(wish.user) +
                      " at c" + std::to_string(wish.campaign);
  if (wish.keyed) words += " under k" + std::to_string(book_.attempts[attempt].wish);
  return words;
}

const Judge::Parked* Judge::find_parked(const Truth& truth, Ticket ticket) {
  const auto found =
      std::ranges::find(truth.parked.rbegin(), truth.parked.rend(), ticket, &Parked::ticket);
  return found == truth.parked.rend() ? nullptr : &*found;
}

bool Judge::same_claim(const Truth& truth, std::uint32_t attempt, std::uint32_t other) const {
  if (attempt == other) return true;
  const Wish& wish = book_.wish_of(attempt);
  if (wish.campaign != book_.wish_of(other).campaign) return false;
  if (truth.settings().per_user == 1) return wish.user == book_.wish_of(other).user;
  return wish.keyed && book_.attempts[attempt].wish == book_.attempts[other].wish;
}

const Judge::Row* Judge::row_of_claim(const Truth& truth, std::uint32_t attempt) const {
  const Wish& wish = book_.wish_of(attempt);
  std::uint32_t rank = 0;
  if (truth.settings().per_user == 1) {
    rank = truth.first_rank_of_user[wish.user];
  } else if (wish.keyed) {
    const std::uint32_t number = book_.attempts[attempt].wish;
    rank = number < rank_of_wish_.size() ? rank_of_wish_[number] : 0;
  } else {
    rank = attempt < rank_of_attempt_.size() ? rank_of_attempt_[attempt] : 0;
  }
  return rank == 0 ? nullptr : &truth.rows[rank - 1];
}

}  // namespace firstcome::sim
