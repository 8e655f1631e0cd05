"""Builds the packets of one made-up TCP connection, as a capture on the client's host would show them.

Checksums are what such a capture holds: IP's is right, TCP's is the pseudo-header sum that the network card would have
completed (checksum offload). Times are integer microseconds since the capture's start.
"""

from __future__ import annotations

import struct
from random import Random

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT, SERVER = 0, 1

_V4 = struct.Struct(">16sHHHHH8sHHIIBBHHH")
_V6 = struct.Struct(">18sHBB32sHHIIBBHHH")
_TIMESTAMPS = struct.Struct(">III")
_SYN_OPTIONS = struct.Struct(">HHHHIII")
_NOP_NOP_TS = 0x0101080A
_NOP_NOP_SACK = 0x0101050A
_MACS = (b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02")


def word_sum(data: bytes) -> int:
    """Sum of 16-bit words, not folded."""
    return sum(struct.unpack(f">{len(data) // 2}H", data))


def fold(total: int) -> int:
    """Carries added back in (RFC 1071)."""
    total = (total & 0xFFFF) + (total >> 16)
    return (total & 0xFFFF) + (total >> 16)


def ethernet(side: int, v6: bool) -> bytes:
    """The link's header for what `side` sends, and the first bytes of the IP header."""
    return _MACS[1 - side] + _MACS[side] + (b"\x86\xdd\x60\0\0\0" if v6 else b"\x08\x00\x45\x00")


def sender(frame: bytes) -> int:
    """Which side sent a frame."""
    return _MACS.index(frame[6:12])


class Talk:
    """One connection in the making.

    time    now, microseconds; the methods advance it
    frames  (time, frame) so far; asides: those that are no part of the connection (names.py)
    next    next sequence number of each side, relative; acked: what each side acknowledges
    key_log lines of a key log (sealed.py)
    """

    def __init__(self, rng: Random, start: int, addresses: tuple[bytes, bytes], ports: tuple[int, int]) -> None:
        self.rng = rng
        self.time = self.start = start
        self.addresses = addresses
        self.frames: list[tuple[int, bytes]] = []
        self.asides: list[tuple[int, bytes]] = []
        self.key_log = ""
        self.v6 = len(addresses[0]) == 16
        self.rtt = rng.randrange(4_000, 60_000)
        self.segment = 1428 if self.v6 else 1448
        self.isn = (rng.getrandbits(32), rng.getrandbits(32))
        self.next = [0, 0]
        self.acked = [0, 0]
        self.ids = [rng.getrandbits(16), rng.getrandbits(16)]
        self.clock = (rng.getrandbits(31), rng.getrandbits(31))
        self.heard = [0, 0]
        self.ports = (ports, (ports[1], ports[0]))
        self.prefix, self.pairs, self.sums = [], [], []
        for side in (CLIENT, SERVER):
            pair = addresses[side] + addresses[1 - side]
            self.prefix.append(ethernet(side, self.v6))
            self.pairs.append(pair)
            self.sums.append(word_sum(pair))

    def put(self, side: int, flags: int, payload: bytes = b"", at: int = -1, seq: int = -1, sack: bytes = b"") -> None:
        """One packet of `side` at the current time; `seq` only for what was sent before."""
        peer = 1 - side
        when = self.time if at < 0 else at
        here = self.next[side] if seq < 0 else seq
        stamp = (self.clock[side] + when // 1000) & 0xFFFFFFFF
        if flags & RST:
            options = b""
        elif flags & SYN:
            options = _SYN_OPTIONS.pack(0x0204, self.segment + 12, 0x0402, 0x080A, stamp, self.heard[side], 0x01030307)
        else:
            options = _TIMESTAMPS.pack(_NOP_NOP_TS, stamp, self.heard[side]) + sack
        self.heard[peer] = stamp
        ack = (self.isn[peer] + self.acked[side]) & 0xFFFFFFFF if flags & ACK else 0
        length = 20 + len(options) + len(payload)
        ports = self.ports[side]
        tcp = (
            ports[0],
            ports[1],
            (self.isn[side] + here) & 0xFFFFFFFF,
            ack,
            (20 + len(options)) << 2,
            flags,
            0 if flags & RST else 64240 if flags & SYN else 502,
            fold(self.sums[side] + 6 + length),
            0,
        )
        if self.v6:
            header = _V6.pack(self.prefix[side], length, 6, 52 if side else 64, self.pairs[side], *tcp)
        else:
            self.ids[side] = (self.ids[side] + 1) & 0xFFFF
            time_to_live = 0x3406 if side else 0x4006
            check = fold(0x4500 + 20 + length + self.ids[side] + 0x4000 + time_to_live + self.sums[side]) ^ 0xFFFF
            header = _V4.pack(
                self.prefix[side], 20 + length, self.ids[side], 0x4000, time_to_live, check, self.pairs[side], *tcp
            )
        self.frames.append((when, header + options + payload))
        if seq < 0:
            self.next[side] += len(payload) + (1 if flags & (SYN | FIN) else 0)

    def wait(self, microseconds: int) -> None:
        """Time goes by."""
        self.time += microseconds

    def hear(self, side: int) -> None:
        """`side` has received all that its peer sent."""
        self.acked[side] = self.next[1 - side]

    def connect(self) -> None:
        """SYN, SYN-ACK, ACK."""
        self.put(CLIENT, SYN)
        self.wait(self.rtt)
        self.hear(SERVER)
        self.put(SERVER, SYN | ACK)
        self.wait(40)
        self.hear(CLIENT)
        self.put(CLIENT, ACK)
        self.wait(100)

    def upload(self, data: bytes) -> None:
        """The client sends; the server acknowledges one round trip later."""
        for at in range(0, len(data), self.segment):
            self.put(CLIENT, ACK | PSH, data[at : at + self.segment])
            self.wait(10)
        self.wait(self.rtt)
        self.hear(SERVER)
        self.put(SERVER, ACK)
        self.wait(20)

    def download(self, data: bytes, trouble: str = "") -> None:
        """The server sends in growing bursts, the client acknowledges every other segment.

        trouble: loss (a hole, duplicate ACKs with SACK, a retransmission), reorder (two segments swapped), duplicate (a
        segment sent again although it had arrived), or nothing.
        """
        segments = [data[at : at + self.segment] for at in range(0, len(data), self.segment)]
        where = self.rng.randrange(max(1, len(segments) - 1)) if trouble and len(segments) > 4 else -1
        burst, at, offset = 10, 0, 0
        while at < len(segments):
            began = self.time
            stop = min(at + burst, len(segments))
            for index in range(at, stop):
                if index == where and trouble != "duplicate" and index + 1 < stop:
                    self.hole(segments, index, stop, trouble)
                    break
                if index == where:
                    offset = self.next[SERVER]
                self.put(SERVER, ACK | (PSH if index == stop - 1 else 0), segments[index])
                self.wait(12)
                if (index - at) % 2 or index == stop - 1:
                    self.hear(CLIENT)
                    self.put(CLIENT, ACK, at=self.time + 3)
            if at <= where < stop and trouble == "duplicate":
                self.again(segments[where], offset)
            at = stop
            burst = min(2 * burst, 64)
            self.time = max(self.time + 12, began + self.rtt) if at < len(segments) else self.time + 12

    def hole(self, segments: list[bytes], missing: int, stop: int, trouble: str) -> None:
        """The segment `missing` comes after its successors: at once (reordered) or sent again a round trip later."""
        start = self.next[SERVER]
        self.acked[CLIENT] = start
        self.next[SERVER] += len(segments[missing])
        left = self.next[SERVER]
        late = missing + 2 if trouble == "reorder" else stop
        for index in range(missing + 1, late):
            self.put(SERVER, ACK, segments[index])
            self.wait(12)
            edges = [(self.isn[SERVER] + edge) & 0xFFFFFFFF for edge in (left, self.next[SERVER])]
            self.put(CLIENT, ACK, at=self.time + 3, sack=struct.pack(">III", _NOP_NOP_SACK, *edges))
        self.wait(12 if trouble == "reorder" else self.rtt)
        self.put(SERVER, ACK, segments[missing], seq=start)
        self.wait(12)
        self.hear(CLIENT)
        self.put(CLIENT, ACK, at=self.time + 3)
        for index in range(late, stop):
            self.put(SERVER, ACK, segments[index])
            self.wait(12)
        if late < stop:
            self.hear(CLIENT)
            self.put(CLIENT, ACK, at=self.time + 3)

    def again(self, segment: bytes, offset: int) -> None:
        """A segment that had arrived is sent again after the retransmission timer; the client says so."""
        self.wait(220_000)
        self.put(SERVER, ACK | PSH, segment, seq=offset)
        self.wait(15)
        self.put(CLIENT, ACK)
        self.wait(15)

    def close(self, first: int = CLIENT) -> None:
        """FIN from `first`, FIN from the other, both acknowledged."""
        other = 1 - first
        travel = self.rtt if first == CLIENT else 60
        self.wait(50)
        self.hear(first)
        self.put(first, FIN | ACK)
        self.wait(travel)
        self.hear(other)
        self.put(other, FIN | ACK)
        self.wait(self.rtt + 60 - travel)
        self.hear(first)
        self.put(first, ACK)

    def reset(self) -> None:
        """The server resets."""
        self.wait(12)
        self.hear(SERVER)
        self.put(SERVER, RST | ACK)
