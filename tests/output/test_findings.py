"""What failures share is said when it is true, with its figures; each finding has a near miss."""

from __future__ import annotations

import pytest

from analyzer.fetch.flow import X25519MLKEM768
from analyzer.model.connection import Connection
from analyzer.model.tls import Tls
from analyzer.output import findings
from analyzer.output.findings import Findings
from analyzer.verdict.brief import Brief
from analyzer.verdict.model import Verdict

V4 = bytes([203, 0, 113])
V6 = bytes.fromhex("20010db8") + bytes(11)


def counted(*fetches):
    """The findings of these fetches, by id."""
    seen = Findings()
    for fetch in fetches:
        seen.add(Brief(fetch))
    return {finding.id: finding for finding in seen.found()}


@pytest.fixture
def trip(make):
    """A fetch: outcome as `class/cause`, where it went, and what else matters."""

    def build(
        outcome="ok", name="example.org", address=V4 + b"\x01", port=443, flags=(), timers=(), groups=(), rst=0, own=0
    ):
        klass, _, cause = outcome.partition("/")
        verdict = Verdict(klass, cause, "high")
        verdict.missing = "direction" if klass == "incomplete" else ""
        verdict.flags, verdict.timers = tuple(flags), tuple(timers)
        connection = Connection(0)
        connection.server.address, connection.server.port, connection.server.ttl = address, port, own
        connection.tls = Tls()
        connection.tls.key_shares = list(groups)
        verdict.rst_ttl = rst
        return make(connection=connection, name=name, verdict=verdict)

    return build


def test_failures_of_one_family(trip):
    """12 of 14 failures are IPv6, and hardly any of what went well."""
    bad = [trip("syn-retransmit/syn-no-answer", address=V6 + bytes([i])) for i in range(12)]
    bad += [trip("http-failure/http-status-404") for _ in range(2)]
    good = [trip() for _ in range(30)] + [trip(address=V6 + b"\x63")]
    found = counted(*bad, *good)["family"]
    assert found.text == "12 of 14 failures are IPv6, and 1 of the 31 that went well"
    assert found.figures == {"family": "IPv6", "failed": 12, "failures": 14, "ok": 1, "all_ok": 31}


def test_a_family_that_works_as_well_is_no_finding(trip):
    """All failures are IPv4 where everything is, or where IPv4 mostly works."""
    bad = [trip("rst/rst-refused") for _ in range(5)]
    assert "family" not in counted(*bad, *[trip() for _ in range(9)])
    assert "family" not in counted(*bad, *[trip() for _ in range(90)], trip(address=V6 + b"\x01"))


def test_failures_at_one_port(trip):
    """Everything at one port fails, other ports work."""
    bad = [trip("rst/rst-refused", port=8443) for _ in range(3)]
    assert counted(*bad, trip())["port"].text == "3 of 3 failures are at port 8443, and 0 of the 1 that went well"
    assert "port" not in counted(*bad[:2], trip())


def test_one_server_of_many(trip):
    """One of three addresses of a name fails each time, the others do not."""
    bad = [trip("tls-stall/tls-no-server-hello", address=V4 + b"\x09") for _ in range(4)]
    good = [trip(address=V4 + bytes([i % 2 + 1])) for i in range(10)]
    text = counted(*bad, *good)["one-server"].text
    assert text == (
        "all 4 fetches from 203.0.113.9 failed, one of 3 addresses of example.org (port 443); "
        "from the others 10 of 10 went well"
    )
    assert "one-server" not in counted(*bad, *good, trip(address=V4 + b"\x09"))
    assert "one-server" not in counted(*bad, *good[:2])


def test_resets_of_one_ttl(trip):
    """Resets of several servers come with one TTL that none of the servers has."""
    resets = [trip("rst/rst-after-clienthello", rst=61, own=own) for own in (47, 52, 47)]
    assert counted(*resets)["reset-ttl"].text == "all 3 resets come with TTL 61; the servers' own packets have 47, 52"
    assert "reset-ttl" not in counted(*resets, trip("rst/rst-after-clienthello", rst=58, own=47))
    assert "reset-ttl" not in counted(*[trip("rst/rst-after-request", rst=61, own=61) for _ in range(3)])


def test_path_mtu(trip):
    """Two fetches that lost large segments only, or one that a router told about."""
    lost = trip("tls-stall/tls-server-flight-lost", flags=["pmtu-suspected"])
    told = trip("tls-stall/tls-server-flight-lost", flags=["pmtu-suspected", "icmp-frag-needed"])
    assert counted(lost, lost)["path-mtu"].figures == {"failed": 2, "told_by_icmp": 0}
    assert counted(told)["path-mtu"].text.endswith("(path MTU); a router said so by ICMP")
    assert "path-mtu" not in counted(lost)


def test_post_quantum_hellos(trip):
    """Large hellos lose their second segment, small ones pass."""
    large = trip("tls-stall/tls-clienthello-partial", groups=[X25519MLKEM768, 29])
    assert counted(large, large, trip(groups=[29]))["post-quantum"].figures == {"failed": 2, "ok": 0, "smaller_ok": 1}
    assert "post-quantum" not in counted(large, large)
    assert "post-quantum" not in counted(large, large, trip(groups=[29]), trip(groups=[X25519MLKEM768]))


def test_one_way_capture(trip):
    """More than nine of ten fetches show one direction."""
    half = trip("incomplete")
    assert counted(*[half] * 10)["one-way-capture"].figures == {"one_sided": 10, "fetches": 10}
    assert "one-way-capture" not in counted(*[half] * 9, trip())


def test_one_timer(trip):
    """Three failures that fit one timer."""
    late = trip("tls-stall/tls-no-server-hello", timers=["Go's TLS handshake timeout (10 s)"])
    text = counted(late, late, late, trip("rst/rst-refused"))["timer"].text
    assert text == "3 of 4 failures are consistent with Go's TLS handshake timeout (10 s)"
    assert "timer" not in counted(late, late)


def test_beyond_the_cap_nothing_is_said_about_places(trip, monkeypatch):
    """Figures that count a part only would be wrong."""
    monkeypatch.setattr(findings, "MAX_PLACES", 5)
    bad = [trip("rst/rst-refused", name=f"{i}.example", port=8443) for i in range(20)]
    seen = Findings()
    for fetch in [*bad, trip()]:
        seen.add(Brief(fetch))
    assert len(seen.counted) == 5
    assert seen.failed == 20
    assert seen.found() == []


def test_names_from_the_wire_are_shown_safely(trip):
    """A host name with a terminal escape does not reach the terminal."""
    bad = [trip("rst/rst-refused", name="a\x1b[31m", address=V4 + b"\x09") for _ in range(3)]
    good = [trip(name="a\x1b[31m") for _ in range(3)]
    assert "\x1b" not in counted(*bad, *good)["one-server"].text
