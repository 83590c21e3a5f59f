#include "queue/redis/redis_error.hpp"

#include <gtest/gtest.h>

#include "queue/redis/redis_retry.hpp"
#include "unit/support/text_table.hpp"

namespace firstcome {
namespace {

// Texts as Redis 7.0 says them; the last ones as 6.2 does from inside a script.
constexpr std::string_view kinds = R"(
# error reply                                                                  → kind
MOVED 3999 127.0.0.1:6381                                                      → moved
ASK 3999 127.0.0.1:6381                                                        → ask
TRYAGAIN Multiple keys request during rehashing of slot                        → try_again
CLUSTERDOWN The cluster is down                                                → cluster_down
CLUSTERDOWN Hash slot not served                                               → cluster_down
LOADING Redis is loading the dataset in memory                                 → loading
MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'. → loading
READONLY You can't write against a read only replica.                          → readonly
READONLY You can't write against a read only replica. script: ab, on @user_script:1. → readonly
UNBLOCKED force unblock from blocking operation, instance state changed        → readonly
NOSCRIPT No matching script. Please use EVAL.                                  → no_script
BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE. → busy
BUSYGROUP Consumer Group name already exists                                   → other
OOM command not allowed when used memory > 'maxmemory'.                        → oom
NOREPLICAS Not enough good replicas to write.                                  → writes_stopped
MISCONF Redis is configured to save RDB snapshots, but it's unable to persist  → writes_stopped
NOAUTH Authentication required.                                                → denied
WRONGPASS invalid username-password pair or user is disabled.                  → denied
NOPERM this user has no permissions to run the 'config' command                → denied
ERR invalid password                                                           → denied
ERR AUTH <password> called without any password configured for the default user. → denied
ERR ACL failure in script: User app has no permissions to run the 'zadd' command → denied
DENIED Redis is running in protected mode                                      → denied
ERR max number of clients reached                                              → busy
ERR unknown command 'FOO'                                                      → other
WRONGTYPE Operation against a key holding the wrong kind of value              → other
CROSSSLOT Keys in request don't hash to the same slot                          → other
MOVED                                                                          → other
MOVED 3999                                                                     → other
MOVED 16384 127.0.0.1:6381                                                     → other
MOVED x 127.0.0.1:6381                                                         → other
MOVED 1 127.0.0.1:0                                                            → other
ASK 1 nowhere                                                                  → other
ERR Error running script (call to f_ab): @user_script: 1: -READONLY You can't  → readonly
ERR Error running script (call to f_ab): @user_script:1: -OOM command not allowed → oom
ERR Error running script (call to f_ab): @user_script:1: user_script:1: attempt to index → other
)";

TEST(RedisError, is_told_by_its_first_word) {
  for (const testing::Row& row : testing::rows(kinds)) {
    EXPECT_STREQ(to_string(classify_redis_error(row[0]).kind), row[1].c_str()) << row[0];
  }
  EXPECT_EQ(classify_redis_error("").kind, RedisErrorKind::other);
}

constexpr std::string_view redirects = R"(
MOVED 3999 127.0.0.1:6381       → 3999 | 127.0.0.1:6381
ASK 0 node-1.example:7000       → 0 | node-1.example:7000
MOVED 16383 ::1:6381            → 16383 | [::1]:6381
MOVED 3999 :6381                → 3999 | :6381
MOVED 3999 ?:6381               → 3999 | :6381
)";

TEST(RedisError, says_where_to_go) {
  for (const testing::Row& row : testing::rows(redirects)) {
    const RedisError error = classify_redis_error(row[0]);
    ASSERT_TRUE(error.redirect) << row[0];
    EXPECT_EQ(std::to_string(error.redirect->slot), row[1]);
    EXPECT_EQ(error.redirect->endpoint.str(), row[2]);
  }
}

// What the client does next: alone, and where another server can take over.
constexpr std::string_view decisions = R"(
moved            | done      | follow
ask              | done      | ask
try_again        | later     | later
cluster_down     | done      | elsewhere
loading          | later     | elsewhere
readonly         | done      | elsewhere
no_script        | with_text | with_text
busy             | later     | later
oom              | done      | done
writes_stopped   | done      | done
denied           | done      | done
other_server     | done      | done
unreachable      | done      | elsewhere
timeout_or_reset | done      | done
other            | done      | done
)";

const char* to_text(RedisNext next) {
  const char* const names[] = {"done", "follow", "ask", "with_text", "later", "elsewhere"};
  return names[static_cast<std::size_t>(next)];
}

TEST(RedisError, is_followed_by_another_attempt_only_when_the_command_surely_has_not_run) {
  const std::vector<testing::Row> rows = testing::rows(decisions);
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(RedisErrorKind::other) + 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto kind = static_cast<RedisErrorKind>(i);
    EXPECT_EQ(to_string(kind), rows[i][0]);
    EXPECT_EQ(to_text(redis_next(kind, false)), rows[i][1]) << rows[i][0];
    EXPECT_EQ(to_text(redis_next(kind, true)), rows[i][2]) << rows[i][0];
  }
}

}  // namespace
}  // namespace firstcome
