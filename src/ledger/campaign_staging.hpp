#pragma once

#include <functional>
#include <span>
#include <vector>

#include "ledger/ledger.hpp"

// A group of campaign changes before anything is written: each is checked against what the ledger
// holds and what the group has done so far, so that the group can be written as one transaction.
// The rules of PUT and PATCH for every engine. One thread.

namespace firstcome {

class CampaignStaging {
 public:
  // `find` gives the ledger's own campaign or nullptr; `next` is the first number not taken.
  CampaignStaging(std::function<const Campaign*(const CampaignId&)> find, CampaignNumber next);

  // What the change makes of its campaign. Errors as Ledger::change() says; a refused change
  // leaves the group as it was. A change that changes nothing adds nothing to changed().
  [[nodiscard]] Result<Ledger::Changed> stage(const CampaignChange& change);

  // To be written: each campaign once, as the whole group leaves it.
  [[nodiscard]] std::span<const Campaign> changed() const { return changed_; }

 private:
  [[nodiscard]] const Campaign* find(const CampaignId& id) const;
  void put(const Campaign& campaign);

  std::function<const Campaign*(const CampaignId&)> find_in_ledger_;
  CampaignNumber next_;
  std::vector<Campaign> changed_;
};

}  // namespace firstcome
