#include "ledger/mysql/mysql_checks.hpp"

#include <array>
#include <charconv>
#include <map>
#include <string_view>

#include "ledger/mysql/mysql_text.hpp"

namespace firstcome {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

// Below an hour, operators are asleep.
constexpr std::uint64_t semi_sync_timeout_ms_min = 3'600'000;

bool is_off(std::string_view value) {
  return value.empty() || value == "OFF" || value == "0";
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "SET GLOBAL x = 1, and in the server's configuration"
std::string set_to(const std::string& variable, const std::string& value) {
  return "SET GLOBAL " + variable + " = " + value +
         ", and write it into the server's configuration";
}

std::string semi_sync_prefix(const MysqlServer& server) {
  return server.is_mariadb ? "rpl_semi_sync_master" : "rpl_semi_sync_source";
}

void judge_version(const MysqlFacts& facts, MysqlVerdict& verdict) {
  const bool is_old = facts.server.version < (facts.server.is_mariadb ? 100'600U : 80'000U);
  if (!is_old) return;
  verdict.refusals.push_back(facts.server.text +
                             " is too old: use MariaDB 10.6 or newer, or MySQL "
                             "8.0 or newer");
}

void judge_role(const MysqlFacts& facts, MysqlVerdict& verdict) {
  if (!is_off(facts.wsrep_on)) {
    verdict.refusals.push_back("it is a node of a Galera cluster (wsrep_on is " + facts.wsrep_on +
                               "), which can lose what it said was committed: use a server with "
                               "semi-synchronous replicas");
  }
  const bool is_replica = !facts.replicates_from.empty();
  if (!is_off(facts.read_only) || !is_off(facts.super_read_only)) {
    verdict.refusals.push_back(
        "it is read only (read_only is ON)" +
        (is_replica ? ", a replica of " + facts.replicates_from + ": give that, the primary"
                    : ": give the primary, or SET GLOBAL read_only = OFF if this is it"));
  } else if (is_replica) {
    verdict.warnings.push_back("it is a replica of " + facts.replicates_from +
                               ", and yet takes writes: is it the primary? A replica should have "
                               "read_only = ON");
  }
}

void judge_durability(const MysqlFacts& facts, MysqlVerdict& verdict) {
  const std::string loses = ": a power cut takes committed coupons with it; ";
  // MariaDB's 3 syncs at least as much as 1.
  const std::string& flush = facts.flush_log_at_commit;
  if (flush != "1" && !(flush == "3" && facts.server.is_mariadb)) {
    verdict.refusals.push_back("innodb_flush_log_at_trx_commit is " + flush + loses +
                               set_to("innodb_flush_log_at_trx_commit", "1"));
  }
  if (!is_off(facts.log_bin) && facts.sync_binlog != "1") {
    verdict.refusals.push_back("sync_binlog is " + facts.sync_binlog +
                               " while a binary log is kept" + loses + set_to("sync_binlog", "1"));
  }
  if (facts.doublewrite == "DETECT_ONLY" || is_off(facts.doublewrite)) {
    verdict.refusals.push_back("innodb_doublewrite is " + facts.doublewrite +
                               ": a power cut can leave a table half written; remove it from the "
                               "server's configuration and restart");
  }
  if (facts.flush_method == "nosync") {
    verdict.refusals.push_back("innodb_flush_method is nosync" + loses +
                               "remove it from the server's configuration and restart");
  }
}

// What is wrong with semi-synchronous replication; empty when it keeps every commit.
std::string semi_sync_fault(const MysqlFacts& facts) {
  const std::string prefix = semi_sync_prefix(facts.server);
  if (is_off(facts.semi_sync)) {
    const std::string plugin = facts.server.is_mariadb ? "" : "load the plugin semisync_source, ";
    return "semi-synchronous replication is off; " + plugin + set_to(prefix + "_enabled", "ON") +
           ", with " + prefix + "_wait_point = AFTER_SYNC";
  }
  if (facts.semi_sync_point != "AFTER_SYNC") {
    return prefix + "_wait_point is " + facts.semi_sync_point + "; " +
           set_to(prefix + "_wait_point", "AFTER_SYNC");
  }
  if (number(facts.semi_sync_clients) == 0) {
    return "semi-synchronous replication is on, but no replica acknowledges: start one with "
           "rpl_semi_sync_" +
           std::string(facts.server.is_mariadb ? "slave" : "replica") + "_enabled = ON";
  }
  if (is_off(facts.semi_sync_status)) {
    return "semi-synchronous replication has fallen back to asynchronous: a replica did not "
           "acknowledge in time";
  }
  return {};
}

void judge_semi_sync(const MysqlFacts& facts, const MysqlCheckOptions& options,
                     MysqlVerdict& verdict) {
  if (!options.has_replicas && !options.semi_sync_required && is_off(facts.semi_sync)) return;
  const std::string fault = semi_sync_fault(facts);
  if (!fault.empty()) {
    auto& lines = options.semi_sync_required ? verdict.refusals : verdict.warnings;
    lines.push_back("a failover to a replica can lose issued coupons: " + fault);
    return;
  }
  if (number(facts.semi_sync_timeout_ms) < semi_sync_timeout_ms_min) {
    const std::string variable = semi_sync_prefix(facts.server) + "_timeout";
    verdict.warnings.push_back(
        variable + " is " + facts.semi_sync_timeout_ms +
        " ms: after that it goes on without a replica, and a failover can lose issued coupons; " +
        set_to(variable, "1000000000") + ", to wait instead");
  }
}

void judge_gtids(const MysqlFacts& facts, const MysqlCheckOptions& options, MysqlVerdict& verdict) {
  const bool has_gtids = facts.server.is_mariadb || facts.gtid_mode.starts_with("ON");
  if (has_gtids || !options.has_replicas) return;
  verdict.warnings.push_back("gtid_mode is " + facts.gtid_mode +
                             ": nothing is read from replicas, because nothing tells whether they "
                             "are late; set gtid_mode = ON and enforce_gtid_consistency = ON in "
                             "the configuration of the server and its replicas");
}

Result<Values> values(MysqlConnection& connection) {
  auto results = connection.run(
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', "
      "'innodb_flush_log_at_trx_commit', 'innodb_flush_method', 'innodb_doublewrite', 'log_bin', "
      "'sync_binlog', 'wsrep_on', 'gtid_mode') OR Variable_name LIKE 'rpl\\_semi\\_sync%';"
      "SHOW GLOBAL STATUS LIKE 'rpl\\_semi\\_sync%'");
  if (!results) {
    return std::unexpected(to_read_error(results.error(), "read the server's settings"));
  }
  Values values;
  for (MysqlRows& rows : *results) {
    while (rows.next()) values.emplace(rows.text(0), rows.text(1));
  }
  return values;
}

// Empty, too, when this login may not know.
Result<std::string> replicates_from(MysqlConnection& connection) {
  const MysqlServer& server = connection.server();
  const bool is_new_word = !server.is_mariadb && server.version >= 80'022;
  auto rows = connection.query(is_new_word ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS");
  if (!rows && rows.error().failure == MysqlFailure::denied) return std::string();
  if (!rows) return std::unexpected(to_read_error(rows.error(), "ask whether it is a replica"));
  return rows->next() ? std::string(rows->text(1)) : std::string();
}

std::string joined(const std::vector<std::string>& texts, const std::string& between) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : between) + text;
  return all;
}

// All that is wrong in one line: "a", or "(1) a; (2) b".
std::string one_sentence(std::vector<std::string> refusals) {
  if (refusals.size() == 1) return refusals.front();
  std::size_t number = 0;
  for (std::string& refusal : refusals) refusal.insert(0, "(" + std::to_string(++number) + ") ");
  return joined(refusals, "; ");
}

struct TableWithAColumn {
  std::string table;
  std::string column;
};
const std::array<TableWithAColumn, 7> tables_with_a_column{{{"meta", "name"},
                                                            {"campaigns", "number"},
                                                            {"issuing", "campaign"},
                                                            {"coupons", "campaign"},
                                                            {"parked_claims", "campaign"},
                                                            {"nodes", "node"},
                                                            {"commits", "node"}}};

// A statement that needs the privilege and does nothing.
std::string harmless(const std::string& privilege, const std::string& table,
                     const std::string& column) {
  if (privilege == "SELECT") return "SELECT 1 FROM " + table + " LIMIT 0";
  if (privilege == "INSERT") {
    return "INSERT INTO " + table + " (" + column + ") SELECT 0 FROM DUAL WHERE FALSE";
  }
  if (privilege == "UPDATE") return "UPDATE " + table + " SET " + column + " = 0 WHERE FALSE";
  return "DELETE FROM " + table + " WHERE FALSE";
}

// Whether this login may; an error when that could not be tried.
Result<bool> may(MysqlConnection& connection, const std::string& sql) {
  const auto done = connection.run(sql);
  // 1364: a column has no default. Privileges are looked at before that.
  if (done || done.error().number == 1364) return true;
  if (done.error().failure == MysqlFailure::denied) return false;
  return std::unexpected(to_read_error(done.error(), "try what this login may do"));
}

}  // namespace

