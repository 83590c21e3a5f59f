#include "sim/admin.hpp"

namespace firstcome::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

CampaignChange put_of(std::uint32_t campaign, const CampaignSettings& settings) {
  CampaignChange change{.id = campaign_name(campaign)};
  change.patch.stock = settings.stock;
  change.patch.per_user = settings.per_user;
  change.patch.coupon_ttl = settings.coupon_ttl;
  change.patch.mode = settings.mode;
  change.patch.pace_batch = settings.pace.batch;
  change.patch.pace_tick = settings.pace.tick;
  return change;
}

CampaignChange patch_of(std::uint32_t campaign, const CampaignPatch& patch) {
  return {.id = campaign_name(campaign), .kind = CampaignChange::Kind::patch, .patch = patch};
}

bool is_open_for_good(const CampaignSettings& settings) {
  return !settings.paused && !settings.opens_at && !settings.closes_at;
}

}  // namespace

Admin::Admin(Scene& scene) : scene_(scene), changes_left_(scene.plan.admin_changes) {
  scene_.after(microseconds(0), Event::What::admin_acts);
}

void Admin::act(Server* server) {
  if (server == nullptr) return scene_.after(microseconds(1'000), Event::What::admin_acts);
  make_missing(*server);
  if (scene_.calm) return open_for_good(*server);
  if (changes_left_ > 0) {
    --changes_left_;
    change_something(*server);
  }
  scene_.after(scene_.random.between(microseconds(500), microseconds(20'000)),
               Event::What::admin_acts);
}

void Admin::make_missing(Server& server) {
  for (std::uint32_t i = 0; i < scene_.plan.campaigns.size(); ++i) {
    if (scene_.judge.settings(i) == nullptr) server.submit(put_of(i, scene_.plan.campaigns[i]));
  }
}

void Admin::change_something(Server& server) {
  const auto campaign =
      scene_.random.below(static_cast<std::uint32_t>(scene_.plan.campaigns.size()));
  if (scene_.judge.settings(campaign) == nullptr) return;
  scene_.trace.note("admin changes", {{"campaign", campaign}});
  server.submit(patch_of(campaign, draw_patch(campaign)));
}

CampaignPatch Admin::draw_patch(std::uint32_t campaign) {
  const CampaignSettings& now = *scene_.judge.settings(campaign);
  switch (scene_.random.below(8)) {
    case 0:
    case 1:
      return {.stock = draw_stock(campaign)};
    case 2:
      return {.paused = !now.paused};
    case 3:
    case 4:
    case 5:
      return {.mode = now.mode == Mode::paced ? Mode::instant : Mode::paced};
    case 6:
      return {.pace_batch = scene_.random.between(1U, 4U),
              .pace_tick = milliseconds(scene_.random.between(1U, 25U))};
    default:
      return draw_window();
  }
}

std::uint32_t Admin::draw_stock(std::uint32_t campaign) {
  const std::uint32_t stock = scene_.judge.settings(campaign)->stock;
  if (scene_.random.percent(50)) return stock + scene_.random.between(1U, 4U);
  const std::uint32_t issued = scene_.judge.issued(campaign);
  if (scene_.random.percent(50)) return issued;
  return scene_.random.between(1U, stock + 1);
}

CampaignPatch Admin::draw_window() {
  const Time now = scene_.clock.now();
  const auto in_ms = [this](std::uint32_t most) { return milliseconds(scene_.random.below(most)); };
  CampaignPatch patch;
  patch.opens_at = scene_.random.percent(50) ? std::optional(now + in_ms(20)) : std::nullopt;
  patch.closes_at = scene_.random.percent(50) ? std::optional(now + in_ms(60)) : std::nullopt;
  return patch;
}

void Admin::open_for_good(Server& server) {
  bool all_open = true;
  for (std::uint32_t i = 0; i < scene_.plan.campaigns.size(); ++i) {
    const CampaignSettings* settings = scene_.judge.settings(i);
    if (settings != nullptr && is_open_for_good(*settings)) continue;
    all_open = false;
    CampaignPatch patch{.paused = false};
    patch.opens_at.emplace();
    patch.closes_at.emplace();
    server.submit(patch_of(i, patch));
  }
  // A change asked for before may be on its way still, or durable and not put up.
  if (all_open && --looks_left_ == 0) {
    return scene_.after(microseconds(0), Event::What::all_is_open);
  }
  scene_.after(microseconds(5'000), Event::What::admin_acts);
}

}  // namespace firstcome::sim
