"""Every link layer and tunnel leads to the same TCP packet; garbage leads nowhere and raises nothing."""

import random
import struct

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers import inet
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import IP, TCP, UDP, IPerror, TCPerror
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6PacketTooBig,
    IPerror6,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import GRE, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN

from analyzer.capture.frame import Frames
from analyzer.flow.table import reversed_key
from analyzer.frame import decoder as wire
from analyzer.frame.decoder import Decoder
from analyzer.frame.packet import Packet

MAC = "02:00:00:00:00:07"
OPTIONS = [("MSS", 1400), ("SAckOK", b""), ("Timestamp", (7, 9)), ("WScale", 7), ("NOP", None)]


def tcp():
    return TCP(sport=50000, dport=443, seq=0xFFFFFFF0, ack=5, flags="PA", window=512) / b"payload"


def ip4(inner=None):
    return IP(src="10.0.0.1", dst="10.0.0.2", ttl=61, id=77) / (inner or tcp())


def ip6(inner=None):
    return IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=61) / (inner or tcp())


def ether(inner, **fields):
    return Ether(src=MAC, dst="02:00:00:00:00:01", **fields) / inner


def frame(data, link=1, length=0, time=0):
    """A Frames cursor that stands on one frame, with bytes around it that are not the frame's."""
    frames = Frames()
    frames.data = b"\x45" * 3 + data + b"\x45" * 60
    frames.start, frames.captured, frames.length = 3, len(data), length or len(data)
    frames.link, frames.number, frames.time = link, 1, time
    return frames


def decode(data, link=1, length=0):
    """-> (what decode() said, decoder, packet)."""
    decoder, packet = Decoder(), Packet()
    return decoder.decode(frame(bytes(data), link, length), packet), decoder, packet


def avs():
    return struct.pack(">II", 0x80211001, 64) + bytes(56)


def prism():
    return struct.pack("<II", 0x44, 144) + bytes(136)


def ppi(link):
    return struct.pack("<BBHI", 0, 0, 8, link)


def radio(padded=False):
    flags = 0x20 if padded else 0
    return struct.pack("<BBHIQB", 0, 0, 17, 3, 1, flags)


def dot11(to_ds=True, quality=False):
    kind = Dot11(type=2, subtype=8 if quality else 0, FCfield=1 if to_ds else 2, addr1=MAC, addr2=MAC, addr3=MAC)
    return bytes(kind / Dot11QoS() if quality else kind)


SNAPPED = bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / ip4())
CONTROL_WORD = b"\0\0\0\0"

