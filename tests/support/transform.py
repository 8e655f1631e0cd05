"""Changes to a timeline that must not change its verdict, and some that may: shifted, renumbered, copied, mixed."""

from __future__ import annotations

import struct
from dataclasses import replace

from analyzer.pkt.build import frames
from analyzer.pkt.model import FLAG_BITS, LINKS, SYN, Timeline
from analyzer.pkt.timeline import to_ipv6


def shifted(case: Timeline, nanoseconds: int) -> Timeline:
    """Everything happens earlier or later."""
    return case.with_packets([replace(packet, time=packet.time + nanoseconds) for packet in case.packets])


def renumbered(case: Timeline, host: int, port: int) -> Timeline:
    """Other addresses, and client ports moved by `port`; addresses that were equal stay equal."""

    def address(old: str) -> str:
        if ":" in old:
            return f"2001:db8:{host:x}:1::{int(old.rpartition(':')[2] or '0', 16):x}"
        return f"10.{host >> 8 & 255}.{host & 255}.{_last(old)}"

    def talk_port(old: int) -> int:
        return 1024 + (old - 1024 + port) % 64000

    talks = {
        name: replace(
            talk,
            addresses=(address(talk.addresses[0]), address(talk.addresses[1])),
            ports=(talk_port(talk.ports[0]), talk.ports[1]),
        )
        for name, talk in case.talks.items()
    }
    packets = [
        replace(packet, icmp=(*packet.icmp[:2], address(packet.icmp[2]), packet.icmp[3])) if packet.icmp else packet
        for packet in case.packets
    ]
    return replace(case, talks=talks, packets=tuple(packets))


def _last(address: str) -> int:
    """A byte that tells the addresses of the cases apart: network and host folded."""
    a, b, c, d = map(int, address.split("."))
    return (a * 7 + b * 5 + c * 3 + d) % 251 + 1


ICMP6 = {
    (3, 0): (1, 0),
    (3, 1): (1, 3),
    (3, 3): (1, 4),
    (3, 4): (2, 0),
    (3, 10): (1, 1),
    (3, 13): (1, 1),
    (3, 9): (1, 1),
    (11, 0): (3, 0),
}
"""What an IPv6 router or host says instead (RFC 4443 3)."""


def names_addresses(case: Timeline) -> bool:
    """Whether DNS answers in it hold addresses, which other numbers would belie."""
    return any(packet.kind in ("dns", "udp") for packet in case.packets)


def in_order(case: Timeline) -> bool:
    """Whether no clock was set back in it; what adds packets puts all of them into the order of their times."""
    times = [packet.time for packet in case.packets]
    return times == sorted(times)


def has_ipv6_form(case: Timeline) -> bool:
    """Whether it can be held over IPv6: one family, no cut at a header's length, ICMP errors that ICMPv6 has too.

    IP IDs that tell a SYN on both sides of a NAT are missed there.
    """
    families = {":" in address for talk in case.talks.values() for address in talk.addresses}
    errors = [packet.icmp for packet in case.packets if packet.icmp]
    clients = {(talk.addresses[0], talk.ports[0]) for talk in case.talks.values()}
    if len(clients) < len(case.talks) and any(packet.ip_id is not None for packet in case.packets):
        return False
    whole = not case.snaplen and not names_addresses(case) and len(families) == 1
    return whole and all(":" in error[2] or error[:2] in ICMP6 for error in errors)


def over_ipv6(case: Timeline) -> Timeline:
    """The same conversation over IPv6, ICMP errors translated."""
    talks = {
        name: replace(talk, addresses=(to_ipv6(talk.addresses[0]), to_ipv6(talk.addresses[1])))
        for name, talk in case.talks.items()
    }
    icmp = {
        packet: replace(packet, icmp=(*ICMP6[packet.icmp[:2]], to_ipv6(packet.icmp[2]), packet.icmp[3]))
        for packet in case.packets
        if packet.icmp and ":" not in packet.icmp[2]
    }
    return replace(case, talks=talks, packets=tuple(icmp.get(packet, packet) for packet in case.packets))


