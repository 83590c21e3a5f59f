#include "queue/redis/redis_script.hpp"

#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "core/check.hpp"

namespace firstcome {
namespace {

std::string sha1_hex(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const int made = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  CHECK(made == 1, "OpenSSL has no SHA-1, by which Redis names scripts");
  std::string result;
  for (unsigned i = 0; i < size; ++i) {
    result += {digits[digest[i] >> 4], digits[digest[i] & 15]};
  }
  return result;
}

}  // namespace

RedisScript::RedisScript(std::string text) : text_(std::move(text)), sha1_(sha1_hex(text_)) {}

}  // namespace firstcome
