#include "issue/pacer.hpp"

#include <gtest/gtest.h>

namespace firstcome {
namespace {

using namespace std::chrono_literals;

constexpr CampaignNumber a{1};
constexpr CampaignNumber b{2};
using Due = std::vector<CampaignNumber>;

TEST(Pacer, gives_a_line_its_first_tick_a_whole_tick_after_it_began) {
  Pacer pacer;
  EXPECT_EQ(pacer.next(), std::nullopt);
  pacer.wants(a, 5s, 1s);
  pacer.wants(a, 5900ms, 1s);  // who joins later does not put it off
  EXPECT_EQ(pacer.next(), 6s);
  EXPECT_EQ(pacer.due(5999ms), Due{});
  EXPECT_EQ(pacer.due(6s), Due{a});
}

TEST(Pacer, counts_from_tick_to_tick_so_that_lateness_does_not_add_up) {
  Pacer pacer;
  pacer.wants(a, 0s, 1s);
  pacer.ticked(a, 1300ms, 1s);
  EXPECT_EQ(pacer.next(), 2s);
}

TEST(Pacer, makes_up_for_no_tick_that_was_missed) {
  Pacer pacer;
  pacer.wants(a, 0s, 1s);
  pacer.ticked(a, 5s, 1s);
  EXPECT_EQ(pacer.next(), 6s);
}

TEST(Pacer, hurries_but_never_puts_off) {
  Pacer pacer;
  pacer.wants(a, 0s, 10s);
  pacer.hurry(a, 3s);
  EXPECT_EQ(pacer.next(), 3s);
  pacer.hurry(a, 8s);
  EXPECT_EQ(pacer.next(), 3s);
  pacer.hurry(b, 1s);
  EXPECT_EQ(pacer.next(), 1s) << "a line it did not know";
}

TEST(Pacer, forgets_a_line_that_is_empty) {
  Pacer pacer;
  pacer.wants(a, 0s, 1s);
  pacer.forget(a);
  pacer.forget(b);
  EXPECT_EQ(pacer.next(), std::nullopt);
  pacer.wants(a, 7s, 1s);
  EXPECT_EQ(pacer.next(), 8s);
}

// Otherwise a line that is due again at once would hold up all others for as long as it lasts.
TEST(Pacer, names_first_who_is_due_longest) {
  Pacer pacer;
  pacer.wants(a, 0s, 2s);
  pacer.wants(b, 0s, 1s);
  EXPECT_EQ(pacer.due(2s), (Due{b, a}));
  pacer.ticked(b, 2s, 0s);
  EXPECT_EQ(pacer.due(2s), (Due{a, b})) << "equally due: in order of number";
  pacer.ticked(a, 3s, 0s);
  EXPECT_EQ(pacer.due(3s), (Due{b, a}));
}

}  // namespace
}  // namespace firstcome
