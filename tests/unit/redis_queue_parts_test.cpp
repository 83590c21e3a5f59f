#include <gtest/gtest.h>

#include "queue/redis/redis_post.hpp"
#include "queue/redis/redis_waiters.hpp"
#include "unit/support/samples.hpp"

// The parts of the Redis queue that need no Redis: claims and verdicts as bytes, and who is told.

namespace firstcome {
namespace {

using std::chrono::seconds;
using testing::claim_of;
using testing::first_campaign;

constexpr auto any = [](CampaignNumber, std::string_view) { return true; };

RedisWaiters::Name name_of(const std::string& user) {
  return {first_campaign, claim_bytes(UserId::trusted(user), {})};
}

RedisWaiters::Told issued(const std::string& user, std::int64_t ticket, std::uint32_t rank) {
  RedisWaiters::Told told{.name = name_of(user), .ticket = ticket};
  told.verdict.answer.outcome = Outcome::issued;
  told.verdict.answer.coupon = {.rank = Rank{rank},
                                .nth = 1,
                                .code = testing::codes.code(first_campaign, Rank{rank}),
                                .issued_at = testing::at_second(12)};
  return told;
}

// What was delivered, as "slot issued", "slot repeated" or "slot queued at position".
class Told {
 public:
  RedisWaiters waiters{[this](std::uint16_t, std::vector<Verdict> verdicts) {
    for (const Verdict& verdict : verdicts) {
      words += (words.empty() ? "" : ", ") + std::to_string(verdict.reply_to.slot) + " ";
      if (verdict.answer.outcome == Outcome::queued) {
        words += "queued at " + std::to_string(verdict.answer.place.position);
      } else {
        words += verdict.answer.repeated ? "repeated" : "issued";
      }
    }
  }};
  std::string words;

  bool add(const std::string& user, std::uint32_t slot, Monotonic now = {}) {
    Claim claim = claim_of(user);
    claim.reply_to.slot = slot;
    return waiters.add(name_of(user), claim, now);
  }
  void answer(const std::string& user, std::int64_t ticket, Monotonic now = {}) {
    waiters.answer({issued(user, ticket, 3)}, now);
  }
};

TEST(ClaimBytes, of_equal_claims_are_equal_and_can_be_read_back) {
  const std::string bytes = claim_bytes(UserId::trusted("ann"), IdempotencyKey::trusted("k 1"));
  const auto names = read_claim_bytes(bytes);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->user.view(), "ann");
  EXPECT_EQ(names->key.view(), "k 1");
  EXPECT_NE(claim_bytes(UserId::trusted("annk"), {}),
            claim_bytes(UserId::trusted("ann"), IdempotencyKey::trusted("k")));
}

TEST(ClaimBytes, that_are_none_are_refused) {
  for (const std::string& bytes :
       {std::string(), std::string("ann"), std::string("\0k", 2), std::string(65, 'u') + '\0',
        "u" + std::string(1, '\0') + std::string(65, 'k')}) {
    EXPECT_FALSE(read_claim_bytes(bytes)) << bytes.size();
  }
}

TEST(WorkNotice, can_be_read_back) {
  const WorkNotice notice{
      .kind = WorkNotice::Kind::moves, .campaign = first_campaign, .server = 77};
  const auto read = read_notice(notice_bytes(notice));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, WorkNotice::Kind::moves);
  EXPECT_EQ(read->campaign, first_campaign);
  EXPECT_EQ(read->server, 77U);
  EXPECT_EQ(read->count, 0);
}

TEST(WorkNotice, of_claims_gets_their_tickets_from_the_script) {
  const auto read = read_notice(claims_notice_head(first_campaign, 77) + " 1795348800000000 31");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, WorkNotice::Kind::claims);
  EXPECT_EQ(read->first_ticket, 1795348800000000);
  EXPECT_EQ(read->count, 31);
}

TEST(WorkNotice, that_is_none_is_refused) {
  for (const char* bytes : {"", "c", "c 1", "c 1 2 3", "x 1 2 3 4", "c 0 2 3 4", "c 1 2 3 4 5",
                            "c 1 2 3 4 ", "c 1 -2 3 4", "c1 2 3 4", "c 4294967296 2 3 4"}) {
    EXPECT_FALSE(read_notice(bytes)) << bytes;
  }
}

TEST(Servers, are_read_each_before_its_space) {
  EXPECT_EQ(read_servers(""), std::vector<std::uint64_t>());
  EXPECT_EQ(read_servers("7 18446744073709551615 "),
            (std::vector<std::uint64_t>{7, 18446744073709551615U}));
  EXPECT_EQ(read_servers("7 x 8 9"), (std::vector<std::uint64_t>{7, 8})) << "the last is cut short";
}

