"""Scenarios in which the network, or what the ports still remember, is to blame: loops, odd ICMP, forged resets."""

from __future__ import annotations

from lab.clients import curl, python
from lab.model import Capture, Row, Scenario
from lab.relay import Relay

SITE = "www.lab.example"
FINE = (Row("ok", "", SITE),)
LOOP = (
    "router ip route add 203.0.113.0/24 via 198.51.100.20",
    "router ip route add 2001:db8:3::/48 via 2001:db8:2::20",
    "server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.s0.send_redirects=0",
)


def one(klass: str, cause: str, name: str = "") -> tuple[Row, ...]:
    return (Row(klass, cause, name),)


PATH = (
    Scenario(
        "curl-synack-unanswered-server-side",
        one("syn-retransmit", "synack-unanswered"),
        "the server's firewall drops the first SYN and the router everything else of the client's; captured at the "
        "server: two SYNs, and SYN-ACKs that nobody answers",
        (curl("http://www.lab.example/", 6),),
        servers=(("http_ok", 80),),
        faults=(
            "server input tcp dport 80 tcp flags & (syn | ack) == syn numgen inc mod 1000 < 1 drop",
            "router forward tcp dport 80 tcp flags & (syn | ack) != syn drop",
        ),
        capture=Capture(at="server", device="s0"),
    ),
    Scenario(
        "python-challenge-ack-never-recovers",
        FINE + one("syn-retransmit", "syn-challenge-ack"),
        "the client resets its connection and uses the same port again; the router drops its RSTs, so that the server "
        "answers each new SYN with a bare ACK of the old connection",
        (python("reused_port", "80"),),
        servers=(("http_ok", 80),),
        faults=("router forward tcp dport 80 tcp flags & rst == rst drop",),
    ),
    Scenario(
        "python-challenge-ack-recovers",
        FINE * 2,
        "as python-challenge-ack-never-recovers, but only the first RST is lost: the second SYN gets through",
        (python("reused_port", "80"),),
        servers=(("http_ok", 80),),
        faults=("router forward tcp dport 80 tcp flags & rst == rst numgen inc mod 1000 < 1 drop",),
    ),
    Scenario(
        "curl-routing-loop",
        one("syn-retransmit", "icmp-ttl-exceeded") + FINE,
        "router and server send the packets for this network to each other until their TTL is used up: ICMP 11/0, at "
        "which Linux gives up; 4 s later a fetch from another server is fine",
        (curl("http://loop.lab.example/"), ("sleep", "4"), curl("http://www.lab.example/file.txt")),
        setup=LOOP,
        servers=(("http_ok", 80),),
    ),
    Scenario(
        "curl-routing-loop-ipv6",
        one("syn-retransmit", "icmp-ttl-exceeded"),
        "as curl-routing-loop over IPv6: ICMPv6 3/0, and Linux tries again before it reports the error",
        (curl("http://loop6.lab.example/"),),
        setup=LOOP,
    ),
    Scenario(
        "curl-icmp-frag-needed",
        one("syn-retransmit", "icmp-frag-needed"),
        "the router claims that a SYN is too large (ICMP 3/4); Linux does not take that for an error and goes on",
        (curl("http://www.lab.example/", 3.5),),
        faults=("router forward tcp dport 80 reject with icmp frag-needed",),
        capture=Capture(linger=2.5),
    ),
    Scenario(
        "curl-icmp-protocol-unreachable",
        one("syn-retransmit", "icmp-protocol-unreachable"),
        "the server's firewall says by ICMP 3/2 that it speaks no TCP",
        (curl("http://www.lab.example/"),),
        faults=("server input tcp dport 80 reject with icmp prot-unreachable",),
    ),
    Scenario(
        "curl-forged-reset-after-clienthello",
        one("rst", "rst-after-clienthello", SITE),
        "a device on the path forges a RST upon the ClientHello and a second one 1460 bytes further on, 40 ms before "
        "the server's answer can come",
        (curl("https://www.lab.example/file.txt"),),
        nginx=True,
        relay=Relay(delay_ms=40, forge=(0, 1460)),
    ),
    Scenario(
        "curl-forged-reset-survived",
        FINE,
        "a forged RST whose number is off by 100: the client answers with a challenge ACK (RFC 5961) and goes on",
        (curl("http://www.lab.example/big.bin"),),
        nginx=True,
        relay=Relay(delay_ms=20, forge=(100,)),
    ),
    Scenario(
        "curl-upload-pmtu-hole",
        one("http-failure", "http-request-unacked", SITE),
        "a path MTU black hole towards the server: a large POST is repeated and never acknowledged",
        (curl("http://www.lab.example/upload", 6, "-H", "Expect:", "-d", "x" * 5000),),
        nginx=True,
        faults=("router forward tcp dport 80 meta length > 1000 drop",),
        segment=("client",),
    ),
)
