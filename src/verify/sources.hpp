#pragma once

#include <functional>
#include <string>

#include "core/error.hpp"
#include "ledger/ledger.hpp"
#include "verify/facts.hpp"

// Fills Facts from where they are kept. These functions read, they judge nothing. May block on I/O.

namespace firstcome {

// Error: unavailable (cannot be opened), invalid (a line is no attempt), with the file's name.
[[nodiscard]] Result<void> add_history(Facts& facts, const std::string& path);

// Error: what the audit says.
[[nodiscard]] Result<void> add_ledger(Facts& facts, LedgerAudit& audit);

// Reads campaigns and coupons through the HTTP API, page by page. `get` returns the body of a
// successful GET of a target ("/v1/campaigns?limit=100"), or an error. With `campaign`, only that
// one. Error: what `get` says, or corrupt when a body is not what API version 1 promises.
using HttpGet = std::function<Result<std::string>(const std::string& target)>;
[[nodiscard]] Result<void> add_listing(Facts& facts, const HttpGet& get,
                                       const std::string& campaign);

}  // namespace firstcome
