#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/campaign.hpp"
#include "core/error.hpp"

// JSON bodies to values. What is not known is refused and named, so that a typing mistake cannot
// pass for a default. Errors are invalid, with the field (`pace.batch` for a nested one). Pure.

namespace firstcome::http {

// {"user": "…"}; empty when the body has none.
[[nodiscard]] Result<std::optional<std::string>> read_claim_body(std::string_view body);

// The settings of PUT (kind put: stock is required, paused is not accepted, what is left out gets
// its default) or PATCH.
[[nodiscard]] Result<CampaignPatch> read_campaign_body(std::string_view body,
                                                       CampaignChange::Kind kind);

}  // namespace firstcome::http
