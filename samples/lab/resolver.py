"""A DNS server that says what a name tells it to: `python -m lab.resolver`, on port 53, UDP and TCP (RFC 1035).

The first label is the behaviour; what is below lab.example and not listed here has the server's address, and everything
else does not exist.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter

from lab.cell import SERVER

PORT = 53
ZONE = ".lab.example"
A = 1
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5
CODES = {"broken": SERVFAIL, "missing": NXDOMAIN, "forbidden": REFUSED}
MANY = 60  # addresses: more than 512 bytes, the size of a UDP answer without EDNS (RFC 1035 4.2.1)
asked: Counter[bytes] = Counter()


def parse(query: bytes) -> tuple[str, int, bytes]:
    """Name, type and the bytes of the question."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", query, at + 1)[0], query[12 : at + 5]


def record(kind: int, body: bytes) -> bytes:
    """A record of the question's own name."""
    return struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(body)) + body


def answer(query: bytes, tcp: bool, over_ipv4: bool) -> bytes | None:
    """What goes back; None is silence."""
    name, kind, question = parse(query)
    what = name.removesuffix(ZONE) if name.endswith(ZONE) else "missing"
    asked[question] += 1
    if what == "silent" or (what == "late" and asked[question] == 1):
        return None
    code = CODES.get(what, 0)
    if what == "second" and over_ipv4:  # the server is reached by two addresses, as if it were two
        code = SERVFAIL
    addresses = [SERVER] if kind == A and not code and what != "mail" else []
    if what == "many" and addresses:
        addresses += [f"203.0.113.{number}" for number in range(1, MANY)]
    truncated = len(addresses) > 1 and not tcp
    records = [] if truncated else [record(A, socket.inet_aton(address)) for address in addresses]
    flags = 0x8580 | truncated << 9 | code
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)


def serve_udp(family: int) -> None:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(("", PORT))
    while True:
        query, client = sock.recvfrom(4096)
        reply = answer(query, False, family == socket.AF_INET)
        if reply is not None:
            sock.sendto(reply, client)


def serve_tcp() -> None:
    listener = socket.create_server(("", PORT))
    while True:
        conn, _ = listener.accept()
        with conn:
            conn.settimeout(5)
            while head := conn.recv(2, socket.MSG_WAITALL):
                query = conn.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                reply = answer(query, True, True) or b""
                conn.sendall(struct.pack("!H", len(reply)) + reply)


if __name__ == "__main__":
    for target, arguments in ((serve_udp, (socket.AF_INET,)), (serve_udp, (socket.AF_INET6,)), (serve_tcp, ())):
        threading.Thread(target=target, args=arguments, daemon=True).start()
    time.sleep(0.2)
    print("ready", flush=True)
    threading.Event().wait()
