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
static_assert(new_key_size == key_bytes * 4 / 3);

bool has_bearer_scheme(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  return authorization.size() > scheme.size() &&
         std::ranges::equal(authorization.substr(0, scheme.size()), scheme,
                            [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

bool sync_path(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok = fsync(fd) == 0;
  const int why = errno;
  close(fd);
  errno = why;
  return ok;
}

// A file's name is on the disk once the directory is.
bool sync_directory_of(const std::string& path) {
  return sync_path(std::filesystem::absolute(path).parent_path().string());
}

std::unexpected<Error> cannot_write(const std::string& path) {
  return fail(ErrorCode::unavailable, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace

std::optional<Role> Keys::role_of(std::string_view authorization) const {
  if (authorization.empty()) return Role::anyone;
  if (!has_bearer_scheme(authorization)) return std::nullopt;
  const KeyHash key = KeyHash::of(authorization.substr(7));
  if (key == issue_) return Role::issue;
  if (key == admin_) return Role::admin;
  return std::nullopt;
}

std::string new_key() {
  std::array<char, key_bytes> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return base64url_encode({bytes.data(), bytes.size()});
}

Result<void> write_key(const std::string& path, const std::string& key) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string line = key + "\n";
  bool ok = fd >= 0 && fchmod(fd, 0600) == 0 &&
            write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (fd >= 0) ok = close(fd) == 0 && ok;
  if (ok) return sync_key(path);
  return cannot_write(path);
}

Result<void> sync_key(const std::string& path) {
  if (sync_path(path) && sync_directory_of(path)) return {};
  return cannot_write(path);
}

Result<void> move_key(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) == 0 && sync_directory_of(to)) return {};
  return cannot_write(to);
}

std::string key_path(const std::string& directory, const std::string& name) {
  return directory + "/" + name + ".key";
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
  const std::string path = key_path(directory, name);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return key_in_file(path);
  std::string key = new_key();
  const std::string beside = path + ".new";  // so that a crash leaves a whole key or none
  if (auto written = write_key(beside, key); !written) return std::unexpected(written.error());
  if (auto moved = move_key(beside, path); !moved) return std::unexpected(moved.error());
  return key;
}

}  // namespace firstcome
