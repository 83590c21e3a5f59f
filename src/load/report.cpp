#include "load/report.hpp"

#include <array>
#include <cstdio>
#include <vector>

#include "core/timestamp.hpp"
#include "load/units.hpp"

namespace firstcome::load {
namespace {

using Row = std::vector<std::string>;

std::string number(double value) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%.1f", value);
  return {text, static_cast<std::size_t>(size)};
}

std::string share_and_count(double share, std::uint64_t count) {
  return format_share(share) + " (" + format_count(count) + ")";
}

std::string load_of(const Plan& plan, const Words& words) {
  const std::string connections = format_count(plan.connections) + " ";
  if (plan.model == Model::closed) return connections + std::string(words.virtual_users);
  return number(plan.rate) + " " + std::string(words.scheduled) + ", <= " + connections +
         std::string(words.connections);
}

std::string headline(const Run& run, const Words& words) {
  const Plan& plan = run.plan;
  const std::string scenario = plan.scenario.empty() ? "" : plan.scenario + ", ";
  return scenario + plan.url + ", " + plan.campaign + ", " + load_of(plan, words) + ", " +
         format_time(run.started_at);
}

std::vector<Row> count_rows(const Run& run, const Words& words) {
  const Tally& tally = run.tally;
  return {
      {std::string(words.requests),
       format_count(tally.requests()) + " (" + number(run.per_second()) + "/s)", "http_reqs"},
      {std::string(words.served), share_and_count(tally.served_share(), tally.served()), "checks"},
      {std::string(words.refused), share_and_count(tally.refused_share(), tally.refused()), ""},
      {std::string(words.failed), share_and_count(tally.failed_share(), tally.failed()),
       "http_req_failed"},
      {std::string(words.elapsed), format_span(run.elapsed), ""}};
}

// The rows below the counts in the report this one is modelled on.
std::vector<Row> time_rows(const Run& run, const Words& words) {
  const auto name = [](Measure measure) { return std::string(to_string(measure)); };
  const auto average = [&](std::string_view word, Measure measure) {
    return Row{std::string(word), format_span(run.tally.of(measure).average()), name(measure)};
  };
  const Histogram& duration = run.tally.of(Measure::duration);
  const auto at = [&](std::string_view word, double percent, const char* short_name) {
    return Row{std::string(word), format_span(duration.percentile(percent)), short_name};
  };
  return {average(words.average, Measure::duration),
          at(words.p95, 95, "p(95)"),
          at(words.p99, 99, "p(99)"),
          {std::string(words.max), format_span(duration.max()), "max"},
          average(words.blocked, Measure::blocked),
          average(words.connecting, Measure::connecting),
          average(words.sending, Measure::sending),
          average(words.waiting, Measure::waiting),
          average(words.receiving, Measure::receiving)};
}

std::vector<Row> measure_rows(const Run& run) {
  std::vector<Row> rows{{"", "avg", "min", "med", "p(90)", "p(95)", "p(99)", "max"}};
  for (std::size_t i = 0; i < measure_count; ++i) {
    const auto measure = static_cast<Measure>(i);
    const Histogram& spans = run.tally.of(measure);
    Row row{std::string(to_string(measure)), format_span(spans.average()),
            format_span(spans.min())};
    for (const double percent : {50., 90., 95., 99.}) {
      row.push_back(format_span(spans.percentile(percent)));
    }
    row.push_back(format_span(spans.max()));
    rows.push_back(std::move(row));
  }
  return rows;
}

template <class Counts>
std::string joined(const Counts& counts) {
  std::string text;
  for (const auto& [label, count] : counts) {
    if (!text.empty()) text += " · ";
    if constexpr (requires { std::to_string(label); }) {
      text += std::to_string(label);
    } else {
      text += label;
    }
    text += " " + format_count(count);
  }
  return text.empty() ? "-" : text;
}

std::vector<Row> answer_rows(const Run& run, const Words& words) {
  const Tally& tally = run.tally;
  std::vector<Row> rows{{std::string(words.outcomes), joined(tally.outcomes())},
                        {std::string(words.statuses), joined(tally.statuses())}};
  if (tally.failed() > 0) rows.push_back({std::string(words.failures), joined(tally.failures())});
  return rows;
}

std::vector<Row> threshold_rows(const Run& run, std::span<const Threshold> thresholds) {
  std::vector<Row> rows;
  for (const Threshold& threshold : thresholds) {
    const Judgement judgement = judge(threshold, run);
    rows.push_back({judgement.kept ? "ok" : "FAILED", threshold.text,
                    format_value(threshold, judgement.actual)});
  }
  return rows;
}

std::vector<std::string> remarks(const Run& run, const Words& words) {
  std::vector<std::string> lines;
  if (run.plan.model == Model::open) lines.emplace_back(words.open_model);
  if (run.interrupted) lines.emplace_back(words.interrupted);
  return lines;
}

// The first column to the left, the others to the right or, for prose, to the left.
enum class Align { numbers, prose };

std::string aligned(const std::vector<Row>& rows, Align align) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool right = i > 0 && align == Align::numbers;
      line +=
          " " + (right ? padded_left(row[i], widths[i] + 1) : padded_right(row[i], widths[i] + 1));
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string markdown_row(const Row& row) {
  std::string line = "|";
  for (const std::string& cell : row) line += " " + cell + " |";
  return line + "\n";
}

std::string markdown_table(const Row& head, const std::vector<Row>& rows) {
  std::string text = markdown_row(head) + "|";
  for (std::size_t i = 0; i < head.size(); ++i) text += i == 0 ? "---|" : "---:|";
  text += "\n";
  for (const Row& row : rows) text += markdown_row(row);
  return text + "\n";
}

}  // namespace

std::string terminal_report(const Run& run, std::span<const Threshold> thresholds,
                            Language language) {
  const Words& words = words_of(language);
  std::string text = "\n  " + std::string(words.title) + "\n  " + headline(run, words) + "\n\n";
  text += aligned(count_rows(run, words), Align::prose) + "\n";
  text += aligned(measure_rows(run), Align::numbers) + "\n";
  text += aligned(answer_rows(run, words), Align::prose);
  if (!thresholds.empty()) {
    text += "\n  " + std::string(words.thresholds) + "\n";
    text += aligned(threshold_rows(run, thresholds), Align::prose);
  }
  for (const std::string& line : remarks(run, words)) text += "\n  " + line + "\n";
  return text;
}

std::string markdown_report(const Run& run, std::span<const Threshold> thresholds,
                            Language language) {
  const Words& words = words_of(language);
  std::vector<Row> rows = count_rows(run, words);
  for (Row& row : time_rows(run, words)) rows.push_back(std::move(row));
  std::vector<Row> measures = measure_rows(run);
  const Row measures_head = measures.front();
  measures.erase(measures.begin());
  std::string text = "# " + std::string(words.title) + "\n\n" + headline(run, words) + "\n\n";
  text += markdown_table({std::string(words.item), std::string(words.value), ""}, rows);
  text += markdown_table(measures_head, measures);
  text += markdown_table({"", ""}, answer_rows(run, words));
  if (!thresholds.empty()) {
    text +=
        markdown_table({"", std::string(words.thresholds), ""}, threshold_rows(run, thresholds));
  }
  for (const std::string& line : remarks(run, words)) text += line + "\n\n";
  return text;
}

}  // namespace firstcome::load
