#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "queue/redis/redis_url.hpp"

// TLS as a filter between plain bytes and the bytes on the wire; the stream moves the latter. So
// sockets, deadlines and signals are handled in one place, with TLS and without. The server's
// certificate is always checked, for its name too.

struct ssl_ctx_st;
struct ssl_st;

namespace firstcome {

// What all sessions share: trust and our own certificate. Any thread may use it.
class RedisTlsContext {
 public:
  // Reads the files. Error: invalid, field "queue", with the file's name.
  [[nodiscard]] static Result<std::shared_ptr<const RedisTlsContext>> load(
      const RedisTlsFiles& files);

 private:
  friend class RedisTlsSession;
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  RedisTlsContext() = default;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::string name_;
};

// One connection's. One thread's own. No call blocks.
class RedisTlsSession {
 public:
  RedisTlsSession(const RedisTlsContext& context, const std::string& host);

  // Goes on with the handshake as far as what was received allows: true once it is done. Between
  // calls, send what take_wire() holds and receive more. Error: unavailable, with OpenSSL's reason.
  [[nodiscard]] Result<bool> handshake();

  void put_wire(std::string_view received);
  [[nodiscard]] std::string take_wire();  // to be sent now

  [[nodiscard]] Result<void> put_plain(std::string_view bytes);
  [[nodiscard]] Result<std::string> take_plain();  // empty: not enough received yet

 private:
  struct Free {
    void operator()(ssl_st* session) const noexcept;
  };
  std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace firstcome
