#include "queue/redis/redis_stream.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/socket.hpp"

namespace firstcome {
namespace {

constexpr std::size_t receive_max = 64UL * 1024;
constexpr std::size_t tls_chunk = 16UL * 1024;  // one record

using Words = std::unexpected<std::string>;

// True when one of `events` (or an error, or the end) came before the deadline.
bool wait_for(int fd, short events, RedisDeadline deadline) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  while (true) {
    const int ready = poll(&entry, 1, static_cast<int>(time_left(deadline).count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::string system_words() {
  return std::strerror(errno);
}

std::unexpected<RedisStream::Failure> failed(std::string words, bool only_late = false) {
  return std::unexpected(RedisStream::Failure{std::move(words), only_late});
}

std::expected<Fd, std::string> connect_to(const Address& address, RedisDeadline deadline) {
  auto fd = start_connect(address);
  if (!fd) return Words(fd.error().message);
  if (!wait_for(fd->get(), POLLOUT, deadline)) return Words("no answer in time");
  if (auto connected = finish_connect(fd->get()); !connected) {
    return Words(connected.error().message);
  }
  return std::move(*fd);
}

std::expected<Fd, std::string> connect_to_any(const RedisEndpoint& endpoint,
                                              RedisDeadline deadline) {
  const auto addresses = resolve(endpoint.host, endpoint.port);
  if (!addresses) return Words(addresses.error().message);
  std::string reason;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // An address that does not answer leaves time for those after it.
    const auto share = time_left(deadline) / static_cast<int>(addresses->size() - i);
    auto fd = connect_to((*addresses)[i], redis_deadline(share));
    if (fd) return fd;
    reason = fd.error();
  }
  return Words(reason);
}

}  // namespace

RedisDeadline redis_deadline(std::chrono::milliseconds from_now) {
  return std::chrono::steady_clock::now() + from_now;
}

std::chrono::milliseconds time_left(RedisDeadline deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), {});
}

RedisStream::RedisStream(Fd fd, const RedisTlsContext* tls, const std::string& host)
    : fd_(std::move(fd)) {
  if (tls != nullptr) tls_ = std::make_unique<RedisTlsSession>(*tls, host);
}

RedisExpected<RedisStream> RedisStream::connect(const RedisEndpoint& endpoint,
                                                const RedisTlsContext* tls,
                                                RedisDeadline deadline) {
  const auto unreachable = [&](const std::string& why) {
    return redis_fail(RedisErrorKind::unreachable,
                      "cannot reach Redis at " + endpoint.str() + ": " + why);
  };
  auto fd = connect_to_any(endpoint, deadline);
  if (!fd) return unreachable(fd.error());
  RedisStream stream(std::move(*fd), tls, endpoint.host);
  if (auto secured = stream.shake_hands(deadline); !secured) {
    return unreachable("no TLS: " + secured.error());
  }
  return stream;
}

std::expected<void, std::string> RedisStream::shake_hands(RedisDeadline deadline) {
  if (tls_ == nullptr) return {};
  while (true) {
    const auto done = tls_->handshake();
    // Also after a failure: the server is told why.
    const Sent sent = send_wire(tls_->take_wire(), deadline);
    if (!done) return Words(done.error().message);
    if (sent.error) return Words(*sent.error);
    if (*done) return {};
    const auto received = receive_wire(deadline);
    if (!received) return Words(received.error().words);
    tls_->put_wire(*received);
  }
}

RedisStream::Sent RedisStream::send(std::string_view bytes, RedisDeadline deadline) {
  if (tls_ == nullptr) return send_wire(bytes, deadline);
  Sent sent;
  while (sent.bytes < bytes.size()) {
    const std::string_view chunk = bytes.substr(sent.bytes, tls_chunk);
    if (const auto put = tls_->put_plain(chunk); !put) {
      sent.error = put.error().message;
      return sent;
    }
    sent.bytes += chunk.size();
    if (Sent wire = send_wire(tls_->take_wire(), deadline); wire.error) {
      sent.error = std::move(wire.error);
      return sent;
    }
  }
  return sent;
}

RedisStream::Sent RedisStream::send_wire(std::string_view bytes, RedisDeadline deadline) {
  Sent sent;
  while (sent.bytes < bytes.size()) {
    const std::string_view rest = bytes.substr(sent.bytes);
    const ssize_t count = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      sent.bytes += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(fd_.get(), POLLOUT, deadline)) {
        sent.error = "it takes no more bytes";
        return sent;
      }
    } else if (errno != EINTR) {
      sent.error = system_words();
      return sent;
    }
  }
  return sent;
}

std::expected<std::string, RedisStream::Failure> RedisStream::receive(RedisDeadline deadline) {
  if (tls_ == nullptr) return receive_wire(deadline);
  while (true) {
    auto plain = tls_->take_plain();
    if (!plain) return failed(plain.error().message);
    if (!plain->empty()) return std::move(*plain);
    const auto wire = receive_wire(deadline);
    if (!wire) return std::unexpected(wire.error());
    tls_->put_wire(*wire);
  }
}

std::expected<std::string, RedisStream::Failure> RedisStream::receive_wire(RedisDeadline deadline) {
  buffer_.resize(receive_max);
  while (true) {
    const ssize_t count = recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (count > 0) return buffer_.substr(0, static_cast<std::size_t>(count));
    if (count == 0) return failed("the server closed the connection");
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return failed(system_words());
    if (!wait_for(fd_.get(), POLLIN, deadline)) return failed("no answer in time", true);
  }
}

bool RedisStream::readable() const {
  return wait_for(fd_.get(), POLLIN, RedisDeadline{});
}

}  // namespace firstcome
