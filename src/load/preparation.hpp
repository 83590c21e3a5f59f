#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "load/plan.hpp"
#include "load/scenario.hpp"

// What happens before the first request: is the server there, is the campaign the one that the test
// is about, will the key be accepted? Blocks; sends at most three requests and takes no coupon.

namespace firstcome::load {

// Makes the scenario's campaign if there is none of that name, and refuses one with other settings.
// `scenario` may be null: then any campaign that exists will do. `admin_key` is asked only when a
// campaign has to be made. The sentences it gives are what a user should know before the run, "the
// campaign has issued coupons already" for example. Error: invalid, when the test as asked for
// makes no sense; unavailable or timeout, when the server cannot be reached.
[[nodiscard]] Result<std::vector<std::string>> prepare(
    const Plan& plan, const Scenario* scenario,
    const std::function<Result<std::string>()>& admin_key);

}  // namespace firstcome::load
