#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "load/documents.hpp"
#include "load/flags.hpp"
#include "load/live_line.hpp"
#include "load/load_test.hpp"
#include "load/preparation.hpp"
#include "load/report.hpp"
#include "load/scenario.hpp"
#include "load/summary.hpp"

namespace firstcome::cli {
namespace {

struct LoadArguments {
  load::Flags flags{};
  std::vector<std::string> thresholds{};
  std::string data = "data";
  std::string out{};
  std::string language = "en";
};

int report_error(const Error& error) {
  std::cerr << "firstcome load: " << error.message << "\n";
  const bool usage = error.code == ErrorCode::invalid || error.code == ErrorCode::conflict;
  return usage ? exit_usage : exit_failed;
}

Result<std::vector<load::Threshold>> parse_thresholds(const std::vector<std::string>& texts) {
  std::vector<load::Threshold> thresholds;
  for (const std::string& text : texts) {
    Result<load::Threshold> threshold = load::parse_threshold(text);
    if (!threshold) return std::unexpected(threshold.error());
    thresholds.push_back(*std::move(threshold));
  }
  return thresholds;
}

Result<load::Plan> prepared_plan(const LoadArguments& arguments) {
  Result<load::Plan> plan = load::make_plan(arguments.flags);
  if (!plan) return plan;
  Result<std::string> key = find_key("issue", arguments.data);
  if (!key) return std::unexpected(key.error());
  plan->key = *std::move(key);
  const auto notes = load::prepare(*plan, load::find_scenario(plan->scenario),
                                   [&] { return find_key("admin", arguments.data); });
  if (!notes) return std::unexpected(notes.error());
  for (const std::string& note : *notes) std::cerr << "  " << note << "\n";
  return plan;
}

Result<load::Run> run_with_live_line(const load::Plan& plan) {
  const SystemClock clock;
  load::LiveLine line(std::cerr, isatty(STDERR_FILENO) == 1, plan.requests);
  Result<load::Run> run = load::run_load_test(
      plan, clock,
      [&](const load::LiveLine::Totals& totals, Monotonic elapsed) { line.show(totals, elapsed); });
  line.finish();
  return run;
}

Result<void> write_out(const LoadArguments& arguments, const load::Run& run,
                       const std::vector<load::Threshold>& thresholds, load::Language language) {
  if (arguments.out.empty()) return {};
  const std::vector<load::Document> documents{
      {"summary.json", load::summary_json(run, thresholds)},
      {"report.md", load::markdown_report(run, thresholds, language)}};
  return load::write_documents(arguments.out, documents);
}

int exit_code_of(const load::Run& run, const std::vector<load::Threshold>& thresholds) {
  for (const load::Threshold& threshold : thresholds) {
    if (!load::judge(threshold, run).kept) return exit_threshold;
  }
  return exit_ok;
}

int run_load(const LoadArguments& arguments) {
  const auto thresholds = parse_thresholds(arguments.thresholds);
  if (!thresholds) return report_error(thresholds.error());
  const Result<load::Plan> plan = prepared_plan(arguments);
  if (!plan) return report_error(plan.error());
  const Result<load::Run> run = run_with_live_line(*plan);
  if (!run) return report_error(run.error());
  const auto language =
      arguments.language == "ko" ? load::Language::korean : load::Language::english;
  std::cout << load::terminal_report(*run, *thresholds, language) << std::flush;
  const Result<void> written = write_out(arguments, *run, *thresholds, language);
  return written ? exit_code_of(*run, *thresholds) : report_error(written.error());
}

std::string scenario_help() {
  std::string help = "a test with a name, which makes its campaign if there is none:";
  for (const load::Scenario& scenario : load::scenarios()) {
    help += "\n" + std::string(scenario.name) + ": " + std::string(scenario.purpose);
  }
  return help;
}

void add_target_options(CLI::App& load, LoadArguments& arguments) {
  load.add_option("--url", arguments.flags.url, "the server, http://HOST:PORT")
      ->capture_default_str();
  load.add_option("--campaign", arguments.flags.campaign, "the campaign to claim from")->required();
  load.add_option("--data", arguments.data, "the server's data directory, for its keys")
      ->capture_default_str();
  load.add_option("--scenario", arguments.flags.scenario, scenario_help());
}

void add_model_options(CLI::App& load, load::Flags& flags) {
  load.add_option("--vus", flags.virtual_users,
                  "virtual users, each sends its next request when it has its reply (100)");
  load.add_option("--requests", flags.requests, "how many requests in all");
  load.add_option("--rate", flags.rate,
                  "requests due a second, whether or not replies come (instead of --vus)");
  load.add_option("--connections", flags.connections, "with --rate: open at most so many (1000)");
  load.add_option("--duration", flags.duration,
                  "with --rate: how long; else: send nothing new after it (10m); 30, 500ms, 2m");
  load.add_option("--users", flags.users, "different users (one for each request)");
  load.add_option("--user-prefix", flags.user_prefix, "user ids are PREFIX000001 and so on")
      ->capture_default_str();
  load.add_option("--warmup", flags.warmup, "read the campaign for so long first, not counted");
  load.add_option("--timeout", flags.timeout, "for one reply, in seconds")->capture_default_str();
  load.add_option("--threads", flags.threads, "threads that send")->capture_default_str();
}

void add_report_options(CLI::App& load, LoadArguments& arguments) {
  load.add_option("--threshold", arguments.thresholds,
                  "a limit to keep, may be repeated: 'p(95)<50ms', 'failed<1%', 'rate>5000',\n"
                  "'http_req_waiting:max<1s', 'issued==4334'; exit 99 when one is broken")
      ->allow_extra_args(false);
  load.add_option("--out", arguments.out, "write summary.json and report.md into this directory");
  load.add_option("--history", arguments.flags.history,
                  "write a line for each attempt, for `firstcome verify`");
  load.add_option("--lang", arguments.language, "language of the report")
      ->check(CLI::IsMember({"en", "ko"}))
      ->capture_default_str();
}

}  // namespace

void add_load(CLI::App& app, Context& context) {
  CLI::App* load = app.add_subcommand("load", "Send claims and measure the answers");
  const auto arguments = std::make_shared<LoadArguments>();
  add_target_options(*load, *arguments);
  add_model_options(*load, arguments->flags);
  add_report_options(*load, *arguments);
  load->callback([arguments, &context] { context.exit_code = run_load(*arguments); });
}

}  // namespace firstcome::cli
