#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"

namespace firstcome {

// A secret of 128 bits that the ledger keeps under a name in meta. Whoever asks first makes it;
// from then on it is the same for all. Needs the schema, and no transaction open. Error: corrupt,
// when what is kept is no such secret; else as the server says.
[[nodiscard]] Result<std::array<std::uint8_t, 16>> secret(MysqlConnection& connection,
                                                          std::string_view name);

}  // namespace firstcome
