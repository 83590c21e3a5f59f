#include "http/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "http/io_thread.hpp"
#include "http/problem.hpp"

namespace firstcome::http {
namespace {

// A client that sends on while it waits for a reply is read no further than this.
constexpr std::size_t input_bytes_max = 128 * 1024;
// Pipelined requests are answered no further while this much is unsent.
constexpr std::size_t output_bytes_max = 256 * 1024;
constexpr Monotonic linger_time = std::chrono::seconds(2);
constexpr Monotonic write_time = std::chrono::seconds(30);

}  // namespace

Connection::Connection(IoThread& io, Fd fd, ReplyTo self, bool on_metrics_port)
    : io_(io), fd_(std::move(fd)), self_(self), watched_(EPOLLIN) {
  exchange_.on_metrics_port = on_metrics_port;
  deadline_ = io_.now() + io_.limits().idle_time;
  io_.loop().add(fd_.get(), watched_, *this);
}

Connection::~Connection() = default;

void Connection::on_events(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) {
    flush();
    if (state_ == State::reading && output_.empty() && !input_.empty()) take({});
  }
  if (state_ == State::closed) return;
  if ((events & EPOLLIN) != 0) {
    on_readable();
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    close();
  }
}

void Connection::on_readable() {
  const std::span<char> buffer = io_.read_buffer();
  const ssize_t count = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (count == 0) return on_end_of_input();
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return;
  }
  const std::string_view fresh(buffer.data(), static_cast<std::size_t>(count));
  if (state_ == State::reading) {
    take(fresh);
  } else if (state_ == State::waiting) {
    input_.append(fresh);
    update_watch();
  }
}

// A client may end its side after a request and still read the reply (RFC 9112, section 9.6).
void Connection::on_end_of_input() {
  input_ended_ = true;
  if (state_ == State::waiting || (state_ == State::reading && !output_.empty())) {
    update_watch();
  } else {
    close();
  }
}

void Connection::take(std::string_view fresh) {
  if (input_.empty()) {
    input_.assign(process_and_flush(fresh));
  } else {
    std::string buffer = std::exchange(input_, {});
    buffer.append(fresh);
    input_.assign(process_and_flush(buffer));
  }
  update_watch();
}

// Goes on for as long as only a full output held the requests up and all of it could be sent.
std::string_view Connection::process_and_flush(std::string_view bytes) {
  bool held_up = true;
  while (held_up) {
    bytes = process(bytes);
    held_up = output_.size() >= output_bytes_max;
    flush();
    held_up = held_up && state_ == State::reading && output_.empty();
  }
  return bytes;
}

// Handles every whole request in the bytes until one must wait; returns what is left over.
std::string_view Connection::process(std::string_view bytes) {
  while (state_ == State::reading && !last_reply_ && !bytes.empty() &&
         output_.size() < output_bytes_max) {
    if (!parser_) {
      parser_ = io_.take_parser();
      deadline_ = io_.now() + io_.limits().request_time;
    }
    bytes.remove_prefix(parser_->feed(bytes));
    switch (parser_->state()) {
      case RequestParser::State::incomplete:
        if (parser_->take_wants_continue()) output_.append("HTTP/1.1 100 Continue\r\n\r\n");
        return bytes;
      case RequestParser::State::faulty:
        exchange_.routed = false;
        exchange_.head_only = false;
        exchange_.is_http_1_0 = false;
        exchange_.started = io_.now();
        reply(problem_of(parser_->fault()), false);
        return {};
      case RequestParser::State::complete:
        handle_request();
    }
  }
  return last_reply_ ? std::string_view() : bytes;
}

void Connection::handle_request() {
  exchange_.routed = false;
  std::optional<Response> response = io_.api().handle(parser_->request(), exchange_, self_);
  io_.give_back(std::move(parser_));
  if (response) {
    reply(*response, exchange_.keep_alive);
  } else {
    state_ = State::waiting;
  }
}

void Connection::complete(std::optional<Response> response) {
  if (!response) return close();
  state_ = State::reading;
  reply(*response, exchange_.keep_alive);
  if (input_.empty()) {
    flush();
  } else {
    take({});
  }
}

void Connection::reply(const Response& response, bool keep_alive) {
  keep_alive = keep_alive && !io_.is_finishing();
  append_response(output_, response,
                  {.date = io_.date(),
                   .keep_alive = keep_alive,
                   .is_http_1_0 = exchange_.is_http_1_0,
                   .head_only = exchange_.head_only});
  io_.note_reply(exchange_, response.status);
  last_reply_ = !keep_alive;
  deadline_ = io_.now() + io_.limits().idle_time;
}

void Connection::flush() {
  std::size_t sent = 0;
  while (sent < output_.size()) {
    const ssize_t count =
        send(fd_.get(), output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return close();
      break;
    }
    sent += static_cast<std::size_t>(count);
  }
  output_.erase(0, sent);
  if (output_.empty()) return after_flush();
  deadline_ = io_.now() + write_time;
  update_watch();
}

// All is sent. After the last reply our side ends, but reading goes on for a moment: closing with
// unread input would reset the connection and could destroy the reply on its way (RFC 9112, 9.6).
void Connection::after_flush() {
  if (state_ == State::reading && input_ended_ && (last_reply_ || input_.empty())) return close();
  if (state_ == State::reading && last_reply_) {
    shutdown(fd_.get(), SHUT_WR);
    state_ = State::lingering;
    deadline_ = io_.now() + linger_time;
  }
  update_watch();
}

void Connection::update_watch() {
  const bool may_read =
      !input_ended_ && input_.size() < input_bytes_max && output_.size() < output_bytes_max;
  watch((may_read ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
        (output_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT)));
}

void Connection::watch(std::uint32_t events) {
  if (events == watched_ || state_ == State::closed) return;
  watched_ = events;
  io_.loop().modify(fd_.get(), events, *this);
}

void Connection::check_deadline(Monotonic now) {
  if (state_ == State::waiting || state_ == State::closed || now < deadline_) return;
  if (state_ == State::reading && parser_ && output_.empty()) {
    exchange_ = {.on_metrics_port = exchange_.on_metrics_port};
    exchange_.started = now;
    reply(problem(408, "request_timeout", "the request did not arrive in time"), false);
    flush();
  } else {
    close();
  }
}

void Connection::finish() {
  if (state_ == State::waiting) return;
  if (output_.empty()) {
    close();
  } else {
    last_reply_ = true;
  }
}

void Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  io_.loop().remove(fd_.get(), *this);
  io_.bury(*this);
}

}  // namespace firstcome::http
