#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/claim.hpp"
#include "http/api.hpp"
#include "http/request_parser.hpp"
#include "net/event_loop.hpp"
#include "net/fd.hpp"

// One client's connection: reads requests, one at a time and in order, writes replies. Bytes are
// read into the thread's buffer and parsed in place; only what is left over is kept, so an idle
// connection holds no buffers. Lives and dies on its I/O thread.

namespace firstcome::http {

class IoThread;

class Connection final : public EventLoop::Handler {
 public:
  Connection(IoThread& io, Fd fd, ReplyTo self, bool on_metrics_port);
  ~Connection() override;

  void on_events(std::uint32_t events) override;

  // The reply that was waited for; nullopt when nobody knows it: the connection closes without.
  void complete(std::optional<Response> response);

  // Closes when a time limit has passed.
  void check_deadline(Monotonic now);

  // No further request is taken; closes as soon as nothing waits and all is sent.
  void finish();

  [[nodiscard]] ReplyTo self() const { return self_; }
  [[nodiscard]] const Exchange& exchange() const { return exchange_; }
  [[nodiscard]] bool is_waiting() const { return state_ == State::waiting; }

 private:
  enum class State : std::uint8_t {
    reading,    // between requests, or within one
    waiting,    // for the reply to the request at hand
    lingering,  // the last reply is sent; reads on for a while so that the client can read it
    closed,
  };

  void on_readable();
  void on_end_of_input();
  void take(std::string_view fresh);
  [[nodiscard]] std::string_view process_and_flush(std::string_view bytes);
  [[nodiscard]] std::string_view process(std::string_view bytes);
  void handle_request();
  void reply(const Response& response, bool keep_alive);
  void flush();
  void after_flush();
  void watch(std::uint32_t events);
  void update_watch();
  void close();

  IoThread& io_;
  Fd fd_;
  const ReplyTo self_;
  State state_ = State::reading;
  bool last_reply_ = false;   // what is in output_ ends with the connection's last reply
  bool input_ended_ = false;  // the client sends no more
  std::uint32_t watched_;
  std::unique_ptr<RequestParser> parser_;  // while a request is under way
  std::string input_;                      // received and not parsed
  std::string output_;                     // not sent yet
  Exchange exchange_;
  Monotonic deadline_{};
};

}  // namespace firstcome::http
