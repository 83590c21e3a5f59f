// What was said and shown, against promises 3, 4, 5, 8, 9, 10 and 11.

#include <algorithm>

#include "sim/judge.hpp"

namespace firstcome::sim {

void Judge::said(std::uint32_t attempt, const Answer& answer, Speaker speaker) {
  book_.next_moment();
  const Truth* truth = truth_of_wish(book_.wish_of(attempt));
  if (truth == nullptr) broken(0, "an answer about a campaign that does not exist");
  switch (answer.outcome) {
    case Outcome::issued:
      return said_issued(*truth, attempt, answer);
    case Outcome::queued:
      return said_queued(*truth, attempt, answer, speaker);
    case Outcome::sold_out:
    case Outcome::limit_reached:
    case Outcome::not_open:
    case Outcome::closed:
    case Outcome::paused:
      return said_no(*truth, attempt, answer.outcome);
  }
}

void Judge::said_issued(const Truth& truth, std::uint32_t attempt, const Answer& answer) const {
  const std::uint32_t rank = answer.coupon.rank.value;
  const std::string words = "told issued, rank " + std::to_string(rank) + ": " + name(attempt);
  if (rank == 0 || rank > truth.issued()) broken(3, words + ", which is not durable");
  const Row& row = truth.rows[rank - 1];
  if (row.row.coupon != answer.coupon) broken(3, words + ", but the durable row differs");
  if (!same_claim(truth, attempt, row.attempt)) {
    broken(5, words + ", which belongs to " + name(row.attempt));
  }
  if (answer.repeated == (row.attempt == attempt)) {
    broken(5, words + (answer.repeated ? ", as repeated" : ", as new"));
  }
}

void Judge::said_queued(const Truth& truth, std::uint32_t attempt, const Answer& answer,
                        Speaker speaker) const {
  const std::string words =
      "told queued, ticket " + std::to_string(answer.place.ticket.value) + ": " + name(attempt);
  const Parked* parked = find_parked(truth, answer.place.ticket);
  if (parked == nullptr) broken(10, words + ", which is not durable");
  // A desk may still see a claim in its line while the verdict is on its way there.
  const bool too_late = speaker == Speaker::issuer
                            ? parked->settled
                            : parked->left != 0 && parked->left < book_.attempts[attempt].sent;
  if (too_late) broken(10, words + ", which has its verdict already");
  if (!same_claim(truth, attempt, parked->attempt)) {
    broken(5, words + ", which belongs to " + name(parked->attempt));
  }
  if (answer.repeated == (parked->attempt == attempt)) {
    broken(5, words + (answer.repeated ? ", as repeated" : ", as new"));
  }
  if (speaker == Speaker::desk) return;  // its position was right a moment ago
  const auto waiting = std::ranges::count(truth.parked, false, &Parked::settled);
  const auto ahead = std::ranges::count_if(truth.parked, [&](const Parked& other) {
    return !other.settled && other.ticket <= parked->ticket;
  });
  if (answer.place.position != static_cast<std::uint64_t>(ahead)) {
    broken(10, words + ", position " + std::to_string(answer.place.position) + " of " +
                   std::to_string(waiting));
  }
}

void Judge::said_no(const Truth& truth, std::uint32_t attempt, Outcome outcome) {
  const std::string words = "told " + std::string(to_string(outcome)) + ": " + name(attempt);
  if (attempt < rank_of_attempt_.size() && rank_of_attempt_[attempt] != 0) {
    broken(4, words + ", which has a row");
  }
  const Row* row = row_of_claim(truth, attempt);
  if (row != nullptr && row->visible != 0 && row->visible < book_.attempts[attempt].sent) {
    broken(5, words + ", which has had its coupon since before it was sent");
  }
  const bool is_true = std::ranges::any_of(truth.versions, [&](const Version& version) {
    const bool counts = !version.ended || version.until >= book_.attempts[attempt].sent;
    return counts && is_true_no(truth, version, attempt, outcome);
  });
  const int promise = outcome == Outcome::sold_out ? 8 : outcome == Outcome::limit_reached ? 9 : 0;
  if (!is_true) broken(promise, words + ", which was never true since it was sent");
  told_no_.resize(book_.attempts.size());
  told_no_[attempt] = true;
}

bool Judge::is_true_no(const Truth& truth, const Version& version, std::uint32_t attempt,
                       Outcome outcome) const {
  const CampaignSettings& settings = *version.settings;
  const Time arrived = book_.attempts[attempt].arrived_at;
  const std::uint32_t issued = version.ended ? version.issued_until : truth.issued();
  switch (outcome) {
    case Outcome::sold_out:
      return issued >= settings.stock;
    case Outcome::limit_reached:
      return truth.coupons_of_user[book_.wish_of(attempt).user] >= settings.per_user;
    case Outcome::not_open:
      return settings.opens_at && arrived < *settings.opens_at;
    case Outcome::closed:
      return settings.closes_at && arrived >= *settings.closes_at;
    case Outcome::paused:
      return settings.paused;
    case Outcome::issued:
    case Outcome::queued:
      break;
  }
  return false;
}

void Judge::refused(std::uint32_t attempt, bool had_ticket) {
  if (had_ticket && plan_.troubles.healthy() && plan_.rivals == 0) {
    broken(11, "refused after it had a ticket: " + name(attempt));
  }
  if (attempt < rank_of_attempt_.size() && rank_of_attempt_[attempt] != 0) {
    broken(4, "refused, but it has a row: " + name(attempt));
  }
  told_no_.resize(book_.attempts.size());
  told_no_[attempt] = true;
}

void Judge::unknown_campaign(std::uint32_t attempt) const {
  const Truth* truth = truth_of_wish(book_.wish_of(attempt));
  if (truth == nullptr || truth->put_up == 0) return;
  if (truth->put_up < book_.attempts[attempt].sent) {
    broken(3, "told that its campaign does not exist: " + name(attempt));
  }
}

void Judge::learned_queued(std::uint32_t attempt, Ticket ticket) {
  for (Truth& truth : truths_) {
    if (truth.index != book_.wish_of(attempt).campaign) continue;
    for (Parked& parked : truth.parked) {
      const bool its = parked.ticket == ticket && same_claim(truth, attempt, parked.attempt);
      if (its && parked.learned == 0) parked.learned = book_.next_moment();
    }
  }
}

void Judge::shown_status(std::uint32_t number, const std::optional<Desk::Status>& status) const {
  const Wish& wish = book_.wishes[number];
  const Truth* truth = truth_of_wish(wish);
  const std::string words = "the status of u" + std::to_string(wish.user);
  if (!status) broken(10, words + ": the campaign is gone");
  if (status->coupons == 0 && !status->place) {
    broken(10, words + ": told queued before, now it has no claim");
  }
  if (status->coupons > truth->coupons_of_user[wish.user]) {
    broken(3, words + ": more coupons than are durable");
  }
  if (status->first) {
    const std::uint32_t rank = truth->first_rank_of_user[wish.user];
    if (rank == 0 || truth->rows[rank - 1].row.coupon != *status->first) {
      broken(3, words + ": its first coupon is not the durable one");
    }
  }
  if (!status->place) return;
  const Parked* parked = find_parked(*truth, status->place->ticket);
  if (parked == nullptr) broken(10, words + ": a place that is not durable");
  const bool queued = status->place->outcome == Outcome::queued;
  if (!queued && (!parked->settled || parked->outcome != status->place->outcome)) {
    broken(10, words + ": another outcome than the durable one");
  }
}

}  // namespace firstcome::sim
