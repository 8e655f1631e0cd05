"""The conversations of the large capture: what client and server say, and the class and cause that follow from it.

Every function plays one connection on a `Talk`; its entry in MIX names the share, class and cause (signatures.md).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from packets import ACK, CLIENT, FIN, PSH, RST, SERVER, SYN, Talk

BODY = Random(1).randbytes(1 << 20)
SECOND = 1_000_000
NAMES = [
    "proxy.golang.org",
    "sum.golang.org",
    "pypi.org",
    "files.pythonhosted.org",
    "registry.npmjs.org",
    "deb.debian.org",
]
REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def some(rng: Random, size: int) -> bytes:
    """`size` bytes without meaning."""
    at = rng.randrange(len(BODY) - min(size, len(BODY) - 1))
    data = BODY[at : at + size]
    return data if len(data) == size else (BODY * (size // len(BODY) + 1))[:size]


def amount(rng: Random) -> int:
    """Body size: hundreds of bytes to a hundred kilobytes."""
    return rng.choice((rng.randrange(200, 4_000), rng.randrange(4_000, 34_000), rng.randrange(26_000, 88_000)))


# ---- HTTP ----


def request(rng: Random) -> bytes:
    """A GET as curl sends it."""
    name = rng.choice(NAMES)
    path = f"/{rng.getrandbits(32):08x}/@v/v1.{rng.randrange(40)}.{rng.randrange(20)}.zip"
    return f"GET {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n".encode()


def response(rng: Random, status: int, size: int, chunked: bool = False) -> bytes:
    """A response with a body of `size` bytes, framed by length or in chunks."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    head = (
        f"HTTP/1.1 {status} {REASONS.get(status, 'OK')}\r\nServer: nginx/1.24.0\r\n"
        f"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\n"
        f"{framing}\r\nConnection: keep-alive\r\n\r\n"
    ).encode()
    body = some(rng, size)
    if not chunked:
        return head + body
    chunks = [body[at : at + 8192] for at in range(0, size, 8192)]
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def ask(talk: Talk) -> None:
    """Connect and send a request; the server takes its time."""
    talk.connect()
    talk.upload(request(talk.rng))
    talk.wait(talk.rng.randrange(500, 80_000))


def http_ok(talk: Talk, trouble: str = "") -> int:
    """One to four exchanges on a kept-alive connection."""
    rng = talk.rng
    exchanges = rng.choice((1, 1, 1, 2, 4))
    talk.connect()
    for _ in range(exchanges):
        talk.upload(request(rng))
        talk.wait(rng.randrange(500, 80_000))
        talk.download(response(rng, 200, amount(rng), rng.random() < 0.3), trouble)
        talk.wait(rng.randrange(200, 30_000))
    talk.close()
    return exchanges


def http_ok_loss(talk: Talk) -> int:
    """As above, with segments lost before the client and sent again."""
    return http_ok(talk, "loss")


def http_ok_reorder(talk: Talk) -> int:
    """As above, with segments that change places."""
    return http_ok(talk, "reorder")


def http_ok_duplicate(talk: Talk) -> int:
    """As above, with segments sent twice."""
    return http_ok(talk, "duplicate")


def http_status(status: int) -> Callable[[Talk], int]:
    """A complete error response."""

    def play(talk: Talk) -> int:
        ask(talk)
        talk.download(response(talk.rng, status, talk.rng.randrange(100, 2_000)))
        talk.close()
        return 1

    return play


def rst_mid_response(talk: Talk) -> int:
    """A reset after a part of the body."""
    ask(talk)
    size = amount(talk.rng) + 20_000
    talk.download(response(talk.rng, 200, size)[: talk.rng.randrange(3_000, size)])
    talk.reset()
    return 1


def rst_after_request(talk: Talk) -> int:
    """A reset instead of an answer."""
    ask(talk)
    talk.reset()
    return 1


def truncated(talk: Talk) -> int:
    """The server's FIN comes before the announced end of the body."""
    ask(talk)
    size = amount(talk.rng) + 20_000
    talk.download(response(talk.rng, 200, size)[: talk.rng.randrange(3_000, size)])
    talk.close(SERVER)
    return 1


def client_gone(talk: Talk) -> int:
    """The client closes without an answer; the server would log 499."""
    ask(talk)
    talk.wait(talk.rng.randrange(2 * SECOND, 6 * SECOND))
    talk.close(CLIENT)
    return 1


