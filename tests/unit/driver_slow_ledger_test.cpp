#include <gtest/gtest.h>

#include <algorithm>

#include "issue/driver.hpp"
#include "unit/support/driver_bench.hpp"

// Where the ledger takes long for each row, transactions are kept short.

namespace firstcome {
namespace {

using namespace std::chrono_literals;
using testing::DriverBench;
using testing::first_campaign;
using testing::second_campaign;

class SlowLedger : public ::testing::Test {
 protected:
  static constexpr std::size_t claims_max = 1000;

  void claims_of(int users, CampaignNumber campaign = first_campaign) {
    std::vector<std::string> names;
    for (int i = 0; i < users; ++i) names.push_back("u" + std::to_string(next_user_++));
    bench.claim(names, campaign);
  }

  void a_row_takes(std::chrono::milliseconds time) {
    bench.ledger.on_commit = [this, time](std::size_t rows) {
      bench.clock.advance(time * static_cast<std::int64_t>(rows));
    };
  }

  // The rows of each commit since the last call.
  [[nodiscard]] std::vector<std::size_t> sizes() {
    std::vector<std::size_t> sizes;
    for (const BatchRows& rows : std::exchange(bench.ledger.tried, {})) {
      sizes.push_back(rows.size());
    }
    return sizes;
  }

  DriverBench bench{{.stock = 100'000},
                    {.stock = 100'000, .mode = Mode::paced, .pace = {.batch = 300, .tick = 1000ms}},
                    claims_max};

 private:
  int next_user_ = 0;
};

TEST_F(SlowLedger, is_given_small_batches_until_it_is_fast_again) {
  claims_of(3000);
  a_row_takes(1ms);
  bench.start().settle();
  const auto slow = sizes();
  EXPECT_EQ(slow.front(), claims_max) << "nothing is known yet";
  EXPECT_LE(*std::max_element(slow.begin() + 1, slow.end()), 2 * BatchSize::claims_min);
  EXPECT_LE(bench.driver.batch_claims_limit()(), 2.0 * BatchSize::claims_min);
  claims_of(4000);
  a_row_takes(0ms);
  bench.settle();
  EXPECT_EQ(std::ranges::max(sizes()), claims_max);
  EXPECT_EQ(bench.driver.batch_claims_limit()(), claims_max);
}

TEST_F(SlowLedger, is_given_a_paced_line_as_its_settings_say) {
  claims_of(900, second_campaign);
  a_row_takes(1ms);
  bench.start().settle();
  (void)sizes();
  bench.clock.advance(1000ms);
  bench.settle();
  EXPECT_EQ(sizes(), std::vector<std::size_t>{600}) << "a coupon and a settlement for each of 300";
}

TEST_F(SlowLedger, is_given_a_line_that_became_instant_in_small_pieces) {
  claims_of(2000, second_campaign);
  bench.start().settle();
  claims_of(2000);
  a_row_takes(1ms);
  bench.settle();
  bench.change({.mode = Mode::instant}, second_campaign);
  (void)sizes();
  bench.settle();
  EXPECT_LE(std::ranges::max(sizes()), 4 * BatchSize::claims_min)
      << "a trial's size, and a coupon and a settlement for each";
  EXPECT_EQ(bench.queue.line_length(second_campaign), 0U);
}

}  // namespace
}  // namespace firstcome
