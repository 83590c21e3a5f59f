#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

// Where the next page of a listing starts, as a token for clients. It holds a position and a
// SipHash-2-4 tag over the position and the listing it belongs to, so that a cursor which was made
// up, changed, or taken from another listing is refused. Immutable, so any thread may call it.

namespace firstcome {

class Cursors {
 public:
  using Key = std::array<std::uint8_t, 16>;

  explicit Cursors(const Key& key) : key_(key) {}

  // `listing` names what is paged, "campaigns/demo/coupons" for example.
  [[nodiscard]] std::string make(std::string_view listing, std::uint64_t position) const;

  // Error: invalid, field "cursor".
  [[nodiscard]] Result<std::uint64_t> read(std::string_view listing, std::string_view cursor) const;

 private:
  [[nodiscard]] std::uint64_t tag(std::string_view listing, std::uint64_t position) const;

  Key key_;
};

}  // namespace firstcome