def server_gone(talk: Talk) -> int:
    """The server closes without an answer."""
    ask(talk)
    talk.wait(talk.rng.randrange(5_000, SECOND))
    talk.close(SERVER)
    return 1


# ---- connect ----


def syn_no_answer(talk: Talk) -> int:
    """SYNs after 0, 1, 3 and 7 s (RFC 6298 doubling), and no answer."""
    for pause in (1, 2, 4, 0):
        talk.put(CLIENT, SYN, seq=0)
        talk.wait(pause * SECOND)
    return 1


def refused(talk: Talk) -> int:
    """A reset answers the SYN."""
    talk.put(CLIENT, SYN)
    talk.wait(talk.rtt)
    talk.hear(SERVER)
    talk.put(SERVER, RST | ACK)
    return 1


# ---- TLS ----


def vector(data: bytes, width: int = 2) -> bytes:
    """Length and data (RFC 8446 3.4)."""
    return len(data).to_bytes(width, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    """A hello extension."""
    return struct.pack(">HH", kind, len(data)) + data


def record(kind: int, data: bytes, version: int = 0x0303) -> bytes:
    """A TLS record."""
    return struct.pack(">BHH", kind, version, len(data)) + data


def client_hello(rng: Random, wanted: str = "", protocols: tuple[bytes, ...] = (b"h2", b"http/1.1")) -> bytes:
    """A ClientHello that offers 1.3 and 1.2; every third one with a post-quantum key share, in two segments."""
    name = (wanted or rng.choice(NAMES)).encode()
    shares = struct.pack(">HH", 29, 32) + some(rng, 32)
    groups = [29, 23, 24]
    if rng.random() < 0.33:
        shares = struct.pack(">HH", 0x11EC, 1216) + some(rng, 1216) + shares
        groups.insert(0, 0x11EC)
    extensions = b"".join(
        (
            extension(0, vector(b"\0" + vector(name))),
            extension(23, b""),
            extension(10, vector(struct.pack(f">{len(groups)}H", *groups))),
            extension(11, b"\x01\x00"),
            extension(13, vector(struct.pack(">6H", 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0806))),
            extension(16, vector(b"".join(vector(each, 1) for each in protocols))),
            extension(43, vector(struct.pack(">HH", 0x0304, 0x0303), 1)),
            extension(45, b"\x01\x01"),
            extension(51, vector(shares)),
        )
    )
    ciphers = struct.pack(">6H", 0x1301, 0x1302, 0x1303, 0xC02F, 0xC02B, 0xC030)
    body = b"\x03\x03" + some(rng, 32) + vector(some(rng, 32), 1) + vector(ciphers) + b"\x01\x00" + vector(extensions)
    return record(22, b"\x01" + vector(body, 3), 0x0301)


def server_hello(rng: Random, session: bytes, version: int, chosen: bytes = b"") -> bytes:
    """A ServerHello for TLS 1.3, or 1.2, which names the protocol that was chosen."""
    extensions = extension(0xFF01, b"\0")
    if chosen:
        extensions += extension(16, vector(vector(chosen, 1)))
    cipher = 0xC02F
    if version == 0x0304:
        share = struct.pack(">HH", 29, 32) + some(rng, 32)
        extensions = extension(43, b"\x03\x04") + extension(51, share)
        cipher = 0x1301
    body = b"\x03\x03" + some(rng, 32) + vector(session, 1) + struct.pack(">HB", cipher, 0) + vector(extensions)
    return record(22, b"\x02" + vector(body, 3))


CCS = record(20, b"\x01")


def encrypted(rng: Random, size: int) -> bytes:
    """Application data in records of at most 16 KiB of plain text and 17 bytes of overhead."""
    sizes = [16_401] * (size // 16_384) + [size % 16_384 + 17]
    return b"".join(record(23, some(rng, each)) for each in sizes)


def tls13_ok(talk: Talk) -> int:
    """A full TLS 1.3 handshake, a request, two tickets, a response, close_notify on both sides."""
    rng = talk.rng
    talk.connect()
    hello = client_hello(rng)
    talk.upload(hello)
    talk.wait(rng.randrange(300, 3_000))
    talk.download(server_hello(rng, hello[44:76], 0x0304) + CCS + record(23, some(rng, rng.randrange(2_200, 4_600))))
    talk.wait(rng.randrange(500, 2_000))
    talk.upload(CCS + record(23, some(rng, 53)) + record(23, some(rng, rng.randrange(110, 400))))
    talk.wait(rng.randrange(500, 60_000))
    tickets = record(23, some(rng, 250)) * 2
    talk.download(tickets + encrypted(rng, amount(rng)) + encrypted(rng, amount(rng)))
    talk.put(CLIENT, ACK | PSH, record(23, some(rng, 19)))
    talk.close()
    return 1


def tls12_ok(talk: Talk) -> int:
    """A resumed TLS 1.2 session, with one request and its response."""
    rng = talk.rng
    talk.connect()
    hello = client_hello(rng)
    talk.upload(hello)
    talk.wait(rng.randrange(300, 3_000))
    talk.download(server_hello(rng, hello[44:76], 0x0303) + CCS + record(22, some(rng, 40)))
    talk.wait(rng.randrange(500, 2_000))
    talk.upload(CCS + record(22, some(rng, 40)) + record(23, some(rng, rng.randrange(110, 400))))
    talk.wait(rng.randrange(500, 60_000))
    talk.download(encrypted(rng, amount(rng)) + encrypted(rng, amount(rng)))
    talk.put(CLIENT, ACK | PSH, record(21, some(rng, 26)))
    talk.close()
    return 1


def hello_only(talk: Talk) -> None:
    """Connect and send a ClientHello, which the server acknowledges."""
    talk.connect()
    talk.upload(client_hello(talk.rng))


def tls_no_server_hello(talk: Talk) -> int:
    """The server acknowledges the hello and says nothing; the client gives up."""
    hello_only(talk)
    talk.wait(talk.rng.randrange(5 * SECOND, 10 * SECOND))
    talk.close(CLIENT)
    return 1


def tls_hello_unacked(talk: Talk) -> int:
    """The hello never arrives, nor does the FIN."""
    talk.connect()
    hello = client_hello(talk.rng)[: talk.segment]
    offset = talk.next[CLIENT]
    talk.put(CLIENT, ACK | PSH, hello)
    for pause in (200_000, 400_000, 800_000, 1_600_000, 3_200_000):
        talk.wait(pause)
        talk.put(CLIENT, ACK | PSH, hello, seq=offset)
    talk.wait(2 * SECOND)
    talk.put(CLIENT, FIN | ACK)
    return 1


def tls_alert(talk: Talk) -> int:
    """The server answers the hello with a fatal alert and closes."""
    hello_only(talk)
    talk.wait(talk.rng.randrange(300, 3_000))
    talk.download(record(21, b"\x02\x28"))
    talk.close(SERVER)
    return 1


def rst_after_hello(talk: Talk) -> int:
    """A reset answers the hello."""
    hello_only(talk)
    talk.reset()
    return 1


# share, class, cause, port, conversation. Shares are weights.
MIX: list[tuple[int, str, str, int, Callable[[Talk], int]]] = [
    (240, "ok", "", 80, http_ok),
    (30, "ok", "", 80, http_ok_loss),
    (30, "ok", "", 80, http_ok_reorder),
    (20, "ok", "", 80, http_ok_duplicate),
    (230, "ok", "", 443, tls13_ok),
    (50, "ok", "", 443, tls12_ok),
    (50, "syn-retransmit", "syn-no-answer", 443, syn_no_answer),
    (40, "rst", "rst-refused", 8080, refused),
    (45, "rst", "rst-mid-response", 80, rst_mid_response),
    (20, "rst", "rst-after-request", 80, rst_after_request),
    (30, "rst", "rst-after-clienthello", 443, rst_after_hello),
    (25, "tls-stall", "tls-no-server-hello", 443, tls_no_server_hello),
    (15, "tls-stall", "tls-clienthello-unacked", 443, tls_hello_unacked),
    (30, "tls-failure", "tls-alert-handshake-failure", 443, tls_alert),
    *((12, "http-failure", f"http-status-{status}", 80, http_status(status)) for status in REASONS),
    (25, "http-failure", "http-client-closed-no-response", 80, client_gone),
    (15, "http-failure", "http-no-response-server-closed", 80, server_gone),
    (40, "http-failure", "http-response-truncated", 80, truncated),
]