TEST(Post, brings_verdicts_to_other_servers_and_not_back) {
  PostWriter post(7);
  post.add(issued("ann", 41, 3));
  std::vector<RedisWaiters::Told> heard;
  const auto hear = [&](RedisWaiters::Told told) { heard.push_back(std::move(told)); };
  EXPECT_TRUE(read_post(post.bytes(), 7, testing::codes, any, hear));
  EXPECT_TRUE(heard.empty()) << "one's own";
  ASSERT_TRUE(read_post(post.bytes(), 8, testing::codes, any, hear));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].name, name_of("ann"));
  EXPECT_EQ(heard[0].ticket, 41);
  EXPECT_EQ(heard[0].verdict.answer.coupon, issued("ann", 41, 3).verdict.answer.coupon);
}

TEST(Post, brings_what_is_wanted_only) {
  PostWriter post(7);
  post.add(issued("ann", 41, 3));
  post.add(issued("bob", 42, 4));
  post.add(issued("cid", 43, 5));
  std::vector<std::string> asked;
  std::vector<RedisWaiters::Told> heard;
  const auto wanted = [&](CampaignNumber campaign, std::string_view claim) {
    EXPECT_EQ(campaign, first_campaign);
    asked.emplace_back(claim);
    return claim == name_of("bob").claim;
  };
  const auto hear = [&](RedisWaiters::Told told) { heard.push_back(std::move(told)); };
  ASSERT_TRUE(read_post(post.bytes(), 8, testing::codes, wanted, hear));
  EXPECT_EQ(asked.size(), 3U);
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].name, name_of("bob"));
}

TEST(Post, that_is_cut_short_or_another_s_is_refused) {
  PostWriter post(7);
  post.add(issued("ann", 41, 3));
  const auto ignore = [](const RedisWaiters::Told&) {};
  const std::string_view bytes = post.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (size == 12) continue;  // the head alone: a message without verdicts
    EXPECT_FALSE(read_post(bytes.substr(0, size), 8, testing::codes, any, ignore)) << size;
  }
  EXPECT_FALSE(read_post("something else entirely", 8, testing::codes, any, ignore));
}

TEST(RedisWaiters, say_issued_now_to_the_first_in_the_queue_alone) {
  Told told;
  EXPECT_TRUE(told.add("ann", 1));
  EXPECT_FALSE(told.add("ann", 2)) << "it is on its way already";
  told.waiters.confirm(name_of("ann"), 41, true);
  told.answer("ann", 41);
  EXPECT_EQ(told.words, "1 issued, 2 repeated");
  EXPECT_EQ(told.waiters.size(), 0U);
}

TEST(RedisWaiters, say_repeated_where_another_server_was_first) {
  Told told;
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), 41, false);
  told.answer("ann", 41);
  EXPECT_EQ(told.words, "1 repeated");
}

TEST(RedisWaiters, know_for_which_claims_anybody_waits) {
  Told told;
  told.add("ann", 1);
  EXPECT_TRUE(told.waiters.waits_for(first_campaign, name_of("ann").claim));
  EXPECT_FALSE(told.waiters.waits_for(first_campaign, name_of("bob").claim));
  EXPECT_FALSE(told.waiters.waits_for(CampaignNumber{99}, name_of("ann").claim));
}

// The verdict may be heard before Redis' answer about the tickets.
TEST(RedisWaiters, keep_a_verdict_until_it_is_known_whose_it_is) {
  Told own;
  own.add("ann", 1);
  own.answer("ann", 41);
  EXPECT_EQ(own.words, "");
  own.waiters.confirm(name_of("ann"), 41, true);
  EXPECT_EQ(own.words, "1 issued");

  Told earlier;  // of the same claim when it was in the queue before
  earlier.add("ann", 1);
  earlier.answer("ann", 41);
  earlier.waiters.confirm(name_of("ann"), 52, true);
  EXPECT_EQ(earlier.words, "1 repeated");
}

TEST(RedisWaiters, name_the_overdue_once_a_period) {
  Told told;
  told.add("ann", 1);
  const auto overdue = [&](int now_s) {
    return told.waiters.overdue(seconds(5), seconds(50), seconds(now_s)).size();
  };
  EXPECT_EQ(overdue(4), 0U);
  EXPECT_EQ(overdue(5), 1U);
  EXPECT_EQ(overdue(9), 0U);
  EXPECT_EQ(overdue(10), 1U);
  EXPECT_EQ(told.waiters.take(name_of("ann"), false).size(), 1U);
  EXPECT_EQ(overdue(99), 0U);
}

