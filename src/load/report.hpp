#pragma once

#include <span>
#include <string>

#include "load/run.hpp"
#include "load/threshold.hpp"
#include "load/words.hpp"

// The run for people: as lines for a terminal and as a Markdown page. Pure functions.

namespace firstcome::load {

[[nodiscard]] std::string terminal_report(const Run& run, std::span<const Threshold> thresholds,
                                          Language language);

[[nodiscard]] std::string markdown_report(const Run& run, std::span<const Threshold> thresholds,
                                          Language language);

}  // namespace firstcome::load
