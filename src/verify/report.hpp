#pragma once

#include <iosfwd>
#include <span>

#include "verify/promises.hpp"

// The verifier's findings for people and scripts: a line a promise, and below it the first few
// counterexamples. Plain text, no colours. Pure functions but for the stream.

namespace firstcome {

void print_report(std::ostream& out, std::span<const PromiseReport> reports);

// The worst: broken if one promise is, not checked if none was, else holds.
[[nodiscard]] Judgement overall(std::span<const PromiseReport> reports);

}  // namespace firstcome
