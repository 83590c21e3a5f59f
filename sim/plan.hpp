#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "core/campaign.hpp"
#include "sim/random.hpp"

// What one seed puts the server through. Each kind of trouble is in some plans and not in others,
// because troubles that always come together hide each other (swarm testing, Groce et al. 2012).
// Plain values.

namespace firstcome::sim {

// In percent of the occasions; 0: never in this run.
struct Troubles {
  std::uint32_t crash_in_commit = 0;  // at every place where the driver waits
  std::uint32_t crash_while_telling = 0;
  std::uint32_t commit_unavailable = 0;
  std::uint32_t commit_unknown = 0;
  std::uint32_t landed_unavailable = 0;
  std::uint32_t ledger_lost = 0;  // it fails for good, written or not
  std::uint32_t change_unavailable = 0;
  std::uint32_t slow_commit = 0;
  std::uint32_t request_lost = 0;
  std::uint32_t reply_lost = 0;
  std::uint32_t late_packet = 0;
  std::uint32_t recall_blind = 0;  // the ledger cannot say from memory

  // The ledger and the process are sound: no claim with a ticket may be refused.
  [[nodiscard]] bool healthy() const {
    return crash_in_commit + crash_while_telling + commit_unavailable + commit_unknown +
               ledger_lost + change_unavailable ==
           0;
  }
};

struct Plan {
  std::uint16_t desks = 1;
  std::uint32_t users = 1;
  std::uint32_t wishes_per_user = 1;  // of each campaign
  std::uint32_t keyed_percent = 0;
  std::uint32_t impatient_percent = 0;     // who asks again before there was an answer
  std::uint32_t interleaving_percent = 0;  // how often the issuer cuts in on a desk
  std::vector<CampaignSettings> campaigns{};
  std::size_t batch_claims_max = 4096;
  std::size_t line_claims_max = 4096;
  std::size_t waiting_max = 1000;
  Monotonic chaos{};  // how long there is trouble
  Troubles troubles{};
  std::uint32_t crashes = 0;
  std::uint32_t drains = 0;
  std::uint32_t rivals = 0;
  std::uint32_t wall_jumps = 0;
  std::uint32_t admin_changes = 0;
};

[[nodiscard]] Plan draw_plan(Random& random);

}  // namespace firstcome::sim
