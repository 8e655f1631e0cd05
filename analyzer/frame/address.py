# not compiled: once an address
"""Addresses as text. The standard library's `ipaddress` costs 5 ms at import and 3 us an address."""

from __future__ import annotations


def text(address: bytes) -> str:
    """4 or 16 bytes as text; IPv6 as RFC 5952 wants it: lower case, the first longest run of zeros as `::`.

    IPv4-mapped addresses are written with a dotted end (RFC 5952 5). Other lengths give "".
    """
    if len(address) == 4:
        return "%d.%d.%d.%d" % (address[0], address[1], address[2], address[3])  # noqa: UP031 - twice as fast
    if len(address) != 16:
        return ""
    if address[:12] == b"\0\0\0\0\0\0\0\0\0\0\xff\xff":
        return "::ffff:" + text(address[12:])
    groups = [address[i] << 8 | address[i + 1] for i in range(0, 16, 2)]
    start, length = longest_zeros(groups)
    if length < 2:  # RFC 5952 4.2.2: a single zero stays
        return ":".join([f"{group:x}" for group in groups])
    head = ":".join([f"{group:x}" for group in groups[:start]])
    tail = ":".join([f"{group:x}" for group in groups[start + length :]])
    return f"{head}::{tail}"


def longest_zeros(groups: list[int]) -> tuple[int, int]:
    """Start and length of the first longest run of zeros."""
    best = (0, 0)
    start = length = 0
    for i, group in enumerate(groups):
        if group:
            length = 0
            continue
        if length == 0:
            start = i
        length += 1
        if length > best[1]:
            best = (start, length)
    return best
