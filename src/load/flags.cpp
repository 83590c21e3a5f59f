#include "load/flags.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/ids.hpp"
#include "http/service_url.hpp"
#include "load/scenario.hpp"
#include "load/units.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t virtual_users_default = 100;
constexpr std::uint64_t connections_default = 1000;
constexpr Monotonic closed_duration_default = 10min;
constexpr Monotonic duration_max = 24h;

Result<std::uint64_t> in_range(std::uint64_t value, std::uint64_t max, const char* flag) {
  if (value >= 1 && value <= max) return value;
  return invalid(flag, "--" + std::string(flag) + " is 1 to " + format_count(max) + ", got " +
                           format_count(value));
}

Result<Monotonic> read_span(const std::string& text, const char* flag) {
  Result<Monotonic> span = parse_span(text, 1s);
  if (!span) return invalid(flag, "--" + std::string(flag) + ": " + span.error().message);
  if (*span > duration_max) return invalid(flag, "--" + std::string(flag) + " is at most 24h");
  return span;
}

Result<void> read_target(const Flags& flags, Plan& plan) {
  const Result<http::ServiceUrl> url = http::parse_service_url(flags.url);
  if (!url) return std::unexpected(url.error());
  const Result<CampaignId> campaign = parse_campaign_id(flags.campaign);
  if (!campaign) return invalid("campaign", "--campaign: " + campaign.error().message);
  const Result<Address> address = parse_address(url->authority());
  if (!address) return fail(ErrorCode::unavailable, address.error().message, "url");
  plan.url = flags.url;
  plan.authority = url->authority();
  plan.address = *address;
  plan.campaign = flags.campaign;
  plan.history_path = flags.history;
  plan.user_prefix = flags.user_prefix;
  return {};
}

Result<const Scenario*> read_scenario(const Flags& flags) {
  const Scenario* scenario = find_scenario(flags.scenario);
  if (flags.scenario.empty() || scenario != nullptr) return scenario;
  std::string names;
  for (const Scenario& each : scenarios()) names += " " + std::string(each.name);
  return invalid("scenario", "there is no scenario '" + flags.scenario + "'; there are:" + names);
}

Result<void> read_spans(const Flags& flags, Plan& plan) {
  const Result<Monotonic> warmup = read_span(flags.warmup, "warmup");
  if (!warmup) return std::unexpected(warmup.error());
  const Result<Monotonic> timeout = read_span(flags.timeout, "timeout");
  if (!timeout) return std::unexpected(timeout.error());
  if (*timeout == 0s) return invalid("timeout", "--timeout is more than 0");
  const Result<Monotonic> duration =
      read_span(flags.duration.empty() ? "0" : flags.duration, "duration");
  if (!duration) return std::unexpected(duration.error());
  if (*duration == 0s && !flags.duration.empty()) {
    return invalid("duration", "--duration is more than 0");
  }
  plan.warmup = *warmup;
  plan.timeout = *timeout;
  plan.duration = *duration;
  return {};
}

std::optional<std::uint64_t> requests_said(const Flags& flags, const Scenario* scenario) {
  if (flags.requests || scenario == nullptr) return flags.requests;
  return scenario->requests;
}

std::unexpected<Error> how_much_is_missing() {
  return invalid("requests",
                 "how much? Say --requests N, or --rate R with --duration D, or --scenario NAME");
}

Result<void> read_closed(const Flags& flags, const Scenario* scenario, Plan& plan) {
  if (flags.connections) {
    return invalid("connections", "--connections goes with --rate; here --vus says how many");
  }
  const auto requests = requests_said(flags, scenario);
  if (!requests && flags.duration.empty()) return how_much_is_missing();
  const std::uint64_t from_scenario =
      scenario == nullptr ? virtual_users_default : scenario->virtual_users;
  plan.requests = requests.value_or(requests_max);
  plan.connections = std::min(flags.virtual_users.value_or(from_scenario), plan.requests);
  if (flags.duration.empty()) plan.duration = closed_duration_default;
  return {};
}

// `requests` and `duration` both bound the schedule; what is smaller counts.
Result<void> read_open(const Flags& flags, const Scenario* scenario, Plan& plan) {
  if (flags.virtual_users) {
    return invalid("vus", "--vus and --rate are different models; with --rate say --connections");
  }
  if (!(*flags.rate > 0 && *flags.rate <= rate_max)) {
    return invalid("rate", "--rate is above 0, and at most 1,000,000 a second");
  }
  const auto requests = requests_said(flags, scenario);
  if (!requests && flags.duration.empty()) return how_much_is_missing();
  plan.model = Model::open;
  plan.rate = *flags.rate;
  const double in_duration = std::chrono::duration<double>(plan.duration).count() * plan.rate;
  const auto by_duration = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(in_duration));
  plan.requests = requests.value_or(by_duration);
  if (!flags.duration.empty()) plan.requests = std::min(plan.requests, by_duration);
  plan.duration =
      Monotonic{static_cast<Monotonic::rep>(static_cast<double>(plan.requests) / plan.rate * 1e9)};
  plan.connections = flags.connections.value_or(connections_default);
  return {};
}

void read_users(const Flags& flags, const Scenario* scenario, Plan& plan) {
  const std::uint64_t from_scenario = scenario == nullptr ? plan.requests : scenario->users;
  plan.users = flags.users.value_or(from_scenario);
  plan.scenario = flags.scenario;
  plan.threads = flags.threads;
}

Result<void> check_ranges(Plan& plan) {
  const char* const connections = plan.model == Model::open ? "connections" : "vus";
  for (const auto& check :
       {in_range(plan.requests, requests_max, "requests"),
        in_range(plan.users, requests_max, "users"), in_range(plan.threads, threads_max, "threads"),
        in_range(plan.connections, connections_max, connections)}) {
    if (!check) return std::unexpected(check.error());
  }
  if (plan.duration > duration_max) return invalid("duration", "the run would take over 24h");
  plan.threads =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(plan.threads, plan.connections));
  return {};
}

}  // namespace

Result<Plan> make_plan(const Flags& flags) {
  const Result<const Scenario*> scenario = read_scenario(flags);
  if (!scenario) return std::unexpected(scenario.error());
  Plan plan;
  if (Result<void> read = read_target(flags, plan); !read) return std::unexpected(read.error());
  if (Result<void> read = read_spans(flags, plan); !read) return std::unexpected(read.error());
  const Result<void> model =
      flags.rate ? read_open(flags, *scenario, plan) : read_closed(flags, *scenario, plan);
  if (!model) return std::unexpected(model.error());
  read_users(flags, *scenario, plan);
  if (Result<void> in_range = check_ranges(plan); !in_range) {
    return std::unexpected(in_range.error());
  }
  return plan;
}

}  // namespace firstcome::load
