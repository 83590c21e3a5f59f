#pragma once

#include <string>

#include "core/error.hpp"
#include "core/key_hash.hpp"
#include "ledger/ledger.hpp"

// The keys of servers that share a ledger: the same at all of them. The ledger keeps their hashes.
// A key that nobody was given is made by the server that comes first, which keeps its text in its
// own data directory; the others know it by its hash, and their users by its text. A server that
// has another key than the ledger knows does not start, lest half of the servers refuse what the
// other half takes.

namespace firstcome {

// Where a server may have one of its keys from. The first there is: `given`, the file
// DIRECTORY/<name>.key.
struct KeySource {
  std::string name;        // "admin", "issue"
  std::string directory;   // the server's data directory
  std::string given{};     // by a setting
  std::string given_by{};  // that setting, for people
  std::string host{};      // the server's machine, for people
};

struct SharedKey {
  KeyHash hash{};
  bool has_text = false;  // the server has the key itself
  std::string place{};    // where it has it from, or else where the ledger says that it is
};

struct SharedKeys {
  SharedKey admin{};
  SharedKey issue{};
};

// What the servers of this book take from now on, this one with them: makes what is missing. With
// `replace` a key that the server has becomes everybody's; servers that run go on with theirs until
// they are started again. Any number of servers may call it at the same time; a crash in the
// middle is made good by the next call. Blocks while another server does the same in the same
// directory.
// Error: invalid, when a key here is another than the book's, or both keys are the same, with what
// to do; otherwise as files or book say.
[[nodiscard]] Result<SharedKeys> settle_keys(const KeySource& admin, const KeySource& issue,
                                             KeyBook& book, bool replace);

}  // namespace firstcome
