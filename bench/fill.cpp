// Makes a ledger with many coupons for the measurements: firstcome_fill PATH CAMPAIGN COUPONS.
// Goes through the ledger's own commits, in large batches.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "ledger/sqlite_ledger.hpp"

namespace {

using namespace firstcome;

constexpr std::uint32_t batch_rows = 20'000;

int fail_with(const std::string& what) {
  std::fprintf(stderr, "firstcome_fill: %s\n", what.c_str());
  return 1;
}

BatchRows rows_from(const Campaign& campaign, std::uint32_t first, std::uint32_t end,
                    const CouponCodes& codes, const Fingerprints& fingerprints, Epoch epoch) {
  BatchRows rows;
  for (std::uint32_t rank = first; rank < end; ++rank) {
    CouponRow row{.campaign = campaign.number,
                  .coupon = {.rank = Rank{rank},
                             .code = codes.code(campaign.number, Rank{rank}),
                             .issued_at = Time(std::chrono::milliseconds(1'790'000'000'000))},
                  .user = UserId::trusted("filled-" + std::to_string(rank)),
                  .epoch = epoch,
                  .ticket = Ticket{rank}};
    row.identity = fingerprints.of(row.user, row.key);
    rows.coupons.push_back(row);
  }
  return rows;
}

int fill(const std::string& path, const std::string& id, std::uint32_t count) {
  const Fingerprints fingerprints = Fingerprints::with_random_key();
  Metrics metrics;
  auto ledger = SqliteLedger::open({.path = path}, fingerprints, metrics.shard());
  if (!ledger) return fail_with(ledger.error().message);
  const auto epoch = (*ledger)->take_epoch();
  if (!epoch) return fail_with(epoch.error().message);
  CampaignChange change{.id = CampaignId::trusted(id)};
  change.patch.stock = stock_max;
  const auto changed = (*ledger)->change(std::span(&change, 1));
  if (!changed) return fail_with(changed.error().message);
  const Campaign campaign = (*changed)[0]->campaign;
  for (std::uint32_t rank = campaign.issued + 1; rank <= count; rank += batch_rows) {
    const std::uint32_t end = std::min(count + 1, rank + batch_rows);
    const BatchRows rows = rows_from(campaign, rank, end, (*ledger)->codes(), fingerprints, *epoch);
    if ((*ledger)->commit(rows) != CommitResult::ok) return fail_with("commit failed");
    (*ledger)->between_batches();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return fail_with("usage: firstcome_fill PATH CAMPAIGN COUPONS");
  return fill(argv[1], argv[2], static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)));
}
