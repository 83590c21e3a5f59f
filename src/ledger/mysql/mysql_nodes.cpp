#include "ledger/mysql/mysql_nodes.hpp"

#include <sodium.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.hpp"
#include "ledger/mysql/mysql_record.hpp"

namespace firstcome {
namespace {

constexpr int enter_repeats_max = 20;
constexpr std::int64_t forgotten_after_ms = 24LL * 60 * 60 * 1000;

std::uint64_t draw_number() {
  CHECK(sodium_init() >= 0, "libsodium could not initialise");
  std::uint64_t number = 0;
  while (number == 0) randombytes_buf(&number, sizeof number);
  return number;
}

std::string before_now(std::int64_t ms) {
  return std::string(mysql_now_ms) + " - " + std::to_string(ms);
}

// Servers that start at the same time clear the same rows away, and one of them may be told that
// it has come to a deadlock.
MysqlResult<void> run_with_repeats(MysqlConnection& connection, const std::string& sql) {
  for (int left = enter_repeats_max;; --left) {
    const auto done = connection.run(sql);
    if (done) return {};
    if (done.error().failure != MysqlFailure::retry || left == 0) {
      return std::unexpected(done.error());
    }
  }
}

// What says that a server is there, and acts on no change yet.
std::string entry(std::uint64_t node) {
  const std::string number = std::to_string(node);
  return "REPLACE INTO nodes (node, seen_at, seen_change) VALUES (" + number + ", " +
         std::string(mysql_now_ms) + ", 0); REPLACE INTO commits (node, number) VALUES (" + number +
         ", 0)";
}

}  // namespace

MysqlNodes::MysqlNodes(const Clock& clock) : clock_(clock), self_(draw_number()) {}

MysqlResult<void> MysqlNodes::enter(MysqlConnection& connection) {
  const std::string long_gone =
      "(SELECT node FROM nodes WHERE seen_at < " + before_now(forgotten_after_ms) + ")";
  auto done = run_with_repeats(connection, "START TRANSACTION; DELETE FROM commits WHERE node IN " +
                                               long_gone + "; DELETE FROM nodes WHERE seen_at < " +
                                               before_now(forgotten_after_ms) + "; " +
                                               entry(self_) + "; COMMIT");
  if (!done) return std::unexpected(done.error());
  return look(connection);
}

MysqlResult<void> MysqlNodes::beat(MysqlConnection& connection, std::uint64_t change) {
  auto done = connection.run("UPDATE nodes SET seen_at = " + std::string(mysql_now_ms) +
                             ", seen_change = " + std::to_string(change) +
                             " WHERE node = " + std::to_string(self_));
  if (!done) return std::unexpected(done.error());
  // Cleared away, after a very long sleep; or it was lost with another primary.
  if (done->back().affected() == 0) return enter(connection);
  return look(connection);
}

MysqlResult<void> MysqlNodes::look(MysqlConnection& connection) {
  const Monotonic before = clock_.monotonic();
  auto rows = connection.query("SELECT node, seen_change, seen_at, ABS(seen_at - " +
                               std::string(mysql_now_ms) + ") < " +
                               std::to_string(gone_after.count()) + " FROM nodes");
  if (!rows) return std::unexpected(rows.error());
  const Monotonic after = clock_.monotonic();  // it may have moved as late as that
  std::map<std::uint64_t, Seen> seen;
  while (rows->next()) {
    const std::uint64_t node = rows->natural(0);
    Seen one{
        .seen_at = rows->integer(2), .moved_at = before - gone_after, .change = rows->natural(1)};
    const auto known = seen_.find(node);
    if (known != seen_.end()) one.moved_at = known->second.moved_at;
    const bool is_recent = rows->integer(3) != 0;
    const bool has_moved = known == seen_.end() || known->second.seen_at != one.seen_at;
    if (has_moved && is_recent) one.moved_at = after;
    one.is_there = before - one.moved_at < gone_after;
    seen.emplace(node, one);
  }
  seen_ = std::move(seen);
  return {};
}

bool MysqlNodes::is_there(std::uint64_t node) const {
  const auto found = seen_.find(node);
  return found != seen_.end() && found->second.is_there;
}

bool MysqlNodes::is_gone(MysqlConnection& connection, std::uint64_t node) {
  if (node == self_ || is_there(node)) return false;
  return node == 0 || (look(connection) && !is_there(node));
}

bool MysqlNodes::all_act_on(std::uint64_t change) const {
  return std::ranges::all_of(seen_, [&](const auto& one) {
    return one.first == self_ || !one.second.is_there || one.second.change >= change;
  });
}

void MysqlNodes::leave(MysqlConnection& connection) const {
  const std::string self = std::to_string(self_);
  // Who cannot be told now finds out when this server is not seen any more.
  (void)connection.run("DELETE FROM nodes WHERE node = " + self +
                       "; DELETE FROM commits WHERE node = " + self);
}

}  // namespace firstcome