FRAMES = {
    "ethernet": (1, ether(ip4())),
    "ethernet-ipv6": (1, ether(ip6())),
    "vlan": (1, ether(Dot1Q(vlan=5) / ip4())),
    "qinq": (1, ether(Dot1AD(vlan=5) / Dot1Q(vlan=6) / ip6())),
    "old-qinq": (1, ether(Dot1Q(vlan=5, type=0x8100) / Dot1Q(vlan=6) / ip4(), type=0x9100)),
    "802.3-snap": (1, bytes.fromhex("020000000001020000000007") + struct.pack(">H", len(SNAPPED)) + SNAPPED),
    "cooked": (113, CookedLinux(lladdrlen=6, src=bytes.fromhex("0200000000070000")) / ip4()),
    "cooked-v2": (276, CookedLinuxV2(lladdrlen=6, ifindex=3, src=bytes.fromhex("0200000000070000")) / ip6()),
    "null-little": (0, b"\x02\0\0\0" + bytes(ip4())),
    "null-big": (0, b"\0\0\0\x02" + bytes(ip4())),
    "loop-openbsd-ipv6": (108, b"\0\0\0\x18" + bytes(ip6())),
    "null-macos-ipv6": (0, b"\x1e\0\0\0" + bytes(ip6())),
    "null-freebsd-ipv6": (0, b"\x1c\0\0\0" + bytes(ip6())),
    "null-linux-ipv6": (0, b"\x0a\0\0\0" + bytes(ip6())),
    "raw-12": (12, ip4()),
    "raw-14": (14, ip6()),
    "raw-101": (101, ip6()),
    "raw-ipv4": (228, ip4()),
    "raw-ipv6": (229, ip6()),
    "ppp-hdlc": (50, b"\xff\x03" + bytes(PPP(proto=0x21) / ip4())),
    "ppp": (9, PPP(proto=0x57) / ip6()),
    "ppp-compressed": (9, b"\x21" + bytes(ip4())),
    "pppoe": (1, ether(PPPoE(sessionid=9) / PPP(proto=0x21) / ip4(), type=0x8864)),
    "pppoe-link": (51, PPPoE(sessionid=9) / PPP(proto=0x57) / ip6()),
    "hdlc": (104, b"\x0f\0\x08\0" + bytes(ip4())),
    "mpls": (1, ether(MPLS(label=16, s=0) / MPLS(label=17, s=1) / ip4(), type=0x8847)),
    "mpls-ipv6": (1, ether(MPLS(label=17, s=1) / ip6(), type=0x8848)),
    "pseudowire": (1, bytes(ether(MPLS(label=17, s=1), type=0x8847)) + CONTROL_WORD + bytes(ether(ip4()))),
    "pseudowire-bare": (1, bytes(ether(MPLS(label=17, s=1), type=0x8847)) + bytes(ether(ip4()))),
    "wireless": (105, dot11() + SNAPPED),
    "wireless-qos": (105, dot11(to_ds=False, quality=True) + SNAPPED),
    "radiotap": (127, radio() + dot11() + SNAPPED),
    "radiotap-scapy": (127, bytes(RadioTap()) + dot11(quality=True) + SNAPPED),
    "radiotap-padded": (127, radio(padded=True) + dot11(quality=True) + b"\0\0" + SNAPPED),
    "ppi": (192, ppi(105) + dot11() + SNAPPED),
    "ppi-ethernet": (192, ppi(1) + bytes(ether(ip4()))),
    "prism": (119, prism() + dot11() + SNAPPED),
    "avs": (163, avs() + dot11() + SNAPPED),
    "4in4": (1, ether(IP() / ip4())),
    "6in4": (1, ether(IP(proto=41) / ip6())),
    "4in6": (1, ether(IPv6(nh=4) / ip4())),
    "gre": (1, ether(IP() / GRE() / ip4())),
    "gre-key-sequence": (1, ether(IP() / GRE(key_present=1, seqnum_present=1, chksum_present=1, key=4) / ip6())),
    "gre-bridged": (1, ether(IP() / GRE(proto=0x6558) / ether(ip4()))),
    "erspan": (1, ether(IP() / GRE(proto=0x88BE, seqnum_present=1) / (bytes(8) + bytes(ether(ip4()))))),
    "vxlan": (1, ether(IP() / UDP(sport=9, dport=4789) / VXLAN(vni=5, flags=8) / ether(ip4()))),
    "vxlan-linux": (1, ether(IPv6() / UDP(sport=9, dport=8472) / VXLAN(vni=5) / ether(ip6()))),
    "vxlan-gpe": (1, ether(IP() / UDP(sport=9, dport=4789) / VXLAN(vni=5, flags=12, NextProtocol=2) / ip6())),
    "geneve": (1, ether(IP() / UDP(sport=9, dport=6081) / GENEVE(proto=0x6558) / ether(ip4()))),
    "ipv4-options": (1, ether(IP(src="10.0.0.1", dst="10.0.0.2", ttl=61, id=77, options=b"\x94\x04\0\0") / tcp())),
    "ipv6-extensions": (
        1,
        ether(ip6(IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting(addresses=[]) / IPv6ExtHdrDestOpt() / tcp())),
    ),
    "ipv6-authentication": (1, ether(ip6(AH(nh=6, payloadlen=4, icv=bytes(12)) / tcp()))),
}
NAMES = sorted(FRAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_encapsulation_leads_to_the_same_packet(name):
    """Addresses, ports, numbers and payload come out the same whatever is around them."""
    link, data = FRAMES[name]
    kind, decoder, packet = decode(data, link)
    assert kind == wire.TCP
    ports = struct.pack(">HH", 50000, 443)
    if packet.version == 4:
        assert packet.key == bytes((10, 0, 0, 1, 10, 0, 0, 2)) + ports
        assert packet.ip_id == 77
    else:
        head = bytes.fromhex("20010db8") + bytes(11)
        assert packet.key == head + b"\1" + head + b"\2" + ports
    assert (packet.seq, packet.ack, packet.flags, packet.window, packet.ttl) == (0xFFFFFFF0, 5, 0x18, 512, 61)
    assert packet.data[packet.payload : packet.payload + packet.captured] == b"payload"
    assert packet.length == 7
    assert decoder.note == ""
    assert decoder.warnings == []


@pytest.mark.parametrize("name", NAMES)
def test_every_prefix_is_quiet(name):
    """A frame cut anywhere is NOTHING or a packet whose payload lies inside what was captured."""
    link, data = FRAMES[name]
    data = bytes(data)
    decoder, packet = Decoder(), Packet()
    for size in range(len(data)):
        frames = frame(data[:size], link, len(data))
        if decoder.decode(frames, packet) == wire.TCP:
            assert packet.payload + packet.captured <= frames.start + size
            assert packet.length == 7


@pytest.mark.parametrize("name", NAMES)
def test_flipped_bytes_are_quiet(name):
    """Damage in any byte raises nothing, and no payload reaches beyond the frame."""
    link, data = FRAMES[name]
    data = bytearray(bytes(data))
    decoder, packet, dice = Decoder(), Packet(), random.Random(name)
    for at in range(len(data)):
        damaged = data.copy()
        damaged[at] = dice.randrange(256)
        frames = frame(bytes(damaged), link)
        if decoder.decode(frames, packet) != wire.NOTHING and packet.data is frames.data:
            assert packet.captured >= 0
            assert packet.payload + packet.captured <= frames.start + len(data)


def facts(kind, packet):
    """What a decoded TCP packet says, wherever it stands in its buffer."""
    if kind != wire.TCP:
        return kind
    numbers = [packet.seq, packet.ack, packet.flags, packet.window, packet.ttl, packet.ip_id, packet.version]
    options = [packet.mss, packet.scale, packet.sack_ok, packet.ts_value, packet.ts_echo, packet.sack_left]
    payload = packet.data[packet.payload : packet.payload + packet.captured]
    return numbers, options, packet.length, payload, packet.key


def test_the_short_cut_says_what_the_layers_say():
    """Ethernet and a plain IPv4 header are read at once, after a cooked header they are walked: nothing differs.

    Neither where a byte of them is damaged, nor where the frame is cut or padded.
    """
    inner = bytes(IP(src="10.0.0.1", dst="10.0.0.2", ttl=61, id=77) / TCP(flags="PA", options=OPTIONS) / b"payload")
    dice = random.Random(3)
    decoder, packet = Decoder(), Packet()
    told = 0
    for trial in range(4000):
        ip = bytearray(inner)
        if trial:
            ip[dice.randrange(len(ip) if trial % 2 else 20)] = dice.randrange(256)
        ip = bytes(ip)[: dice.randrange(len(ip) + 1)] if trial % 5 == 0 else bytes(ip) + bytes(dice.randrange(9))
        wired = len(inner) + dice.randrange(3)
        cooked = bytes(CookedLinux(proto=0x0800)) + ip
        walked = facts(decoder.decode(frame(cooked, 113, 16 + wired), packet), packet)
        short = facts(decoder.decode(frame(bytes(ether(b"", type=0x0800)) + ip, 1, 14 + wired), packet), packet)
        assert short == walked
        told += walked != wire.NOTHING
    assert told > 1000


def test_random_bytes_are_quiet():
    """Noise on every known link type raises nothing."""
    dice = random.Random(1)
    decoder, packet = Decoder(), Packet()
    for _ in range(300):
        data = dice.randbytes(dice.randrange(120))
        for link in (0, 1, 9, 50, 51, 101, 104, 105, 113, 119, 127, 163, 192, 276):
            decoder.decode(frame(data, link), packet)
    decoder.finish()


def test_link_layer_facts():
    """The cooked header's interface index is kept."""
    assert decode(FRAMES["cooked-v2"][1], 276)[2].interface == 3


def test_options():
    """SYN options come out in any layout; absent ones are -1 or 0, also right after a packet that had them."""
    decoder, packet = Decoder(), Packet()
    syn = TCP(flags="S", options=[*OPTIONS, ("SAck", (3, 4))])
    decoder.decode(frame(bytes(ether(IP() / syn))), packet)
    assert (packet.mss, packet.scale, packet.sack_ok, packet.fast_open) == (1400, 7, 1, 0)
    assert (packet.ts_value, packet.ts_echo, packet.sack_left, packet.sack_right) == (7, 9, 3, 4)
    decoder.decode(frame(bytes(ether(IP() / TCP(flags="S", options=[("TFO", (1, 2))])))), packet)
    assert packet.fast_open == 1
    decoder.decode(frame(bytes(ether(ip4()))), packet)
    assert (packet.mss, packet.scale, packet.sack_ok, packet.fast_open) == (-1, -1, 0, 0)
    assert (packet.ts_value, packet.ts_echo, packet.sack_left, packet.sack_right) == (-1, -1, -1, -1)
    common = TCP(flags="A", options=[("NOP", None), ("NOP", None), ("Timestamp", (70, 90))])
    decoder.decode(frame(bytes(ether(IP() / common))), packet)
    assert (packet.ts_value, packet.ts_echo) == (70, 90)


def test_multipath_join_is_a_subflow():
    """Only MP_JOIN marks a subflow, MP_CAPABLE does not."""
    for subtype, expected in ((0x00, 0), (0x10, 1)):
        option = bytes((30, 12, subtype)) + bytes(9)
        header = struct.pack(">HHIIBBHHH", 1, 2, 3, 4, 8 << 4, 2, 5, 0, 0) + option
        assert decode(ether(IP(proto=6) / header))[2].subflow == expected


def test_padding_is_no_payload():
    """Ethernet pads to 60 bytes; the IP length says what is payload."""
    data = bytes(ether(IP() / TCP(flags="A")))
    packet = decode(data + bytes(60 - len(data)))[2]
    assert (packet.length, packet.captured) == (0, 0)


def test_snaplen_cut():
    """length is what the wire carried, captured what is there; 14 bytes of a TCP header are enough."""
    data = bytes(ether(IP() / tcp()))
    kind, _, packet = decode(data[:57], length=len(data))
    assert (kind, packet.length, packet.captured) == (wire.TCP, 7, 3)
    kind, _, packet = decode(data[:48], length=len(data))
    assert (kind, packet.length, packet.captured, packet.flags) == (wire.TCP, 7, 0, 0x18)
    assert decode(data[:47], length=len(data))[0] == wire.NOTHING


def test_segmentation_offload_leaves_length_zero():
    """IP total length 0 means the frame's length counts."""
    data = bytearray(bytes(ether(ip4())))
    data[16:18] = b"\0\0"
    packet = decode(bytes(data))[2]
    assert packet.length == 7


def test_bad_checksums_do_not_matter():
    """Offload leaves checksums wrong: nothing is discarded for it."""
    data = ether(IP(chksum=1) / TCP(chksum=1) / b"x")
    assert decode(data)[0] == wire.TCP


def test_udp():
    """UDP comes with its key and payload."""
    kind, _, packet = decode(ether(IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1000, dport=53) / b"query"))
    assert kind == wire.UDP
    assert packet.key == bytes((10, 0, 0, 1, 10, 0, 0, 2)) + struct.pack(">HH", 1000, 53)
    assert packet.data[packet.payload : packet.payload + packet.captured] == b"query"
    assert packet.length == 5


