#pragma once

#include <string>

#include "cli/settings.hpp"
#include "core/error.hpp"
#include "core/key_hash.hpp"
#include "gate/shared_keys.hpp"
#include "ledger/ledger.hpp"

// The keys of a server that starts: given by settings, or kept in its data directory, or made, or,
// where servers share a ledger, known to that by their hashes.

namespace firstcome::cli {

struct ServerKey {
  KeyHash hash{};
  std::string place{};       // for the banner: where the key is
  std::string expression{};  // for the curl line: what the shell puts in
};

struct ServerKeys {
  ServerKey admin{};
  ServerKey issue{};
};

class GivenKeys {
 public:
  // What settings give. Error: invalid or unavailable, with the setting or the file.
  [[nodiscard]] static Result<GivenKeys> read(const Settings& settings);

  // All of them, made where need be; the data directory exists. `book` is null where one server has
  // the ledger to itself. Errors: invalid, with what to change; as files or book say.
  [[nodiscard]] Result<ServerKeys> settle(KeyBook* book) const;

 private:
  struct Given {
    KeySource source{};
    std::string expression{};
  };

  [[nodiscard]] static Result<Given> read_one(const Settings& settings, const std::string& role);
  [[nodiscard]] static Result<ServerKey> own(const Given& given);
  [[nodiscard]] static ServerKey shown(const SharedKey& key, const Given& given);

  Given admin_{};
  Given issue_{};
  bool replace_ = false;
};

}  // namespace firstcome::cli
