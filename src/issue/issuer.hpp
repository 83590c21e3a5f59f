#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/verdict.hpp"
#include "ledger/ledger.hpp"

// Decides a batch: state + claims in ticket order → answers + rows. Pure: no clock, socket, thread
// or SQL; the same input gives the same rows, codes included, so an interrupted commit can be
// repeated. Invariants of every decision: ranks go on from the campaign's last without a gap, stock
// and per_user hold with the batch's own coupons counted, equal claims get equal answers.

namespace firstcome {

struct Candidate {
  enum class Way : std::uint8_t {
    instant,  // decide now
    park,     // answer queued, decide by pace
    due,      // was parked, decide now
  };
  const Claim* claim = nullptr;
  const Campaign* campaign = nullptr;
  Standing standing{};
  Way way = Way::instant;
  std::optional<Place> place{};  // where the same claim waits already
};

struct Decision {
  std::vector<Answer> answers;  // one a candidate, in order; of a parked one only the ticket is set
  BatchRows rows;
};

class Issuer {
 public:
  explicit Issuer(CouponCodes codes) : codes_(codes) {}

  [[nodiscard]] Decision decide(std::span<const Candidate> candidates, Time now) const;

 private:
  CouponCodes codes_;
};

}  // namespace firstcome
