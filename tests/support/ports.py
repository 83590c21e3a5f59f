"""Ports of loopback for services that must know theirs before they start, and come back on the
same. They lie below those that the kernel gives to connections, so that none is taken between a
stop and a restart."""

import random
import socket

# A Redis of a cluster talks to the others 10,000 above its port: that is kept free, too.
BUS_OFFSET = 10_000
FIRST, LAST = 15_000, 22_000

_reserved = []  # held until this process ends


def free_port():
    """A port that nobody listens on and that no other process which asks here is given."""
    for _ in range(1000):
        port = random.randint(FIRST, LAST)
        if _reserve(port) and _is_free(port) and _is_free(port + BUS_OFFSET):
            return port
    raise RuntimeError("no port is free")


def _reserve(port):
    """By the name of a socket without a file: the kernel lets go of it when the process ends."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0firstcome-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
