#include "http/json_write.hpp"

#include <array>
#include <charconv>
#include <concepts>

#include "core/timestamp.hpp"
#include "http/response.hpp"

namespace firstcome::http {
namespace {

void append_value(std::string& out, std::integral auto number) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

void append_value(std::string& out, const std::optional<Time>& time) {
  if (!time) {
    out.append("null");
    return;
  }
  out.append("\"").append(format_time(*time)).append("\"");
}

// `name` is a literal with its punctuation: ,"rank":
void append_member(std::string& out, std::string_view name, const auto& value) {
  out.append(name);
  append_value(out, value);
}

void append_text_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(name);
  append_json_string(out, value);
}

void append_coupon_members(std::string& out, std::string_view campaign, std::string_view user,
                           const Coupon& coupon) {
  append_text_member(out, "\"campaign\":", campaign);
  append_member(out, ",\"rank\":", coupon.rank.value);
  append_text_member(out, ",\"user\":", user);
  append_member(out, ",\"nth\":", coupon.nth);
  append_text_member(out, ",\"code\":", to_string(coupon.code));
  append_member(out, ",\"issued_at\":", std::optional(coupon.issued_at));
  append_member(out, ",\"expires_at\":", coupon.expires_at);
}

void append_settings_members(std::string& out, const CampaignSettings& settings) {
  out.append(",\"coupon_ttl_s\":");
  if (settings.coupon_ttl) {
    append_value(out, settings.coupon_ttl->count());
  } else {
    out.append("null");
  }
  append_member(out, ",\"pace\":{\"batch\":", settings.pace.batch);
  append_member(out, ",\"tick_ms\":", settings.pace.tick.count());
  out.append("},\"metadata\":").append(settings.metadata);
  out.append(settings.paused ? ",\"paused\":true" : ",\"paused\":false");
}

}  // namespace

void append_coupon(std::string& out, std::string_view campaign, std::string_view user,
                   const Coupon& coupon) {
  out.push_back('{');
  append_coupon_members(out, campaign, user, coupon);
  out.push_back('}');
}

void append_issued(std::string& out, std::string_view campaign, std::string_view user,
                   const Coupon& coupon) {
  out.append("{\"outcome\":\"issued\",");
  append_coupon_members(out, campaign, user, coupon);
  out.push_back('}');
}

void append_place(std::string& out, const Place& place, std::chrono::milliseconds eta) {
  append_member(out, "\"ticket\":", place.ticket.value);
  append_member(out, ",\"position\":", place.position);
  append_member(out, ",\"eta_ms\":", eta.count());
}

void append_queued(std::string& out, const Place& place, std::chrono::milliseconds eta) {
  out.append("{\"outcome\":\"queued\",");
  append_place(out, place, eta);
  out.push_back('}');
}

void append_campaign(std::string& out, const Campaign& campaign, Time now, bool whole) {
  const CampaignSettings& settings = *campaign.settings;
  append_text_member(out, "{\"id\":", campaign.id.view());
  append_text_member(out, ",\"name\":", settings.name);
  append_text_member(out, ",\"state\":", to_string(state_at(settings, campaign.issued, now)));
  append_member(out, ",\"stock\":", settings.stock);
  append_member(out, ",\"issued\":", campaign.issued);
  append_member(out, ",\"remaining\":", settings.stock - campaign.issued);
  append_member(out, ",\"per_user\":", settings.per_user);
  append_member(out, ",\"opens_at\":", settings.opens_at);
  append_member(out, ",\"closes_at\":", settings.closes_at);
  append_text_member(out, ",\"mode\":", to_string(settings.mode));
  append_member(out, ",\"server_time\":", std::optional(now));
  if (whole) append_settings_members(out, settings);
  out.push_back('}');
}

}  // namespace firstcome::http
