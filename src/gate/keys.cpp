#include "gate/keys.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/base64url.hpp"

namespace firstcome {
namespace {

constexpr std::size_t key_bytes = 24;

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool has_bearer_scheme(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  return authorization.size() > scheme.size() &&
         std::ranges::equal(authorization.substr(0, scheme.size()), scheme,
                            [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

std::string new_key() {
  std::array<char, key_bytes> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return base64url_encode({bytes.data(), bytes.size()});
}

// Written beside and renamed, so that a crash leaves a whole key or none.
Result<void> write_key(const std::string& path, const std::string& key) {
  const std::string beside = path + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string line = key + "\n";
  bool ok = fd >= 0 && fchmod(fd, 0600) == 0 &&
            write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
            fsync(fd) == 0;
  if (fd >= 0) ok = close(fd) == 0 && ok;
  if (ok && rename(beside.c_str(), path.c_str()) == 0) return {};
  return fail(ErrorCode::unavailable, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace

std::optional<Role> Keys::role_of(std::string_view authorization) const {
  if (authorization.empty()) return Role::anyone;
  if (!has_bearer_scheme(authorization)) return std::nullopt;
  const std::string_view key = authorization.substr(7);
  if (equal(key, issue_)) return Role::issue;
  if (equal(key, admin_)) return Role::admin;
  return std::nullopt;
}

Result<std::string> check_key(std::string key, const std::string& where) {
  const bool visible = std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7F; });
  if (key.size() >= 8 && key.size() <= 512 && visible) return key;
  return fail(ErrorCode::invalid, where + ": a key is 8 to 512 visible ASCII characters");
}

Result<std::string> key_in_file(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) {
    return fail(ErrorCode::unavailable, "cannot read a key from " + path);
  }
  return check_key(std::move(line), path);
}

Result<std::string> key_in_directory(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name + ".key";
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return key_in_file(path);
  std::string key = new_key();
  if (auto written = write_key(path, key); !written) return std::unexpected(written.error());
  return key;
}

}  // namespace firstcome
