#include "sim/users.hpp"

namespace firstcome::sim {

using std::chrono::microseconds;

Users::Users(Scene& scene) : scene_(scene) {
  const Plan& plan = scene_.plan;
  for (std::uint32_t user = 0; user < plan.users; ++user) {
    for (std::uint32_t campaign = 0; campaign < plan.campaigns.size(); ++campaign) {
      for (std::uint32_t i = 0; i < plan.wishes_per_user; ++i) {
        want(user, campaign, scene_.random.percent(plan.keyed_percent), plan.chaos * 2 / 3);
      }
    }
  }
}

void Users::want(std::uint32_t user, std::uint32_t campaign, bool keyed, Monotonic latest) {
  const auto number = static_cast<std::uint32_t>(scene_.book.wishes.size());
  scene_.book.wishes.push_back({.user = user, .campaign = campaign, .keyed = keyed, .pending = 1});
  const auto latest_us = std::chrono::duration_cast<microseconds>(latest);
  scene_.after(scene_.random.between(microseconds(0), latest_us), Event::What::user_acts, number);
}

void Users::want_all() {
  for (std::uint32_t campaign = 0; campaign < scene_.plan.campaigns.size(); ++campaign) {
    for (std::uint32_t user = 0; user < scene_.plan.users; ++user) {
      for (std::uint32_t i = 0; i < scene_.plan.campaigns[campaign].per_user; ++i) {
        want(user, campaign, true, microseconds(20'000));
      }
    }
  }
}

void Users::act(std::uint32_t wish) {
  const auto number = static_cast<std::uint32_t>(scene_.book.attempts.size());
  const auto desk = static_cast<std::uint16_t>(scene_.random.below(scene_.plan.desks));
  scene_.book.attempts.push_back({.wish = wish, .desk = desk, .sent = scene_.book.next_moment()});
  scene_.trace.note("user sends", {{"attempt", number},
                                   {"wish", wish},
                                   {"user", scene_.book.wishes[wish].user},
                                   {"campaign", scene_.book.wishes[wish].campaign},
                                   {"desk", desk}});
  const Troubles& troubles = scene_.plan.troubles;
  const bool late = scene_.trouble(troubles.late_packet);
  if (!scene_.trouble(troubles.request_lost)) {
    scene_.after(scene_.random.between(microseconds(20), microseconds(late ? 40'000 : 400)),
                 Event::What::request_arrives, number);
  }
  scene_.after(scene_.random.between(microseconds(8'000), microseconds(40'000)),
               Event::What::user_gives_up, number);
  if (scene_.trouble(scene_.plan.impatient_percent)) {
    ++scene_.book.wishes[wish].pending;
    scene_.after(scene_.random.between(microseconds(0), microseconds(2'000)),
                 Event::What::user_acts, wish);
  }
}

void Users::finish(std::uint32_t number) {
  Attempt& attempt = scene_.book.attempts[number];
  attempt.finished = true;
  --scene_.book.wishes[attempt.wish].pending;
}

void Users::give_up(std::uint32_t number) {
  const Attempt& attempt = scene_.book.attempts[number];
  if (attempt.finished) return;
  scene_.trace.note("user gives up", {{"attempt", number}});
  finish(number);
  retry_later(attempt.wish);
}

void Users::refuse(std::uint32_t number) {
  const Attempt& attempt = scene_.book.attempts[number];
  if (attempt.finished) return;
  finish(number);
  retry_later(attempt.wish);
}

void Users::retry_later(std::uint32_t number) {
  Wish& wish = scene_.book.wishes[number];
  if (wish.fulfilled || wish.pending > 0) return;
  ++wish.pending;
  scene_.after(scene_.random.between(microseconds(500), microseconds(15'000)),
               Event::What::user_acts, number);
}

void Users::take_reply(std::uint32_t number) {
  const Attempt& attempt = scene_.book.attempts[number];
  if (attempt.finished) return;  // gave up: that connection is closed
  finish(number);
  switch (attempt.reply->kind) {
    case Reply::Kind::answered:
      return take_answer(number, attempt.reply->answer);
    case Reply::Kind::refused:
    case Reply::Kind::dropped:
      return retry_later(attempt.wish);
  }
}

void Users::take_answer(std::uint32_t number, const Answer& answer) {
  const std::uint32_t wish = scene_.book.attempts[number].wish;
  switch (answer.outcome) {
    case Outcome::queued:
      scene_.judge.learned_queued(number, answer.place.ticket);
      scene_.book.wishes[wish].queued = true;
      return ask_status_later(wish);
    case Outcome::not_open:
    case Outcome::closed:
    case Outcome::paused:
      return retry_later(wish);
    case Outcome::issued:
    case Outcome::sold_out:
    case Outcome::limit_reached:
      break;
  }
  if (scene_.trouble(10)) return retry_later(wish);  // to see whether it is told the same again
  scene_.book.wishes[wish].fulfilled = true;
}

void Users::ask_status_later(std::uint32_t number) {
  Wish& wish = scene_.book.wishes[number];
  if (wish.fulfilled || wish.pending > 0) return;
  ++wish.pending;
  scene_.after(scene_.random.between(microseconds(300), microseconds(20'000)),
               Event::What::user_asks_status, number);
}

void Users::ask_status(std::uint32_t number, Server* server) {
  Wish& wish = scene_.book.wishes[number];
  --wish.pending;
  if (wish.fulfilled || wish.pending > 0) return;
  if (server == nullptr) return ask_status_later(number);
  const bool can_claim_again = wish.keyed || scene_.plan.campaigns[wish.campaign].per_user == 1;
  if (can_claim_again && scene_.random.percent(30)) return retry_later(number);
  const auto desk = static_cast<std::uint16_t>(scene_.random.below(scene_.plan.desks));
  if (server->is_busy(desk)) return ask_status_later(number);
  std::optional<Desk::Status> status;
  try {
    status = server->status(desk, wish);
  } catch (const Crashed&) {
    ask_status_later(number);  // the connection broke
    throw;
  }
  scene_.judge.shown_status(number, status);
  const bool waits = status->place && status->place->outcome == Outcome::queued;
  scene_.trace.note("status shown", {{"wish", number}, {"waits", waits ? 1U : 0U}});
  if (waits) return ask_status_later(number);
  wish.fulfilled = true;
}

}  // namespace firstcome::sim
