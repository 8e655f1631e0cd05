"""tshark reads the same from every frame of real captures (set WHYFETCH_CAPTURES to a folder of pcap files)."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from analyzer.capture.frame import Frames
from analyzer.frame import address
from analyzer.frame import decoder as wire
from analyzer.frame.decoder import Decoder
from analyzer.frame.packet import Packet

FOLDER = os.environ.get("WHYFETCH_CAPTURES", "")
MAGIC = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
FIELDS = [
    *("ip.src", "ipv6.src", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.flags"),
    *("tcp.window_size_value", "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.timestamp.tsval"),
    *("tcp.options.timestamp.tsecr", "tcp.options.sack_le", "ip.ttl", "ip.id"),
]


def captures():
    found = sorted(Path(FOLDER).rglob("*.pcap")) if FOLDER else []
    return [path for path in found if path.read_bytes()[:4] in MAGIC]


class Rows(Frames):
    """The frames of a pcap file, read at once."""

    def __init__(self, path):
        super().__init__()
        content = path.read_bytes()
        order = MAGIC[content[:4]]
        self.link = struct.unpack(order + "I", content[20:24])[0] & 0xFFFF
        self.rows, at = [], 24
        while at + 16 <= len(content):
            _, _, captured, length = struct.unpack(order + "4I", content[at : at + 16])
            self.rows.append((content[at + 16 : at + 16 + captured], length))
            at += 16 + captured

    def advance(self):
        if self.number == len(self.rows):
            return False
        self.data, self.length = self.rows[self.number]
        self.captured = len(self.data)
        self.number += 1
        return True


def known(value):
    return "" if value < 0 else str(value)


def ours(path):
    """-> {frame number: values of FIELDS}."""
    frames, decoder, packet, rows = Rows(path), Decoder(), Packet(), {}
    while frames.advance():
        if decoder.decode(frames, packet) != wire.TCP:
            continue
        four = packet.version == 4
        size, key = (4, packet.key) if four else (16, packet.key)
        source = address.text(key[:size])
        ports = struct.unpack(">HH", key[-4:])
        numbers = (packet.seq, packet.ack, packet.length, packet.flags, packet.window)
        options = (packet.mss, packet.scale, packet.ts_value, packet.ts_echo, packet.sack_left)
        rows[packet.number] = [
            *((source, "") if four else ("", source)),
            *map(str, (*ports, *numbers)),
            *map(known, options),
            *((str(packet.ttl), str(packet.ip_id)) if four else ("", "")),
        ]
    return rows


def number(text, mask):
    return str(int(text, 16) & mask) if text else ""


def theirs(path):
    """The same from tshark."""
    command = ["tshark", "-r", path, "-Y", "tcp and not icmp and not icmpv6", "-T", "fields", "-E", "occurrence=f"]
    command += ["-o", "tcp.relative_sequence_numbers:FALSE", "-e", "frame.number"]
    for field in FIELDS:
        command += ["-e", field]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = {}
    for line in text.splitlines():
        frame, *values = line.split("\t")
        values[FIELDS.index("tcp.flags")] = number(values[FIELDS.index("tcp.flags")], 0xFF)
        values[FIELDS.index("ip.id")] = number(values[FIELDS.index("ip.id")], 0xFFFF)
        rows[int(frame)] = values
    return rows


@pytest.mark.tshark
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_agrees_with_tshark(path):
    """Addresses, ports, sequence numbers, payload lengths, flags, windows and options of every TCP packet."""
    assert ours(path) == theirs(path)