def test_udp_on_a_tunnel_port_that_is_no_tunnel():
    """A DNS answer to client port 8472 stays UDP."""
    assert decode(ether(IP() / UDP(sport=53, dport=8472) / bytes(40)))[0] == wire.UDP


def quoted(flags="S"):
    return IPerror(src="10.0.0.1", dst="10.0.0.2") / TCPerror(sport=50000, dport=443, seq=99, flags=flags)


@pytest.mark.parametrize(("kind", "code", "mtu"), [(3, 3, 0), (3, 4, 1400), (11, 0, 0)])
def test_icmp_errors(kind, code, mtu):
    """The quote gives key and sequence number of the packet that the error is about, also with eight bytes of it."""
    error = bytes(IP(src="192.0.2.9") / inet.ICMP(type=kind, code=code, nexthopmtu=mtu) / quoted())
    for data in (error, error[: 20 + 8 + 20 + 8]):
        said, decoder, _ = decode(data, 101)
        assert said == wire.ICMP
        icmp = decoder.icmp
        assert icmp.key == bytes((10, 0, 0, 1, 10, 0, 0, 2)) + struct.pack(">HH", 50000, 443)
        assert (icmp.seq, icmp.kind, icmp.code, icmp.mtu, icmp.number) == (99, kind, code, mtu, 1)
        assert icmp.sender == bytes((192, 0, 2, 9))


