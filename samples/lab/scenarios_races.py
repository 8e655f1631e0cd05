"""Scenarios in which a client races IPv6 against IPv4 (RFC 8305): a loser is no fetch and no failure."""

from __future__ import annotations

from lab.clients import curl, go, node, python
from lab.model import Row, Scenario

DUAL = "dual.lab.example"
WON = (Row("ok", "", DUAL),)
URL = f"http://{DUAL}/file.txt"
NO_IPV6 = "router forward meta nfproto ipv6 tcp dport 80 drop"

RACES = (
    Scenario(
        "curl-ipv6-dropped",
        WON,
        "IPv6 is dropped; curl starts IPv4 200 ms later, which wins (kind race, no row for the loser)",
        (curl(URL),),
        nginx=True,
        faults=(NO_IPV6,),
    ),
    Scenario(
        "go-ipv6-dropped",
        WON,
        "IPv6 is dropped; Go starts IPv4 300 ms later, which wins (kind race, no row for the loser)",
        (go(URL),),
        nginx=True,
        faults=(NO_IPV6,),
    ),
    Scenario(
        "node-ipv6-dropped",
        WON,
        "IPv6 is dropped; Node starts IPv4 250 ms later, which wins (kind race, no row for the loser)",
        (node("get", URL),),
        nginx=True,
        faults=(NO_IPV6,),
    ),
    Scenario(
        "curl-ipv6-refused",
        WON,
        "IPv6 is refused, so curl starts IPv4 at once, which wins (kind race, no row for the loser)",
        (curl(URL),),
        nginx=True,
        faults=("router forward meta nfproto ipv6 tcp dport 80 reject with tcp reset",),
    ),
    Scenario(
        "python-ipv6-prohibited",
        WON,
        "IPv6 is prohibited by ICMPv6; Python's next address, IPv4, works (kind race, no row for the loser)",
        (python("fetch", URL, "{ca}"),),
        nginx=True,
        faults=("router forward meta nfproto ipv6 tcp dport 80 reject with icmpv6 type admin-prohibited",),
    ),
    Scenario(
        "curl-ipv6-dropped-four-times",
        WON * 4,
        "as curl-ipv6-dropped, four fetches one after the other, so that IPv6 loses always (kind race, no rows for the "
        "losers)",
        (curl(URL),) * 4,
        nginx=True,
        faults=(NO_IPV6,),
    ),
    Scenario(
        "curl-both-families-dropped",
        (Row("syn-retransmit", "syn-no-answer"),),
        "IPv6 and IPv4 are dropped; nobody wins, so it is one fetch, of the attempt that failed last",
        (curl(URL, 4.5),),
        faults=("router forward tcp dport 80 drop",),
    ),
)
