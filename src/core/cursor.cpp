#include "core/cursor.hpp"

#include <sodium.h>

#include <cstring>

#include "core/base64url.hpp"

namespace firstcome {

std::uint64_t Cursors::tag(std::string_view listing, std::uint64_t position) const {
  std::string input(reinterpret_cast<const char*>(&position), sizeof position);
  input.append(listing);
  std::uint64_t result;
  unsigned char output[crypto_shorthash_BYTES];
  crypto_shorthash(output, reinterpret_cast<const unsigned char*>(input.data()), input.size(),
                   key_.data());
  std::memcpy(&result, output, sizeof result);
  return result;
}

std::string Cursors::make(std::string_view listing, std::uint64_t position) const {
  const std::uint64_t words[2] = {position, tag(listing, position)};
  return base64url_encode({reinterpret_cast<const char*>(words), sizeof words});
}

Result<std::uint64_t> Cursors::read(std::string_view listing, std::string_view cursor) const {
  const auto bytes = base64url_decode(cursor);
  std::uint64_t words[2];
  if (bytes && bytes->size() == sizeof words) {
    std::memcpy(words, bytes->data(), sizeof words);
    if (words[1] == tag(listing, words[0])) return words[0];
  }
  return invalid("cursor", "this cursor was not given out for this listing");
}

}  // namespace firstcome
