#!/usr/bin/env python3
"""10,000 open connections, and 100,000 campaigns: that they work, and the memory they take."""

import http.client
import json
import socket
import time

import harness
from harness import Server, scratch, table

CONNECTIONS = 10_000
CAMPAIGNS = 100_000
IN_FLIGHT = 64


def open_connections(server):
    sockets = []
    while len(sockets) < CONNECTIONS:
        sockets.append(socket.create_connection(("127.0.0.1", server.port), 10))
    return sockets


def ask_each(server, sockets):
    """One claim on every connection, every reply read."""
    won = 0
    for number, client in enumerate(sockets):
        body = json.dumps({"user": f"wide-{number}"})
        client.sendall((f"POST /v1/campaigns/wide/claims HTTP/1.1\r\nHost: h\r\n"
                        f"Authorization: Bearer {server.issue_key}\r\n"
                        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                        f"{body}").encode())
    for client in sockets:
        won += client.recv(4096).startswith(b"HTTP/1.1 201")
    return won


def make_campaigns(server):
    """PUTs over several connections, so that changes share commits."""
    connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(IN_FLIGHT)]
    headers = {"Authorization": f"Bearer {server.admin_key}", "Content-Type": "application/json"}
    for first in range(0, CAMPAIGNS, IN_FLIGHT):
        batch = range(first, min(first + IN_FLIGHT, CAMPAIGNS))
        for connection, number in zip(connections, batch):
            connection.request("PUT", f"/v1/campaigns/c{number}", '{"stock":10}', headers)
        for connection, _ in zip(connections, batch):
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 201, reply.status


def main():
    harness.prepare()
    rows = []
    with scratch() as data:
        server = Server(data, "--io-threads", "1")
        server.campaign("wide", stock=CONNECTIONS)
        empty = server.resident_bytes()
        sockets = open_connections(server)
        won = ask_each(server, sockets)
        used = server.resident_bytes() - empty
        rows.append((f"{CONNECTIONS:,} connections, one claim each", f"{won:,} issued",
                     f"{used / 1e6:.1f}", f"{used / CONNECTIONS:,.0f}"))
        for client in sockets:
            client.close()
        before, start = server.resident_bytes(), time.monotonic()
        make_campaigns(server)
        took, used = time.monotonic() - start, server.resident_bytes() - before
        rows.append((f"{CAMPAIGNS:,} campaigns", f"made in {took:.0f} s", f"{used / 1e6:.1f}",
                     f"{used / CAMPAIGNS:,.0f}"))
        server.stop()
        again = Server(data, "--io-threads", "1")
        rows.append(("the same, started again", f"ready after {again.ready_s:.2f} s",
                     f"{again.resident_bytes() / 1e6:.1f}", ""))
        again.stop()
    table("Many connections, many campaigns", ["what", "result", "MB", "bytes each"], rows)


if __name__ == "__main__":
    main()
