# not compiled: runs once a COMMAND
"""A table of nf_tables that logs what a cgroup begins, and changes nothing of the traffic.

As `nft` would load it:

    table inet whyfetch-PID {
        flags owner
        chain output {
            type filter hook output priority 300; policy accept;
            socket cgroupv2 level N "PATH" tcp flags & (syn | ack) == syn log group G
            socket cgroupv2 level N "PATH" udp dport 53 log group G
            socket cgroupv2 level N "PATH" udp dport 443 @th,64,8 & 0xc0 == 0xc0 log group G
        }
    }

Straight by netlink: `nft` need not be there, and looks paths up below /sys/fs/cgroup, where hosts that have both
versions mount the other one. A table with an owner goes with the socket that made it, however the program ends.
"""

from __future__ import annotations

import errno
import os
import struct
from contextlib import suppress
from pathlib import Path

from analyzer.process.netlink import (
    ACK,
    APPEND,
    CREATE,
    EXCL,
    NETFILTER,
    Netlink,
    attribute,
    attributes,
    be32,
    message,
    nested,
    text,
)

# Names and numbers below are those of linux/netfilter/nf_tables.h, without NFT and NFTA.
NFTABLES = 10
INET = 1
BATCH_BEGIN, BATCH_END = 0x10, 0x11
NEW_TABLE, GET_TABLE, DELETE_TABLE, NEW_CHAIN, NEW_RULE = (NFTABLES << 8 | kind for kind in (0, 1, 2, 3, 6))
TABLE_NAME, TABLE_FLAGS = 1, 2
CHAIN_TABLE, CHAIN_NAME, CHAIN_HOOK, CHAIN_TYPE = 1, 3, 4, 7
HOOK_NUMBER, HOOK_PRIORITY = 1, 2
RULE_TABLE, RULE_CHAIN, RULE_EXPRESSIONS = 1, 2, 4
LIST_ELEMENT = 1
EXPRESSION_NAME, EXPRESSION_DATA = 1, 2
DATA_VALUE = 1
SOCKET_KEY, SOCKET_REGISTER, SOCKET_LEVEL = 1, 2, 3
SOCKET_CGROUPV2 = 3
COMPARE_REGISTER, COMPARE_HOW, COMPARE_DATA = 1, 2, 3
EQUAL = 0
META_REGISTER, META_KEY = 1, 2
META_L4PROTO = 16
PAYLOAD_REGISTER, PAYLOAD_BASE, PAYLOAD_OFFSET, PAYLOAD_LENGTH = 1, 2, 3, 4
TRANSPORT_HEADER = 2
BITWISE_FROM, BITWISE_TO, BITWISE_LENGTH, BITWISE_MASK, BITWISE_XOR = 1, 2, 3, 4, 5
LOG_GROUP = 1

OWNER = 2
"""NFT_TABLE_F_OWNER, since Linux 5.12."""

REGISTER = 1
"""Where values are loaded and compared."""

OUTPUT = 3
"""NF_INET_LOCAL_OUT: what leaves a socket of this host."""

PRIORITY = 300
"""Behind everything that may drop a packet or change its destination: what is logged is what the capture shows."""

PREFIX = "whyfetch-"


