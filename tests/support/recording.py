"""Real captures as lists of frames, changed as a verdict must not notice, and written again.

Only what the samples hold is understood: Ethernet and cooked frames, IPv4 and IPv6 without extensions, TCP, ICMP errors
and the packets they quote.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analyzer.capture import expand, open_capture

HEADS = {1: 14, 113: 16, 276: 20}
"""Bytes before the IP header, by link type; the samples have no VLAN tags."""
SACK, UDP = 5, 17
TLS_KEYS = 0x544C534B
"""The type of secrets that a key log is (draft-ietf-opsawg-pcapng 4.7)."""


@dataclass(frozen=True)
class Frame:
    """One captured frame; time in ns; origin: 1-based number in the capture as recorded, 0 = of another one."""

    time: int
    data: bytes
    length: int
    origin: int


@dataclass(frozen=True)
class Recording:
    """A capture of one link type; secrets: a key log that it brings with it."""

    link: int
    frames: tuple[Frame, ...]
    secrets: bytes = b""

    def each(self, change: Callable[[Frame], Frame]) -> Recording:
        """The same with every frame changed."""
        return replace(self, frames=tuple(map(change, self.frames)))


def recorded(path: Path) -> Recording:
    """The frames of a sample, whatever its form."""
    (source,) = expand([str(path)])
    capture = open_capture(source)
    cursor = capture.frames
    frames = []
    secrets: list[bytes] = []
    capture.tell_secrets(lambda body, big: not secrets.append(body[8:].rstrip(b"\0")))
    while cursor.advance():
        data = bytes(cursor.data[cursor.start : cursor.start + cursor.captured])
        frames.append(Frame(cursor.time, data, cursor.length, cursor.number))
        link = cursor.link
    return Recording(link, tuple(frames), b"".join(secrets))


def pcap(recording: Recording, order: str = "<", nano: bool = True) -> bytes:
    """A pcap file; order `<` or `>`, time stamps in nano- or microseconds. With secrets it is a pcapng file."""
    if recording.secrets:
        return pcapng(recording, order, nano)
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1000)
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, recording.link)]
    for frame in recording.frames:
        seconds, rest = divmod(frame.time, 10**9)
        out += [struct.pack(order + "IIII", seconds, rest // unit, len(frame.data), frame.length), frame.data]
    return b"".join(out)


def pcapng(recording: Recording, order: str = "<", nano: bool = True, keys: Mapping[int, bytes] | None = None) -> bytes:
    """A pcapng file of one section and one interface. keys: key logs in it, by the number of frames before them."""

    def block(kind: int, body: bytes) -> bytes:
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    options = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0) if nano else b""  # if_tsresol
    out = [block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))]
    out.append(block(1, struct.pack(order + "HHI", recording.link, 0, 0) + options))
    logs = {0: recording.secrets} if recording.secrets else {}
    logs |= keys or {}
    for number, frame in enumerate((*recording.frames, None)):
        if number in logs:
            text = logs[number]
            out.append(block(10, struct.pack(order + "II", TLS_KEYS, len(text)) + text + bytes(-len(text) % 4)))
        if frame is None:
            break
        ticks = frame.time if nano else frame.time // 1000
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame.data), frame.length)
        out.append(block(6, head + frame.data + bytes(-len(frame.data) % 4)))
    return b"".join(out)


def shifted(recording: Recording, nanoseconds: int) -> Recording:
    """Everything happens earlier or later."""
    return recording.each(lambda frame: replace(frame, time=frame.time + nanoseconds))


def mirrored(recording: Recording, delay: int, hops: int) -> Recording:
    """Every frame twice, the copy `delay` ns later with a TTL that is `hops` less."""
    copies = [
        replace(frame, time=frame.time + delay, data=_ttl_less(frame.data, HEADS[recording.link], hops))
        for frame in recording.frames
    ]
    both = sorted([*recording.frames, *copies], key=lambda frame: frame.time)
    return replace(recording, frames=tuple(both))


def names_addresses(recording: Recording) -> bool:
    """Whether DNS over UDP in it may hold addresses, which other numbers would belie."""
    at = HEADS[recording.link]
    return any(frame.data[at + (9 if frame.data[at] >> 4 == 4 else 6)] == UDP for frame in recording.frames)


def without(recording: Recording, dropped: set[int]) -> Recording:
    """The capture missed the frames with these origins."""
    return replace(recording, frames=tuple(frame for frame in recording.frames if frame.origin not in dropped))


def mixed(recording: Recording, other: Recording) -> Recording:
    """Both at the same time, in one capture; the other one lies within the first's time and has origin 0."""
    start, end = recording.frames[0].time, recording.frames[-1].time
    first, last = other.frames[0].time, other.frames[-1].time
    factor = min(1.0, (end - start) / max(1, last - first))
    company = [replace(frame, time=start + int((frame.time - first) * factor), origin=0) for frame in other.frames]
    both = sorted([*recording.frames, *company], key=lambda frame: frame.time)
    return replace(recording, frames=tuple(both))


def _ttl_less(data: bytes, at: int, hops: int) -> bytes:
    where = at + (8 if data[at] >> 4 == 4 else 7)
    return data[:where] + bytes([max(1, data[where] - hops)]) + data[where + 1 :]


def renumbered(recording: Recording, network: int, isn: int) -> Recording:
    """Other addresses (`network` is added to the first two bytes of each), sequence numbers moved on by `isn`."""

    def change(frame: Frame) -> Frame:
        data = bytearray(frame.data)
        _ip(data, HEADS[recording.link], network, isn)
        return replace(frame, data=bytes(data))

    return recording.each(change)


def _ip(data: bytearray, at: int, network: int, isn: int) -> None:
    if data[at] >> 4 == 4:
        protocol, body = data[at + 9], at + (data[at] & 15) * 4
        spots = (at + 12, at + 16)
    else:
        protocol, body = data[at + 6], at + 40
        spots = (at + 8, at + 24)
    for spot in spots:
        data[spot : spot + 2] = struct.pack("!H", (struct.unpack_from("!H", data, spot)[0] + network) & 0xFFFF)
    if protocol == 6:
        _tcp(data, body, isn)
    elif protocol in (1, 58):
        _ip(data, body + 8, network, isn)


def _tcp(data: bytearray, at: int, isn: int) -> None:
    closed: bool = data[at + 13] & 0x04 > 0 and data[at + 4 : at + 8] == bytes(4)  # no number of a connection, but 0
    if not closed:
        _add(data, at + 4, isn)
    if len(data) < at + 14 or not data[at + 13] & 0x10:
        return  # a quote of eight bytes, or no ACK
    _add(data, at + 8, isn)
    end, spot = min(len(data), at + (data[at + 12] >> 4) * 4), at + 20
    while spot + 1 < end and data[spot]:
        if data[spot] == SACK:
            for edge in range(spot + 2, min(end, spot + data[spot + 1]) - 3, 4):
                _add(data, edge, isn)
        spot += 1 if data[spot] == 1 else max(2, data[spot + 1])


def _add(data: bytearray, at: int, isn: int) -> None:
    data[at : at + 4] = struct.pack("!I", (struct.unpack_from("!I", data, at)[0] + isn) & 0xFFFFFFFF)
