"""A relay between two veth ends that delays frames and loses chosen ones: this kernel has no netem."""

from __future__ import annotations

import argparse
import heapq
import select
import socket
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
    """One-way delay in ms, and which data segments of the server to lose (1-based, TCP segments with payload)."""

    delay_ms: int = 0
    lose: tuple[int, ...] = ()

    def arguments(self) -> list[str]:
        return ["--delay-ms", str(self.delay_ms), "--lose", *map(str, self.lose)]


def tcp_payload(frame: bytes) -> int:
    """Payload bytes of a TCP segment in an IPv4 frame, 0 for anything else."""
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return 0
    start = 14 + (frame[14] & 15) * 4
    return int.from_bytes(frame[16:18], "big") - (start - 14) - (frame[start + 12] >> 4) * 4


def open_end(device: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.bind((device, 0))
    return end


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay-ms", type=int, default=0)
    parser.add_argument("--lose", type=int, nargs="*", default=[])
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
            order += 1
            due = time.monotonic() + options.delay_ms / 1000
            heapq.heappush(waiting, (due, order, router if end is server else server, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, out, frame = heapq.heappop(waiting)
            out.send(frame)


if __name__ == "__main__":
    main()
