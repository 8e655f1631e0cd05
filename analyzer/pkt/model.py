"""What a timeline is: connections, and packets in the order of the capture."""

from __future__ import annotations

from dataclasses import dataclass, replace

FLAG_BITS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, ".": 0x10, "U": 0x20, "E": 0x40, "W": 0x80}
SYN, RST, ACK = FLAG_BITS["S"], FLAG_BITS["R"], FLAG_BITS["."]
LINKS = {"null": 0, "ethernet": 1, "raw": 101, "sll": 113, "sll2": 276}
"""Numbers of the pcap registry."""
BASE_NS = 1_700_000_000_000_000_000
"""Time 0.000 of every timeline, ns since 1970."""


@dataclass(frozen=True)
class Talk:
    """The fixed facts of one connection; index 0 client, 1 server."""

    name: str
    addresses: tuple[str, str] = ("192.0.2.10", "198.51.100.20")
    ports: tuple[int, int] = (50000, 443)
    isns: tuple[int, int] = (1_000_000, 3_000_000)
    ttls: tuple[int, int] = (64, 64)
    mss: tuple[int, int] = (1460, 1460)
    scales: tuple[int, int] = (7, 7)


@dataclass(frozen=True)
class TimelinePacket:
    """One captured packet. seq and ack count from 0 at the SYN, as in packetdrill; ack is None without ACK flag.

    kind      tcp | dns | udp (bytes as written) | icmp | other (somebody else's datagram, so that the capture runs on)
    ip_id     None = the next of this sender; ttl, win None = the default of its side
    cut       payload bytes in the capture, None = all
    icmp      (type, code, sender address, mtu); quoted: the packet that the ICMP error quotes
    origin    1-based number in the case as written, kept when a case is changed; 0 = somebody else's
    line      of the text, 0 = of none
    """

    time: int
    talk: str
    side: int
    kind: str = "tcp"
    flags: int = 0
    seq: int = 0
    data: bytes = b""
    ack: int | None = None
    win: int | None = None
    ttl: int | None = None
    ip_id: int | None = None
    sacks: tuple[tuple[int, int], ...] = ()
    stamps: tuple[int, int] | None = None
    fast_open: bool = False
    cut: int | None = None
    icmp: tuple[int, int, str, int] | None = None
    quoted: TimelinePacket | None = None
    origin: int = 0
    line: int = 0


@dataclass(frozen=True)
class Timeline:
    """A parsed text.

    claim     the comments that begin a line; verdicts: the lines behind `=>`
    link      one of LINKS; vlans, encap: tags, and tunnels of every packet, the first innermost
    snaplen   bytes of a packet that are in the capture, 0 = all
    """

    claim: str
    talks: dict[str, Talk]
    packets: tuple[TimelinePacket, ...]
    verdicts: tuple[str, ...] = ()
    link: str = "ethernet"
    vlans: tuple[int, ...] = ()
    snaplen: int = 0
    encap: tuple[str, ...] = ()

    def with_packets(self, packets: list[TimelinePacket]) -> Timeline:
        """The same case with other packets."""
        return replace(self, packets=tuple(packets))
