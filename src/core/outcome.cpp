#include "core/outcome.hpp"

namespace firstcome {

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::issued:
      return "issued";
    case Outcome::queued:
      return "queued";
    case Outcome::sold_out:
      return "sold_out";
    case Outcome::limit_reached:
      return "limit_reached";
    case Outcome::not_open:
      return "not_open";
    case Outcome::closed:
      return "closed";
    case Outcome::paused:
      return "paused";
  }
  return "?";
}

std::optional<Outcome> parse_outcome(std::string_view text) noexcept {
  for (const Outcome outcome :
       {Outcome::issued, Outcome::queued, Outcome::sold_out, Outcome::limit_reached,
        Outcome::not_open, Outcome::closed, Outcome::paused}) {
    if (to_string(outcome) == text) return outcome;
  }
  return std::nullopt;
}

}  // namespace firstcome
