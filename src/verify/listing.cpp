#include <boost/json.hpp>

#include "verify/sources.hpp"

// The HTTP API as a source. What is missing or of another type makes the body corrupt: the server
// is then not the one whose promises are to be checked.

namespace firstcome {
namespace {

namespace json = boost::json;

constexpr const char* page_size = "1000";

std::unexpected<Error> not_version_1(const std::string& target) {
  return fail(ErrorCode::corrupt, "the body of " + target + " is not what API version 1 promises");
}

Result<json::object> get_object(const HttpGet& get, const std::string& target) {
  const auto body = get(target);
  if (!body) return std::unexpected(body.error());
  boost::system::error_code error;
  json::value value = json::parse(*body, error);
  if (error || !value.is_object()) return not_version_1(target);
  return std::move(value.get_object());
}

// A page's items go to `add`, which says whether it could read one.
using Add = std::function<bool(const json::object&)>;

bool add_items(const json::object& page, const Add& add) {
  const json::value* data = page.if_contains("data");
  if (data == nullptr || !data->is_array()) return false;
  for (const json::value& item : data->get_array()) {
    if (!item.is_object() || !add(item.get_object())) return false;
  }
  return true;
}

// Cursors are base64url, so they go into a target as they are.
Result<std::string> next_target(const json::object& page, const std::string& listing) {
  const json::value* more = page.if_contains("has_more");
  if (more == nullptr || !more->is_bool()) return not_version_1(listing);
  if (!more->get_bool()) return std::string();
  const json::value* cursor = page.if_contains("next_cursor");
  if (cursor == nullptr || !cursor->is_string()) return not_version_1(listing);
  return listing + "&cursor=" + std::string(cursor->get_string());
}

Result<void> for_each_item(const HttpGet& get, const std::string& path, const Add& add) {
  const std::string listing = path + "?limit=" + page_size;
  for (std::string target = listing; !target.empty();) {
    const auto page = get_object(get, target);
    if (!page) return std::unexpected(page.error());
    if (!add_items(*page, add)) return not_version_1(target);
    auto next = next_target(*page, listing);
    if (!next) return std::unexpected(next.error());
    target = std::move(*next);
  }
  return {};
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

std::optional<std::uint32_t> number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<std::uint32_t>(error);
  return error ? std::nullopt : std::optional(number);
}

bool add_campaign(Facts& facts, const json::object& campaign) {
  const std::string_view id = text_of(campaign, "id");
  const auto stock = number_of(campaign, "stock");
  const auto per_user = number_of(campaign, "per_user");
  if (id.empty() || !stock || !per_user) return false;
  const bool paused = text_of(campaign, "state") == "paused";
  facts.add_campaign(id, {.stock = *stock, .per_user = *per_user, .paused = paused});
  return true;
}

bool add_coupon(Facts& facts, const CampaignId& campaign, const json::object& coupon) {
  const std::string_view user = text_of(coupon, "user");
  const auto rank = number_of(coupon, "rank");
  const auto code = parse_coupon_code(text_of(coupon, "code"));
  if (user.empty() || !rank || !code) return false;
  facts.add(AuditedCoupon{.campaign = campaign,
                          .user = UserId::trusted(user),
                          .coupon = {.rank = {*rank}, .code = *code}});
  return true;
}

Result<void> add_campaigns(Facts& facts, const HttpGet& get, const std::string& campaign) {
  if (campaign.empty()) {
    return for_each_item(get, "/v1/campaigns",
                         [&](const json::object& item) { return add_campaign(facts, item); });
  }
  const std::string target = "/v1/campaigns/" + campaign;
  const auto object = get_object(get, target);
  if (!object) return std::unexpected(object.error());
  if (!add_campaign(facts, *object)) return not_version_1(target);
  return {};
}

// The campaigns read so far that the server knows. Copies: adding coupons may move them.
std::vector<CampaignId> known_campaigns(const Facts& facts) {
  std::vector<CampaignId> ids;
  for (const CampaignFacts& campaign : facts.campaigns()) {
    if (campaign.limits) ids.push_back(CampaignId::trusted(campaign.id));
  }
  return ids;
}

}  // namespace

Result<void> add_listing(Facts& facts, const HttpGet& get, const std::string& campaign) {
  if (auto added = add_campaigns(facts, get, campaign); !added) return added;
  for (const CampaignId& id : known_campaigns(facts)) {
    const std::string path = "/v1/campaigns/" + id.str() + "/coupons";
    auto added = for_each_item(
        get, path, [&](const json::object& coupon) { return add_coupon(facts, id, coupon); });
    if (!added) return added;
  }
  return {};
}

}  // namespace firstcome
