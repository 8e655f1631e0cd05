# not compiled: once a connection behind a proxy
"""The messages of SOCKS 4, 4a (as in the drafts of their authors) and 5 (RFC 1928, RFC 1929)."""

from __future__ import annotations

import ipaddress

from analyzer.layer.proxy_protocol import MORE, WRONG
from analyzer.layer.tls.reader import text

GRANTED_4 = 90
MAX_USER = 512


def socks4_request(data: bytes) -> tuple[int, str]:
    """Size and `host:port` of a SOCKS 4 request, or of 4a, which has the name after the user id."""
    user = data.find(b"\0", 8, 8 + MAX_USER)
    if user < 0:
        return (WRONG if len(data) > 8 + MAX_USER else MORE), ""
    port = (data[2] << 8) | data[3]
    if data[4:7] != b"\0\0\0" or data[7] == 0:
        return user + 1, f"{ipaddress.ip_address(data[4:8])}:{port}"
    name = data.find(b"\0", user + 1, user + 257)
    if name < 0:
        return (WRONG if len(data) > user + 257 else MORE), ""
    return name + 1, f"{text(data[user + 1 : name], 255)}:{port}"


def socks5_address(data: bytes) -> tuple[int, str]:
    """Size and `host:port` of a SOCKS 5 request or reply (RFC 1928 4, 6)."""
    if data and data[0] != 5:
        return WRONG, ""
    if len(data) < 5:
        return MORE, ""
    kind = data[3]
    if kind == 3:
        start, length = 5, data[4]
    elif kind in (1, 4):
        start, length = 4, 4 if kind == 1 else 16
    else:
        return WRONG, ""
    end = start + length
    if len(data) < end + 2:
        return MORE, ""
    port = (data[end] << 8) | data[end + 1]
    if kind == 1:
        return end + 2, f"{ipaddress.ip_address(data[start:end])}:{port}"
    if kind == 4:
        return end + 2, f"[{ipaddress.ip_address(data[start:end])}]:{port}"
    return end + 2, f"{text(data[start:end], 255)}:{port}"


def socks5_login(data: bytes) -> int:
    """Size of a user name and password (RFC 1929 2); the words themselves are not kept."""
    if data and data[0] != 1:
        return WRONG
    if len(data) < 2 or len(data) < 3 + data[1]:
        return MORE
    size: int = 3 + data[1] + data[2 + data[1]]
    return size if len(data) >= size else MORE
