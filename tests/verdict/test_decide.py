"""Any connection gets a verdict, and the documentation of signatures and causes is whole."""

from __future__ import annotations

import re
from types import FunctionType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.fetch.build import fetches
from analyzer.fetch.model import Fetch
from analyzer.layer.tls.registry import ALERTS
from analyzer.model.connection import WHAT, Connection, Event, IcmpError, Side
from analyzer.model.http import Exchange, Http2
from analyzer.model.tls import Alert, Record, Tls
from analyzer.verdict import decide as procedure
from analyzer.verdict.catalog import name_of, rules
from analyzer.verdict.causes import CAUSES, FAMILIES, TABLE, cause_of
from analyzer.verdict.decide import decide
from analyzer.verdict.model import CLASSES, CONFIDENCES, FAILURES, Verdict
from analyzer.verdict.signatures import connect, dns, incomplete

NUMBER = st.one_of(st.sampled_from([-1, 0, 1, 2, 3]), st.integers(0, 40))
HEADER_FIELDS = ("data_ttl", "ip_id", "syn_id", "port")
"""What comes out of a header as it is: none of it is ever negative."""
TIME = st.one_of(st.just(0), st.integers(0, 80).map(lambda tenths: 1_000_000_000_000_000_000 + tenths * 1_700_000_000))
MISSING = ("head", "tail", "direction", "bytes", "snaplen")
SIGNATURES = (
    *dns.DNS,
    *procedure.SEEN,
    *connect.CONNECT,
    *procedure.MADE,
    *procedure.ACCEPTED,
    *procedure.HANDSHAKE,
    *procedure.OPAQUE,
    *procedure.ANSWERED,
    *procedure.EXCHANGE,
    incomplete.rest,
)


def scatter(draw: st.DrawFn, thing: object, *keep: str) -> None:
    """Give each number of an object a value that makes no sense together with the others."""
    for name, value in list(vars(thing).items()) if hasattr(thing, "__dict__") else attributes(thing):
        if name in keep or name.startswith(("_", "recent")) or not isinstance(value, int):
            continue
        is_time = name == "time" or name.endswith(("_time", "_since"))  # a C number of 64 bits, others may have 32
        number = st.integers(0, 40) if name in HEADER_FIELDS else NUMBER
        setattr(thing, name, draw(TIME if is_time else number))


def attributes(thing: object) -> list[tuple[str, object]]:
    """The data attributes of a compiled object, which has no __dict__."""
    found = ((name, getattr(thing, name)) for name in dir(thing) if not name.startswith("_"))
    return [(name, value) for name, value in found if not callable(value)]


@st.composite
def records(draw: st.DrawFn) -> Record:
    record = Record(
        draw(st.sampled_from([20, 21, 22, 23])),
        draw(st.sampled_from([0, 2, 19, 26, 53, 98, 282, 4000])),
        draw(st.integers(0, 900)),
    )
    scatter(draw, record, "kind", "length", "start", "end")
    return record


@st.composite
def hellos(draw: st.DrawFn) -> Tls:
    tls = Tls()
    scatter(draw, tls)
    tls.version = draw(st.sampled_from([0, 0x0303, 0x0304]))
    tls.client_records = draw(st.lists(records(), max_size=3))
    tls.server_records = draw(st.lists(records(), max_size=3))
    tls.client_last = draw(st.one_of(st.none(), records()))
    tls.server_last = draw(st.one_of(st.none(), records()))
    tls.client_finished = draw(st.one_of(st.none(), records()))
    tls.server_finished = draw(st.one_of(st.none(), records()))
    for side in draw(st.lists(st.sampled_from([0, 1]), max_size=2)):
        code = draw(st.sampled_from([-1, 0, 40, 48, 90, 200]))
        tls.alerts.append(Alert(side, draw(st.sampled_from([-1, 1, 2])), code, draw(records())))
    tls.reply = draw(st.sampled_from([b"", b"HTTP/1.1 400", b"220 hello", b"\x00\x01\xff"]))
    return tls


@st.composite
def streams(draw: st.DrawFn) -> Http2:
    stream = Http2(draw(st.sampled_from([1, 3])))
    scatter(draw, stream, "stream")
    stream.reset_side = draw(st.sampled_from([-1, 0, 1]))
    stream.reset_code = draw(st.sampled_from([0, 2, 7, 8, 99]))
    stream.goaway_code = draw(st.sampled_from([-1, 0, 11, 99]))
    return stream


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    exchange = Exchange(draw(st.integers(0, 2)))
    scatter(draw, exchange, "index")
    exchange.status = draw(st.sampled_from([0, 101, 200, 304, 404, 502]))
    exchange.method = draw(st.sampled_from(["", "GET", "CONNECT"]))
    exchange.target = draw(st.sampled_from(["", "/", "host:443"]))
    exchange.response_framing = draw(st.sampled_from(["", "length", "chunked", "close"]))
    exchange.h2 = draw(st.one_of(st.none(), streams()))
    exchange.garbage = draw(st.sampled_from([b"", b"\x15\x03\x01", b"SSH-2.0"]))
    return exchange


