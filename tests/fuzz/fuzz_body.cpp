#include <string>

#include "core/campaign.hpp"
#include "core/check.hpp"
#include "core/ids.hpp"
#include "http/json_read.hpp"
#include "input.hpp"

// JSON bodies from anybody. What is accepted holds only values that the contract allows, and a
// refusal says why.

namespace firstcome::http {
namespace {

void claims(std::string_view body) {
  const auto user = read_claim_body(body);
  if (!user) CHECK(!user.error().message.empty(), "a refusal says why");
}

void check_settings(const CampaignSettings& settings) {
  CHECK(settings.stock <= stock_max, "stock is limited");
  CHECK(settings.per_user >= 1, "a limit of none is no campaign");
  CHECK(is_clean_utf8(settings.name), "a name can be shown");
  CHECK(settings.pace.batch >= 1 && settings.pace.tick.count() >= 1, "a pace moves on");
  CHECK(!settings.coupon_ttl || settings.coupon_ttl->count() >= 1, "a coupon lives");
  CHECK(settings.metadata.starts_with('{') && settings.metadata.ends_with('}'), "an object");
  CHECK(!settings.opens_at || !settings.closes_at || *settings.opens_at < *settings.closes_at,
        "a window is not empty");
}

void campaigns(std::string_view body, CampaignChange::Kind kind) {
  const auto patch = read_campaign_body(body, kind);
  if (!patch) {
    CHECK(!patch.error().message.empty(), "a refusal says why");
    return;
  }
  CHECK(kind == CampaignChange::Kind::patch || patch->stock, "a campaign has a stock");
  if (const auto settings = apply(CampaignSettings{}, *patch)) check_settings(*settings);
}

}  // namespace
}  // namespace firstcome::http

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = firstcome::text_of(data, size);
  firstcome::http::claims(body);
  firstcome::http::campaigns(body, firstcome::CampaignChange::Kind::put);
  firstcome::http::campaigns(body, firstcome::CampaignChange::Kind::patch);
  return 0;
}