MysqlVerdict judge(const MysqlFacts& facts, const MysqlCheckOptions& options) {
  MysqlVerdict verdict;
  judge_version(facts, verdict);
  judge_role(facts, verdict);
  judge_durability(facts, verdict);
  judge_semi_sync(facts, options, verdict);
  judge_gtids(facts, options, verdict);
  return verdict;
}

Result<MysqlFacts> facts_of(MysqlConnection& connection) {
  const Result<Values> all = values(connection);
  if (!all) return std::unexpected(all.error());
  const Result<std::string> primary = replicates_from(connection);
  if (!primary) return std::unexpected(primary.error());
  const auto value = [&](std::string_view name) {
    const auto found = all->find(name);
    return found == all->end() ? std::string() : found->second;
  };
  // MySQL has had both words; a variable has a small first letter, a status a large one.
  const auto semi_sync = [&](char first, const std::string& rest) {
    const std::string begin = std::string(1, first) + "pl_semi_sync_";
    const std::string old_word = value(begin + "master_" + rest);
    return old_word.empty() ? value(begin + "source_" + rest) : old_word;
  };
  MysqlFacts facts;
  facts.server = connection.server();
  facts.read_only = value("read_only");
  facts.super_read_only = value("super_read_only");
  facts.flush_log_at_commit = value("innodb_flush_log_at_trx_commit");
  facts.flush_method = value("innodb_flush_method");
  facts.doublewrite = value("innodb_doublewrite");
  facts.log_bin = value("log_bin");
  facts.sync_binlog = value("sync_binlog");
  facts.wsrep_on = value("wsrep_on");
  facts.gtid_mode = value("gtid_mode");
  facts.semi_sync = semi_sync('r', "enabled");
  facts.semi_sync_point = semi_sync('r', "wait_point");
  facts.semi_sync_timeout_ms = semi_sync('r', "timeout");
  facts.semi_sync_status = semi_sync('R', "status");
  facts.semi_sync_clients = semi_sync('R', "clients");
  facts.replicates_from = *primary;
  return facts;
}

