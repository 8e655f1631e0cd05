"""Scenarios in which the connection does not come up, or is reset."""

from __future__ import annotations

from lab.clients import curl, go, python, wget
from lab.model import Capture, Row, Scenario

SITE = "www.lab.example"
DROP_443 = "router forward tcp dport 443 drop"
FIRST_TWO_SYNS = "router forward tcp flags & (syn | ack) == syn numgen inc mod 1000 < 2 drop"


def syn(cause: str) -> tuple[Row, ...]:
    return (Row("syn-retransmit", cause),)


def rst(cause: str, name: str = "") -> tuple[Row, ...]:
    return (Row("rst", cause, name),)


SYN = (
    Scenario(
        "curl-syn-dropped",
        syn("syn-no-answer"),
        "nftables drops every SYN to port 443; curl gives up after 5.5 s",
        (curl("https://www.lab.example/", 5.5),),
        faults=(DROP_443,),
    ),
    Scenario(
        "go-syn-dropped-then-port-80-works",
        (Row("ok", "", SITE), Row("syn-retransmit", "syn-no-answer"), Row("ok", "", SITE)),
        "as curl-syn-dropped with a Go client of 5 s, between two fetches from port 80 of the same server",
        (
            curl("http://www.lab.example/file.txt"),
            go("https://www.lab.example/", 5),
            ("sleep", "2"),
            curl("http://www.lab.example/file.txt"),
        ),
        servers=(("http_ok", 80),),
        faults=(DROP_443,),
    ),
    Scenario(
        "curl-icmp-admin-prohibited",
        syn("icmp-admin-prohibited"),
        "the router rejects the SYN with ICMP 3/13",
        (curl("https://www.lab.example/"),),
        faults=("router forward tcp dport 443 reject with icmp type admin-prohibited",),
    ),
    Scenario(
        "wget-icmp-port-unreachable",
        syn("icmp-port-unreachable"),
        "the server's own firewall rejects the SYN with ICMP 3/3",
        (wget("http://www.lab.example:8080/"),),
        faults=("server input tcp dport 8080 reject with icmp type port-unreachable",),
    ),
    Scenario(
        "curl-icmp6-admin-prohibited",
        syn("icmp-admin-prohibited"),
        "the router rejects the SYNs with ICMPv6 1/1; Linux tries again before it reports the error",
        (curl("https://six.lab.example/"),),
        faults=("router forward tcp dport 443 reject with icmpv6 type admin-prohibited",),
    ),
    Scenario(
        "curl-host-is-down",
        syn("icmp-host-unreachable"),
        "nobody has the address: the last router's ARP goes unanswered and it reports ICMP 3/1 after 3 s",
        (curl("http://gone.lab.example/", 6),),
    ),
    Scenario(
        "python-no-route",
        syn("icmp-net-unreachable"),
        "the router has no route to the address: ICMP 3/0",
        (python("fetch", "http://far.lab.example/", "{ca}"),),
    ),
    Scenario(
        "curl-final-ack-lost",
        syn("final-ack-lost"),
        "the router lets the SYN pass and drops everything else from the client",
        (curl("http://www.lab.example/", 4),),
        servers=(("http_ok", 80),),
        faults=("router forward tcp dport 80 tcp flags & (syn | ack) != syn drop",),
    ),
    Scenario(
        "curl-syn-answered-late",
        syn("syn-answered-late"),
        "the first SYN-ACK is dropped, the server repeats it after 1 s, curl has given up after 0.6 s",
        (curl("http://www.lab.example/", 4, "--connect-timeout", "0.6"),),
        servers=(("http_ok", 80),),
        faults=("router forward tcp sport 80 tcp flags & (syn | ack) == syn | ack numgen inc mod 1000 < 1 drop",),
        capture=Capture(linger=2),
    ),
    Scenario(
        "curl-syn-ack-lost-server-side",
        syn("synack-lost"),
        "the router drops every SYN-ACK; captured at the server",
        (curl("http://www.lab.example/", 4),),
        servers=(("http_ok", 80),),
        faults=("router forward tcp sport 80 drop",),
        capture=Capture(at="server", device="s0"),
    ),
    Scenario(
        "curl-one-syn",
        (Row("syn-retransmit", "syn-abandoned"), Row("ok", "", SITE)),
        "the SYN is dropped and curl gives up after 0.6 s, before a second one; 4 s later a fetch from port 80 works",
        (curl("https://www.lab.example/", 0.6), ("sleep", "3.6"), curl("http://www.lab.example/file.txt")),
        servers=(("http_ok", 80),),
        faults=(DROP_443,),
    ),
)