def with_isns(case: Timeline, client: int, server: int) -> Timeline:
    """Other initial sequence numbers; those that were equal stay equal, others stay different."""
    old = list(dict.fromkeys(talk.isns for talk in case.talks.values()))
    new = {isns: ((client + 7919 * i) % 2**32, (server + 104729 * i) % 2**32) for i, isns in enumerate(old)}
    talks = {name: replace(talk, isns=new[talk.isns]) for name, talk in case.talks.items()}
    return replace(case, talks=talks)


def mirrored(case: Timeline, delay: int = 40_000, hops: int = 0) -> Timeline:
    """Every packet twice, as a mirror port of a switch or a capture on two interfaces shows it."""
    packets = []
    for packet in case.packets:
        packets.append(packet)
        ttl = packet.ttl
        if hops and packet.talk:
            ttl = (case.talks[packet.talk].ttls[packet.side] if ttl is None else ttl) + hops
        packets.append(replace(packet, time=packet.time + delay, ttl=ttl))
    return case.with_packets(sorted(packets, key=lambda packet: packet.time))


def split(case: Timeline, at: int) -> Timeline:
    """Each data segment in two, the first with `at` bytes (or half of a shorter one); retransmitted ones stay whole."""
    sent = [(packet.talk, packet.side, packet.seq) for packet in case.packets if packet.data]
    packets = []
    for packet in case.packets:
        once = sent.count((packet.talk, packet.side, packet.seq)) == 1
        if packet.kind != "tcp" or len(packet.data) < 2 or packet.flags & SYN or packet.cut is not None or not once:
            packets.append(packet)
            continue
        cut = at if at < len(packet.data) else len(packet.data) // 2
        closing = FLAG_BITS["F"] | FLAG_BITS["R"] | FLAG_BITS["P"]
        packets.append(replace(packet, data=packet.data[:cut], flags=packet.flags & ~closing))
        second = ((packet.ip_id or 0) ^ 0x8000) if packet.ip_id else packet.ip_id
        packets.append(replace(packet, data=packet.data[cut:], seq=packet.seq + cut, ip_id=second))
    return case.with_packets(packets)


def mixed(*cases: Timeline) -> Timeline:
    """Several cases in one capture, in time order; the talks get new names. All but the first get origin 0."""
    talks, packets = {}, []
    for i, case in enumerate(cases):
        for name, talk in case.talks.items():
            talks[f"{i}{name}"] = replace(talk, name=f"{i}{name}")
        for packet in case.packets:
            quoted = packet.quoted and replace(packet.quoted, talk=f"{i}{packet.quoted.talk}")
            talk_name = f"{i}{packet.talk}" if packet.talk else ""
            packets.append(replace(packet, talk=talk_name, quoted=quoted, origin=0 if i else packet.origin))
    return replace(cases[0], talks=talks, packets=tuple(sorted(packets, key=lambda packet: packet.time)))


def on_port(case: Timeline, port: int) -> Timeline:
    """The same with servers on this port."""
    talks = {name: replace(talk, ports=(talk.ports[0], port)) for name, talk in case.talks.items()}
    return replace(case, talks=talks)


def squeezed(case: Timeline, start: int, end: int) -> Timeline:
    """The case inside these times, so that it does not make a capture run longer."""
    first, last = case.packets[0].time, max(packet.time for packet in case.packets)
    factor = min(1.0, (end - start) / max(1, last - first))
    return case.with_packets(
        [replace(packet, time=start + int((packet.time - first) * factor)) for packet in case.packets]
    )


def without(case: Timeline, dropped: set[int]) -> Timeline:
    """The capture missed the packets with these indexes."""
    return case.with_packets([packet for i, packet in enumerate(case.packets) if i not in dropped])


def one_capture(cases: list[Timeline]) -> bytes:
    """All cases behind each other in one Ethernet pcap, each on a network of its own; frame numbers add up."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, LINKS["ethernet"])]
    for i, case in enumerate(cases):
        own = replace(renumbered(case, i + 1, 0), link="ethernet")
        for time, frame, original in frames(shifted(own, i * 1000 * 10**9)):
            out.append(struct.pack("<IIII", *divmod(time, 10**9), len(frame), original) + frame)
    return b"".join(out)
