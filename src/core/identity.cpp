#include "core/identity.hpp"

#include <sodium.h>

#include <cstring>

#include "core/check.hpp"

namespace firstcome {
namespace {

Fingerprint siphash(const char* data, std::size_t size, const Fingerprints::Key& key) {
  static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Fingerprint));
  unsigned char output[16];
  crypto_shorthash_siphashx24(output, reinterpret_cast<const unsigned char*>(data), size,
                              key.data());
  Fingerprint result;
  std::memcpy(&result.high, output, 8);
  std::memcpy(&result.low, output + 8, 8);
  return result;
}

}  // namespace

Fingerprints Fingerprints::with_random_key() {
  CHECK(sodium_init() >= 0, "libsodium could not initialise");
  Key key;
  randombytes_buf(key.data(), key.size());
  return Fingerprints(key);
}

Fingerprint Fingerprints::of(const UserId& user) const noexcept {
  const std::string_view text = user.view();
  return siphash(text.data(), text.size(), key_);
}

Identity Fingerprints::of(const UserId& user, const IdempotencyKey& key) const noexcept {
  Identity identity{.user = of(user)};
  if (key.empty()) return identity;
  // A NUL byte is in neither, so the pair cannot be cut in two ways.
  char pair[2 * UserId::size_max + 1];
  const std::size_t user_size = user.view().copy(pair, UserId::size_max);
  pair[user_size] = '\0';
  const std::size_t key_size = key.view().copy(pair + user_size + 1, IdempotencyKey::size_max);
  identity.claim = siphash(pair, user_size + 1 + key_size, key_);
  return identity;
}

}  // namespace firstcome
