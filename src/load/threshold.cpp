#include "load/threshold.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "load/units.hpp"

namespace firstcome::load {
namespace {

using Subject = decltype(Threshold::subject);

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

constexpr std::array<std::string_view, 8> outcome_labels{
    "issued", "repeated", "queued", "sold_out", "limit_reached", "not_open", "closed", "paused"};

std::unexpected<Error> not_understood(std::string_view text, const std::string& why) {
  return invalid("threshold", "threshold '" + std::string(text) + "': " + why);
}

std::string without_spaces(std::string_view text) {
  std::string result(text);
  std::erase(result, ' ');
  return result;
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (code != std::errc{} || rest != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

// "p(95)": the number between the parentheses.
std::optional<double> parse_percent_of(std::string_view text) {
  if (!text.starts_with("p(") || !text.ends_with(')')) return std::nullopt;
  const std::optional<double> percent = parse_number(text.substr(2, text.size() - 3));
  if (!percent || *percent < 0 || *percent > 100) return std::nullopt;
  return percent;
}

std::optional<SpanOf> parse_statistic(std::string_view text, Measure measure) {
  if (text == "avg") return SpanOf{measure, Statistic::average};
  if (text == "min") return SpanOf{measure, Statistic::min};
  if (text == "med") return SpanOf{measure, Statistic::median};
  if (text == "max") return SpanOf{measure, Statistic::max};
  const std::optional<double> percent = parse_percent_of(text);
  if (!percent) return std::nullopt;
  return SpanOf{measure, Statistic::percentile, *percent};
}

std::optional<Subject> parse_word(std::string_view word) {
  if (word == "failed" || word == "http_req_failed") return FailedShare{};
  if (word == "served" || word == "checks") return ServedShare{};
  if (word == "rate") return RequestRate{};
  if (word == "count") return RequestCount{};
  if (std::ranges::find(outcome_labels, word) != outcome_labels.end())
    return OutcomeCount{std::string(word)};
  const std::optional<SpanOf> span = parse_statistic(word, Measure::duration);
  if (!span) return std::nullopt;
  return *span;
}

// "metric:statistic", or a word that says both.
std::optional<Subject> parse_subject(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return parse_word(text);
  const std::string_view metric = text.substr(0, colon);
  const std::string_view statistic = text.substr(colon + 1);
  if (metric == "http_reqs" && (statistic == "rate" || statistic == "count")) {
    return parse_word(statistic);
  }
  if ((metric == "http_req_failed" || metric == "checks") && statistic == "rate") {
    return parse_word(metric);
  }
  const std::optional<Measure> measure = parse_measure(metric);
  const auto span = measure ? parse_statistic(statistic, *measure) : std::nullopt;
  if (!span) return std::nullopt;
  return *span;
}

struct Operator {
  std::string_view text;
  Comparison comparison;
};
constexpr std::array<Operator, 5> operators{{{"<=", Comparison::less_equal},
                                             {">=", Comparison::greater_equal},
                                             {"==", Comparison::equal},
                                             {"<", Comparison::less},
                                             {">", Comparison::greater}}};

const Operator* operator_at(std::string_view text) {
  const auto found = std::ranges::find_if(
      operators, [&](const Operator& op) { return text.starts_with(op.text); });
  return found == operators.end() ? nullptr : &*found;
}

std::optional<double> parse_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  const std::optional<double> number =
      parse_number(text.substr(0, text.size() - (percent ? 1 : 0)));
  if (!number) return std::nullopt;
  const double share = percent ? *number / 100 : *number;
  return share >= 0 && share <= 1 ? std::optional(share) : std::nullopt;
}

std::optional<double> parse_span_ns(std::string_view text) {
  const Result<Monotonic> span = parse_span(text, std::chrono::milliseconds(1));
  if (!span) return std::nullopt;
  return static_cast<double>(span->count());
}

std::optional<double> parse_bound(std::string_view text, const Subject& subject) {
  return std::visit(Overloaded{[&](const SpanOf&) { return parse_span_ns(text); },
                               [&](const FailedShare&) { return parse_share(text); },
                               [&](const ServedShare&) { return parse_share(text); },
                               [&](const auto&) { return parse_number(text); }},
                    subject);
}

Monotonic span_value(const SpanOf& span, const Histogram& histogram) {
  switch (span.statistic) {
    case Statistic::average:
      return histogram.average();
    case Statistic::min:
      return histogram.min();
    case Statistic::median:
      return histogram.percentile(50);
    case Statistic::max:
      return histogram.max();
    case Statistic::percentile:
      return histogram.percentile(span.percent);
  }
  return {};
}

double count_of(const Tally& tally, const std::string& label) {
  const auto found = tally.outcomes().find(label);
  return found == tally.outcomes().end() ? 0 : static_cast<double>(found->second);
}

double actual_value(const Subject& subject, const Run& run) {
  const Tally& tally = run.tally;
  return std::visit(
      Overloaded{[&](const SpanOf& span) {
                   return static_cast<double>(span_value(span, tally.of(span.measure)).count());
                 },
                 [&](const FailedShare&) { return tally.failed_share(); },
                 [&](const ServedShare&) { return tally.served_share(); },
                 [&](const RequestRate&) { return run.per_second(); },
                 [&](const RequestCount&) { return static_cast<double>(tally.requests()); },
                 [&](const OutcomeCount& outcome) { return count_of(tally, outcome.label); }},
      subject);
}

bool holds(double actual, Comparison comparison, double bound) {
  switch (comparison) {
    case Comparison::less:
      return actual < bound;
    case Comparison::less_equal:
      return actual <= bound;
    case Comparison::greater:
      return actual > bound;
    case Comparison::greater_equal:
      return actual >= bound;
    case Comparison::equal:
      return actual == bound;
  }
  return false;
}

}  // namespace

Result<Threshold> parse_threshold(std::string_view text) {
  const std::string plain = without_spaces(text);
  const std::size_t at = plain.find_first_of("<>=");
  const Operator* op = at == std::string::npos ? nullptr : operator_at(plain.substr(at));
  if (op == nullptr) return not_understood(text, "needs one of < <= > >= ==");
  const std::optional<Subject> subject = parse_subject(plain.substr(0, at));
  if (!subject) return not_understood(text, "'" + plain.substr(0, at) + "' is nothing measured");
  const std::string right = plain.substr(at + op->text.size());
  const std::optional<double> bound = parse_bound(right, *subject);
  if (!bound) return not_understood(text, "'" + right + "' is no value for it");
  return Threshold{std::string(text), *subject, op->comparison, *bound};
}

Judgement judge(const Threshold& threshold, const Run& run) {
  const double actual = actual_value(threshold.subject, run);
  return {actual, holds(actual, threshold.comparison, threshold.bound)};
}

std::string format_value(const Threshold& threshold, double value) {
  return std::visit(
      Overloaded{[&](const SpanOf&) { return format_span(Monotonic{std::llround(value)}); },
                 [&](const FailedShare&) { return format_share(value); },
                 [&](const ServedShare&) { return format_share(value); },
                 [&](const auto&) {
                   return format_count(static_cast<std::uint64_t>(std::llround(value)));
                 }},
      threshold.subject);
}

}  // namespace firstcome::load
