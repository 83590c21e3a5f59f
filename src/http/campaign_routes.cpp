// Campaigns and listings.

#include <charconv>

#include "http/api.hpp"
#include "http/json_read.hpp"
#include "http/json_write.hpp"
#include "http/problem.hpp"

namespace firstcome::http {
namespace {

constexpr std::size_t limit_default = 100;
constexpr std::size_t limit_max = 1000;

struct Page {
  std::size_t limit = limit_default;
  std::uint64_t after = 0;
};

Result<std::size_t> read_limit(std::string_view text) {
  std::size_t limit = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (code != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > limit_max) {
    return invalid("limit", "limit must be a whole number from 1 to " + std::to_string(limit_max));
  }
  return limit;
}

Result<Page> read_page(std::string_view query, std::string_view listing, const Cursors& cursors) {
  const auto parameters = parse_query(query);
  if (!parameters) return std::unexpected(parameters.error());
  Page page;
  for (const QueryParameter& parameter : *parameters) {
    if (parameter.name == "limit") {
      const auto limit = read_limit(parameter.value);
      if (!limit) return std::unexpected(limit.error());
      page.limit = *limit;
    } else if (parameter.name == "cursor") {
      const auto after = cursors.read(listing, parameter.value);
      if (!after) return std::unexpected(after.error());
      page.after = *after;
    } else {
      return invalid(parameter.name, "unknown parameter '" + parameter.name + "'");
    }
  }
  return page;
}

// {"data":[…],"has_more":…,"next_cursor":…} from one item more than the page shows.
template <class Item, class Append, class Position>
Response page_response(std::vector<Item> items, const Page& page, std::string_view listing,
                       const Cursors& cursors, Append append, Position position) {
  const bool has_more = items.size() > page.limit;
  if (has_more) items.resize(page.limit);
  Response response{.body = "{\"data\":["};
  for (const Item& item : items) {
    if (response.body.back() != '[') response.body.push_back(',');
    append(response.body, item);
  }
  response.body.append(has_more ? "],\"has_more\":true" : "],\"has_more\":false");
  response.body.append(",\"next_cursor\":");
  if (has_more) {
    append_json_string(response.body, cursors.make(listing, position(items.back())));
  } else {
    response.body.append("null");
  }
  response.body.push_back('}');
  return response;
}

std::uint64_t position_of(const ListedCoupon& coupon) {
  return (std::uint64_t{coupon.campaign.value} << 32) | coupon.coupon.rank.value;
}

}  // namespace

Api::Reply Api::change_campaign(const Request& request, const Routed& routed, ReplyTo reply_to) {
  const bool put = routed.route == Route::put_campaign;
  const auto kind = put ? CampaignChange::Kind::put : CampaignChange::Kind::patch;
  const auto id = parse_campaign_id(routed.params[0]);
  if (!id) return problem_of(id.error());
  const auto patch = read_campaign_body(request.body, kind);
  if (!patch) return problem_of(patch.error());
  if (auto refused = denied(request, routed.route)) return refused;
  if (!put && !parts_.board.find(*id)) return unknown_campaign();
  switch (parts_.service.state()) {
    case Service::State::ready:
      break;
    case Service::State::draining:
      return problem_of(Desk::Refusal::draining);
    case Service::State::starting:
    case Service::State::failed:
      return problem_of(Desk::Refusal::unavailable);
  }
  parts_.submit({.id = *id, .kind = kind, .patch = *patch}, reply_to);
  return std::nullopt;
}

std::optional<Response> Api::finish(const Exchange&, const Result<Ledger::Changed>& result) const {
  if (!result && result.error().code == ErrorCode::unknown) return std::nullopt;
  if (!result) return problem_of(result.error());
  Response response{.status = result->created ? 201 : 200};
  append_campaign(response.body, result->campaign, parts_.clock.now(), true);
  return response;
}

Api::Reply Api::get_campaign(const Routed& routed) const {
  const auto id = parse_campaign_id(routed.params[0]);
  if (!id) return problem_of(id.error());
  const auto campaign = parts_.board.find(*id);
  if (!campaign) return unknown_campaign();
  Response response;
  append_campaign(response.body, *campaign, parts_.clock.now(), false);
  return response;
}

Api::Reply Api::list_campaigns(const Request& request, const Routed& routed) const {
  const std::string_view listing = "campaigns";
  const auto page = read_page(routed.query, listing, parts_.cursors);
  if (!page) return problem_of(page.error());
  if (auto refused = denied(request, Route::list_campaigns)) return refused;
  const Time now = parts_.clock.now();
  const CampaignNumber after{static_cast<std::uint32_t>(page->after)};
  return page_response(
      parts_.board.page(after, page->limit + 1), *page, listing, parts_.cursors,
      [now](std::string& out, const Campaign& one) { append_campaign(out, one, now, true); },
      [](const Campaign& one) { return std::uint64_t{one.number.value}; });
}

Api::Reply Api::list_campaign_coupons(const Request& request, const Routed& routed,
                                      ReplyTo reply_to) {
  const auto id = parse_campaign_id(routed.params[0]);
  if (!id) return problem_of(id.error());
  std::string listing = "campaigns/" + id->str() + "/coupons";
  const auto page = read_page(routed.query, listing, parts_.cursors);
  if (!page) return problem_of(page.error());
  if (auto refused = denied(request, Route::list_campaign_coupons)) return refused;
  const auto campaign = parts_.board.find(*id);
  if (!campaign) return unknown_campaign();
  parts_.worker.submit(reply_to, [=, this, number = campaign->number, listing = std::move(listing),
                                  page = *page, id = *id](LedgerReader& reader) {
    const Rank after{static_cast<std::uint32_t>(page.after)};
    auto coupons = reader.coupons_of_campaign(number, after, page.limit + 1);
    if (!coupons) return problem_of(coupons.error());
    return page_response(
        std::move(*coupons), page, listing, parts_.cursors,
        [&id](std::string& out, const ListedCoupon& one) {
          append_coupon(out, id.view(), one.user.view(), one.coupon);
        },
        position_of);
  });
  return std::nullopt;
}

Api::Reply Api::list_user_coupons(const Request& request, const Routed& routed, ReplyTo reply_to) {
  const auto user = parse_user_id(routed.params[0]);
  if (!user) return problem_of(user.error());
  std::string listing = "users/" + user->str() + "/coupons";
  const auto page = read_page(routed.query, listing, parts_.cursors);
  if (!page) return problem_of(page.error());
  if (auto refused = denied(request, Route::list_user_coupons)) return refused;
  parts_.worker.submit(reply_to, [this, user = *user, listing = std::move(listing),
                                  page = *page](LedgerReader& reader) {
    auto coupons = reader.coupons_of_user(user, page.after, page.limit + 1);
    if (!coupons) return problem_of(coupons.error());
    return page_response(
        std::move(*coupons), page, listing, parts_.cursors,
        [this](std::string& out, const ListedCoupon& one) {
          const Campaign campaign = parts_.board.at(one.campaign);
          append_coupon(out, campaign.id.view(), one.user.view(), one.coupon);
        },
        position_of);
  });
  return std::nullopt;
}

}  // namespace firstcome::http
