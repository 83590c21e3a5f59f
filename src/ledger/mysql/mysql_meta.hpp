#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger/mysql/mysql_connection.hpp"

// Values that the servers of a ledger agree on: the table meta, a value of at most 255 bytes under
// a name. They need the schema, and no transaction open. Error: as the server says.

namespace firstcome {

constexpr std::size_t mysql_meta_bytes_max = 255;

[[nodiscard]] MysqlResult<std::optional<std::string>> find_meta(MysqlConnection& connection,
                                                                std::string_view name);

// The value becomes the name's, unless it has one: of several who call, one comes first.
[[nodiscard]] MysqlResult<void> propose_meta(MysqlConnection& connection, std::string_view name,
                                             std::string_view value);

// The value becomes the name's, whatever it was.
[[nodiscard]] MysqlResult<void> set_meta(MysqlConnection& connection, std::string_view name,
                                         std::string_view value);

}  // namespace firstcome
