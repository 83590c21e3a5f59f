#include "load/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/check.hpp"
#include "net/socket.hpp"

namespace firstcome::load {
namespace {

bool try_again(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

}  // namespace

Connection::Connection(const Shared& shared, Fd socket, std::size_t slot)
    : shared_(shared), socket_(std::move(socket)), slot_(slot), since_(shared.clock.monotonic()) {
  moments_.wanted = since_;
  moments_.connect_started = since_;
  shared_.loop.add(socket_.get(), watched_, *this);
}

Connection::~Connection() {
  shared_.loop.remove(socket_.get(), *this);
}

void Connection::send(const Job& job, std::string_view text) {
  CHECK(state_ == State::idle, "a connection carries one request at a time");
  since_ = shared_.clock.monotonic();
  job_ = job;
  moments_ = moments_before(since_);
  moments_.send_started = since_;
  state_ = State::busy;
  parser_.reset();
  write(text);
}

Moments Connection::moments_before(Monotonic now) {
  Moments moments{.wanted = now};
  if (!std::exchange(used_, true)) moments = moments_;  // opening it belongs to its first request
  if (job_.due) moments.wanted = *job_.due;
  return moments;
}

void Connection::write(std::string_view text) {
  const ssize_t size = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
  if (size < 0 && !try_again(errno)) {
    shared_.owner.on_broken(*this, std::string("send: ") + std::strerror(errno));
    return;
  }
  unsent_ = text.substr(static_cast<std::size_t>(size < 0 ? 0 : size));
  if (unsent_.empty()) moments_.sent = shared_.clock.monotonic();
  watch(unsent_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void Connection::watch(std::uint32_t events) {
  if (std::exchange(watched_, events) == events) return;
  shared_.loop.modify(socket_.get(), events, *this);
}

void Connection::on_events(std::uint32_t events) {
  if (state_ == State::connecting) return on_connected();
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) return on_readable();
  write(std::exchange(unsent_, {}));
}

void Connection::on_connected() {
  if (const Result<void> connected = finish_connect(socket_.get()); !connected) {
    shared_.owner.on_broken(*this, connected.error().message);
    return;
  }
  since_ = shared_.clock.monotonic();
  moments_.connected = since_;
  state_ = State::idle;
  watch(EPOLLIN);
  shared_.owner.on_idle(*this);
}

void Connection::on_readable() {
  const Monotonic now = shared_.clock.monotonic();
  const std::span<char> scratch = shared_.scratch;
  const ssize_t size = recv(socket_.get(), scratch.data(), scratch.size(), 0);
  if (size < 0 && try_again(errno)) return;
  if (size < 0) return shared_.owner.on_broken(*this, std::string("recv: ") + std::strerror(errno));
  if (size == 0) return shared_.owner.on_broken(*this, "closed by the server before the reply");
  if (state_ == State::idle) return shared_.owner.on_broken(*this, "bytes after the reply");
  if (!moments_.first_byte) moments_.first_byte = now;
  on_bytes({scratch.data(), static_cast<std::size_t>(size)});
}

void Connection::on_bytes(std::string_view bytes) {
  const ResponseParser::State parsed = parser_.feed(bytes);
  if (parsed == ResponseParser::State::incomplete) return;
  if (parsed == ResponseParser::State::failed) {
    return shared_.owner.on_broken(*this, parser_.error());
  }
  since_ = moments_.done = shared_.clock.monotonic();
  state_ = State::idle;
  shared_.owner.on_reply(*this);
}

}  // namespace firstcome::load