@st.composite
def marks(draw: st.DrawFn) -> Event:
    what = draw(st.sampled_from(["syn", "syn-ack", "ack", "rst", "fin", "retransmission", "data", "icmp"]))
    mark = Event(what, 2 if what == "icmp" else draw(st.sampled_from([0, 1])), draw(st.integers(1, 40)), draw(TIME))
    mark.offset = mark.ack = draw(NUMBER)
    mark.flags = draw(st.sampled_from([2, 4, 16, 20]))
    if what == "icmp":
        mark.note = IcmpError(draw(st.sampled_from([4, 6])), draw(st.sampled_from([1, 3, 11])), draw(NUMBER), b"")
    elif what == "ack":
        mark.note = draw(st.sampled_from([None, "challenge"]))
    return mark


@st.composite
def connections(draw: st.DrawFn) -> Connection:
    """A connection whose facts contradict each other."""
    connection = Connection(0)
    scatter(draw, connection)
    for side in (connection.client, connection.server):
        chosen: Side = side
        scatter(draw, chosen, "index")
        chosen.address = draw(st.sampled_from([b"", b"\x0a\x00\x00\x01", b"\x20\x01" + bytes(14)]))
    connection.last_packet = draw(st.integers(1, 40))
    connection.milestones = draw(st.lists(marks(), max_size=6))
    connection.tls = draw(st.one_of(st.none(), hellos()))
    connection.exchanges = draw(st.lists(exchanges(), max_size=2))
    connection.connect = draw(st.one_of(st.none(), exchanges()))
    connection.protocol = draw(st.sampled_from(["", "tls", "http", "h2c", "other"]))
    return connection


@settings(max_examples=150, deadline=None)
@given(connections())
def test_every_connection_gets_sound_verdicts(connection: Connection) -> None:
    """No facts, however odd, raise; class, confidence and labels come from closed lists, and a packet is cited."""
    built = fetches(connection)
    assert built
    for fetch in built:
        verdict: Verdict = decide(fetch)
        assert verdict.klass in CLASSES
        assert verdict.confidence in CONFIDENCES
        assert verdict.evidence
        assert {evidence.what for evidence in verdict.evidence} <= set(WHAT)
        assert [e.packet for e in verdict.evidence] == sorted(e.packet for e in verdict.evidence)
        assert verdict.summary.endswith(".")
        assert (verdict.klass in FAILURES) == (verdict.cause != "")
        assert (verdict.klass == "incomplete") == (verdict.missing in MISSING)
        if verdict.cause:
            assert cause_of(verdict.cause).klass == verdict.klass


def test_an_empty_connection_is_incomplete() -> None:
    """Nothing seen is nothing known, never ok."""
    verdict = decide(Fetch(Connection(0), None))
    assert verdict.klass == "incomplete"
    assert verdict.missing


@pytest.mark.parametrize(
    "signature", dict.fromkeys(SIGNATURES), ids=lambda signature: f"{signature.__module__}.{signature.__name__}"
)
def test_each_signature_is_documented(signature: FunctionType) -> None:
    """Its docstring has rules, and each says what is on the wire and how sure it is."""
    for rule in rules()[name_of(signature)]:
        assert rule.sentence.endswith(".")
        assert rule.wire
        assert rule.confidence


def test_each_documented_function_is_in_the_procedure() -> None:
    """A signature that nobody calls would never fire."""
    assert set(rules()) == {name_of(signature) for signature in SIGNATURES}


def test_causes_are_told_apart() -> None:
    """No cause has two entries; each has a class and advice, and every name is in the words of the specification."""
    assert len(CAUSES) == len(TABLE)
    for entry in TABLE:
        assert entry.klass in FAILURES
        assert entry.advice[-1] in ".?"
        assert entry.blame in ("client", "server", "network", "")
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.id)


def test_families_share_an_entry() -> None:
    """Each alert, status and proxy answer finds the entry of its family."""
    assert all(cause_of(f"tls-alert-{name}").id == "tls-alert" for name in ALERTS.values())
    assert cause_of("http-status-599").id == "http-status"
    assert cause_of("http-proxy-connect-407").id == "http-proxy-connect"
    assert cause_of("http-proxy-connect-no-reply").id == "http-proxy-connect-no-reply"
    assert set(FAMILIES) <= set(CAUSES)
