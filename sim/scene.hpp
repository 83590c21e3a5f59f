#pragma once

#include "sim/agenda.hpp"
#include "sim/book.hpp"
#include "sim/judge.hpp"
#include "sim/plan.hpp"
#include "sim/random.hpp"
#include "sim/sim_clock.hpp"
#include "sim/trace.hpp"

// What all actors of one run share. One thread runs them all; what would be other threads goes on
// wherever a part calls Elsewhere.

namespace firstcome::sim {

// The rest of the world, from where a part waits.
class Elsewhere {
 public:
  Elsewhere() = default;
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;
  virtual ~Elsewhere() = default;

  // The thread that calls it waits for so long, and the others go on. May throw Crashed.
  virtual void goes_on(Monotonic duration) = 0;
  // Called by a desk in the middle of its work: the issuing thread may get ahead of it.
  virtual void issuer_may_cut_in() = 0;
};

struct Scene {
  explicit Scene(std::uint64_t seed, bool verbose)
      : random(seed), plan(draw_plan(random)), trace(clock, verbose), judge(plan, book) {}

  Random random;
  const Plan plan;
  SimClock clock{};
  Agenda agenda{};
  Trace trace;
  Book book{};
  Judge judge;
  bool calm = false;  // the troubles are over
  Elsewhere* elsewhere = nullptr;

  // One of this kind of trouble happens now.
  [[nodiscard]] bool trouble(std::uint32_t chance_percent) {
    return !calm && chance_percent > 0 && random.percent(chance_percent);
  }
  void after(Monotonic wait, Event::What what, std::uint32_t who = 0, std::uint32_t life = 0) {
    agenda.add(clock.monotonic() + wait, what, who, life);
  }
};

}  // namespace firstcome::sim
