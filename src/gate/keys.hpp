#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/key_hash.hpp"

// The keys that say who asks. Given by configuration or made once and kept in the data directory;
// where servers share a ledger, see shared_keys.hpp. Immutable after loading, so any thread may
// ask.

namespace firstcome {

enum class Role : std::uint8_t {
  anyone,  // no key was shown
  issue,   // claims for any user, reads
  admin,   // everything
};

class Keys {
 public:
  Keys(const KeyHash& admin, const KeyHash& issue) : admin_(admin), issue_(issue) {}

  // The role of an Authorization header's value ("Bearer …"; RFC 6750, section 2.1), anyone for an
  // empty one, nullopt for a key that is none of ours. Compares in constant time.
  [[nodiscard]] std::optional<Role> role_of(std::string_view authorization) const;

 private:
  KeyHash admin_;
  KeyHash issue_;
};

// 192 random bits as text.
inline constexpr std::size_t new_key_size = 32;
[[nodiscard]] std::string new_key();

// Writes a key into a file of mode 0600; when it returns, a power cut takes away neither the text
// nor the file's name. A crash before that may leave half of it. Error: unavailable, with the path.
[[nodiscard]] Result<void> write_key(const std::string& path, const std::string& key);

// The same for a file that was written before, by whoever did not live to say so.
[[nodiscard]] Result<void> sync_key(const std::string& path);

// Renames a key's file within its directory; when it returns, a power cut does not undo that.
// Error: unavailable, with the path.
[[nodiscard]] Result<void> move_key(const std::string& from, const std::string& to);

// DIR/<name>.key
[[nodiscard]] std::string key_path(const std::string& directory, const std::string& name);

// The key kept in DIR/<name>.key, made and kept there with mode 0600 when the file is not there.
// Error: unavailable or invalid, with the path.
[[nodiscard]] Result<std::string> key_in_directory(const std::string& directory,
                                                   const std::string& name);

// Reads a key from a file's first line. A key is 8 to 512 visible ASCII characters.
[[nodiscard]] Result<std::string> key_in_file(const std::string& path);
[[nodiscard]] Result<std::string> check_key(std::string key, const std::string& where);

}  // namespace firstcome
