#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "core/ids.hpp"
#include "http/client.hpp"
#include "http/client_problem.hpp"
#include "verify/promises.hpp"
#include "verify/report.hpp"
#include "verify/sources.hpp"

// Gathers facts from wherever it was told to, and prints what the promises come to: for the ledger
// and for a server's exports apart when both are given, each with all histories. What cannot be
// read ends it before anything is judged: half of the facts would accuse the innocent.

namespace firstcome::cli {
namespace {

struct VerifyArguments {
  std::string ledger{};
  std::string url{};
  std::vector<std::string> histories{};
  std::string campaign{};
  std::string data = "data";
  bool stock_raised = false;
};

std::vector<Facts::Source> sources_of(const VerifyArguments& arguments) {
  std::vector<Facts::Source> sources;
  if (!arguments.ledger.empty()) sources.push_back(Facts::Source::audit);
  if (!arguments.url.empty()) sources.push_back(Facts::Source::listing);
  if (sources.empty()) sources.push_back(Facts::Source::none);
  return sources;
}

Result<void> check_arguments(const VerifyArguments& arguments) {
  if (arguments.ledger.empty() && arguments.url.empty() && arguments.histories.empty()) {
    return invalid("", "nothing to verify: give --ledger, --url or --history");
  }
  if (arguments.campaign.empty()) return {};
  const auto id = parse_campaign_id(arguments.campaign);
  if (!id) return std::unexpected(id.error());
  return {};
}

Result<void> read_ledger(Facts& facts, const VerifyArguments& arguments, const Context& context) {
  const auto audit = context.open_audit(arguments.ledger);
  if (!audit) return std::unexpected(audit.error());
  return add_ledger(facts, **audit);
}

Result<std::string> body_of(http::Client& client, const std::string& target) {
  auto reply = client.request("GET", target);
  if (!reply) return std::unexpected(reply.error());
  if (reply->status == 200) return std::move(reply->body);
  const std::string problem = http::describe_problem(*reply);
  return fail(ErrorCode::unavailable, "GET " + target + " was answered " + problem);
}

Result<void> read_server(Facts& facts, const VerifyArguments& arguments) {
  const auto key = find_key("admin", arguments.data);
  if (!key) return std::unexpected(key.error());
  auto client = http::Client::for_url(arguments.url, *key);
  if (!client) return std::unexpected(client.error());
  const auto get = [&](const std::string& target) { return body_of(*client, target); };
  return add_listing(facts, get, arguments.campaign);
}

// A misspelled campaign must not pass for one that keeps its promises.
Result<void> check_campaigns(const Facts& facts, const VerifyArguments& arguments) {
  if (facts.campaigns().empty()) {
    return fail(ErrorCode::not_found, "there is nothing about any campaign to check");
  }
  const bool ledger_has_it = std::ranges::any_of(
      facts.campaigns(), [](const CampaignFacts& campaign) { return campaign.limits.has_value(); });
  if (arguments.campaign.empty() || facts.source() == Facts::Source::none || ledger_has_it) {
    return {};
  }
  return fail(ErrorCode::not_found, "the ledger has no campaign '" + arguments.campaign + "'");
}

Result<void> gather(Facts& facts, const VerifyArguments& arguments, const Context& context) {
  Result<void> done;
  for (std::size_t i = 0; done && i < arguments.histories.size(); ++i) {
    done = add_history(facts, arguments.histories[i]);
  }
  const Facts::Source source = facts.source();
  if (done && source == Facts::Source::audit) done = read_ledger(facts, arguments, context);
  if (done && source == Facts::Source::listing) done = read_server(facts, arguments);
  if (done) done = check_campaigns(facts, arguments);
  return done;
}

int exit_code_of(Judgement verdict) {
  switch (verdict) {
    case Judgement::holds:
      return exit_ok;
    case Judgement::broken:
      return exit_failed;
    case Judgement::not_checked:
      return exit_usage;
  }
  std::unreachable();
}

Result<std::vector<PromiseReport>> reports_on(Facts::Source source,
                                              const VerifyArguments& arguments,
                                              const Context& context) {
  Facts facts(source, arguments.campaign);
  if (const auto gathered = gather(facts, arguments, context); !gathered) {
    return std::unexpected(gathered.error());
  }
  return check_promises(facts, {.stock_raised = arguments.stock_raised});
}

int run_verify(const VerifyArguments& arguments, const Context& context) {
  const auto refuse = [](const Error& error) {
    std::cerr << "firstcome verify: " << error.message << '\n';
    return exit_usage;
  };
  if (const auto ok = check_arguments(arguments); !ok) return refuse(ok.error());
  const auto sources = sources_of(arguments);
  std::vector<PromiseReport> all;
  for (const Facts::Source source : sources) {
    const auto reports = reports_on(source, arguments, context);
    if (!reports) return refuse(reports.error());
    if (sources.size() > 1) {
      const bool ledger = source == Facts::Source::audit;
      std::cout << (ledger ? arguments.ledger : arguments.url) << '\n';
    }
    print_report(std::cout, *reports);
    all.insert(all.end(), reports->begin(), reports->end());
  }
  return exit_code_of(overall(all));
}

void add_options(CLI::App& verify, VerifyArguments& arguments) {
  verify.add_option("--ledger", arguments.ledger, "the ledger, sqlite:PATH or mysql://…");
  verify.add_option("--url", arguments.url, "a server to export from, http://HOST:PORT");
  verify
      .add_option("--history", arguments.histories,
                  "what clients saw, from `load --history`; may be repeated, all of one machine")
      ->allow_extra_args(false);
  verify.add_option("--campaign", arguments.campaign, "only this one (all)");
  verify
      .add_option("--data", arguments.data, "with --url: the server's data directory, for its key")
      ->capture_default_str();
  verify.add_flag("--stock-raised", arguments.stock_raised,
                  "stock was added while the history was recorded: leave unchecked what holds\n"
                  "only for a fixed stock");
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  CLI::App* verify = app.add_subcommand("verify",
                                        "Check the promises: exit 0 they hold, 1 one is "
                                        "broken, 2 could not check");
  const auto arguments = std::make_shared<VerifyArguments>();
  add_options(*verify, *arguments);
  verify->callback([arguments, &context] { context.exit_code = run_verify(*arguments, context); });
}

}  // namespace firstcome::cli
