#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "ledger/mysql/mysql_connection.hpp"

// Whether a server can keep the promises: asked at start, before anybody is told "issued".
//
// Refused: a server that is too old (MariaDB before 10.6, MySQL before 8.0), read only, a Galera
// node (it can lose what it said was committed), or set so that a power cut takes committed rows
// with it (innodb_flush_log_at_trx_commit, sync_binlog with a binary log, innodb_doublewrite,
// innodb_flush_method=nosync); a login that lacks a privilege.
//
// Semi-synchronous replication is what lets a failover keep every commit. A server alone, or one
// whose replicas only serve reads, does without, so that it is off is a warning, and only where
// replicas are named; `semi_sync=required` in the URL, for those who fail over, makes it an error
// that it is off, waits at another point than AFTER_SYNC, or has no replica that answers. A timeout
// after which it goes on without replicas is a warning in both. So is a MySQL whose commits have no
// GTIDs, where replicas are named: they cannot be read from.

namespace firstcome {

struct MysqlCheckOptions {
  bool has_replicas = false;
  bool semi_sync_required = false;
};

// What the server said; an empty text is a variable that it does not have.
struct MysqlFacts {
  MysqlServer server{};
  std::string read_only{};
  std::string super_read_only{};
  std::string flush_log_at_commit{};  // innodb_flush_log_at_trx_commit
  std::string flush_method{};         // innodb_flush_method
  std::string doublewrite{};          // innodb_doublewrite
  std::string log_bin{};
  std::string sync_binlog{};
  std::string wsrep_on{};
  std::string gtid_mode{};             // MySQL's
  std::string semi_sync{};             // rpl_semi_sync_master_enabled or …_source_…
  std::string semi_sync_point{};       // …_wait_point
  std::string semi_sync_timeout_ms{};  // …_timeout
  std::string semi_sync_status{};      // Rpl_semi_sync_…_status
  std::string semi_sync_clients{};     // Rpl_semi_sync_…_clients
  std::string replicates_from{};       // a host, when it is somebody's replica
};

struct MysqlVerdict {
  std::vector<std::string> refusals{};  // sentences that name the setting and what to make of it
  std::vector<std::string> warnings{};
};

// Pure.
[[nodiscard]] MysqlVerdict judge(const MysqlFacts& facts, const MysqlCheckOptions& options);

[[nodiscard]] Result<MysqlFacts> facts_of(MysqlConnection& connection);

// The server's settings: the warnings, or all refusals in one error (invalid, field "ledger").
[[nodiscard]] Result<std::vector<std::string>> check_server(MysqlConnection& connection,
                                                            const MysqlCheckOptions& options);

// Tries on the ledger's own tables whether this login may SELECT, INSERT, UPDATE and DELETE;
// changes nothing. Needs the schema. Error: invalid, field "ledger", names all that are missing.
[[nodiscard]] Result<void> check_privileges(MysqlConnection& connection);

}  // namespace firstcome
