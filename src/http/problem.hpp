#pragma once

#include <string>
#include <string_view>

#include "core/campaign.hpp"
#include "core/error.hpp"
#include "desk/desk.hpp"
#include "gate/gate.hpp"
#include "http/request.hpp"
#include "http/response.hpp"

// Everything that is not a success, as application/problem+json (RFC 9457): the one place that
// knows which status and code belong to which outcome, refusal or error. Pure functions.

namespace firstcome::http {

[[nodiscard]] Response problem(int status, std::string_view code, std::string_view detail,
                               std::string_view field = {});

[[nodiscard]] Response problem_of(const Error& error);
[[nodiscard]] Response problem_of(const RequestFault& fault);
[[nodiscard]] Response problem_of(Desk::Refusal refusal);
[[nodiscard]] Response problem_of(Denial denial);

// For the outcomes that are a no: sold_out, limit_reached, not_open, closed, paused.
[[nodiscard]] Response problem_of(Outcome outcome, const CampaignSettings& settings, Time now);

[[nodiscard]] Response unknown_campaign();
[[nodiscard]] Response no_such_path();

}  // namespace firstcome::http
