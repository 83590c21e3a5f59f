#pragma once

#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "desk/desk.hpp"
#include "gate/keys.hpp"

// Every check between a parsed request and the desk, in one place and in the contract's order:
// shape, who, campaign exists, and then what the desk says. A request that fails one has taken
// nothing. Thread rule: one gate an I/O thread, like its desk.

namespace firstcome {

// What a claim request says, texts as they came.
struct ClaimRequest {
  std::string_view campaign{};
  std::optional<std::string_view> user{};
  std::optional<std::string_view> idempotency_key{};
};

enum class Denial : std::uint8_t {
  unauthorized,  // no key, or one that is none of ours
  forbidden,     // a good key that does not reach this far
};

class Gate {
 public:
  Gate(const Keys& keys, Desk& desk) : keys_(keys), desk_(desk) {}

  // A claim that has passed the shape check.
  struct ShapedClaim {
    CampaignId campaign{};
    UserId user{};
    IdempotencyKey key{};
  };
  // Error: invalid, with the field.
  [[nodiscard]] static Result<ShapedClaim> shape(const ClaimRequest& request);

  // Whether this key reaches as far as `needed`.
  [[nodiscard]] std::optional<Denial> deny(std::string_view authorization, Role needed) const;

  [[nodiscard]] Desk::Reply claim(const ShapedClaim& claim, ReplyTo reply_to) {
    return desk_.claim(claim.campaign, claim.user, claim.key, reply_to);
  }

 private:
  const Keys& keys_;
  Desk& desk_;
};

}  // namespace firstcome
