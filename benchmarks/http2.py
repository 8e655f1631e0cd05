"""HTTP/2 frames and header blocks without TLS, as curl and nginx write them (RFC 9113, RFC 7541), without Huffman."""

from __future__ import annotations

import struct

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 7, 8
HEADER = 9
"""Bytes of a frame before its payload."""
END_STREAM, ACK, END_HEADERS = 1, 1, 4
LARGEST = 16_384
"""Bytes of a DATA frame, unless the peer's SETTINGS allow more."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


SETTINGS_OF_CLIENT = frame(SETTINGS, 0, 0, struct.pack(">HIHIHI", 3, 100, 4, 10_485_760, 2, 0))
SETTINGS_OF_SERVER = frame(SETTINGS, 0, 0, struct.pack(">HIHIHI", 3, 128, 4, 65_536, 5, 16_777_215))
SETTINGS_ACK = frame(SETTINGS, ACK, 0)
MORE_WINDOW = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1_048_510_465))
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SETTINGS_OF_CLIENT + MORE_WINDOW
GOODBYE = frame(GOAWAY, 0, 0, bytes(8))


def text(value: str) -> bytes:
    """A string literal that is shorter than 127 bytes."""
    return bytes([len(value)]) + value.encode()


def request(stream: int, path: str, name: str) -> bytes:
    """A GET; the first of a connection enters what they have in common into the table, the others refer to it."""
    known = b"\xc0\xbf\xbe"
    if stream == 1:
        known = b"\x41" + text(name) + b"\x7a" + text("curl/8.5.0") + b"\x53" + text("*/*")
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\x82\x86\x04" + text(path) + known)


def response(stream: int, status: int, body: bytes) -> bytes:
    """A response, with the table as above."""
    block = b"\x88" if status == 200 else b"\x08" + text(str(status))
    known = b"\xbf\xbe"
    if stream == 1:
        known = b"\x76" + text("nginx/1.24.0") + b"\x5f" + text("application/octet-stream")
    block += known + b"\x0f\x12" + text("Thu, 01 Jan 2026 00:00:00 GMT") + b"\x0f\x0d" + text(str(len(body)))
    pieces = [body[at : at + LARGEST] for at in range(0, len(body), LARGEST)] or [b""]
    data = [frame(DATA, 0, stream, piece) for piece in pieces[:-1]]
    return frame(HEADERS, END_HEADERS, stream, block) + b"".join([*data, frame(DATA, END_STREAM, stream, pieces[-1])])
