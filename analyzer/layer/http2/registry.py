"""Numbers of HTTP/2 frames and errors, with names for the errors. An unknown code stays a number."""

# not compiled: numbers and a table that is looked up once per displayed fact

from __future__ import annotations

FRAME_HEADER = 9
"""Bytes of a frame before its payload (RFC 9113 4.1)."""

DATA = 0
HEADERS = 1
RST_STREAM = 3
SETTINGS = 4
PUSH_PROMISE = 5
GOAWAY = 7
WINDOW_UPDATE = 8
CONTINUATION = 9
"""Frame types (RFC 9113 6) that are read; PRIORITY, PING and unknown ones say nothing of a fetch."""

ACK = 0x01
END_STREAM = 0x01
END_HEADERS = 0x04
PADDED = 0x08
PRIORITY = 0x20
"""Frame flags (RFC 9113 6.1, 6.2, 6.5)."""

INITIAL_WINDOW_SIZE = 4
"""The setting that is read (RFC 9113 6.5.2)."""
DEFAULT_WINDOW = 65_535
MAX_WINDOW = 0x7FFFFFFF
"""Bytes of DATA that a side may send before the other has to allow more (RFC 9113 6.9.1, 6.9.2)."""

UNREADABLE = "http2-unreadable"
"""Flag: frame boundaries were lost, so that nothing more was read of one direction or both."""

NO_ERROR = 0
REFUSED_STREAM = 7
REJECTIONS = frozenset((1, 3, 6, 9))
"""PROTOCOL_, FLOW_CONTROL_, FRAME_SIZE_ and COMPRESSION_ERROR: with these an endpoint says that its peer did wrong."""

ERRORS = {
    0: "no-error",
    1: "protocol-error",
    2: "internal-error",
    3: "flow-control-error",
    4: "settings-timeout",
    5: "stream-closed",
    6: "frame-size-error",
    7: "refused-stream",
    8: "cancel",
    9: "compression-error",
    10: "connect-error",
    11: "enhance-your-calm",
    12: "inadequate-security",
    13: "http-1-1-required",
}
"""RFC 9113 7, in the spelling of the causes."""


def error_name(code: int) -> str:
    """`refused-stream`, or the number of an error that has no name."""
    return ERRORS.get(code, str(code))


def error_word(code: int) -> str:
    """`REFUSED_STREAM (7)`, as RFC 9113 and Wireshark write it; a code without a name is `error 99`."""
    if code not in ERRORS:
        return f"error {code}"
    return f"{ERRORS[code].upper().replace('-', '_')} ({code})"
