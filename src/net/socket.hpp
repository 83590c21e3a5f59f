#pragma once

#include "core/error.hpp"
#include "net/address.hpp"
#include "net/fd.hpp"

// TCP sockets as the event loops need them: non-blocking, close-on-exec, without Nagle's delay.

namespace firstcome {

// A listener with SO_REUSEPORT, so that every I/O thread can have its own on one port. Error:
// unavailable, with the address and the system's reason.
[[nodiscard]] Result<Fd> listen_on(const Address& address);

// Whether nobody listens there yet. Asked before the first listen_on(), which would share the port
// with another process that also set SO_REUSEPORT. Error: unavailable.
[[nodiscard]] Result<void> check_free(const Address& address);

// The address a socket is bound to, the given port included.
[[nodiscard]] Address local_address(int fd);

// Starts to connect; the socket turns writable when that ends, and finish_connect() tells how.
[[nodiscard]] Result<Fd> start_connect(const Address& address);
[[nodiscard]] Result<void> finish_connect(int fd);

// Accepts one connection. An empty Fd: none is waiting. Error unavailable: out of descriptors.
[[nodiscard]] Result<Fd> accept_from(int listener);

}  // namespace firstcome