TEST(RedisWaiters, are_not_overdue_soon_where_others_are_served) {
  Told told;
  told.add("ann", 1);
  const auto overdue = [&](int now_s) {
    told.answer("bob", now_s, seconds(now_s));
    return told.waiters.overdue(seconds(5), seconds(50), seconds(now_s + 1)).size();
  };
  EXPECT_EQ(overdue(10), 0U);
  EXPECT_EQ(overdue(48), 0U);
  EXPECT_EQ(overdue(50), 1U) << "its own verdict may have been lost";
}

TEST(RedisWaiters, are_told_that_they_wait_and_stay_without_clients) {
  Told told;
  told.add("ann", 1);
  const auto patient = [&](int now_s) {
    return told.waiters.patient({seconds(2), seconds(5)}, seconds(now_s)).size();
  };
  EXPECT_EQ(patient(9), 0U) << "it may not be in the queue yet";
  told.waiters.confirm(name_of("ann"), 41, true);
  EXPECT_EQ(patient(4), 0U);
  EXPECT_EQ(patient(5), 1U);
  told.waiters.note_kept(name_of("ann"), {.ticket = Ticket{41}, .position = 7}, seconds(1));
  EXPECT_EQ(told.words, "1 queued at 7");
  EXPECT_EQ(patient(99), 0U) << "nobody is left to be told";
  EXPECT_FALSE(told.add("ann", 2, seconds(100))) << "it stands in the queue";
  EXPECT_EQ(patient(104), 0U);
  EXPECT_EQ(patient(105), 1U);
  told.answer("ann", 41, seconds(105));
  EXPECT_EQ(told.words, "1 queued at 7, 2 issued");
  EXPECT_EQ(told.waiters.size(), 0U);
}

TEST(RedisWaiters, are_not_told_to_wait_where_others_are_served) {
  Told told;
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), 41, true);
  told.answer("bob", 7, seconds(9));
  EXPECT_EQ(told.waiters.patient({seconds(2), seconds(5)}, seconds(10)).size(), 0U);
  EXPECT_EQ(told.waiters.patient({seconds(2), seconds(5)}, seconds(14)).size(), 1U);
}

TEST(RedisWaiters, are_told_to_wait_sooner_where_nobody_can_issue) {
  Told told;
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), 41, true);
  const auto patient = [&](int now_s) {
    return told.waiters.patient({seconds(2), seconds(5)}, seconds(now_s)).size();
  };
  told.waiters.note_stalled(first_campaign, seconds(1));
  EXPECT_EQ(patient(1), 0U);
  EXPECT_EQ(patient(2), 1U);
  told.answer("bob", 7, seconds(2));
  EXPECT_EQ(patient(4), 0U) << "it goes on again";
  EXPECT_EQ(patient(7), 1U);
}

TEST(RedisWaiters, do_not_count_a_failure_before_they_came_nor_a_refusal_as_a_move) {
  Told told;
  told.waiters.note_stalled(first_campaign, seconds(1));
  told.add("ann", 1, seconds(2));
  told.add("bob", 2, seconds(2));
  told.waiters.confirm(name_of("ann"), 41, true);
  told.waiters.confirm(name_of("bob"), 42, true);
  const auto patient = [&](int now_s) {
    return told.waiters.patient({seconds(2), seconds(5)}, seconds(now_s));
  };
  EXPECT_EQ(patient(6).size(), 0U) << "by now it may be another matter";
  told.waiters.note_stalled(first_campaign, seconds(3));
  told.waiters.answer(
      {{.name = name_of("bob"), .ticket = 42, .verdict = {.kind = Verdict::Kind::unavailable}}},
      seconds(4));
  ASSERT_EQ(patient(6).size(), 1U);
  const auto twice = [&] {
    return told.waiters.patient({seconds(2), seconds(5), true}, seconds(6)).size();
  };
  EXPECT_EQ(twice(), 0U);
  told.waiters.note_stalled(first_campaign, seconds(4));
  EXPECT_EQ(twice(), 1U);
  EXPECT_EQ(patient(6).front().ticket, 41);
  EXPECT_FALSE(patient(6).front().is_silent);
  told.answer("cid", 7, seconds(5));
  EXPECT_EQ(patient(9).size(), 0U);
  ASSERT_EQ(patient(10).size(), 1U);
  EXPECT_TRUE(patient(10).front().is_silent);
}

