#include <algorithm>

#include "verify/rules.hpp"

// What the ledger's rows tell by themselves: promises 1, 2 and 6, and the second half of 5.

namespace firstcome::rules {
namespace {

// A coupon of any campaign by its code.
struct CodeOf {
  CouponCode code;
  std::uint32_t campaign;
  std::uint32_t row;
};

std::vector<CodeOf> codes_in_order(const Facts& facts) {
  std::vector<CodeOf> codes;
  std::size_t size = 0;
  for (const CampaignFacts& campaign : facts.campaigns()) size += campaign.coupons.size();
  codes.reserve(size);
  for (std::uint32_t campaign = 0; campaign < facts.campaigns().size(); ++campaign) {
    std::uint32_t row = 0;
    for (const CouponFact& coupon : facts.campaigns()[campaign].coupons) {
      codes.push_back({coupon.code, campaign, row++});
    }
  }
  std::ranges::sort(codes, {}, [](const CodeOf& code) { return code.code.bytes; });
  return codes;
}

std::string place_of(const Facts& facts, const CodeOf& code) {
  const CampaignFacts& campaign = facts.campaigns()[code.campaign];
  return "rank " + std::to_string(campaign.coupons[code.row].rank) + " of " + campaign.id;
}

}  // namespace

void cap(const Evidence& evidence, Findings& findings) {
  const auto& limits = evidence.campaign().limits;
  if (!limits) return;
  ++findings.checked;
  if (evidence.coupons().size() <= limits->stock) return;
  findings.breaks([&] {
    return evidence.prefix() + std::to_string(evidence.coupons().size()) +
           " coupons of a stock of " + std::to_string(limits->stock);
  });
}

void limit(const Evidence& evidence, Findings& findings) {
  const auto& limits = evidence.campaign().limits;
  if (!limits) return;
  evidence.for_each_user([&](const Group& user) {
    if (!user.rows.empty()) ++findings.checked;
    if (user.rows.size() <= limits->per_user) return;
    findings.breaks([&] {
      return evidence.prefix() + evidence.describe(evidence.coupons()[user.rows.back()]) +
             " is one of " + std::to_string(user.rows.size()) + ", allowed are " +
             std::to_string(limits->per_user);
    });
  });
}

void one_row_a_key(const Evidence& evidence, Findings& findings) {
  const auto coupons = evidence.coupons();
  evidence.for_each_user([&](const Group& user) {
    // Rows come in order of their keys, so equal ones are neighbours.
    std::uint32_t last_claim = 0;
    for (const std::uint32_t row : user.rows) {
      const std::uint32_t claim = coupons[row].claim;
      if (claim != 0) ++findings.checked;
      if (claim != 0 && claim == last_claim) {
        findings.breaks([&] {
          return evidence.prefix() + evidence.describe(coupons[row]) +
                 " repeats an Idempotency-Key";
        });
      }
      last_claim = claim;
    }
  });
}

void ranks(const Evidence& evidence, Findings& findings) {
  std::uint32_t last = 0;
  for (const CouponFact& coupon : evidence.coupons()) {
    ++findings.checked;
    if (coupon.rank != last + 1) {
      findings.breaks([&] {
        return evidence.prefix() + evidence.describe(coupon) + " comes after rank " +
               std::to_string(last);
      });
    }
    last = coupon.rank;
  }
}

void codes(const Facts& facts, Findings& findings) {
  const std::vector<CodeOf> codes = codes_in_order(facts);
  findings.checked += codes.size();
  for (std::size_t i = 1; i < codes.size(); ++i) {
    if (codes[i].code != codes[i - 1].code) continue;
    findings.breaks([&] {
      return place_of(facts, codes[i - 1]) + " and " + place_of(facts, codes[i]) +
             " have the same code " + to_string(codes[i].code);
    });
  }
}

}  // namespace firstcome::rules