def test_icmp_of_ipv6():
    """Too big carries its MTU; unreachable does not; through a tunnel as well."""
    quote = IPerror6(src="2001:db8::1", dst="2001:db8::2") / TCPerror(sport=50000, dport=443, seq=99)
    for header, mtu in ((ICMPv6PacketTooBig(mtu=1280), 1280), (ICMPv6DestUnreach(code=4), 0)):
        for outer in (b"", bytes(IP(proto=41, len=20 + 40 + 8 + 60))):
            said, decoder, _ = decode(outer + bytes(IPv6(src="2001:db8::9") / header / quote), 101)
            assert said == wire.ICMP
            assert (decoder.icmp.seq, decoder.icmp.mtu, decoder.icmp.version) == (99, mtu, 6)
            assert decoder.icmp.key.endswith(struct.pack(">HH", 50000, 443))


def test_icmp_that_is_no_tcp_error():
    """Echo, parameter problem, and errors about UDP are NOTHING."""
    udp = IPerror() / UDP(dport=53)
    for header, quote in ((inet.ICMP(), b"x" * 60), (inet.ICMP(type=12), quoted()), (inet.ICMP(type=3), udp)):
        assert decode(IP() / header / quote, 101)[0] == wire.NOTHING


def test_nesting_is_capped():
    """Eight layers are read, more lead nowhere."""
    deep = ip4()
    for _ in range(7):
        deep = IP() / deep
    assert decode(deep, 101)[0] == wire.TCP
    assert decode(IP() / deep, 101)[0] == wire.NOTHING


