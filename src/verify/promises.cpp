#include "verify/promises.hpp"

#include <algorithm>
#include <utility>

#include "verify/evidence.hpp"
#include "verify/rules.hpp"

namespace firstcome {
namespace {

// What a rule cannot do without.
struct Needs {
  bool history = false;
  bool ledger = false;
  bool audit = false;  // more of the ledger than the HTTP API shows
  bool fixed_stock = false;
};

constexpr Needs from_history{.history = true};
constexpr Needs from_ledger{.ledger = true};
constexpr Needs from_audit{.ledger = true, .audit = true};
constexpr Needs from_both{.history = true, .ledger = true};
constexpr Needs fixed_history{.history = true, .fixed_stock = true};
constexpr Needs fixed_both{.history = true, .ledger = true, .fixed_stock = true};
constexpr Needs fixed_all{.history = true, .ledger = true, .audit = true, .fixed_stock = true};

// The ledger has the settings of now, and nobody can tell from outside when they changed.
constexpr std::string_view fixed_stock = "that no stock was added (if it was: --stock-raised)";

struct Rule {
  int promise;
  std::string_view subject;
  Needs needs;
  rules::CampaignRule campaign_rule;
  rules::FactsRule facts_rule = nullptr;  // instead, for a rule across campaigns
};

constexpr std::string_view promise_names[] = {
    "cap",   "limit",    "durable",       "no ghost",        "retry-safe", "rank",
    "order", "sold out", "limit is true", "nothing dropped", "full"};

constexpr Rule all_rules[] = {
    {1, "campaigns", from_ledger, rules::cap},
    {2, "users", from_ledger, rules::limit},
    {3, "issued answers", from_both, rules::durable},
    {4, "coupons", from_both, rules::no_ghost},
    {5, "claims sent again", from_history, rules::equal_answers},
    {5, "coupons with a key", from_audit, rules::one_row_a_key},
    {6, "ranks", from_ledger, rules::ranks},
    {6, "codes", from_ledger, nullptr, rules::codes},
    {7, "ranks against answers", from_history, rules::order_of_answers},
    {7, "ranks against tickets", from_audit, rules::order_of_tickets},
    {8, "sold_out answers against later claims", fixed_history, rules::nobody_after_sold_out},
    {8, "sold_out campaigns against their stock", fixed_both, rules::sold_out_is_true},
    {9, "limit_reached answers", from_both, rules::limit_is_true},
    {10, "campaigns without waiting claims", from_audit, rules::all_settled},
    {10, "queued claims", fixed_all, rules::queued_were_served},
    {10, "campaigns against their demand", fixed_both, rules::no_leak},
    {11, "answers", from_history, rules::full},
};

std::string_view lacking(const Needs& needs, const Facts& facts, const CheckOptions& options) {
  if (needs.history && !facts.has_history()) return "no history was given";
  if (needs.ledger && facts.source() == Facts::Source::none) return "no ledger was given";
  if (needs.audit && facts.source() != Facts::Source::audit) return "needs --ledger";
  if (needs.fixed_stock && options.stock_raised) return "the stock was raised meanwhile";
  return {};
}

std::vector<RuleReport> prepare(const Facts& facts, const CheckOptions& options) {
  std::vector<RuleReport> reports;
  for (const Rule& rule : all_rules) {
    reports.push_back({.subject = rule.subject,
                       .lacking = lacking(rule.needs, facts, options),
                       .assuming = rule.needs.fixed_stock ? fixed_stock : ""});
  }
  return reports;
}

void check_campaign(const Evidence& evidence, std::vector<RuleReport>& reports) {
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const bool applies = reports[i].lacking.empty() && all_rules[i].campaign_rule != nullptr;
    if (applies) all_rules[i].campaign_rule(evidence, reports[i].findings);
  }
}

void check_across_campaigns(const Facts& facts, std::vector<RuleReport>& reports) {
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const bool applies = reports[i].lacking.empty() && all_rules[i].facts_rule != nullptr;
    if (applies) all_rules[i].facts_rule(facts, reports[i].findings);
  }
}

std::vector<PromiseReport> by_promise(std::vector<RuleReport> rule_reports) {
  std::vector<PromiseReport> reports;
  for (const std::string_view name : promise_names) {
    reports.push_back({.number = static_cast<int>(reports.size()) + 1, .name = name});
  }
  for (std::size_t i = 0; i < rule_reports.size(); ++i) {
    const auto promise = static_cast<std::size_t>(all_rules[i].promise) - 1;
    reports[promise].rules.push_back(std::move(rule_reports[i]));
  }
  return reports;
}

}  // namespace

Judgement PromiseReport::verdict() const {
  const auto is_broken = [](const RuleReport& rule) { return rule.findings.broken > 0; };
  const auto is_checked = [](const RuleReport& rule) { return rule.lacking.empty(); };
  if (std::ranges::any_of(rules, is_broken)) return Judgement::broken;
  return std::ranges::any_of(rules, is_checked) ? Judgement::holds : Judgement::not_checked;
}

std::vector<PromiseReport> check_promises(Facts& facts, const CheckOptions& options) {
  std::vector<RuleReport> reports = prepare(facts, options);
  for (CampaignFacts& campaign : facts.campaigns()) {
    check_campaign(Evidence(facts, campaign), reports);
  }
  check_across_campaigns(facts, reports);
  return by_promise(std::move(reports));
}

}  // namespace firstcome
