#pragma once

#include <optional>
#include <string>

#include "core/campaign.hpp"
#include "core/error.hpp"
#include "ledger/mysql/mysql_record.hpp"

// A ledger that has gone back behind what it had committed, as after a failover to a server that
// did not have it yet: a promise is broken, and memory is ahead of the ledger. Who finds it must
// stop, because what was lost would be given to others. Pure.

namespace firstcome {

// Nullopt when nothing of the campaign has gone back from `known` to `row`, which was read later.
// Error: corrupt; it says what was lost, and what would have kept it.
[[nodiscard]] std::optional<Error> loss(const CampaignId& campaign, const IssuingRow& known,
                                        const IssuingRow& row);

// The same error for another reason: `what` is the part of the sentence that says what was lost.
[[nodiscard]] Error loss(const std::string& what);

}  // namespace firstcome
