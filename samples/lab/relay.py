"""A relay between two veth ends that delays frames, loses chosen ones and forges resets: this kernel has no netem."""

from __future__ import annotations

import argparse
import heapq
import select
import socket
import struct
import time
from dataclasses import dataclass

ETH_P_ALL = 3
OUTGOING = 4  # PACKET_OUTGOING (linux/if_packet.h): our own frames, seen again

# Run in a namespace with a device name: SIOCETHTOOL, tx checksum, scatter-gather, TSO, GSO, GRO off (linux/ethtool.h).
OFFLOADS_OFF = """
import array, fcntl, socket, struct, sys
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for command in (0x1F, 0x24, 0x2C, 0x17, 0x19):
    value = array.array("I", [command, 0])
    try:
        fcntl.ioctl(probe, 0x8946, struct.pack("16sP", sys.argv[1].encode(), value.buffer_info()[0]))
    except OSError:
        pass
"""


@dataclass(frozen=True)
class Relay:
    """What happens between router and server.

    delay_ms  one way
    lose      data segments of the server that get lost (1-based, TCP segments with payload)
    forge     upon the client's first data, send it RSTs in the server's name whose sequence numbers lie so far beyond
              what the client expects next
    """

    delay_ms: int = 0
    lose: tuple[int, ...] = ()
    forge: tuple[int, ...] = ()

    def arguments(self) -> list[str]:
        return ["--delay-ms", str(self.delay_ms), "--lose", *map(str, self.lose), "--forge", *map(str, self.forge)]


def tcp_payload(frame: bytes) -> int:
    """Payload bytes of a TCP segment in an IPv4 frame, 0 for anything else."""
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return 0
    start = 14 + (frame[14] & 15) * 4
    return int.from_bytes(frame[16:18], "big") - (start - 14) - (frame[start + 12] >> 4) * 4


def checksum(data: bytes) -> bytes:
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


def forged_reset(frame: bytes, beyond: int) -> bytes:
    """A RST to the sender of this IPv4 segment, in the server's name, with a TTL that the server does not have."""
    at = 14 + (frame[14] & 15) * 4
    source, target, ports = frame[30:34], frame[26:30], frame[at + 2 : at + 4] + frame[at : at + 2]
    seq = (int.from_bytes(frame[at + 8 : at + 12], "big") + beyond) & 0xFFFFFFFF
    ack = (int.from_bytes(frame[at + 4 : at + 8], "big") + tcp_payload(frame)) & 0xFFFFFFFF
    tcp = ports + struct.pack("!IIBBHHH", seq, ack, 5 << 4, 0x14, 0, 0, 0)
    tcp = tcp[:16] + checksum(source + target + struct.pack("!HH", 6, 20) + tcp) + tcp[18:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0x3A1F, 0x4000, 57, 6, 0) + source + target
    return frame[6:12] + frame[:6] + frame[12:14] + head[:10] + checksum(head) + head[12:] + tcp


def open_end(device: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.bind((device, 0))
    return end


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay-ms", type=int, default=0)
    parser.add_argument("--lose", type=int, nargs="*", default=[])
    parser.add_argument("--forge", type=int, nargs="*", default=[])
    options = parser.parse_args()
    router, server = open_end("m0"), open_end("m1")
    waiting: list[tuple[float, int, socket.socket, bytes]] = []
    order = segments = 0
    print("ready", flush=True)
    while True:
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select([router, server], [], [], timeout)[0]:
            frame, address = end.recvfrom(65600)
            if address[2] == OUTGOING:
                continue
            if end is server and tcp_payload(frame):
                segments += 1
                if segments in options.lose:
                    continue
            elif end is router and options.forge and tcp_payload(frame):
                for beyond in options.forge:
                    router.send(forged_reset(frame, beyond))
                options.forge = []
            order += 1
            due = time.monotonic() + options.delay_ms / 1000
            heapq.heappush(waiting, (due, order, router if end is server else server, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, out, frame = heapq.heappop(waiting)
            out.send(frame)


if __name__ == "__main__":
    main()
