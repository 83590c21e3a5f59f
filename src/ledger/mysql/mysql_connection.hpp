#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/mysql/mysql_bulk.hpp"
#include "ledger/mysql/mysql_error.hpp"
#include "ledger/mysql/mysql_rows.hpp"
#include "ledger/mysql/mysql_url.hpp"

struct st_mysql;

// One session on a MySQL or MariaDB server: libmariadb's C interface with an owner and results.
// Every call but the accessors is one round trip and blocks, at most for the timeouts. One thread
// at a time. The process must ignore SIGPIPE.
//
// A session is the same whatever the server's defaults are; open() sets it up and reads it back:
// utf8mb4, READ COMMITTED, autocommit on, strict SQL without NO_BACKSLASH_ESCAPES, UTC, short lock
// waits, a limit for standing still in a transaction, InnoDB or nothing. An UPDATE's affected()
// counts the rows that its WHERE found, changed or not.

namespace firstcome {

struct MysqlTimeouts {
  std::chrono::seconds read{10};  // for the server's next bytes, so also for a long statement
  std::chrono::seconds write{10};
  std::chrono::seconds lock_wait{3};  // for a row (1205) and for a table's definition
  // A client that stands still in a transaction loses it, and its locks.
  std::chrono::seconds idle_transaction{1};
};

struct MysqlServer {
  bool is_mariadb = false;
  unsigned version = 0;  // 101106 is 10.11.6
  std::string text{};    // "MariaDB 10.11.6-MariaDB-log"
};

class MysqlConnection {
 public:
  // May block for the connect timeout at each of the host's addresses, then for the read timeout.
  [[nodiscard]] static MysqlResult<MysqlConnection> open(const MysqlEndpoint& endpoint,
                                                         const MysqlLogin& login,
                                                         const MysqlTimeouts& timeouts = {});

  // One or several statements, separated by `;`, in one round trip: the results in order, one a
  // statement. At the first that fails the server stops: its error, and no results. It does not
  // roll back: a transaction begun before stays open (see in_transaction). A text longer than
  // max_allowed_packet is refused here as `too_large` (1153), unsent.
  [[nodiscard]] MysqlResult<std::vector<MysqlRows>> run(std::string_view sql);

  // The result of the last statement, for texts where only that one matters.
  [[nodiscard]] MysqlResult<MysqlRows> query(std::string_view sql);

  // Many rows by one INSERT, in two round trips the first time and then in one: for batches of some
  // size, and only where has_bulk().
  [[nodiscard]] bool has_bulk() const { return has_bulk_; }
  [[nodiscard]] MysqlResult<void> insert(const std::string& sql, const MysqlBulkRows& rows);

  [[nodiscard]] MysqlResult<void> ping();

  // As the server's last answer that was no error said: after a deadlock it is still true, though
  // the server has rolled back.
  [[nodiscard]] bool in_transaction() const;

  // The GTID of this session's newest commit, as the server's last answers told: MariaDB's
  // "0-1-42", MySQL's "uuid:42". Empty while the server has named none: it keeps no binary log, or
  // does not track what we asked it to.
  [[nodiscard]] const std::string& last_gtid() const { return last_gtid_; }

  // Whether it must not be used again. abandon() makes it so.
  [[nodiscard]] bool is_broken() const { return broken_; }
  void abandon() { broken_ = true; }

  // The longest text that run() sends.
  [[nodiscard]] std::size_t text_size_max() const { return text_size_max_; }
  [[nodiscard]] const MysqlServer& server() const { return server_; }
  [[nodiscard]] const MysqlEndpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] std::uint64_t id() const;  // the server's number for it, for KILL

 private:
  struct Close {
    void operator()(st_mysql* handle) const;
  };
  explicit MysqlConnection(MysqlEndpoint endpoint);

  [[nodiscard]] MysqlResult<void> connect(const MysqlLogin& login, const MysqlTimeouts& timeouts);
  [[nodiscard]] MysqlResult<void> set_up(const MysqlTimeouts& timeouts);
  [[nodiscard]] MysqlResult<MysqlRows> take_result();
  [[nodiscard]] MysqlError failed();
  [[nodiscard]] MysqlError failed(MysqlError error);
  [[nodiscard]] static MysqlError broken();
  void note_gtid();

  std::map<std::string, MysqlBulkInsert> inserts_;  // by text; closed after the handle
  std::unique_ptr<st_mysql, Close> handle_;
  MysqlEndpoint endpoint_;
  MysqlServer server_{};
  std::string last_gtid_{};
  std::size_t text_size_max_ = 0;
  bool has_bulk_ = false;
  bool broken_ = false;
};

// A statement whose one value covers all that this server, a primary, has committed, as
// wait_for_gtid() takes it; empty when it keeps no binary log, or one without GTIDs (MySQL's
// gtid_mode).
[[nodiscard]] std::string newest_gtid_query(const MysqlServer& server);

// A statement whose one value is 0 once a replica has the commit with this GTID, and something else
// (-1, 1, NULL) when `timeout` has passed before that. When the GTID is empty it does not wait, and
// is something else where commits have no GTIDs, so that nothing tells whether it is late.
[[nodiscard]] std::string wait_for_gtid(const MysqlServer& server, std::string_view gtid,
                                        std::chrono::milliseconds timeout);

}  // namespace firstcome
