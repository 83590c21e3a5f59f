#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "ledger/sqlite_database.hpp"

namespace firstcome {

// A secret of 128 bits that a ledger keeps under a name in its meta table, made from the system's
// random source when it is not there yet. Needs the schema. Error: corrupt, when what is kept is no
// such secret, or as the database says.
[[nodiscard]] Result<std::array<std::uint8_t, 16>> secret(const SqliteDatabase& database,
                                                          std::string_view name);

}  // namespace firstcome
