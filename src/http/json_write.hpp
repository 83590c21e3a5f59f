#pragma once

#include <string>
#include <string_view>

#include "core/campaign.hpp"
#include "core/coupon.hpp"
#include "core/verdict.hpp"

// Values to JSON, appended to a text. By hand where a claim passes. Pure functions.

namespace firstcome::http {

// {"campaign":…,"rank":…,"user":…,"nth":…,"code":…,"issued_at":…,"expires_at":…}
void append_coupon(std::string& out, std::string_view campaign, std::string_view user,
                   const Coupon& coupon);

// {"outcome":"issued", …the coupon}
void append_issued(std::string& out, std::string_view campaign, std::string_view user,
                   const Coupon& coupon);

// "ticket":…,"position":…,"eta_ms":…
void append_place(std::string& out, const Place& place, std::chrono::milliseconds eta);

// {"outcome":"queued","ticket":…,"position":…,"eta_ms":…}
void append_queued(std::string& out, const Place& place, std::chrono::milliseconds eta);

// What anyone may see, or with `whole` every setting, for the admin.
void append_campaign(std::string& out, const Campaign& campaign, Time now, bool whole);

}  // namespace firstcome::http
