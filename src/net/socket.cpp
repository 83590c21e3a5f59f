#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace firstcome {
namespace {

std::unexpected<Error> failed(const std::string& what) {
  return fail(ErrorCode::unavailable, what + ": " + std::strerror(errno));
}

void enable(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

Fd tcp_socket(const Address& address) {
  return Fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

const sockaddr* as_sockaddr(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

std::string in_use(const Address& address) {
  return "cannot listen on " + address.str();
}

}  // namespace

Result<void> check_free(const Address& address) {
  Fd fd = tcp_socket(address);
  if (!fd) return failed("cannot make a socket");
  enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);  // without SO_REUSEPORT: a listener elsewhere refuses
  if (bind(fd.get(), as_sockaddr(address), address.size) != 0) return failed(in_use(address));
  return {};
}

Result<Fd> listen_on(const Address& address) {
  Fd fd = tcp_socket(address);
  if (!fd) return failed("cannot make a socket");
  enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  enable(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  if (bind(fd.get(), as_sockaddr(address), address.size) != 0) return failed(in_use(address));
  if (listen(fd.get(), SOMAXCONN) != 0) return failed(in_use(address));
  return fd;
}

Address local_address(int fd) {
  Address address;
  address.size = sizeof address.storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  return address;
}

Result<Fd> start_connect(const Address& address) {
  Fd fd = tcp_socket(address);
  if (!fd) return failed("cannot make a socket");
  enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  if (connect(fd.get(), as_sockaddr(address), address.size) != 0 && errno != EINPROGRESS) {
    return failed("cannot connect to " + address.str());
  }
  return fd;
}

Result<void> finish_connect(int fd) {
  int code = 0;
  socklen_t size = sizeof code;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
  if (code == 0) return {};
  return fail(ErrorCode::unavailable, std::string("cannot connect: ") + std::strerror(code));
}

Result<Fd> accept_from(int listener) {
  Fd fd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) {
    enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    return fd;
  }
  const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
  if (exhausted) return failed("cannot accept a connection");
  return Fd();
}

}  // namespace firstcome
