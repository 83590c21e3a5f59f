#include "load/summary.hpp"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <type_traits>

#include "core/timestamp.hpp"

namespace firstcome::load {
namespace {

namespace json = boost::json;

double as_ms(Monotonic span) {
  return static_cast<double>(span.count()) / 1e6;
}
double as_s(Monotonic span) {
  return static_cast<double>(span.count()) / 1e9;
}

json::object spans_of(const Histogram& spans) {
  return {{"avg", as_ms(spans.average())},
          {"min", as_ms(spans.min())},
          {"med", as_ms(spans.percentile(50))},
          {"p90", as_ms(spans.percentile(90))},
          {"p95", as_ms(spans.percentile(95))},
          {"p99", as_ms(spans.percentile(99))},
          {"p99.9", as_ms(spans.percentile(99.9))},
          {"max", as_ms(spans.max())},
          {"count", spans.count()}};
}

json::object metrics_of(const Run& run) {
  json::object metrics;
  for (std::size_t i = 0; i < measure_count; ++i) {
    const auto measure = static_cast<Measure>(i);
    metrics[to_string(measure)] = spans_of(run.tally.of(measure));
  }
  const Tally& tally = run.tally;
  metrics["http_reqs"] = {{"count", tally.requests()}, {"rate", run.per_second()}};
  metrics["http_req_failed"] = {{"count", tally.failed()}, {"rate", tally.failed_share()}};
  metrics["checks"] = {{"count", tally.served()}, {"rate", tally.served_share()}};
  metrics["refused"] = {{"count", tally.refused()}, {"rate", tally.refused_share()}};
  return metrics;
}

json::object plan_of(const Plan& plan) {
  const bool open = plan.model == Model::open;
  json::object object{{"model", open ? "open" : "closed"},
                      {open ? "connections" : "vus", plan.connections},
                      {"requests", plan.requests},
                      {"users", plan.users},
                      {"duration_s", as_s(plan.duration)},
                      {"warmup_s", as_s(plan.warmup)},
                      {"threads", plan.threads}};
  if (open) object["rate"] = plan.rate;
  if (!plan.scenario.empty()) object["scenario"] = plan.scenario;
  return object;
}

template <class Counts>
json::object counts_of(const Counts& counts) {
  json::object object;
  for (const auto& [label, count] : counts) {
    if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(label)>>) {
      object[std::to_string(label)] = count;
    } else {
      object[label] = count;
    }
  }
  return object;
}

json::array judgements_of(const Run& run, std::span<const Threshold> thresholds) {
  json::array array;
  for (const Threshold& threshold : thresholds) {
    const Judgement judgement = judge(threshold, run);
    const bool span = std::holds_alternative<SpanOf>(threshold.subject);
    array.push_back({{"threshold", threshold.text},
                     {"actual", span ? judgement.actual / 1e6 : judgement.actual},
                     {"ok", judgement.kept}});
  }
  return array;
}

void write_value(const json::value& value, const std::string& indent, std::string& out);

// Boost.JSON writes 0.5 as 5E-1; this file is read by people too.
void write_number(double number, std::string& out) {
  std::array<char, 32> text;
  const auto [end, code] = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), end);
}

void write_object(const json::object& object, const std::string& indent, std::string& out) {
  const std::string inner = indent + "  ";
  std::string_view before = "\n";
  out += '{';
  for (const auto& [name, value] : object) {
    out += std::string(before) + inner + json::serialize(json::string(name)) + ": ";
    write_value(value, inner, out);
    before = ",\n";
  }
  out += object.empty() ? "}" : "\n" + indent + "}";
}

void write_array(const json::array& array, const std::string& indent, std::string& out) {
  const std::string inner = indent + "  ";
  std::string_view before = "\n";
  out += '[';
  for (const json::value& value : array) {
    out += std::string(before) + inner;
    write_value(value, inner, out);
    before = ",\n";
  }
  out += array.empty() ? "]" : "\n" + indent + "]";
}

void write_value(const json::value& value, const std::string& indent, std::string& out) {
  if (value.is_object()) return write_object(value.get_object(), indent, out);
  if (value.is_array()) return write_array(value.get_array(), indent, out);
  if (value.is_double()) return write_number(value.get_double(), out);
  out += json::serialize(value);
}

}  // namespace

std::string summary_json(const Run& run, std::span<const Threshold> thresholds) {
  const json::object summary{{"url", run.plan.url},
                             {"campaign", run.plan.campaign},
                             {"plan", plan_of(run.plan)},
                             {"started_at", format_time(run.started_at)},
                             {"elapsed_s", as_s(run.elapsed)},
                             {"interrupted", run.interrupted},
                             {"connections_peak", run.connections_peak},
                             {"metrics", metrics_of(run)},
                             {"outcomes", counts_of(run.tally.outcomes())},
                             {"statuses", counts_of(run.tally.statuses())},
                             {"failures", counts_of(run.tally.failures())},
                             {"thresholds", judgements_of(run, thresholds)}};
  std::string text;
  write_value(summary, "", text);
  return text + "\n";
}

}  // namespace firstcome::load
