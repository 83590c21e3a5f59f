#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "core/campaign.hpp"

// Every campaign as it was last committed: what the desks answer from. It holds no truth; the
// issuing thread puts a campaign up after its commit and before anyone is told of it, so whoever
// was told finds it here. Thread rule: one thread puts up, any thread reads.

namespace firstcome {

class Board {
 public:
  Board();
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  void put_up(const Campaign& campaign);

  [[nodiscard]] std::optional<Campaign> find(const CampaignId& id) const;
  // A campaign that exists, by its number.
  [[nodiscard]] Campaign at(CampaignNumber number) const;

  // Campaigns with numbers above `after`, in order, at most `limit`.
  [[nodiscard]] std::vector<Campaign> page(CampaignNumber after, std::size_t limit) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Numbers;

  mutable std::shared_mutex mutex_;
  std::vector<Campaign> campaigns_;   // number n at n - 1; guarded by mutex_
  std::unique_ptr<Numbers> numbers_;  // by id; guarded by mutex_
};

}  // namespace firstcome
