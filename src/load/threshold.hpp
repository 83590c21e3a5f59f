#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/error.hpp"
#include "load/run.hpp"
#include "load/timings.hpp"

// Limits that a run must keep, in k6's notation with shorter names:
//
//   p(95)<50ms   avg<10ms   max<1s            of http_req_duration
//   http_req_waiting:p(99.9)<80ms             of another measure
//   failed<1%   http_req_failed<0.01          share of requests that failed
//   checks>=50%  (or served)                  share of requests that were served
//   rate>5000   count>=8668                   requests a second, and in all
//   issued==4334   sold_out<=4334   …         how often an outcome came
//
// A bare number is milliseconds where a span is meant. Plain values and pure functions.

namespace firstcome::load {

enum class Statistic : std::uint8_t { average, min, median, max, percentile };

struct SpanOf {
  Measure measure = Measure::duration;
  Statistic statistic = Statistic::average;
  double percent = 0;  // of Statistic::percentile
};
struct FailedShare {};
struct ServedShare {};
struct RequestRate {};
struct RequestCount {};
struct OutcomeCount {
  std::string label{};
};

enum class Comparison : std::uint8_t { less, less_equal, greater, greater_equal, equal };

struct Threshold {
  std::string text{};  // as given
  std::variant<SpanOf, FailedShare, ServedShare, RequestRate, RequestCount, OutcomeCount> subject{};
  Comparison comparison = Comparison::less;
  double bound = 0;  // nanoseconds, a share, or a number
};

// Error: invalid, field "threshold", with the part that is not understood.
[[nodiscard]] Result<Threshold> parse_threshold(std::string_view text);

struct Judgement {
  double actual = 0;
  bool kept = false;
};

[[nodiscard]] Judgement judge(const Threshold& threshold, const Run& run);

// A value of this threshold's kind for people: "12.46s", "0.00%", "8,668".
[[nodiscard]] std::string format_value(const Threshold& threshold, double value);

}  // namespace firstcome::load
