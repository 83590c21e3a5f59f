#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "http/request.hpp"

// An incremental HTTP/1.1 request parser (RFC 9112) over Boost.Beast's, fed in place from whatever
// buffer the bytes are in. Header fields are limited to 16 KiB, bodies to 64 KiB, refused as soon
// as that is certain. Request smuggling is refused: both Content-Length and Transfer-Encoding, two
// lengths, any transfer coding but chunked. One thread at a time.

namespace firstcome::http {

class RequestParser {
 public:
  static constexpr std::size_t header_bytes_max = 16 * 1024;
  static constexpr std::size_t body_bytes_max = 64 * 1024;

  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  enum class State : std::uint8_t { incomplete, complete, faulty };

  // Consumes bytes from the front, at most to the end of the message, and returns how many. Bytes
  // that are not consumed must be given again, with more behind them.
  [[nodiscard]] std::size_t feed(std::string_view bytes);

  [[nodiscard]] State state() const;
  [[nodiscard]] const Request& request() const;     // when complete
  [[nodiscard]] const RequestFault& fault() const;  // when faulty

  // The header is in, the body is not, and the client waits to be asked for it (RFC 9110, section
  // 10.1.1). True once.
  [[nodiscard]] bool take_wants_continue();

  // Ready for the next message.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace firstcome::http
