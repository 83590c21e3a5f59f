#include "queue/redis/redis_stints.hpp"

#include <gtest/gtest.h>

// When the porter expects a batch or a round to end.

namespace firstcome {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// One that began at `begun` and took so long.
void one(Stints& stints, Monotonic begun, Monotonic took) {
  stints.begin(begun);
  stints.end(begun + took);
}

TEST(Stints, tell_when_the_one_at_hand_should_end) {
  Stints stints;
  for (int i = 1; i <= 50; ++i) one(stints, milliseconds(100 * i), milliseconds(8));
  EXPECT_GE(stints.duration(), milliseconds(7));
  EXPECT_LE(stints.duration(), milliseconds(8));
  EXPECT_EQ(stints.ended_at(), milliseconds(5008));
  EXPECT_EQ(stints.ends_at(), Monotonic{0}) << "there is none";
  stints.begin(milliseconds(6000));
  EXPECT_EQ(stints.ends_at(), milliseconds(6000) + stints.duration());
}

// Who was frozen in the middle of a batch must not rest for part of that time before the next.
TEST(Stints, expect_no_other_freeze_after_one) {
  Stints stints;
  one(stints, milliseconds(1), milliseconds(4));
  one(stints, milliseconds(10), hours(1));
  EXPECT_LE(stints.duration(), Stints::longest);
  stints.begin(hours(2));
  EXPECT_LE(stints.ends_at(), hours(2) + Stints::longest);
}

TEST(Stints, pass_over_an_end_without_a_beginning) {
  Stints stints;
  one(stints, milliseconds(1), milliseconds(4));
  const Monotonic known = stints.duration();
  stints.end(hours(1));
  EXPECT_EQ(stints.duration(), known);
}

}  // namespace
}  // namespace firstcome
