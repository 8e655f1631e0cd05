"""The checksum around a tunnelled SYN: only what a receiver would drop for certain is called wrong."""

import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.utils import wrpcap

import analyzer
from analyzer.capture.frame import Frames
from analyzer.frame.decoder import Decoder
from analyzer.frame.packet import Packet

MAC = {"src": "02:00:00:00:00:07", "dst": "02:00:00:00:00:01"}
INNER = Ether(**MAC) / IP(src="10.0.0.1", dst="10.0.0.2")
OUTER = [IP(src="192.0.2.1", dst="192.0.2.2"), IPv6(src="2001:db8::1", dst="2001:db8::2")]


def tunnelled(outer, flags="S", ack=0, checksum=None, seq=7):
    """A TCP packet in VXLAN, with the right checksum or the one that is given."""
    udp = UDP(sport=50000, dport=4789) if checksum is None else UDP(sport=50000, dport=4789, chksum=checksum)
    return Ether(**MAC) / outer / udp / VXLAN(vni=1) / INNER / TCP(sport=40000, dport=80, seq=seq, ack=ack, flags=flags)


def note(packet, cut=0):
    """What the decoder remarks on a frame of which the last bytes may not be captured."""
    data = bytes(packet)
    frames = Frames()
    frames.data, frames.start, frames.captured, frames.length = data, 0, len(data) - cut, len(data)
    frames.link = frames.number = 1
    decoder = Decoder()
    assert decoder.decode(frames, Packet()) == 1
    return decoder.note


@pytest.mark.parametrize("outer", OUTER, ids=["IPv4", "IPv6"])
def test_a_wrong_checksum_around_a_syn_is_remarked(outer) -> None:
    """Whatever its value, and of a SYN alone; a right one, or none, is not."""
    assert note(tunnelled(outer, checksum=0xFFFF)) == "outer-checksum"
    assert note(tunnelled(outer, checksum=0x1234)) == "outer-checksum"
    assert note(tunnelled(outer)) == ""
    assert note(tunnelled(outer, checksum=0)) == ""
    assert note(tunnelled(outer, flags="SA", checksum=0x1234)) == ""


def test_what_cannot_be_known_is_not_wrong() -> None:
    """The sum of the pseudo header is for the network card to complete, and a datagram that was cut proves nothing."""
    packet = tunnelled(OUTER[0], checksum=0x1234)
    addresses = bytes(packet[IP])[12:20]
    total = sum(struct.unpack("!4H", addresses)) + 17 + len(bytes(packet[UDP]))
    assert note(tunnelled(OUTER[0], checksum=(total & 0xFFFF) + (total >> 16))) == ""
    assert note(packet, cut=1) == ""


def test_the_hint_is_for_syns_that_were_never_answered(tmp_path) -> None:
    """An answered SYN shows that its checksum harmed nobody."""
    answer = Ether(**MAC) / IP(src="10.0.0.2", dst="10.0.0.1") / TCP(sport=80, dport=40000, seq=1, ack=8, flags="SA")
    for answers, flag in ([], True), ([answer], False):
        packets = [*(tunnelled(OUTER[0], checksum=0xFFFF) for _ in range(3)), *answers, IP() / UDP()]
        for packet, time in zip(packets, (0, 1.02, 3.05, 3.06, 30) if answers else (0, 1.02, 3.05, 30), strict=True):
            packet.time = time
        wrpcap(str(tmp_path / "c.pcap"), packets)
        (row,) = analyzer.classify(tmp_path / "c.pcap").to_dict("records")
        assert ("outer-checksum" in row["flags"].split()) is flag
        assert ("checksum" in row["advice"]) is flag
