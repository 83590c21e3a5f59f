#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Reads one HTTP/1.x response at a time from bytes as they arrive, cut anywhere. It knows what the
// load test needs and no more: the status, Content-Length, and whether the connection stays open. A
// response without Content-Length (chunked included) is an error said plainly, as is anything after
// the body: nothing was asked for yet that could be answered.
//
// One object a connection, one thread. Memory is bounded: 16 KiB of head, 1 MiB of body.

namespace firstcome::load {

class ResponseParser {
 public:
  static constexpr std::size_t head_size_max = 16 * 1024;
  static constexpr std::size_t body_size_max = 1024 * 1024;

  enum class State { incomplete, complete, failed };

  // Takes the next bytes. Call only while the response is incomplete.
  [[nodiscard]] State feed(std::string_view bytes);

  // Ready for the next response.
  void reset();

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  // Once complete; the body is valid until the next reset().
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] bool keeps_alive() const noexcept { return keeps_alive_; }
  [[nodiscard]] std::string_view body() const noexcept;

  // Once failed: why, in a few words.
  [[nodiscard]] std::string_view error() const noexcept { return error_; }

 private:
  State fail_with(std::string_view why);
  State find_head();
  State read_body();
  [[nodiscard]] bool read_status_line(std::string_view line);
  [[nodiscard]] bool read_field(std::string_view line);
  [[nodiscard]] bool read_content_length(std::string_view value);

  std::string bytes_{};        // head and body
  std::size_t head_size_ = 0;  // with the empty line; 0 until it has been read
  std::optional<std::size_t> body_size_{};
  int status_ = 0;
  bool keeps_alive_ = true;
  std::string_view error_{};  // a literal
};

}  // namespace firstcome::load
