#include "load/scenario.hpp"

#include <algorithm>
#include <array>

namespace firstcome::load {
namespace {

constexpr std::array<Scenario, 3> table{{
    {.name = "drop-8668",
     .purpose = "8,668 people come at once for 4,334 coupons",
     .virtual_users = 1'000,
     .requests = 8'668,
     .users = 8'668,
     .stock = 4'334},
    {.name = "sold-out",
     .purpose = "50,000 people come for 100 coupons: nearly all are told no",
     .virtual_users = 1'000,
     .requests = 50'000,
     .users = 50'000,
     .stock = 100},
    {.name = "repeat",
     .purpose = "1,000 people claim 20 times each and get the same coupon every time",
     .virtual_users = 200,
     .requests = 20'000,
     .users = 1'000,
     .stock = 1'000},
}};

}  // namespace

std::span<const Scenario> scenarios() noexcept {
  return table;
}

const Scenario* find_scenario(std::string_view name) noexcept {
  const auto found = std::ranges::find(table, name, &Scenario::name);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace firstcome::load
