#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/fd.hpp"
#include "queue/redis/redis_error.hpp"
#include "queue/redis/redis_tls.hpp"

// A byte stream to one server, TCP or TLS over it, that keeps deadlines: every call that waits ends
// at the time given, however slowly bytes drip. (hiredis' own blocking calls limit each read only.)
//
// Thread rule: one thread's own. After a failure the stream is of no use any more.

namespace firstcome {

using RedisDeadline = std::chrono::steady_clock::time_point;

[[nodiscard]] RedisDeadline redis_deadline(std::chrono::milliseconds from_now);
[[nodiscard]] std::chrono::milliseconds time_left(RedisDeadline deadline);  // rounded up, 0 or more

class RedisStream {
 public:
  // Tries all addresses of the host in turn; TLS when there is a context. Blocks until the
  // deadline (resolving a name may take longer). Error: unreachable, a sentence.
  [[nodiscard]] static RedisExpected<RedisStream> connect(const RedisEndpoint& endpoint,
                                                          const RedisTlsContext* tls,
                                                          RedisDeadline deadline);

  // How much the server may have got, all of it when there is no error.
  struct Sent {
    std::size_t bytes = 0;
    std::optional<std::string> error{};
  };
  // Blocks until the system has taken all bytes, at most until the deadline.
  [[nodiscard]] Sent send(std::string_view bytes, RedisDeadline deadline);

  struct Failure {
    std::string words{};
    bool only_late = false;  // nothing came until the deadline; the stream itself is whole
  };
  // What has arrived, at least a byte; waits for it until the deadline. What is here already is
  // given out also after the deadline.
  [[nodiscard]] std::expected<std::string, Failure> receive(RedisDeadline deadline);

  // True when there is something to read, or the end of the stream, without waiting. While no reply
  // is due, this means that the server has closed the connection.
  [[nodiscard]] bool readable() const;

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  RedisStream(Fd fd, const RedisTlsContext* tls, const std::string& host);

  [[nodiscard]] std::expected<void, std::string> shake_hands(RedisDeadline deadline);
  [[nodiscard]] Sent send_wire(std::string_view bytes, RedisDeadline deadline);
  [[nodiscard]] std::expected<std::string, Failure> receive_wire(RedisDeadline deadline);

  Fd fd_;
  std::unique_ptr<RedisTlsSession> tls_;  // null: plain
  std::string buffer_;                    // for receive_wire(), kept to save allocations
};

}  // namespace firstcome
