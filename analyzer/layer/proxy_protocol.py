# not compiled: once a connection behind a proxy
"""The header of the PROXY protocol, which load balancers put before what they pass on."""

from __future__ import annotations

from analyzer.layer.detection import PROXY_V1

MORE = 0
WRONG = -1
MAX_V1 = 107
"""Longest version 1 line with its CRLF (PROXY protocol 2.1)."""


def header_size(data: bytes) -> int:
    """Bytes of the PROXY protocol header that `data` begins with; MORE, or WRONG."""
    if data.startswith(PROXY_V1):
        end = data.find(b"\r\n", 0, MAX_V1)
        if end < 0:
            return WRONG if len(data) >= MAX_V1 else MORE
        return end + 2 if data[6:9] in (b"TCP", b"UNK") else WRONG
    if len(data) < 16:
        return MORE
    if data[12] >> 4 != 2:
        return WRONG
    return 16 + ((data[14] << 8) | data[15])
