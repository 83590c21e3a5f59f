#pragma once

#include <span>
#include <string>

#include "load/run.hpp"
#include "load/threshold.hpp"

// The run as JSON for programs, with the metric names of k6. Spans are milliseconds, shares 0 to 1.

namespace firstcome::load {

// Indented, with a newline at its end.
[[nodiscard]] std::string summary_json(const Run& run, std::span<const Threshold> thresholds);

}  // namespace firstcome::load
