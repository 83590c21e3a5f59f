#pragma once

#include "verify/evidence.hpp"
#include "verify/promises.hpp"

// The rules behind the promises. Each looks at one campaign and adds what it finds; each is sound:
// if the server kept its promises, and the assumptions of Evidence hold, it finds nothing. Rules
// about the stock or the limit pass over campaigns that the ledger does not know. Pure functions.

namespace firstcome::rules {

using CampaignRule = void (*)(const Evidence& evidence, Findings& findings);
using FactsRule = void (*)(const Facts& facts, Findings& findings);

// 1: no more coupons than stock. Counts campaigns.
void cap(const Evidence& evidence, Findings& findings);

// 2: no user has more than per_user. Counts users with coupons.
void limit(const Evidence& evidence, Findings& findings);

// 3: each answer "issued" has the identical coupon in the ledger. Counts those answers.
void durable(const Evidence& evidence, Findings& findings);

// 4: each coupon has an attempt that may have won it. Counts coupons of users in the history.
void no_ghost(const Evidence& evidence, Findings& findings);

// 5: a claim sent again was given the same coupon. Counts claims sent more than once.
void equal_answers(const Evidence& evidence, Findings& findings);

// 5: no two coupons of one user have the same key. Counts coupons with a key.
void one_row_a_key(const Evidence& evidence, Findings& findings);

// 6: ranks are 1, 2, 3, … Counts coupons.
void ranks(const Evidence& evidence, Findings& findings);

// 7: a coupon that was shown before another's claim was sent has the lower rank. Counts coupons
// with a known window.
void order_of_answers(const Evidence& evidence, Findings& findings);

// 7: within an epoch, tickets rise with ranks. Counts coupons.
void order_of_tickets(const Evidence& evidence, Findings& findings);

// 8: nobody whose claim was sent after a sold_out answer won. Needs a fixed stock. Counts sold_out
// answers.
void nobody_after_sold_out(const Evidence& evidence, Findings& findings);

// 8: where sold_out was answered, the stock is used up. Needs a fixed stock. Counts campaigns in
// which it was.
void sold_out_is_true(const Evidence& evidence, Findings& findings);

// 9: who was told limit_reached has per_user coupons that may have been won by then. Counts those
// answers.
void limit_is_true(const Evidence& evidence, Findings& findings);

// 10: no claim waits for its verdict. Counts campaigns.
void all_settled(const Evidence& evidence, Findings& findings);

// 10: while there is stock left, each claim answered 202 has its coupon. Needs a fixed stock.
// Counts those claims.
void queued_were_served(const Evidence& evidence, Findings& findings);

// 10: the stock is used up if enough users asked. Needs a fixed stock. Counts campaigns.
void no_leak(const Evidence& evidence, Findings& findings);

// 11: no answer is a 5xx other than 503. Counts answers.
void full(const Evidence& evidence, Findings& findings);

// 6: no code is on two coupons, of whatever campaigns. Counts coupons.
void codes(const Facts& facts, Findings& findings);

}  // namespace firstcome::rules
