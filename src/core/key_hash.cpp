#include "core/key_hash.hpp"

#include <sodium.h>

namespace firstcome {

KeyHash KeyHash::of(std::string_view key) noexcept {
  KeyHash hash;
  crypto_generichash(hash.bytes.data(), hash.bytes.size(),
                     reinterpret_cast<const unsigned char*>(key.data()), key.size(), nullptr, 0);
  return hash;
}

bool operator==(const KeyHash& a, const KeyHash& b) noexcept {
  return sodium_memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

}  // namespace firstcome
