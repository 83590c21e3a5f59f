#include <boost/unordered/unordered_flat_map.hpp>

#include "verify/rules.hpp"

// Promise 7.

namespace firstcome::rules {
namespace {

bool known(const Window& window) {
  return window.from_ns != always_ns || window.until_ns != never_ns;
}

// Goes through the coupons from the highest rank down and remembers, of the ranks above, the one
// whose window ended first. A coupon whose window begins after that was passed over: the other's
// rank was decided before anything of this claim had been sent, so it has to be the lower one.
class Descent {
 public:
  explicit Descent(const Evidence& evidence) : evidence_(evidence) {}

  void visit(std::size_t row, Findings& findings) {
    leave_rank_of(row);
    const Window& window = evidence_.window(row);
    if (known(window)) ++findings.checked;
    if (above_ != none && until(above_) < window.from_ns) {
      findings.breaks([&] { return words(row); });
    }
    if (here_ == none || window.until_ns < until(here_)) here_ = row;
  }

 private:
  static constexpr std::size_t none = SIZE_MAX;

  // Coupons that share a rank are not above each other.
  void leave_rank_of(std::size_t row) {
    const auto coupons = evidence_.coupons();
    if (here_ == none || coupons[here_].rank == coupons[row].rank) return;
    if (above_ == none || until(here_) < until(above_)) above_ = here_;
    here_ = none;
  }

  [[nodiscard]] std::int64_t until(std::size_t row) const { return evidence_.window(row).until_ns; }

  [[nodiscard]] std::string words(std::size_t row) const {
    const auto coupons = evidence_.coupons();
    return evidence_.prefix() + evidence_.describe(coupons[above_]) + " was answered at " +
           std::to_string(until(above_)) + " ns, " + evidence_.describe(coupons[row]) +
           " was sent later, at " + std::to_string(evidence_.window(row).from_ns) + " ns";
  }

  const Evidence& evidence_;
  std::size_t above_ = none;
  std::size_t here_ = none;
};

}  // namespace

void order_of_answers(const Evidence& evidence, Findings& findings) {
  Descent descent(evidence);
  for (std::size_t row = evidence.coupons().size(); row-- > 0;) descent.visit(row, findings);
}

void order_of_tickets(const Evidence& evidence, Findings& findings) {
  boost::unordered_flat_map<std::uint64_t, const CouponFact*> last_of_epoch;
  for (const CouponFact& coupon : evidence.coupons()) {
    ++findings.checked;
    const CouponFact*& last = last_of_epoch[coupon.epoch];
    if (last != nullptr && coupon.ticket <= last->ticket) {
      findings.breaks([&] {
        return evidence.prefix() + evidence.describe(coupon) + " has ticket " +
               std::to_string(coupon.ticket) + " of epoch " + std::to_string(coupon.epoch) + ", " +
               evidence.describe(*last) + " has " + std::to_string(last->ticket);
      });
    }
    last = &coupon;
  }
}

}  // namespace firstcome::rules