// Another ticket may be another server's doing, and what had the first one may have been issued.
TEST(RedisWaiters, know_whether_a_claim_is_theirs_alone) {
  Told told;
  const auto is_own = [&] {
    return told.waiters.patient({seconds(2), seconds(5)}, seconds(9)).at(0).is_own;
  };
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), 41, false);
  EXPECT_FALSE(is_own()) << "it was there";
  told.answer("ann", 41);
  told.add("ann", 2, seconds(1));
  told.waiters.confirm(name_of("ann"), 42, true);
  EXPECT_TRUE(is_own());
  told.waiters.confirm(name_of("ann"), 42, false);
  EXPECT_TRUE(is_own()) << "it was sent again";
  told.waiters.confirm(name_of("ann"), 43, true);
  EXPECT_FALSE(is_own()) << "it was gone, and came anew";
}

RedisWaiters::Told refused(const std::string& user, std::int64_t ticket) {
  RedisWaiters::Told told{.name = name_of(user), .ticket = ticket};
  told.verdict.answer.outcome = Outcome::sold_out;
  return told;
}

// A yes holds for every ticket of the claim, a no for the one that it was given to.
TEST(RedisWaiters, pass_over_a_no_to_another_ticket) {
  Told told;
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), 52, true);
  told.waiters.answer({refused("ann", 41)}, {});
  EXPECT_EQ(told.words, "");
  EXPECT_EQ(told.waiters.size(), 1U);
  told.waiters.answer({refused("ann", 52)}, {});
  EXPECT_EQ(told.waiters.size(), 0U);

  Told early;
  early.add("ann", 1);
  early.waiters.answer({refused("ann", 41)}, {});
  early.waiters.confirm(name_of("ann"), 52, true);
  EXPECT_EQ(early.waiters.size(), 1U);
  early.answer("ann", 41);
  EXPECT_EQ(early.words, "1 repeated");
}

TEST(RedisWaiters, mark_claims_that_may_stand_in_the_queue) {
  Told told;
  for (const char* user : {"ann", "bob", "cid"}) told.add(user, 1);
  told.waiters.confirm(name_of("ann"), 41, true);
  EXPECT_TRUE(told.waiters.take(name_of("ann"), false)[0].in_queue_elsewhere);
  EXPECT_TRUE(told.waiters.take(name_of("bob"), true)[0].in_queue_elsewhere);
  EXPECT_FALSE(told.waiters.take(name_of("cid"), false)[0].in_queue_elsewhere);
}

TEST(RedisWaiters, do_not_forget_who_was_told_to_wait) {
  Told told;
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), 41, true);
  told.waiters.note_kept(name_of("ann"), {.ticket = Ticket{41}, .position = 7}, seconds(1));
  told.waiters.note_lost(first_campaign);
  EXPECT_TRUE(told.waiters.take(name_of("ann"), true).empty());
  EXPECT_EQ(told.waiters.size(), 1U);
  const RedisWaiters::Patience patience{seconds(2), seconds(5)};
  EXPECT_EQ(told.waiters.patient(patience, seconds(9)).size(), 1U) << "to be written down again";
  told.waiters.note_kept(name_of("ann"), {.ticket = Ticket{52}, .position = 1}, seconds(1));
  EXPECT_EQ(told.waiters.patient(patience, seconds(99)).size(), 0U);
  EXPECT_EQ(told.words, "1 queued at 7");
}

TEST(RedisWaiters, send_again_what_the_queue_has_lost) {
  Told told;
  told.add("ann", 1);
  told.waiters.confirm(name_of("ann"), 41, true);
  told.waiters.note_kept(name_of("ann"), {.ticket = Ticket{41}, .position = 7}, seconds(1));
  const auto overdue = [&](int now_s) {
    return told.waiters.overdue(seconds(5), seconds(50), seconds(now_s)).size();
  };
  EXPECT_EQ(overdue(49), 0U) << "it is kept";
  told.waiters.note_lost(first_campaign);
  EXPECT_EQ(overdue(49), 1U);
}

TEST(KeptClaims, are_read_back) {
  const std::string bytes = std::string(1, outcome_digit(Outcome::sold_out)) + "41" + '\0' + "k 1";
  const auto kept = read_kept(bytes);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->outcome, Outcome::sold_out);
  EXPECT_EQ(kept->ticket, 41);
  EXPECT_EQ(kept->key.view(), "k 1");
}

TEST(KeptClaims, that_are_none_are_refused) {
  for (const std::string& bytes :
       {std::string(), std::string("1"), std::string("141"), std::string("1\0", 2),
        std::string("14x\0", 4), std::string("941\0", 4), std::string("/41\0", 4),
        "141" + std::string(1, '\0') + std::string(65, 'k')}) {
    EXPECT_FALSE(read_kept(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace firstcome
