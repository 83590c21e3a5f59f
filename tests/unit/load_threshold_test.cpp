#include <gtest/gtest.h>

#include "load/threshold.hpp"

namespace firstcome::load {
namespace {

using namespace std::chrono_literals;

Timings timings(Monotonic waiting, Monotonic duration) {
  Timings result{0ns, 0ns, 1us, waiting, 1us, duration};
  return result;
}

// 100 requests: durations 1 to 100 ms, half issued, 49 sold out, one failed; in 2 seconds.
Run sample_run() {
  Run run;
  run.elapsed = 2s;
  for (int i = 1; i <= 100; ++i) {
    Answer answer = read_answer(409, R"({"code":"sold_out"})");
    if (i <= 50) answer = read_answer(201, R"({"outcome":"issued","rank":1,"code":"A"})");
    if (i == 100) answer = no_answer("timeout");
    run.tally.add(timings(Monotonic{i * 500'000}, Monotonic{i * 1'000'000}), answer);
  }
  return run;
}

bool keeps(const char* text) {
  const Result<Threshold> threshold = parse_threshold(text);
  EXPECT_TRUE(threshold) << text << ": " << (threshold ? "" : threshold.error().message);
  return threshold && judge(*threshold, sample_run()).kept;
}

struct Row {
  const char* text;
  bool kept;
};

TEST(Threshold, JudgesARun) {
  for (const Row& row : {
           Row{"p(95)<96ms", true},
           Row{"p(95)<94ms", false},
           Row{"p(99.5)<=101ms", true},
           Row{" avg < 51ms ", true},
           Row{"avg<50ms", false},
           Row{"avg<51", true},  // a bare number is milliseconds
           Row{"med<=0.0505s", true},
           Row{"min>=1ms", true},
           Row{"min>1000us", false},
           Row{"max<=100ms", true},
           Row{"max<100ms", false},
           Row{"http_req_waiting:p(95)<48ms", true},
           Row{"http_req_waiting:max<50ms", false},
           Row{"http_req_blocked:max<1ns", true},
           Row{"failed<2%", true},
           Row{"failed<1%", false},
           Row{"failed<=1%", true},
           Row{"http_req_failed<0.011", true},
           Row{"http_req_failed:rate<0.01", false},
           Row{"checks>=50%", true},
           Row{"served>50%", false},
           Row{"rate>49", true},
           Row{"http_reqs:rate>50", false},
           Row{"count==100", true},
           Row{"http_reqs:count>100", false},
           Row{"issued==50", true},
           Row{"sold_out>=50", false},
           Row{"limit_reached==0", true},
       }) {
    EXPECT_EQ(keeps(row.text), row.kept) << row.text;
  }
}

TEST(Threshold, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"",
                           "p(95)",
                           "p(95)<",
                           "<50ms",
                           "p(101)<50ms",
                           "p(-1)<5ms",
                           "p()<5ms",
                           "p(95<50ms",
                           "avg<50parsecs",
                           "avg<-5ms",
                           "failed<101%",
                           "failed<5ms",
                           "rate>fast",
                           "rate>1e",
                           "p95<5ms",
                           "http_req_dreaming:avg<5ms",
                           "http_req_waiting<5ms",
                           "http_req_failed:avg<1",
                           "avg=5ms",
                           "avg!=5ms",
                           "avg<5ms<6ms",
                           "avg<nan",
                           "avg<inf"}) {
    const Result<Threshold> threshold = parse_threshold(text);
    ASSERT_FALSE(threshold) << text;
    EXPECT_EQ(threshold.error().code, ErrorCode::invalid);
    EXPECT_EQ(threshold.error().field, "threshold");
  }
}

TEST(Threshold, ShowsValuesInTheirKind) {
  EXPECT_EQ(format_value(*parse_threshold("avg<1s"), 12'460'000'000), "12.46s");
  EXPECT_EQ(format_value(*parse_threshold("failed<1%"), 0.5), "50.00%");
  EXPECT_EQ(format_value(*parse_threshold("count>1"), 8668), "8,668");
}

TEST(Threshold, ARunWithoutRequestsHasNoRate) {
  const load::Run run;
  EXPECT_FALSE(judge(*parse_threshold("rate>0"), run).kept);
  EXPECT_TRUE(judge(*parse_threshold("failed<1%"), run).kept);
}

}  // namespace
}  // namespace firstcome::load
