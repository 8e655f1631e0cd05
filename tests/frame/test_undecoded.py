"""What is not decoded is counted and named, what carries no fetch is not spoken of, and data is no tunnel."""

import random
import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from analyzer.capture.frame import Frames
from analyzer.frame import decoder as wire
from analyzer.frame.decoder import Decoder
from analyzer.frame.packet import Packet
from analyzer.frame.undecoded import MOST_KINDS, MOST_LINES, Undecoded

MACS = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
"""Given, since scapy would ask the network for them."""


def decoded(decoder, data, link=1, length=0):
    frames = Frames()
    frames.data, frames.captured, frames.length = bytes(data), len(data), length or len(data)
    frames.link, frames.number = link, 1
    return decoder.decode(frames, Packet())


def warnings(*frames, link=1):
    decoder = Decoder()
    for data in frames:
        assert decoded(decoder, data, link) != wire.TCP
    decoder.finish()
    return decoder.warnings


def ether(kind, payload=bytes(46)):
    return bytes(12) + struct.pack("!H", kind) + payload


def packet(protocol, payload=bytes(30)):
    return bytes(MACS / IP(src="192.0.2.1", dst="192.0.2.2", proto=protocol) / Raw(payload))


def datagram(payload, sport=40000, dport=9999):
    return bytes(MACS / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=sport, dport=dport) / Raw(payload))


ENCRYPTED_MACSEC = b"\x2c\x00" + bytes(44)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([ether(0x88E5, ENCRYPTED_MACSEC)] * 12, "12 frames of EtherType 0x88e5 (MACsec) were not decoded"),
        ([ether(0x1234)], "1 frame of EtherType 0x1234 was not decoded"),
        ([packet(50)] * 2, "2 IP packets of protocol 50 (ESP) were not decoded"),
        ([packet(50)], "1 IP packet of protocol 50 (ESP) was not decoded"),
        (
            [ether(0x8864, b"\x11\0\0\1\0\x08\0\xfd" + bytes(40))] * 2,
            "2 PPP frames of protocol 0x00fd (compressed) were not decoded",
        ),
        (
            [datagram(b"\xc3\0\0\0\1" + bytes(40), dport=443), datagram(b"\x43" + bytes(40), sport=443)],
            "2 UDP datagrams that look like QUIC (HTTP/3) were not decoded",
        ),
        ([datagram(b"\1\2\3\4" + bytes(40), dport=4500)], "1 UDP datagram of port 4500 (ESP) was not decoded"),
    ],
)
def test_what_stays_undecoded_is_named(frames, said):
    assert warnings(*frames) == ([said])


def test_a_header_that_the_snap_length_cut_is_counted():
    decoder = Decoder()
    whole = bytes(MACS / IP(src="192.0.2.1", dst="192.0.2.2") / TCP() / Raw(bytes(100)))
    assert decoded(decoder, whole[:40], length=len(whole)) == wire.NOTHING
    decoder.finish()
    assert decoder.warnings == ["1 TCP packet cut within its header (snap length) was not decoded"]


def test_encrypted_wireless_frames_are_counted():
    """Data frames with the Protected bit; beacons are not spoken of."""
    beacon, data = b"\x80\0" + bytes(40), b"\x08\x41" + bytes(60)
    assert warnings(beacon, data, data, link=105) == ["2 encrypted 802.11 frames were not decoded"]


@pytest.mark.parametrize("kind", [0x0806, 0x88CC, 0x8809, 0x888E, 0x9000, 0x88F7, 0x0800, 0x86DD, 0x8100, 0x0026])
def test_what_is_everywhere_is_quiet(kind):
    """ARP, LLDP, LACP, 802.1X, loop tests, clocks, spanning tree, and frames that were cut."""
    assert warnings(ether(kind)) == []
    assert warnings(ether(kind, b"")) == []


@pytest.mark.parametrize("protocol", [1, 2, 58, 89, 103, 112])
def test_control_protocols_are_quiet(protocol):
    """ICMP, IGMP, IPv6 neighbours, OSPF, PIM, VRRP."""
    assert warnings(packet(protocol)) == []


def test_udp_is_quiet():
    """Names, time, discovery, key exchange, and data of any kind."""
    chosen = random.Random(5)
    for port in (53, 123, 137, 1900, 5353, 500, 443, 4500, 1701, 2152, 4754, 4789, 6081, 8472):
        for _ in range(20):
            payload = b"\0\0\0\0" + chosen.randbytes(chosen.randrange(60))
            assert warnings(datagram(payload, dport=port)) == []


def test_the_table_is_capped():
    """65,536 EtherTypes in one capture: a screen of lines, and one for the rest."""
    lost = Undecoded()
    for kind in range(0x600, 0x10000):
        lost.layer(kind, 0)
    lines = lost.warnings()
    assert len(lost.counts) == MOST_KINDS
    assert len(lines) == MOST_LINES + 1
    assert lines[-1].endswith("frames of other kinds were not decoded")
    assert sum(int(line.split()[0]) for line in lines) > 60_000


def vxlan(first, inner, last=0):
    return struct.pack("!II", first, 77 << 8 | last) + inner


INNER = bytes(MACS / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(dport=80) / b"payload")


def kind_of(payload, dport=31337):
    return decoded(Decoder(), datagram(payload, dport=dport))


def test_vxlan_on_any_port():
    assert kind_of(vxlan(0x08000000, INNER)) == wire.TCP
    assert kind_of(vxlan(0x08000000, INNER + bytes(4))) == wire.TCP  # with a check sequence
    assert kind_of(vxlan(0x0C000001, INNER[14:])) == wire.TCP


@pytest.mark.parametrize(
    "payload",
    [
        vxlan(0x08000000, INNER, last=1),
        vxlan(0x08000001, INNER),
        vxlan(0x18000000, INNER),
        vxlan(0x08000000, INNER[:12] + b"\x08\x06" + INNER[14:]),
        vxlan(0x08000000, INNER[:14] + b"\x55" + INNER[15:]),
        vxlan(0x08000000, INNER[:16] + b"\x7f\xff" + INNER[18:]),  # longer than what is there
        vxlan(0x08000000, INNER + bytes(200)),  # shorter
        struct.pack("!6H", 0x0800, 0, 1, 0, 0, 0) + b"\3www\7example\3org\0\0\1\0\1" + bytes(30),  # a DNS question
    ],
)
def test_what_only_resembles_vxlan_is_data(payload):
    assert kind_of(payload) == wire.UDP


def test_random_data_makes_no_tunnels():
    """Ten thousand datagrams that begin as VXLAN does."""
    chosen = random.Random(6)
    decoder = Decoder()
    for _ in range(10_000):
        payload = b"\x08\0\0\0" + chosen.randbytes(3) + b"\0" + chosen.randbytes(80)
        assert decoded(decoder, datagram(payload, dport=31337)) == wire.UDP
    assert decoder.warnings == []
