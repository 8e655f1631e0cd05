"""Clients: command lines of real programs, and small Python ones for what no program does on request.

A client is an argv in which the lab fills in {ca}, {go}, {python} and {work}. `python -m lab.clients WHAT ...` runs
the Python ones.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib
import socket
import ssl
import struct
import sys
import time
import urllib.request

WWW = "www.lab.example"
REQUEST = b"GET /file.txt HTTP/1.1\r\nHost: www.lab.example\r\nUser-Agent: lab\r\n\r\n"


def curl(url: str, seconds: float = 4, *options: str) -> tuple[str, ...]:
    """curl gives up after `seconds` in all; http/1.1 so that what the wire shows does not hang on the ALPN."""
    return ("curl", "-sS", "-o", "/dev/null", "--http1.1", "--cacert", "{ca}", "-m", str(seconds), *options, url)


def go(url: str, seconds: float = 4, ca: bool = True) -> tuple[str, ...]:
    return ("{go}", url, str(seconds), *(("{ca}",) if ca else ()))


def node(what: str, url: str, seconds: float = 4) -> tuple[str, ...]:
    return ("env", "NODE_EXTRA_CA_CERTS={ca}", "node", "{lab}/client.cjs", what, url, str(seconds))


def wget(url: str) -> tuple[str, ...]:
    return ("wget", "-q", "-O", "/dev/null", "--tries=1", "--timeout=4", "--ca-certificate={ca}", url)


def python(what: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "lab.clients", what, *arguments)


def shell(line: str) -> tuple[str, ...]:
    return ("sh", "-c", line)


def fetch(url: str, ca: str) -> None:
    """urllib, 4 s."""
    context = ssl.create_default_context(cafile=ca) if url.startswith("https") else None
    with urllib.request.urlopen(url, timeout=4, context=context) as response:
        response.read()


def open_to(port: str, ca: str = "") -> socket.socket:
    """A connection; with a CA, inside TLS."""
    conn = socket.create_connection((WWW, int(port)), timeout=4)
    return ssl.create_default_context(cafile=ca).wrap_socket(conn, server_hostname=WWW) if ca else conn


def http_to(port: str, ca: str = "") -> http.client.HTTPConnection:
    """The same for http.client."""
    if not ca:
        return http.client.HTTPConnection(WWW, int(port), timeout=4)
    return http.client.HTTPSConnection(WWW, int(port), timeout=4, context=ssl.create_default_context(cafile=ca))


def connect_and_wait(port: str, ca: str = "") -> None:
    """Connect and send a request only after 0.4 s."""
    with open_to(port, ca) as conn:
        time.sleep(0.4)
        conn.sendall(REQUEST)
        conn.recv(65536)


def two_requests(port: str, idle: str, ca: str = "") -> None:
    """Two requests on one kept connection, `idle` seconds apart, whatever became of it meanwhile; then 2 s idle."""
    conn = http_to(port, ca)
    for pause in (float(idle), 2.0):
        conn.request("GET", "/file.txt")
        conn.getresponse().read()
        time.sleep(pause)
    conn.close()


def half_close(port: str) -> None:
    """A request followed by FIN: nothing more will be asked, the answer is still wanted."""
    with socket.create_connection((WWW, int(port)), timeout=4) as conn:
        conn.sendall(REQUEST)
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(65536):
            pass


def reset_after_response(port: str, ca: str = "") -> None:
    """Read the whole answer, then close with RST."""
    conn = http_to(port, ca)
    conn.request("GET", "/file.txt")
    conn.getresponse().read()
    assert conn.sock is not None
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def keep_open(port: str, ca: str = "") -> None:
    """Read the whole answer and keep the connection for another second."""
    conn = http_to(port, ca)
    conn.request("GET", "/file.txt")
    conn.getresponse().read()
    time.sleep(1)


def half_upload(port: str, ca: str = "") -> None:
    """Announce 10,000 bytes, send 3,000, close."""
    with open_to(port, ca) as conn:
        conn.sendall(b"POST /upload HTTP/1.1\r\nHost: www.lab.example\r\nContent-Length: 10000\r\n\r\n" + b"u" * 3000)
        time.sleep(0.3)


def client_hello(ca: str, protocols: list[str]) -> bytes:
    """The bytes of a ClientHello that offers these ALPN protocols."""
    context = ssl.create_default_context(cafile=ca)
    if protocols:
        context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=WWW).do_handshake()
    return outgoing.read()


def long_client_hello(port: str, ca: str) -> None:
    """A ClientHello of about 1.9 kB, and 4 s of patience."""
    with socket.create_connection((WWW, int(port)), timeout=4) as conn:
        conn.sendall(client_hello(ca, [f"protocol-{number:0100}" for number in range(15)]))
        with contextlib.suppress(TimeoutError):
            conn.recv(65536)


def reset_after_client_hello(port: str, ca: str) -> None:
    with socket.create_connection((WWW, int(port)), timeout=4) as conn:
        conn.sendall(client_hello(ca, []))
        time.sleep(0.1)
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reused_port(port: str) -> None:
    """A good fetch that ends by RST, then another from the same client port, while the server may still hold the first.

    The pause lets the server's rate limit on challenge ACKs (tcp_invalid_ratelimit, 0.5 s) run off.
    """
    linger = struct.pack("ii", 1, 0)
    for _ in range(2):
        with socket.socket() as conn:
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            conn.bind(("", 40000))
            conn.settimeout(3.5)
            with contextlib.suppress(TimeoutError):
                conn.connect((WWW, int(port)))
                conn.sendall(REQUEST)
                conn.recv(65536)
            time.sleep(0.6)


def pip(*arguments: str) -> None:
    """pip without the description of this machine that it puts into its User-Agent."""
    session = importlib.import_module("pip._internal.network.session")
    session.user_agent = lambda: "pip"
    sys.exit(importlib.import_module("pip._internal.cli.main").main(list(arguments)))


def silent_after_server_flight(port: str, ca: str) -> None:
    """ClientHello, read the server's whole flight, say nothing for 4 s."""
    with socket.create_connection((WWW, int(port)), timeout=4) as conn:
        conn.sendall(client_hello(ca, []))
        conn.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while conn.recv(65536):
                pass
        time.sleep(4)


CLIENTS = {
    made.__name__: made
    for made in (
        *(fetch, connect_and_wait, two_requests, half_close, reset_after_response, keep_open, half_upload),
        *(silent_after_server_flight, long_client_hello, reset_after_client_hello, reused_port, pip),
    )
}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](*sys.argv[2:])
