"""Servers that misbehave on purpose: `python -m lab.servers BEHAVIOUR PORT`.

A behaviour is what one accepted connection gets; on ports 443 and 8444, with LAB_TLS=TLSv1.3 or so, inside TLS.
"""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from lab.handshake import Handshake, context, wrapped

Handler = Callable[[socket.socket], None]
PATIENCE = 90.0  # longer than any scenario
TLS_PORTS = (443, 8444)
BODY = b"0123456789abcdef" * 64  # 1024 bytes
OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
BEHAVIOURS: dict[str, Handler] = {}


def behaviour(handler: Handler) -> Handler:
    """Make a handler known to the command line by its name."""
    BEHAVIOURS[handler.__name__] = handler
    return handler


def reset(conn: socket.socket) -> None:
    """RST instead of FIN (SO_LINGER with time 0, socket(7))."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def read_request(conn: socket.socket) -> bytes:
    """The head of one HTTP request, b"" when the client closed."""
    head = b""
    while b"\r\n\r\n" not in head:
        got = conn.recv(65536)
        if not got:
            return b""
        head += got
    return head


def ok(body: bytes = BODY) -> bytes:
    return OK_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def wait_for_close(conn: socket.socket) -> None:
    while conn.recv(65536):
        pass


# before and during TLS


@behaviour
def silent(conn: socket.socket) -> None:
    wait_for_close(conn)


@behaviour
def rst_on_accept(conn: socket.socket) -> None:
    reset(conn)


@behaviour
def rst_after_first_bytes(conn: socket.socket) -> None:
    conn.recv(65536)
    time.sleep(0.02)
    reset(conn)


@behaviour
def rst_after_tls_silence(conn: socket.socket) -> None:
    conn.recv(65536)
    time.sleep(3.5)
    reset(conn)


@behaviour
def rst_after_idle(conn: socket.socket) -> None:
    conn.recv(65536)
    time.sleep(10.5)
    reset(conn)


@behaviour
def binary_reply(conn: socket.socket) -> None:
    conn.recv(65536)
    conn.sendall(bytes(range(128, 192)))
    wait_for_close(conn)


@behaviour
def fin_after_first_bytes(conn: socket.socket) -> None:
    conn.recv(65536)
    conn.shutdown(socket.SHUT_WR)
    wait_for_close(conn)


@behaviour
def rst_after_server_hello(conn: socket.socket) -> None:
    flight = Handshake(conn).step()
    conn.sendall(flight[: 5 + int.from_bytes(flight[3:5], "big")])  # the first record: the ServerHello, whole
    time.sleep(0.1)
    reset(conn)


def half_flight(conn: socket.socket, version: ssl.TLSVersion | None = None) -> None:
    flight = Handshake(conn, version).step()
    conn.sendall(flight[: len(flight) // 2])
    wait_for_close(conn)


@behaviour
def half_flight_tls12(conn: socket.socket) -> None:
    half_flight(conn, ssl.TLSVersion.TLSv1_2)


@behaviour
def no_finished_tls12(conn: socket.socket) -> None:
    conn.sendall(Handshake(conn, ssl.TLSVersion.TLSv1_2).step())
    wait_for_close(conn)


@behaviour
def slow_tls(conn: socket.socket) -> None:
    first = conn.recv(65536)
    time.sleep(2.2)
    shake = Handshake(conn)
    shake.incoming.write(first)
    shake.complete()
    shake.tls.write(ok())
    conn.sendall(shake.outgoing.read())
    wait_for_close(conn)


@behaviour
def alert_unrecognized_name(conn: socket.socket) -> None:
    made = context()
    made.sni_callback = lambda *_: ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    try:
        made.wrap_socket(conn, server_side=True)
    except ssl.SSLError:
        conn.close()


@behaviour
def smtp_banner(conn: socket.socket) -> None:
    conn.sendall(b"220 mail.lab.example ESMTP ready\r\n")
    wait_for_close(conn)


# HTTP, in the clear


@behaviour
def http_ok(conn: socket.socket) -> None:
    while read_request(conn):
        conn.sendall(ok())


@behaviour
def http_continue(conn: socket.socket) -> None:
    """100 Continue, then read the announced body, then 200."""
    head = read_request(conn)
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = head.split(b"\r\n\r\n", 1)[1]
    while len(body) < length:
        body += conn.recv(65536)
    conn.sendall(ok(b"thank you\n"))
    wait_for_close(conn)


@behaviour
def http_slow_answer(conn: socket.socket) -> None:
    """The answer comes 1 s after the request, also to a client that has already said FIN."""
    read_request(conn)
    time.sleep(1)
    conn.sendall(ok())
    conn.close()


@behaviour
def http_ok_then_rst(conn: socket.socket) -> None:
    read_request(conn)
    conn.sendall(ok())
    time.sleep(0.3)
    reset(conn)


@behaviour
def http_truncated(conn: socket.socket) -> None:
    read_request(conn)
    conn.sendall(ok()[:300])
    conn.shutdown(socket.SHUT_WR)
    wait_for_close(conn)


@behaviour
def http_chunked_truncated(conn: socket.socket) -> None:
    """Three whole chunks, then FIN where the size of a fourth, or the last chunk of size 0, should be."""
    read_request(conn)
    conn.sendall(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"10\r\n0123456789abcdef\r\n" * 3)
    conn.shutdown(socket.SHUT_WR)
    wait_for_close(conn)


@behaviour
def http_half_then_rst(conn: socket.socket) -> None:
    read_request(conn)
    conn.sendall(ok()[:600])
    time.sleep(0.2)
    reset(conn)


@behaviour
def http_half_then_silent(conn: socket.socket) -> None:
    read_request(conn)
    conn.sendall(ok()[:600])
    wait_for_close(conn)


@behaviour
def http_drip(conn: socket.socket) -> None:
    """A body of 20 pieces, one every 0.2 s."""
    read_request(conn)
    conn.sendall(OK_HEAD + b"Content-Length: 2000\r\n\r\n")
    for _ in range(20):
        time.sleep(0.2)
        conn.sendall(b"drip" * 25)
    wait_for_close(conn)


@behaviour
def http_ok_then_rst_on_second(conn: socket.socket) -> None:
    read_request(conn)
    conn.sendall(ok())
    read_request(conn)
    reset(conn)


@behaviour
def http_ok_then_fin(conn: socket.socket) -> None:
    """One answer, then the idle connection is closed after 1 s for good: a later request gets RST."""
    read_request(conn)
    conn.sendall(ok())
    time.sleep(1)
    conn.close()


@behaviour
def http_banner(conn: socket.socket) -> None:
    """A service of another kind that waits for the client to speak."""
    conn.recv(65536)
    conn.sendall(b"+OK POP3 ready\r\n")
    wait_for_close(conn)


@behaviour
def proxy_forbids(conn: socket.socket) -> None:
    read_request(conn)
    conn.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    conn.close()


@behaviour
def proxy_connects(conn: socket.socket) -> None:
    """A CONNECT proxy in front of the nginx on the same host."""
    read_request(conn)
    inner = socket.create_connection(("127.0.0.1", 443))
    conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    back = threading.Thread(target=pump, args=(inner, conn), daemon=True)
    back.start()
    pump(conn, inner)


def pump(source: socket.socket, sink: socket.socket) -> None:
    while got := source.recv(65536):
        sink.sendall(got)
    sink.shutdown(socket.SHUT_WR)


@behaviour
def http_until_close(conn: socket.socket) -> None:
    """HTTP/1.0 without a length: the body ends with the connection (RFC 9112 6.3)."""
    read_request(conn)
    conn.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + BODY)
    conn.close()


@behaviour
def http_asks_password(conn: socket.socket) -> None:
    """401 until the client names itself."""
    while head := read_request(conn):
        if b"\r\nAuthorization:" in head:
            conn.sendall(ok())
        else:
            refusal = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="lab"\r\nContent-Length: 0\r\n\r\n'
            conn.sendall(refusal)


@behaviour
def http_too_many(conn: socket.socket) -> None:
    read_request(conn)
    conn.sendall(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
    wait_for_close(conn)


# in front of the nginx on the same host: what a registry's files go through

ARCHIVES = (b".zip", b".whl", b".tgz")
ASKED = itertools.count()


def from_nginx(head: bytes) -> bytes:
    """nginx's whole answer to this request, after which the connection is closed."""
    start, _, rest = head.partition(b"\r\n")
    lines = [line for line in rest.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
    with socket.create_connection(("127.0.0.1", 80)) as inner:
        inner.sendall(b"\r\n".join([start, *lines, b"Connection: close", b"", b""]))
        return b"".join(iter(lambda: inner.recv(65536), b""))


def archive(head: bytes) -> bool:
    return head.split(b" ")[1].endswith(ARCHIVES)


@behaviour
def front_503_twice(conn: socket.socket) -> None:
    """The first two requests are refused, later ones are answered."""
    head = read_request(conn)
    if head and next(ASKED) < 2:
        conn.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    elif head:
        conn.sendall(from_nginx(head))


@behaviour
def front_reset_once(conn: socket.socket) -> None:
    """The first request is answered by RST, later ones are answered."""
    head = read_request(conn)
    if head and next(ASKED) < 1:
        reset(conn)
    elif head:
        conn.sendall(from_nginx(head))


@behaviour
def front_cuts_archives(conn: socket.socket) -> None:
    """Half of an archive, then FIN."""
    if head := read_request(conn):
        answer = from_nginx(head)
        conn.sendall(answer[: len(answer) * 2 // 3] if archive(head) else answer)


@behaviour
def front_resets_archives(conn: socket.socket) -> None:
    """Half of an archive, and a RST 0.2 s later."""
    if head := read_request(conn):
        answer = from_nginx(head)
        conn.sendall(answer[: len(answer) * 2 // 3] if archive(head) else answer)
        if archive(head):
            time.sleep(0.2)
            reset(conn)


@behaviour
def front_withholds_archives(conn: socket.socket) -> None:
    """No answer to a request for an archive."""
    if head := read_request(conn):
        if archive(head):
            wait_for_close(conn)
        else:
            conn.sendall(from_nginx(head))


@behaviour
def front_hangs_up_on_archives(conn: socket.socket) -> None:
    """FIN without a byte upon a request for an archive."""
    head = read_request(conn)
    if head and not archive(head):
        conn.sendall(from_nginx(head))


@behaviour
def git_smart(conn: socket.socket) -> None:
    """git smart HTTP: every request goes through `git http-backend`, a CGI program (RFC 3875)."""
    while head := read_request(conn):
        head, _, body = head.partition(b"\r\n\r\n")
        method, target = head.decode("latin-1").split(" ")[:2]
        fields = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
        }
        while len(body) < int(fields.get("content-length", 0)):
            body += conn.recv(65536)
        path, _, query = target.partition("?")
        environment = dict(
            os.environ,
            GIT_HTTP_EXPORT_ALL="1",
            GIT_PROJECT_ROOT=os.environ["LAB_FILES"],
            GIT_PROTOCOL=fields.get("git-protocol", ""),
            GIT_CONFIG_COUNT="1",
            GIT_CONFIG_KEY_0="safe.directory",
            GIT_CONFIG_VALUE_0="*",
            REQUEST_METHOD=method,
            PATH_INFO=path,
            QUERY_STRING=query,
            CONTENT_TYPE=fields.get("content-type", ""),
            CONTENT_LENGTH=str(len(body)),
        )
        backend = ["git", "http-backend"]
        answer = subprocess.run(backend, input=body, env=environment, capture_output=True, check=True)
        said, _, content = answer.stdout.partition(b"\r\n\r\n")
        conn.sendall(b"HTTP/1.1 200 OK\r\n" + said + b"\r\nContent-Length: %d\r\n\r\n" % len(content) + content)


# HTTP inside TLS


@behaviour
def https_silent(conn: socket.socket) -> None:
    """No answer to the request, only the session tickets, which are no answer."""
    shake = Handshake(conn)
    shake.complete()
    if shake.outgoing.pending:
        conn.sendall(shake.outgoing.read())
    wait_for_close(conn)


@behaviour
def https_fin(conn: socket.socket) -> None:
    shake = Handshake(conn)
    shake.complete()
    conn.shutdown(socket.SHUT_WR)
    wait_for_close(conn)


@behaviour
def https_cut(conn: socket.socket) -> None:
    """One record that announces the whole response, cut in its middle by FIN."""
    shake = Handshake(conn)
    shake.complete()
    if shake.outgoing.pending:
        conn.sendall(shake.outgoing.read())
    shake.tls.write(ok())
    record = shake.outgoing.read()
    conn.sendall(record[: len(record) // 2])
    conn.shutdown(socket.SHUT_WR)
    wait_for_close(conn)


def serve(handler: Handler, port: int) -> None:
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        conn, _ = listener.accept()
        conn.settimeout(PATIENCE)
        threading.Thread(target=handle, args=(handler, conn), daemon=True).start()


def handle(handler: Handler, conn: socket.socket) -> None:
    try:
        if conn.getsockname()[1] in TLS_PORTS and (version := os.environ.get("LAB_TLS")):
            conn = wrapped(conn, version)
        handler(conn)
    except OSError as error:
        print(f"{handler.__name__}: {error}", file=sys.stderr)
    finally:
        conn.close()


if __name__ == "__main__":
    serve(BEHAVIOURS[sys.argv[1]], int(sys.argv[2]))
