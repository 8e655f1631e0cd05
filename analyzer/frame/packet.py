"""One decoded TCP packet, as the decoder hands it on. C types are in packet.pxd."""

from __future__ import annotations

import cython

from analyzer.frame.octets import cut

DNS_PORT = 53
"""Of UDP datagrams only those of DNS are decoded."""
IPV4_KEY, IPV6_KEY = 12, 36
"""Bytes of a key: addresses and ports. What a side keeps of one of IPv4 as numbers is all of it."""


class Packet:
    """One TCP packet as decoded; the decoder reuses a single object.

    key             bytes: source + destination address + ports (IPV4_KEY or IPV6_KEY bytes); made when somebody asks
    key_at, key_size  where the key stands in `data` when it does so in one piece, else it is `loose_key`, and size 0
    payload         start of the TCP payload in `data`
    captured        payload bytes present in `data`
    length          payload bytes on the wire, from the IP length (never from the frame: Ethernet pads)
    mss, scale      options of this packet, -1 = absent; sack_ok 1 = SACK permitted
    ts_value, ts_echo  TCP timestamps, -1 = absent
    sack_left, sack_right  first SACK block, raw sequence numbers, -1 = absent
    fast_open       1 = Fast Open option present
    subflow         1 = MPTCP MP_JOIN option present
    """

    def __init__(self) -> None:
        self.data = b""
        self.loose_key = b""
        self.key_at = self.key_size = 0
        self.number = self.time = 0
        self.interface = self.version = self.ttl = self.ip_id = 0
        self.seq = self.ack = self.flags = self.window = 0
        self.payload = self.captured = self.length = 0
        self.reset_options()

    def reset_options(self) -> None:
        """Forget the options of the packet before."""
        self.mss = self.scale = -1
        self.sack_ok = self.fast_open = self.subflow = 0
        self.ts_value = self.ts_echo = self.sack_left = self.sack_right = -1

    def whole_key(self) -> bytes:
        """The key; the property is for Python, where it reads better, this for C, where it is faster."""
        if self.key_size:
            return cut(self.data, self.key_at, self.key_at + self.key_size)
        return self.loose_key

    def copy(self, most: cython.Py_ssize_t) -> Packet:
        """One that outlives this object, which the decoder reuses; with so many captured bytes of payload at most."""
        kept: Packet = Packet()
        captured: cython.Py_ssize_t = min(self.captured, most)
        kept.data = cut(self.data, self.payload, self.payload + captured)
        kept.captured = captured
        kept.loose_key = self.whole_key()
        kept.number, kept.time, kept.interface, kept.version = self.number, self.time, self.interface, self.version
        kept.ttl, kept.ip_id, kept.seq, kept.ack = self.ttl, self.ip_id, self.seq, self.ack
        kept.flags, kept.window, kept.length = self.flags, self.window, self.length
        kept.mss, kept.scale, kept.sack_ok = self.mss, self.scale, self.sack_ok
        kept.fast_open, kept.subflow = self.fast_open, self.subflow
        kept.ts_value, kept.ts_echo = self.ts_value, self.ts_echo
        kept.sack_left, kept.sack_right = self.sack_left, self.sack_right
        return kept

    @property
    def key(self) -> bytes:
        """Source + destination address + ports."""
        return self.whole_key()

    @key.setter
    def key(self, key: bytes) -> None:
        self.loose_key = key
        self.key_size = 0
