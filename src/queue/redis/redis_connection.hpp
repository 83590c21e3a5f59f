#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "queue/redis/redis_command.hpp"
#include "queue/redis/redis_error.hpp"
#include "queue/redis/redis_reply.hpp"
#include "queue/redis/redis_stream.hpp"

struct redisReader;  // of hiredis NOLINT(readability-identifier-naming)

// One connection to one server: what is sent goes out as one pipeline, and each command gets its
// reply, in order, or an error that says whether it may have run.
//
// Thread rule: one thread's own. After a connection broke (a reset, a deadline that passed, bytes
// that are no RESP) it stays broken: its replies could no longer be told apart.

namespace firstcome {

using RedisResult = RedisExpected<RedisReply>;

// How to come to a server and what to be there.
struct RedisTarget {
  RedisEndpoint endpoint{};
  RedisLogin login{};
  unsigned database = 0;
  std::shared_ptr<const RedisTlsContext> tls{};  // null: plain
  std::string client_name = "firstcome";         // in CLIENT LIST; without blanks
  bool master_only = false;                      // a replica is refused, as readonly
  bool identify = true;                          // asks who it is; a Sentinel need not say
};

struct RedisRequest {
  const RedisCommand* command = nullptr;
  bool script_as_text = false;
};

class RedisConnection {
 public:
  // Connects, logs in, selects the database and asks the server who it is. Blocks until the
  // deadline. Nothing of the caller's was sent, so no error is timeout_or_reset: denied (user,
  // password, or no permission for INFO), readonly (a replica), other (no such database),
  // unreachable. The message is a sentence.
  [[nodiscard]] static RedisExpected<RedisConnection> open(const RedisTarget& target,
                                                           RedisDeadline deadline);
  RedisConnection(RedisConnection&&) noexcept;
  RedisConnection& operator=(RedisConnection&&) noexcept;
  ~RedisConnection();

  [[nodiscard]] const RedisEndpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] const RedisServerId& server_id() const { return id_; }

  // Whether the next pipeline can be sent: not broken, and not closed by the server since the last
  // one. Does not block. Asked between pipelines only.
  [[nodiscard]] bool usable() const;

  // A pipeline: send() and receive(), in turns. send() blocks until the system has taken the bytes
  // or the deadline; it fails silently, receive() tells. receive() blocks until the last reply or
  // the deadline and gives a result for each request: what did not get a reply is timeout_or_reset,
  // or unreachable when its last byte never left.
  void send(std::span<const RedisRequest> requests, RedisDeadline deadline);
  [[nodiscard]] std::vector<RedisResult> receive(RedisDeadline deadline);

  // Both.
  [[nodiscard]] std::vector<RedisResult> run(std::span<const RedisCommand> commands,
                                             RedisDeadline deadline);

  // For a thread that waits for several things and gets what nobody asked for, the messages of a
  // subscription. post() sends without counting on replies and blocks until the system has taken
  // the bytes. next() gives what comes next and blocks for it; nothing until the deadline is not an
  // error. Error of both: unreachable, the connection broke.
  [[nodiscard]] RedisExpected<void> post(const RedisCommand& command, RedisDeadline deadline);
  [[nodiscard]] RedisExpected<std::optional<RedisReply>> next(RedisDeadline deadline);
  [[nodiscard]] int fd() const { return stream_.fd(); }

 private:
  struct FreeReader {
    void operator()(redisReader* reader) const noexcept;
  };

  RedisConnection(RedisStream stream, RedisEndpoint endpoint);

  [[nodiscard]] RedisExpected<void> set_up(const RedisTarget& target, RedisDeadline deadline);
  [[nodiscard]] RedisExpected<void> identify(const RedisTarget& target, RedisDeadline deadline);
  [[nodiscard]] std::unexpected<RedisError> gone(const RedisTarget& target) const;
  [[nodiscard]] std::unexpected<RedisError> lost() const;
  [[nodiscard]] std::optional<RedisReply> parsed();  // a whole reply from what was received
  [[nodiscard]] std::optional<RedisReply> read_reply(RedisDeadline deadline);
  [[nodiscard]] RedisError unanswered(std::size_t end) const;

  RedisStream stream_;
  RedisEndpoint endpoint_;
  RedisServerId id_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  std::string wire_;               // the pipeline's bytes
  std::vector<std::size_t> ends_;  // of each request in wire_
  std::size_t sent_ = 0;           // of wire_
  std::string broken_;             // why; empty: it is not
};

}  // namespace firstcome