Result<std::vector<std::string>> check_server(MysqlConnection& connection,
                                              const MysqlCheckOptions& options) {
  const Result<MysqlFacts> facts = facts_of(connection);
  if (!facts) return std::unexpected(facts.error());
  MysqlVerdict verdict = judge(*facts, options);
  if (verdict.refusals.empty()) return std::move(verdict.warnings);
  const std::string server = "the server at " + connection.endpoint().str();
  return invalid("ledger",
                 server + " cannot keep what a ledger promises: " + one_sentence(verdict.refusals));
}

Result<void> check_privileges(MysqlConnection& connection) {
  std::vector<std::string> missing;
  for (const std::string privilege : {"SELECT", "INSERT", "UPDATE", "DELETE"}) {
    std::string tables;
    std::size_t count = 0;
    for (const auto& [table, column] : tables_with_a_column) {
      const Result<bool> is_allowed = may(connection, harmless(privilege, table, column));
      if (!is_allowed) return std::unexpected(is_allowed.error());
      if (*is_allowed) continue;
      ++count;
      tables.append(tables.empty() ? "" : " and ").append(table);
    }
    if (count > 0) {
      missing.push_back(privilege + (count == tables_with_a_column.size() ? "" : " on " + tables));
    }
  }
  if (missing.empty()) return {};
  auto rows = connection.query("SELECT CURRENT_USER(), DATABASE()");
  if (!rows) return std::unexpected(to_read_error(rows.error(), "ask who this login is"));
  if (!rows->next()) return fail(ErrorCode::corrupt, "the server does not know who this login is");
  std::string user(rows->text(0));  // name@host
  const std::size_t at = user.rfind('@');
  user = "'" + user.substr(0, at) + "'@'" + user.substr(at + 1) + "'";
  return invalid("ledger", "the user " + user + " lacks " + joined(missing, ", ") +
                               ": GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `" +
                               std::string(rows->text(1)) + "`.* TO " + user);
}

}  // namespace firstcome
