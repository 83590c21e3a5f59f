#include "verify/report.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <utility>

namespace firstcome {
namespace {

std::string_view to_string(Judgement verdict) {
  switch (verdict) {
    case Judgement::holds:
      return "holds";
    case Judgement::broken:
      return "BROKEN";
    case Judgement::not_checked:
      return "not checked";
  }
  std::unreachable();
}

// 1234567 → "1,234,567"
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string summary(const RuleReport& rule) {
  const std::string subject(rule.subject);
  if (!rule.lacking.empty()) return "not checked: " + subject + ", " + std::string(rule.lacking);
  std::string count = grouped(rule.findings.checked) + " " + subject;
  if (rule.findings.broken == 0) return count;
  return grouped(rule.findings.broken) + " found in " + count;
}

std::string assumption(const PromiseReport& report) {
  for (const RuleReport& rule : report.rules) {
    const bool assumed = rule.lacking.empty() && !rule.assuming.empty();
    if (assumed && rule.findings.checked > 0) return "; assuming " + std::string(rule.assuming);
  }
  return "";
}

// A promise that was not checked at all needs one reason, not one a rule.
std::string summary(const PromiseReport& report) {
  if (report.verdict() == Judgement::not_checked) return std::string(report.rules.front().lacking);
  std::string words;
  for (const RuleReport& rule : report.rules) {
    words += (words.empty() ? "" : "; ") + summary(rule);
  }
  return words + assumption(report);
}

void print_details(std::ostream& out, const Findings& findings) {
  for (const std::string& example : findings.examples) out << "      - " << example << '\n';
  if (findings.broken > findings.examples.size()) {
    out << "      - and " << grouped(findings.broken - findings.examples.size()) << " more\n";
  }
  for (const std::string& note : findings.notes) out << "      note: " << note << '\n';
}

}  // namespace

void print_report(std::ostream& out, std::span<const PromiseReport> reports) {
  for (const PromiseReport& report : reports) {
    out << std::right << std::setw(2) << report.number << "  " << std::left << std::setw(16)
        << report.name << std::setw(13) << to_string(report.verdict()) << summary(report) << '\n';
    for (const RuleReport& rule : report.rules) print_details(out, rule.findings);
  }
}

Judgement overall(std::span<const PromiseReport> reports) {
  const auto is = [](Judgement verdict) {
    return [verdict](const PromiseReport& report) { return report.verdict() == verdict; };
  };
  if (std::ranges::any_of(reports, is(Judgement::broken))) return Judgement::broken;
  return std::ranges::any_of(reports, is(Judgement::holds)) ? Judgement::holds
                                                            : Judgement::not_checked;
}

}  // namespace firstcome
