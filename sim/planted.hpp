#pragma once

#include <span>
#include <string>
#include <string_view>

// Bugs on purpose, to see that the simulation finds bugs. At most one is planted at a time; with
// none, everything runs as written. Those of the simulated ledger and network stand where they
// strike; those in the code under test are cut into copies of its files (plant.py), which only
// firstcome_sim_planted is linked from.

namespace firstcome::sim {

struct PlantedBug {
  std::string_view name;
  std::string_view place;  // the file it is cut into; empty: could not be, the code has changed
};

// All that this program can plant.
[[nodiscard]] std::span<const PlantedBug> planted_bugs();

void plant(std::string name);
[[nodiscard]] bool planted(std::string_view name);

}  // namespace firstcome::sim