RST = (
    Scenario(
        "curl-refused",
        rst("rst-refused"),
        "nothing listens on the port",
        (curl("https://www.lab.example:4433/"),),
    ),
    Scenario(
        "go-refused-by-firewall-ipv6",
        rst("rst-refused"),
        "the router answers the SYN with a RST, IPv6",
        (go("https://six.lab.example/"),),
        faults=("router forward tcp dport 443 reject with tcp reset",),
    ),
    Scenario(
        "curl-refused-after-lost-syns",
        rst("rst-refused"),
        "two SYNs are lost, the third meets a closed port",
        (curl("http://www.lab.example:8080/", 5),),
        faults=(FIRST_TWO_SYNS,),
    ),
    Scenario(
        "python-reset-on-accept",
        rst("rst-on-accept"),
        "the server resets what it accepts; the client would speak only after 0.4 s",
        (python("connect_and_wait", "8080"),),
        servers=(("rst_on_accept", 8080),),
    ),
    Scenario(
        "curl-reset-after-clienthello",
        rst("rst-after-clienthello", SITE),
        "the server reads the ClientHello and resets",
        (curl("https://www.lab.example/"),),
        servers=(("rst_after_first_bytes", 443),),
    ),
    Scenario(
        "go-reset-by-router-after-clienthello",
        rst("rst-after-clienthello", SITE),
        "the router swallows the ClientHello and answers it with a RST in the server's name",
        (go("https://www.lab.example/"),),
        nginx=True,
        faults=("router forward tcp dport 443 meta length > 200 reject with tcp reset",),
    ),
    Scenario(
        "python-reset-during-tls-handshake",
        rst("rst-during-tls-handshake", SITE),
        "the server sends its ServerHello record, and a RST 0.1 s later",
        (python("fetch", "https://www.lab.example/", "{ca}"),),
        servers=(("rst_after_server_hello", 443),),
    ),
    Scenario(
        "python-reset-after-request",
        rst("rst-after-request", SITE),
        "the server reads the request and resets",
        (python("fetch", "http://www.lab.example:8080/file.txt", "{ca}"),),
        servers=(("rst_after_first_bytes", 8080),),
    ),
    Scenario(
        "wget-reset-mid-response",
        rst("rst-mid-response", SITE),
        "the server sends 600 bytes of a longer response, and a RST 0.2 s later",
        (wget("http://www.lab.example/file.txt"),),
        servers=(("http_half_then_rst", 80),),
    ),
    Scenario(
        "python-reset-on-reuse",
        (Row("ok", "", SITE), Row("rst", "rst-stale-connection", SITE)),
        "the second request on a kept connection, 2 s after the first answer, meets a RST",
        (python("two_requests", "8080", "2"),),
        servers=(("http_ok_then_rst_on_second", 8080),),
    ),
    Scenario(
        "curl-reset-after-tls-silence",
        rst("rst-after-tls-silence", SITE),
        "the server reads the ClientHello, is silent for 3.5 s and resets",
        (curl("https://www.lab.example/", 6),),
        servers=(("rst_after_tls_silence", 443),),
    ),
    Scenario(
        "curl-reset-after-idle",
        rst("rst-idle-timeout", SITE),
        "the server reads the request, is silent for 10.5 s and resets",
        (curl("http://www.lab.example/file.txt", 13),),
        servers=(("rst_after_idle", 80),),
    ),
    Scenario(
        "python-client-resets-after-clienthello",
        rst("rst-by-client", SITE),
        "the client sends its ClientHello and closes with RST 0.1 s later",
        (python("reset_after_client_hello", "443", "{ca}"),),
        servers=(("silent", 443),),
    ),
)
