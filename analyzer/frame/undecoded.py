# not compiled: only frames that lead nowhere come here
"""Counts what was not decoded, kind by kind, so that a capture whose fetches are hidden is not called empty.

Not told is what carries no fetch and is in every capture: address resolution, spanning tree, routing, discovery.
"""

from __future__ import annotations

from collections import Counter

ENCRYPTED_WIRELESS = 0x10001
AGGREGATED_WIRELESS = 0x10002
NESTED = 0x10003
CUT = 0x10004
QUIC = 0x10005
ESP_IN_UDP = 0x10006
"""Kinds that no EtherType names; `NAMES` says what they are."""
PPP_PROTOCOL = 0x20000
IP_PROTOCOL = 0x30000
"""Added to a protocol number of PPP, or of IP, to make it a kind."""
PPP = 0x880B

MOST_KINDS = 64
"""Kinds that are counted apart; there are 65,536 EtherTypes, and a hostile capture may use them all."""
MOST_LINES = 16
"""Warnings about kinds; the rarest of more are one line."""

DECODED_TYPES = {
    *(0x0800, 0x86DD, 0x8100, 0x88A8, 0x9100, 0x9200, 0x8847, 0x8848, 0x8864, 0x6558, PPP, 0x88BE, 0x22EB),
    *(0x8909, 0x88E7, 0x893F, 0x8926, 0x892F, 0x894F),
}
"""Frames that stopped at one of these were cut, or are broken."""
QUIET_TYPES = frozenset(
    {
        *DECODED_TYPES,
        *(0x0806, 0x8035, 0x0842),  # ARP, RARP, Wake-on-LAN
        *(0x2000, 0x2001, 0x2003, 0x2004, 0x010B),  # Cisco's CDP, NHRP, VTP, DTP and PVST behind SNAP or GRE
        *(0x80F3, 0x809B, 0x8137, 0x6002, 0x6003, 0x6004),  # AppleTalk, IPX, DECnet
        *(0x8808, 0x8809, 0x88CC, 0x8902, 0x88F5, 0x88F6, 0x22EA, 0x8940, 0x893A),  # pause, LACP, LLDP, CFM, MVRP, EVB
        *(0x8863, 0x888E, 0x88C7, 0x88B7, 0x890D),  # PPPoE discovery, 802.1X, pre-authentication, OUI types, TDLS
        *(0x9000, 0x9003, 0x8899, 0x88D9, 0x88E1, 0x8912, 0x887B, 0x886D, 0x8874),  # loop tests, LLTD, HomePlug
        *(0x88F7, 0x22F0, 0x8892, 0x88A4, 0x88AB, 0x88B8, 0x88B9, 0x88BA, 0x88CD, 0x88E3, 0x88FB),  # clocks, industry
        *(0x88A2, 0x8906, 0x8914, 0x8915),  # storage: ATA and Fibre Channel over Ethernet, RoCE
    }
)
"""EtherTypes (IANA ieee-802-numbers) that carry no IP."""
QUIET_PROTOCOLS = frozenset((1, 2, 3, 6, 8, 9, 17, 46, 58, 59, 88, 89, 103, 112, 113))
"""IP protocols that carry no fetch, or are decoded: ICMP, IGMP, routing, reservation, redundancy."""
QUIET_PPP = frozenset((0, 0x0021, 0x0057, 0x0281))
"""PPP protocols that are decoded; those from 0x8000 on configure the link (RFC 1661 2)."""
FIRST_ETHERTYPE = 1536
"""Smaller values are lengths (IEEE 802.3 3.2.6), and what is behind them no IP."""

NAMES = {
    ENCRYPTED_WIRELESS: ("encrypted 802.11 frame", "encrypted 802.11 frames"),
    AGGREGATED_WIRELESS: ("aggregated 802.11 frame (A-MSDU)", "aggregated 802.11 frames (A-MSDU)"),
    NESTED: ("frame with too many headers inside each other", "frames with too many headers inside each other"),
    CUT: ("TCP packet cut within its header (snap length)", "TCP packets cut within their headers (snap length)"),
    QUIC: ("UDP datagram that looks like QUIC (HTTP/3)", "UDP datagrams that look like QUIC (HTTP/3)"),
    ESP_IN_UDP: ("UDP datagram of port 4500 (ESP)", "UDP datagrams of port 4500 (ESP)"),
}
TYPES = {0x88E5: "MACsec", 0x22F3: "TRILL", 0x8903: "FabricPath", 0x876B: "compressed TCP/IP", 0x8870: "jumbo frames"}
PROTOCOLS = {47: "GRE", 50: "ESP", 51: "AH", 94: "IPIP", 108: "IPComp", 115: "L2TPv3", 132: "SCTP", 143: "Ethernet"}
PPP_NAMES = {0x2D: "compressed TCP", 0x2F: "TCP", 0x3D: "multilink", 0xFB: "compressed", 0xFD: "compressed"}


class Undecoded:
    """How many frames of each kind led nowhere; others: those of kinds beyond MOST_KINDS."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.others = 0

    def layer(self, kind: int, protocol: int) -> None:
        """A frame stopped at a header of this EtherType, or pseudo kind; `protocol` is PPP's where `kind` is that."""
        if kind == PPP:
            if protocol not in QUIET_PPP and protocol < 0x8000:
                self.count(PPP_PROTOCOL | protocol)
        elif kind >= FIRST_ETHERTYPE and kind not in QUIET_TYPES:
            self.count(kind)

    def datagram(self, protocol: int) -> None:
        """An IP packet whose protocol is none of ours."""
        if protocol not in QUIET_PROTOCOLS:
            self.count(IP_PROTOCOL | protocol)

    def count(self, kind: int) -> None:
        """One frame of this kind."""
        if kind in self.counts or len(self.counts) < MOST_KINDS:
            self.counts[kind] += 1
        else:
            self.others += 1

    def warnings(self) -> list[str]:
        """A line a kind, the most frequent first."""
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        lines = [f"{count} {described(kind, count)} not decoded" for kind, count in ranked[:MOST_LINES]]
        rest = self.others + sum(count for _, count in ranked[MOST_LINES:])
        if rest:
            lines.append(f"{rest} {'frame' if rest == 1 else 'frames'} of other kinds were not decoded")
        return lines


def described(kind: int, count: int) -> str:
    """`frames of EtherType 0x88e5 (MACsec) were`."""
    one = count == 1
    were = "was" if one else "were"
    if kind in NAMES:
        return f"{NAMES[kind][0 if one else 1]} {were}"
    number = kind & 0xFFFF
    s = "" if one else "s"
    if kind >= IP_PROTOCOL:
        return f"IP packet{s} of protocol {number}{named(PROTOCOLS, number)} {were}"
    if kind >= PPP_PROTOCOL:
        return f"PPP frame{s} of protocol 0x{number:04x}{named(PPP_NAMES, number)} {were}"
    return f"frame{s} of EtherType 0x{number:04x}{named(TYPES, number)} {were}"


def named(names: dict[int, str], number: int) -> str:
    """` (ESP)`, or nothing."""
    return f" ({names[number]})" if number in names else ""