class NftTable:
    """The table of this process, from `load` to `close`."""

    def __init__(self) -> None:
        self.name = f"{PREFIX}{os.getpid()}"
        self.netlink = Netlink(NETFILTER)
        self.owned = True
        self.loaded = False

    def load(self, cgroup_id: int, level: int, group: int) -> None:
        """Log what sockets of the cgroup, and of those below it, begin, to a group of NFNETLINK_LOG."""
        rules = [self._rule(cgroup_id, level, group, kind) for kind in (TCP_SYN, UDP_DNS, UDP_QUIC)]
        try:
            self._batch([self._table(OWNER), self._chain(), *rules])
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
            self.owned = False
            self._batch([self._table(0), self._chain(), *rules])
        self.loaded = True

    def close(self) -> None:
        """Take the table away."""
        if self.loaded and not self.owned:
            with suppress(OSError):
                self._batch([(DELETE_TABLE, 0, text(TABLE_NAME, self.name))])
        self.netlink.close()

    def remove_stale(self) -> None:
        """Take away the tables of those that were killed on a kernel that knows no owners."""
        for name in self._tables():
            number = name.removeprefix(PREFIX)
            if name.startswith(PREFIX) and number.isdecimal() and not Path("/proc", number).exists():
                with suppress(OSError):
                    self._batch([(DELETE_TABLE, 0, text(TABLE_NAME, name))])

    def _tables(self) -> list[str]:
        found = [attributes(body, 4).get(TABLE_NAME, b"") for body in self.netlink.dump(GET_TABLE, _header(0))]
        return [name.rstrip(b"\0").decode(errors="replace") for name in found]

    def _table(self, flags: int) -> tuple[int, int, bytes]:
        return NEW_TABLE, CREATE | EXCL, text(TABLE_NAME, self.name) + be32(TABLE_FLAGS, flags)

    def _chain(self) -> tuple[int, int, bytes]:
        hook = nested(CHAIN_HOOK, be32(HOOK_NUMBER, OUTPUT), be32(HOOK_PRIORITY, PRIORITY))
        name = text(CHAIN_TABLE, self.name) + text(CHAIN_NAME, "output")
        return NEW_CHAIN, CREATE, name + hook + text(CHAIN_TYPE, "filter")

    def _rule(self, cgroup_id: int, level: int, group: int, which: tuple[bytes, ...]) -> tuple[int, int, bytes]:
        ancestor = be32(SOCKET_KEY, SOCKET_CGROUPV2), be32(SOCKET_REGISTER, REGISTER), be32(SOCKET_LEVEL, level)
        mine = _expression("socket", *ancestor), _equal(struct.pack("=Q", cgroup_id))
        log = _expression("log", attribute(LOG_GROUP, struct.pack(">H", group)))
        place = text(RULE_TABLE, self.name) + text(RULE_CHAIN, "output")
        return NEW_RULE, CREATE | APPEND, place + nested(RULE_EXPRESSIONS, *mine, *which, log)

    def _batch(self, changes: list[tuple[int, int, bytes]]) -> None:
        """All changes, or none of them (nf_tables transactions)."""
        first = self.netlink.sequence + 1
        parts = [message(BATCH_BEGIN, 0, first, _header(NFTABLES))]
        for number, (kind, flags, body) in enumerate(changes, first + 1):
            parts.append(message(kind, flags | ACK, number, _header(0) + body))
        self.netlink.sequence = first + len(changes) + 1
        parts.append(message(BATCH_END, 0, self.netlink.sequence, _header(NFTABLES)))
        self.netlink.socket.send(b"".join(parts))
        self.netlink.acknowledged(set(range(first + 1, first + 1 + len(changes))))


def _header(resource: int) -> bytes:
    """`struct nfgenmsg`."""
    return struct.pack(">BBH", 0 if resource else INET, 0, resource)


def _expression(name: str, *data: bytes) -> bytes:
    return nested(LIST_ELEMENT, text(EXPRESSION_NAME, name), nested(EXPRESSION_DATA, *data))


def _equal(value: bytes) -> bytes:
    data = nested(COMPARE_DATA, attribute(DATA_VALUE, value))
    return _expression("cmp", be32(COMPARE_REGISTER, REGISTER), be32(COMPARE_HOW, EQUAL), data)


def _protocol(number: int) -> tuple[bytes, ...]:
    return _expression("meta", be32(META_REGISTER, REGISTER), be32(META_KEY, META_L4PROTO)), _equal(bytes([number]))


def _transport(offset: int, length: int) -> bytes:
    """Load bytes of the transport header."""
    where = be32(PAYLOAD_OFFSET, offset), be32(PAYLOAD_LENGTH, length)
    return _expression("payload", be32(PAYLOAD_REGISTER, REGISTER), be32(PAYLOAD_BASE, TRANSPORT_HEADER), *where)


def _masked(mask: int, value: int) -> tuple[bytes, ...]:
    """Some bits of the byte that was loaded have this value."""
    registers = be32(BITWISE_FROM, REGISTER), be32(BITWISE_TO, REGISTER), be32(BITWISE_LENGTH, 1)
    masks = (
        nested(BITWISE_MASK, attribute(DATA_VALUE, bytes([mask]))),
        nested(BITWISE_XOR, attribute(DATA_VALUE, b"\0")),
    )
    return _expression("bitwise", *registers, *masks), _equal(bytes([value]))


TCP_SYN = (*_protocol(6), _transport(13, 1), *_masked(0x12, 0x02))
UDP_DNS = (*_protocol(17), _transport(2, 2), _equal(struct.pack(">H", 53)))
UDP_QUIC = (*_protocol(17), _transport(2, 2), _equal(struct.pack(">H", 443)), _transport(8, 1), *_masked(0xC0, 0xC0))
"""QUIC with a long header: its handshake, not what it carries (RFC 9000 17.2)."""