def test_extension_headers_are_capped():
    """A chain of extension headers ends the search."""
    chain = tcp()
    for _ in range(20):
        chain = IPv6ExtHdrDestOpt() / chain
    assert decode(ip6(chain), 101)[0] == wire.NOTHING


def test_reversed_key_is_the_key_of_the_answer():
    """What the tracker looks up for the other direction."""
    for name in ("raw-12", "raw-101"):
        link, data = FRAMES[name]
        packet = decode(data, link)[2]
        answer = decode((ip4 if link == 12 else ip6)(tcp()), link)[2]
        size = 4 if packet.version == 4 else 16
        key = packet.key
        assert reversed_key(answer.key) == key[size : 2 * size] + key[:size] + key[-2:] + key[-4:-2]


def test_rare_link_types_go_through_scapy():
    """PFLOG is scapy's: decoded, flagged, and one warning says that it is slow."""
    from scapy.layers.pflog import PFLog

    decoder, packet = Decoder(), Packet()
    data = bytes(PFLog(addrfamily=2) / ip4())
    for _ in range(2):
        assert decoder.decode(frame(data, 117), packet) == wire.TCP
        assert decoder.note == "scapy-decoded"
    assert decoder.decode(frame(data[:20], 117), packet) == wire.NOTHING
    decoder.decode(frame(bytes(ether(ip4()))), packet)
    assert decoder.note == ""
    assert len(decoder.warnings) == 1
    assert "117" in decoder.warnings[0]


def test_unknown_link_types_are_counted():
    """Nobody knows link type 9999: one warning with the number of frames."""
    decoder, packet = Decoder(), Packet()
    for _ in range(3):
        assert decoder.decode(frame(b"x" * 60, 9999), packet) == wire.NOTHING
    decoder.finish()
    decoder.finish()
    assert decoder.warnings == ["link type 9999 is unknown: 3 frames were not decoded"]
