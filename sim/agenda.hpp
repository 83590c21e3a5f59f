#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.hpp"

// What is going to happen, and when. Events of the same moment happen in the order in which they
// were put down, so a run is the same each time. One thread.

namespace firstcome::sim {

struct Event {
  enum class What : std::uint8_t {
    user_acts,         // who: wish
    user_asks_status,  // who: wish
    user_gives_up,     // who: attempt
    request_arrives,   // who: attempt
    reply_arrives,     // who: attempt
    round_ends,        // who: desk
    verdicts_arrive,   // who: desk
    issuer_steps,
    admin_acts,
    server_starts,
    server_drains,
    server_stops,
    server_dies,
    wall_clock_jumps,
    rival_comes,
    faults_end,
    all_is_open,
  };
  Monotonic at{};
  std::uint64_t order = 0;
  What what{};
  std::uint32_t who = 0;
  std::uint32_t life = 0;  // the server process it belongs to; 0: to none
};

class Agenda {
 public:
  void add(Monotonic at, Event::What what, std::uint32_t who = 0, std::uint32_t life = 0) {
    add({.at = at, .order = 0, .what = what, .who = who, .life = life});
  }
  void add(Event event) {
    event.order = ++last_order_;
    events_.push_back(event);
    std::ranges::push_heap(events_, is_later);
  }

  // The next event, unless it is later than `until`.
  [[nodiscard]] std::optional<Event> take(Monotonic until) {
    if (events_.empty() || events_.front().at > until) return std::nullopt;
    std::ranges::pop_heap(events_, is_later);
    const Event event = events_.back();
    events_.pop_back();
    return event;
  }

 private:
  static bool is_later(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  std::vector<Event> events_;
  std::uint64_t last_order_ = 0;
};

}  // namespace firstcome::sim
