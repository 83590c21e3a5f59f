#include "ledger/mysql/mysql_schema.hpp"

#include <array>
#include <string_view>

#include "ledger/mysql/mysql_migration.hpp"

namespace firstcome::embedded {
extern const std::string_view mysql_0001_init;
}

namespace firstcome {

Result<void> prepare_schema(MysqlConnection& connection, bool may_change) {
  const std::array migrations{embedded::mysql_0001_init};
  return migrate(connection, migrations, may_change);
}

}  // namespace firstcome
