#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "load/report.hpp"
#include "load/request.hpp"
#include "load/summary.hpp"
#include "load/units.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

// The seed report's proportions: 8,668 requests, the first half served, none failed.
Run sample_run() {
  Run run;
  run.plan.url = "http://127.0.0.1:8080";
  run.plan.campaign = "drop";
  run.plan.scenario = "drop-8668";
  run.plan.connections = 1000;
  run.plan.requests = run.plan.users = 8668;
  run.elapsed = 2s;
  for (int i = 0; i < 8668; ++i) {
    const Answer answer = i < 4334 ? read_answer(201, R"({"outcome":"issued","rank":7,"code":"X"})")
                                   : read_answer(409, R"({"code":"sold_out","status":409})");
    run.tally.add({400us, 300us, 50us, 6s, 100us, 6s + 150us}, answer);
  }
  return run;
}

TEST(Answer, SeparatesServedRefusedAndFailed) {
  struct Row {
    int status;
    const char* body;
    Verdict verdict;
    const char* label;
    const char* outcome;
  };
  for (const Row& row : {
           Row{201, R"({"outcome":"issued","rank":3,"code":"C"})", Verdict::served, "issued",
               "issued"},
           Row{200, R"({"outcome":"issued","rank":3,"code":"C"})", Verdict::served, "repeated",
               "issued"},
           Row{202, R"({"outcome":"queued","ticket":"1-5"})", Verdict::served, "queued", "queued"},
           Row{409, R"({"code":"sold_out"})", Verdict::refused, "sold_out", "sold_out"},
           Row{409, R"({"code":"limit_reached"})", Verdict::refused, "limit_reached",
               "limit_reached"},
           Row{409, R"({"code":"not_open"})", Verdict::refused, "not_open", "not_open"},
           Row{409, R"({"code":"closed"})", Verdict::refused, "closed", "closed"},
           Row{409, R"({"code":"paused"})", Verdict::refused, "paused", "paused"},
           Row{409, R"({"code":"issued"})", Verdict::failed, "409 issued", "issued"},
           Row{429, R"({"code":"rate_limited"})", Verdict::failed, "429 rate_limited",
               "rate_limited"},
           Row{503, R"({"code":"overloaded"})", Verdict::failed, "503 overloaded", "overloaded"},
           Row{500, "oops", Verdict::failed, "500 unknown", "unknown"},
           Row{201, "{}", Verdict::failed, "201 unknown", "unknown"},
           Row{201, "[1]", Verdict::failed, "201 unknown", "unknown"},
           Row{201, "", Verdict::failed, "201 unknown", "unknown"},
       }) {
    const Answer answer = read_answer(row.status, row.body);
    EXPECT_EQ(answer.verdict, row.verdict) << row.status << row.body;
    EXPECT_EQ(answer.label, row.label);
    EXPECT_EQ(answer.outcome, row.outcome);
    EXPECT_EQ(answer.status, row.status);
  }
  const Answer issued = read_answer(201, R"({"outcome":"issued","rank":3,"code":"C"})");
  EXPECT_EQ(issued.rank, 3U);
  EXPECT_EQ(issued.code, "C");
}

TEST(Summary, HoldsTheMeasuresOfTheSeedReport) {
  const boost::json::value summary = boost::json::parse(summary_json(sample_run(), {}));
  const auto at = [&](const char* pointer) {
    return summary.at_pointer(pointer).to_number<double>();
  };
  EXPECT_EQ(at("/metrics/http_reqs/count"), 8668);
  EXPECT_EQ(at("/metrics/http_reqs/rate"), 4334);
  EXPECT_EQ(at("/metrics/checks/rate"), 0.5);
  EXPECT_EQ(at("/metrics/http_req_failed/rate"), 0);
  EXPECT_EQ(at("/metrics/http_req_blocked/avg"), 0.4);
  EXPECT_EQ(at("/metrics/http_req_connecting/avg"), 0.3);
  EXPECT_EQ(at("/metrics/http_req_sending/avg"), 0.05);
  EXPECT_EQ(at("/metrics/http_req_waiting/max"), 6000);
  EXPECT_EQ(at("/metrics/http_req_receiving/avg"), 0.1);
  EXPECT_EQ(at("/metrics/http_req_duration/p95"), 6000.15);
  EXPECT_EQ(at("/outcomes/issued"), 4334);
  EXPECT_EQ(at("/outcomes/sold_out"), 4334);
  EXPECT_EQ(at("/statuses/201"), 4334);
  EXPECT_EQ(at("/plan/vus"), 1000);
  EXPECT_TRUE(summary.at_pointer("/failures").as_object().empty());
}

