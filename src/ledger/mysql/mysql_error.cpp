#include "ledger/mysql/mysql_error.hpp"

#include <utility>

namespace firstcome {
namespace {

// The library's own: MySQL's, and from 5000 those that only MariaDB's has.
bool is_the_clients(unsigned number) {
  return (number >= 2000 && number < 3000) || (number >= 5000 && number < 6000);
}

// Before anything was sent: no address, nobody there.
bool is_before_the_session(unsigned number) {
  return number == 2002 || number == 2003 || number == 2005;
}

// What to change, where that is known.
std::string advice(unsigned number) {
  switch (number) {
    case 1021:
    case 1026:
      return "make room on the server's disk";
    case 1040:
      return "raise max_connections, or lower pool= on the nodes";
    case 1044:
      return "there is no such database, or the user may not use it: correct the URL, or GRANT "
             "SELECT, INSERT, UPDATE, DELETE, CREATE ON the database TO the user";
    case 1045:
    case 1698:
      return "the user or the password in the URL is wrong, or the user may not log in from here";
    case 1049:
      return "there is no such database: CREATE DATABASE, or correct the URL";
    case 1129:
      return "the server blocks this host: FLUSH HOSTS there";
    case 1130:
      return "the server takes no connections from this host: CREATE USER 'user'@'this host'";
    case 1142:
    case 1143:
    case 1227:
    case 1370:
      return "the user lacks a privilege: GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON the "
             "database TO the user";
    case 1153:
      return "raise the server's max_allowed_packet";
    case 1203:
    case 1226:
      return "raise the user's limit of connections, or lower pool= on the nodes";
    case 1290:
    case 1792:
    case 1836:
      return "the server takes no writes: give the primary";
    case 2002:
    case 2003:
      return "nothing answers there: is the server running, and are host and port right?";
    case 2005:
      return "there is no host of that name: correct the URL";
    case 2026:
      return "make the server's TLS and the URL's tls= and tls_ca= fit each other";
    default:
      return {};
  }
}

ErrorCode code_of(const MysqlError& error) {
  switch (error.number) {
    case 1712:  // the index is corrupted
    case 1877:  // the table is corrupted
      return ErrorCode::corrupt;
    case 2005:
      return ErrorCode::invalid;
    default:
      break;
  }
  switch (error.failure) {
    case MysqlFailure::unknown:
      return ErrorCode::unknown;
    case MysqlFailure::duplicate:
      return ErrorCode::conflict;
    case MysqlFailure::denied:
      return ErrorCode::invalid;
    case MysqlFailure::retry:
    case MysqlFailure::find_primary:
    case MysqlFailure::too_many_connections:
    case MysqlFailure::exhausted:
    case MysqlFailure::too_large:
    case MysqlFailure::disk:
    case MysqlFailure::other:
      return ErrorCode::unavailable;
  }
  return ErrorCode::unavailable;
}

}  // namespace

// A table of numbers. NOLINTNEXTLINE(readability-function-size)
MysqlFailure class_of(unsigned number) noexcept {
  switch (number) {
    case 1020:  // the row changed since the transaction's snapshot
    case 1205:  // lock wait timeout
    case 1213:  // deadlock
    case 1412:  // somebody changed the table's definition meanwhile
    case 1689:  // a lock wait that had to make way for an ALTER TABLE
    case 1969:  // max_statement_time
    case 3024:  // max_execution_time
    case 3101:  // MySQL: rolled back while it was to be committed
      return MysqlFailure::retry;
    case 1053:  // the server goes down
    case 1290:  // read_only
    case 1792:  // a read-only transaction
    case 1836:  // read-only mode
    case 1927:  // the connection was killed
    case 2002:  // cannot connect
    case 2003:  // cannot connect to this host
    case 2005:  // no such host: a name server may know it later
    case 2026:  // TLS with it failed
    case 3032:  // offline mode
    case 3168:  // MySQL: the server isn't available
    case 3169:  // MySQL: the session was killed
      return MysqlFailure::find_primary;
    case 1152:  // 1152 to 1161, 1184: the server has trouble with the connection, and ends it
    case 1154:
    case 1155:
    case 1156:
    case 1157:
    case 1158:
    case 1159:
    case 1160:
    case 1161:
    case 1184:
    case 1317:  // the statement was interrupted
    case 2006:  // the server has gone away
    case 2013:  // lost the connection during a query
    case 2055:  // the same, with a reason
    case 4031:  // MySQL: closed for having been idle
      return MysqlFailure::unknown;
    case 1040:  // max_connections
    case 1203:  // the server's limit for the user
    case 1226:  // the user's own limit
      return MysqlFailure::too_many_connections;
    case 1037:  // out of memory
    case 1038:  // out of memory to sort in
    case 1041:  // out of memory
    case 1135:  // no thread can be made
    case 1206:  // no room for more locks
    case 1637:  // too many transactions
    case 3015:  // the engine is out of memory
    case 3019:  // no room for undo
      return MysqlFailure::exhausted;
    case 1062:
      return MysqlFailure::duplicate;
    case 1153:  // the server refuses the packet
    case 2020:  // the client does
      return MysqlFailure::too_large;
    case 1021:  // disk full
    case 1026:  // cannot write a file
    case 1114:  // table full
      return MysqlFailure::disk;
    case 1044:  // no privilege on the database
    case 1045:  // wrong user or password
    case 1049:  // no such database
    case 1129:  // the host is blocked
    case 1130:  // the host is not allowed
    case 1142:  // no privilege on the table
    case 1143:  // no privilege on the column
    case 1227:  // no such administrative privilege
    case 1370:  // no privilege on the routine
    case 1698:  // wrong user, no password given
    case 2059:  // the login's plugin is not here
    case 2061:  // the login's plugin failed
      return MysqlFailure::denied;
    default:
      // What the library has to say of a connection that it cannot go on with.
      return is_the_clients(number) ? MysqlFailure::unknown : MysqlFailure::other;
  }
}

const char* to_string(MysqlFailure failure) noexcept {
  switch (failure) {
    case MysqlFailure::retry:
      return "retry";
    case MysqlFailure::find_primary:
      return "find_primary";
    case MysqlFailure::unknown:
      return "unknown";
    case MysqlFailure::too_many_connections:
      return "too_many_connections";
    case MysqlFailure::exhausted:
      return "exhausted";
    case MysqlFailure::duplicate:
      return "duplicate";
    case MysqlFailure::too_large:
      return "too_large";
    case MysqlFailure::disk:
      return "disk";
    case MysqlFailure::denied:
      return "denied";
    case MysqlFailure::other:
      return "other";
  }
  return "?";
}

bool MysqlError::commit_may_have_landed() const {
  switch (number) {
    case 1053:  // going down, killed, timed out: a statement is told so when it ends, even when
    case 1927:  // it is a COMMIT that was done by then
    case 1969:
    case 3024:
    case 3168:
    case 3169:
    case 1180:  // it failed in the middle of a COMMIT
      return true;
    default:
      if (failure == MysqlFailure::unknown) return true;
      return is_the_clients(number) && !is_before_the_session(number);
  }
}

bool MysqlError::breaks_connection() const {
  switch (failure) {
    case MysqlFailure::find_primary:
    case MysqlFailure::unknown:
    case MysqlFailure::too_large:
      return true;
    default:
      return is_the_clients(number);
  }
}

MysqlError make_mysql_error(unsigned number, std::string sqlstate, std::string message) {
  return {number, std::move(sqlstate), std::move(message), class_of(number)};
}

Error to_error(const MysqlError& error, const std::string& doing) {
  std::string text = "MySQL: cannot " + doing + ": " + error.message;
  if (error.number != 0) text += " (error " + std::to_string(error.number) + ")";
  if (const std::string more = advice(error.number); !more.empty()) text += "; " + more;
  const ErrorCode code = code_of(error);
  return {code, std::move(text), code == ErrorCode::invalid ? "ledger" : ""};
}

Error to_read_error(const MysqlError& error, const std::string& doing) {
  Error result = to_error(error, doing);
  if (result.code == ErrorCode::unknown) result.code = ErrorCode::unavailable;
  return result;
}

}  // namespace firstcome
