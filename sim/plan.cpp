#include "sim/plan.hpp"

namespace firstcome::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::uint32_t sometimes(Random& random, std::uint32_t chance, std::uint32_t most) {
  return random.percent(chance) ? random.between(1U, most) : 0;
}

std::size_t small_or_all(Random& random) {
  return random.percent(50) ? random.between(1U, 6U) : 4096;
}

Troubles draw_troubles(Random& random) {
  if (random.percent(20)) {
    return {.slow_commit = sometimes(random, 50, 40),
            .request_lost = sometimes(random, 50, 10),
            .reply_lost = sometimes(random, 50, 15),
            .late_packet = sometimes(random, 50, 20)};
  }
  return {.crash_in_commit = sometimes(random, 30, 4),
          .crash_while_telling = sometimes(random, 20, 4),
          .commit_unavailable = sometimes(random, 40, 30),
          .commit_unknown = sometimes(random, 40, 30),
          .landed_unavailable = sometimes(random, 50, 60),
          .ledger_lost = sometimes(random, 30, 8),
          .change_unavailable = sometimes(random, 30, 40),
          .slow_commit = sometimes(random, 50, 40),
          .request_lost = sometimes(random, 40, 10),
          .reply_lost = sometimes(random, 50, 20),
          .late_packet = sometimes(random, 40, 20),
          .recall_blind = sometimes(random, 20, 50)};
}

CampaignSettings draw_campaign(Random& random, std::uint32_t users) {
  CampaignSettings settings{.stock = random.between(1U, users + 4),
                            .per_user = random.percent(50) ? 1 : random.between(2U, 3U)};
  if (random.percent(50)) settings.mode = Mode::paced;
  if (random.percent(30)) settings.coupon_ttl = std::chrono::seconds(random.between(1U, 60U));
  settings.pace = {.batch = random.between(1U, 4U), .tick = milliseconds(random.between(1U, 25U))};
  return settings;
}

}  // namespace

Plan draw_plan(Random& random) {
  Plan plan{.desks = static_cast<std::uint16_t>(random.between(1U, 3U)),
            .users = random.between(2U, 10U),
            .wishes_per_user = random.between(1U, 3U),
            .keyed_percent = random.percent(50) ? random.between(0U, 100U) : 100,
            .impatient_percent = sometimes(random, 60, 30),
            .interleaving_percent = sometimes(random, 70, 40),
            .batch_claims_max = small_or_all(random),
            .line_claims_max = small_or_all(random),
            .waiting_max = random.percent(20) ? random.between(1U, 4U) : 1000,
            .chaos = random.between(microseconds(10'000), microseconds(250'000)),
            .troubles = draw_troubles(random)};
  if (random.percent(3)) plan.users = random.between(20U, 60U);
  const std::uint32_t campaigns = random.between(1U, 3U);
  for (std::uint32_t i = 0; i < campaigns; ++i)
    plan.campaigns.push_back(draw_campaign(random, plan.users));
  plan.drains = sometimes(random, 20, 2);
  plan.wall_jumps = sometimes(random, 30, 3);
  plan.admin_changes = sometimes(random, 60, 12);
  if (plan.troubles.healthy()) return plan;
  plan.crashes = sometimes(random, 40, 3);
  plan.rivals = sometimes(random, 20, 2);
  return plan;
}

}  // namespace firstcome::sim