TEST(Summary, TellsWhichThresholdsWereKept) {
  const std::vector<Threshold> thresholds{*parse_threshold("avg<1s"),
                                          *parse_threshold("failed<1%")};
  const boost::json::value summary = boost::json::parse(summary_json(sample_run(), thresholds));
  EXPECT_EQ(summary.at_pointer("/thresholds/0/ok"), false);
  EXPECT_EQ(summary.at_pointer("/thresholds/0/actual").to_number<double>(), 6000.15);
  EXPECT_EQ(summary.at_pointer("/thresholds/1/ok"), true);
}

TEST(Summary, MergingTalliesAddsThem) {
  auto a = sample_run();
  Tally failures;
  failures.add({1s}, no_answer("timeout"));
  a.tally.merge(failures);
  EXPECT_EQ(a.tally.requests(), 8669U);
  EXPECT_EQ(a.tally.failed(), 1U);
  EXPECT_EQ(a.tally.failures().at("timeout"), 1U);
  EXPECT_EQ(a.tally.of(Measure::blocked).count(), 8669U);
  EXPECT_EQ(a.tally.of(Measure::duration).count(), 8668U);
}

TEST(Report, SpeaksBothLanguages) {
  const auto run = sample_run();
  const std::string english = terminal_report(run, {}, Language::english);
  EXPECT_NE(english.find("8,668 (4334.0/s)"), std::string::npos) << english;
  EXPECT_NE(english.find("50.00% (4,334)"), std::string::npos);
  EXPECT_NE(english.find("issued 4,334 · sold_out 4,334"), std::string::npos);
  const std::string korean = markdown_report(run, {}, Language::korean);
  EXPECT_NE(korean.find("| 총 요청 수 | 8,668 (4334.0/s) | http_reqs |"), std::string::npos)
      << korean;
  EXPECT_NE(korean.find("| 평균 응답 시간 | 6.00s | http_req_duration |"), std::string::npos);
}

TEST(Words, HangulTakesTwoColumns) {
  EXPECT_EQ(columns_of("p(95)"), 5U);
  EXPECT_EQ(columns_of("요청 수"), 7U);
  EXPECT_EQ(columns_of("395.18µs"), 8U);
  EXPECT_EQ(padded_left("요청", 6), "  요청");
  EXPECT_EQ(padded_right("요청", 6), "요청  ");
}

TEST(Units, ReadSpans) {
  EXPECT_EQ(parse_span("50ms", 1s), 50ms);
  EXPECT_EQ(parse_span("1.5s", 1s), 1500ms);
  EXPECT_EQ(parse_span("2", 1s), 2s);
  EXPECT_EQ(parse_span("2m", 1s), 2min);
  EXPECT_EQ(parse_span("3µs", 1s), 3us);
  for (const char* text : {"", "s", "5 s", "5x", "-1s", "nan", "inf", "1e3s", "1000000000h"}) {
    EXPECT_FALSE(parse_span(text, 1s)) << text;
  }
}

TEST(Units, ShowSpansAndCounts) {
  EXPECT_EQ(format_span(0ns), "0s");
  EXPECT_EQ(format_span(850ns), "850ns");
  EXPECT_EQ(format_span(395'180ns), "395.18µs");
  EXPECT_EQ(format_span(12'460ms), "12.46s");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(8'668), "8,668");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
}

TEST(ClaimRequest, OnlyTheUserChanges) {
  Result<ClaimRequest> request =
      ClaimRequest::make({"127.0.0.1:8080", "drop", "secret"}, "u", 8668);
  ASSERT_TRUE(request);
  const std::string first(request->render(1));
  EXPECT_EQ(first,
            "POST /v1/campaigns/drop/claims HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
            "User-Agent: firstcome-load\r\nAuthorization: Bearer secret\r\n"
            "Content-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"user\":\"u000001\"}");
  const std::string last(request->render(8668));
  EXPECT_EQ(last.size(), first.size());
  EXPECT_TRUE(last.ends_with("{\"user\":\"u008668\"}"));
  EXPECT_EQ(request->user(8668), "u008668");
}

TEST(ClaimRequest, WidensAndEscapesUserIds) {
  Result<ClaimRequest> request = ClaimRequest::make({"h:1", "c", ""}, "a\"b", 12'345'678);
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->render(42).ends_with("{\"user\":\"a\\\"b00000042\"}"));
  EXPECT_EQ(request->user(42), "a\"b00000042");
  EXPECT_FALSE(ClaimRequest::make({"h:1", "c", ""}, std::string(60, 'x'), 10));
  EXPECT_FALSE(ClaimRequest::make({"h:1", "c", ""}, "a\nb", 10));
}

}  // namespace
}  // namespace firstcome::load
