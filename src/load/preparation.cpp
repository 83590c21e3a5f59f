#include "load/preparation.hpp"

#include <boost/json.hpp>
#include <utility>

#include "http/client.hpp"
#include "http/client_problem.hpp"
#include "load/units.hpp"

namespace firstcome::load {
namespace {

namespace json = boost::json;
using Notes = std::vector<std::string>;

// The fields of a campaign's state that matter here.
struct Found {
  std::uint64_t stock = 0;
  std::uint64_t per_user = 0;
  std::uint64_t issued = 0;
  std::string mode{};
  std::string state{};
};

Result<http::ClientReply> ask(const Plan& plan, const std::string& key, std::string_view method,
                              const std::string& path, std::string_view body = {}) {
  Result<http::Client> client = http::Client::for_url(plan.url, key);
  if (!client) return std::unexpected(client.error());
  return client->request(method, "/v1/campaigns/" + plan.campaign + path, body);
}

std::uint64_t number_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const bool natural = value != nullptr && value->is_int64() && value->get_int64() >= 0;
  return natural ? static_cast<std::uint64_t>(value->get_int64()) : 0;
}

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? json::value_to<std::string>(*value) : "";
}

Result<Found> read_campaign(const http::ClientReply& reply) {
  boost::system::error_code code;
  const json::value body = json::parse(reply.body, code);
  if (reply.status != 200 || code || !body.is_object()) {
    return fail(ErrorCode::unavailable,
                "asked for the campaign, the server said " + http::describe_problem(reply));
  }
  const json::object& object = body.get_object();
  return Found{number_at(object, "stock"), number_at(object, "per_user"),
               number_at(object, "issued"), text_at(object, "mode"), text_at(object, "state")};
}

std::string settings_of(std::uint64_t stock, std::uint64_t per_user, const std::string& mode) {
  return "stock " + format_count(stock) + ", " + format_count(per_user) + " a user, " + mode;
}

Result<Notes> check_found(const Plan& plan, const Scenario* scenario, const Found& found) {
  const std::string has = settings_of(found.stock, found.per_user, found.mode);
  const std::string wanted = scenario == nullptr ? has : settings_of(scenario->stock, 1, "instant");
  if (has != wanted) {
    return invalid("campaign", "campaign '" + plan.campaign + "' has other settings (" + has +
                                   ") than scenario " + std::string(scenario->name) + " needs (" +
                                   wanted + "); give another --campaign name");
  }
  Notes notes;
  if (found.issued > 0) {
    notes.push_back("campaign '" + plan.campaign + "' has issued " + format_count(found.issued) +
                    " of " + format_count(found.stock) + " coupons already");
  }
  if (found.state != "open") notes.push_back("campaign '" + plan.campaign + "' is " + found.state);
  return notes;
}

Result<Notes> make_campaign(const Plan& plan, const Scenario& scenario,
                            const std::function<Result<std::string>()>& admin_key) {
  const Result<std::string> key = admin_key();
  if (!key) return std::unexpected(key.error());
  const json::object body{
      {"stock", scenario.stock}, {"per_user", 1}, {"mode", "instant"}, {"name", scenario.purpose}};
  const auto reply = ask(plan, *key, "PUT", "", json::serialize(body));
  if (!reply) return std::unexpected(reply.error());
  if (reply->status != 201 && reply->status != 200) {
    return invalid("campaign", "cannot make campaign '" + plan.campaign +
                                   "': " + http::describe_problem(*reply));
  }
  return Notes{"made campaign '" + plan.campaign +
               "': " + settings_of(scenario.stock, 1, "instant")};
}

Result<Notes> prepare_campaign(const Plan& plan, const Scenario* scenario,
                               const std::function<Result<std::string>()>& admin_key) {
  const auto reply = ask(plan, "", "GET", "");
  if (!reply) return std::unexpected(reply.error());
  if (reply->status != 404) {
    const Result<Found> found = read_campaign(*reply);
    if (!found) return std::unexpected(found.error());
    return check_found(plan, scenario, *found);
  }
  if (scenario != nullptr) return make_campaign(plan, *scenario, admin_key);
  return invalid("campaign", "there is no campaign '" + plan.campaign +
                                 "'; make it with `firstcome campaign create`, or use --scenario");
}

// Reads some user's claim: that needs the same key as the claims, and nothing is taken.
Result<void> check_key(const Plan& plan) {
  const auto reply = ask(plan, plan.key, "GET", "/claims/nobody");
  if (!reply) return std::unexpected(reply.error());
  if (reply->status != 401 && reply->status != 403) return {};
  return invalid("key",
                 "the server does not accept the issue key: " + http::describe_problem(*reply));
}

}  // namespace

Result<Notes> prepare(const Plan& plan, const Scenario* scenario,
                      const std::function<Result<std::string>()>& admin_key) {
  Result<Notes> notes = prepare_campaign(plan, scenario, admin_key);
  if (!notes) return notes;
  if (const Result<void> key = check_key(plan); !key) return std::unexpected(key.error());
  return notes;
}

}  // namespace firstcome::load
