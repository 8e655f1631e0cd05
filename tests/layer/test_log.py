"""What layers log: the same whatever the segments, each event where its bytes are; and nothing is read otherwise."""

from __future__ import annotations

from contextlib import closing

import pytest
import tls_pairs as pairs
from support.examples import CASES
from support.incomplete import compiled
from support.recording import Recording
from support.tls_twins import SUITES
from support.traces import opened
from support.twin_rows import fetches as found_in
from support.twins import twin
from support.unlocked import store_of

from analyzer.model.connection import CLIENT, SERVER, Connection, Event
from analyzer.model.log import LOGGED, MAX_EVENTS, Log
from analyzer.pkt.payload import payload
from analyzer.pkt.words import split
from analyzer.tcp.trace import Trace

TOLD = tuple[str, int, int, object]
"""What happened, offset, length and note."""

UPGRADE = "http GET /a host a.example connection upgrade upgrade websocket head 120"
PROXIED = 'text "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\\r\\n" + http POST /a host a.example body 9 head 60'
CHUNKED = 'http 100 head 40 + http 200 chunked head 60 + text "3;x=y\\r\\nabc\\r\\n0\\r\\n\\r\\n" + http 404 head 50'
SPLIT = "h2 HEADERS stream 1 END_STREAM more size 19 block 82 + h2 CONTINUATION stream 1 size 10"
SAID: dict[str, tuple[str, str, list[TOLD], list[TOLD]]] = {
    "TLS": (
        "tls client_hello sni a.example size 300 + tls alert 2 40",
        "tls server_hello tls12 + tls handshake 11:2400 14:0 4:10 + tls ccs + tls records 22:40 23:90",
        [("record", 0, 300, 1), ("handshake", 5, 295, 1), ("record", 300, 7, 1)],
        [
            ("record", 0, 86, 1), ("handshake", 5, 81, 2), ("record", 86, 2427, 1), ("handshake", 91, 2404, 11),
            ("handshake", 2495, 4, 14), ("handshake", 2499, 14, 4), ("record", 2513, 6, 0), ("record", 2519, 45, 0),
            ("record", 2564, 95, 0),
        ],
    ),
    "HTTP/1": (
        PROXIED,
        CHUNKED,
        [("prologue", 0, 36, "proxy-protocol"), ("request", 36, 60, None)],
        [
            ("response", 0, 40, None), ("response", 40, 60, None), ("chunk", 107, 3, None), ("chunk", 115, 0, None),
            ("response", 117, 50, None),
        ],
    ),
    "websocket": (
        UPGRADE,
        "http 101 connection upgrade upgrade websocket head 90 + hex 810268690000 + hex ff",
        [("request", 0, 120, None)],
        [("response", 0, 90, None), ("websocket", 90, 4, 2), ("websocket", 94, 2, 2), ("websocket", 96, 1, 0)],
    ),
    "HTTP/2": (
        f"h2 preface + h2 SETTINGS + {SPLIT}",
        "h2 SETTINGS + h2 HEADERS stream 1 size 10 :status 200 + h2 DATA stream 1 END_STREAM length 70",
        [
            ("preface", 0, 24, None), ("frame", 24, 9, (4, 0, 0)), ("frame", 33, 19, (1, 1, 1)),
            ("frame", 52, 10, (9, 4, 1)), ("block", 33, 29, None),
        ],
        [
            ("frame", 0, 9, (4, 0, 0)), ("frame", 9, 10, (1, 4, 1)), ("block", 9, 10, None),
            ("frame", 19, 79, (0, 1, 1)),
        ],
    ),
}  # fmt: skip
"""What client and server say, in the words of timelines, and what is told of the bytes of each."""


def told(event: Event) -> TOLD:
    """An event as SAID has it, without exchanges and bytes."""
    note = event.note if isinstance(event.note, int | str | tuple) else None
    return event.what, event.offset, event.length, note


@pytest.mark.parametrize("step", [0, 1, 7])
@pytest.mark.parametrize("name", SAID)
def test_what_is_read_is_logged(name: str, step: int) -> None:
    """Kind, offset and length of everything, also of what is of no use, however it is cut into segments."""
    log = Log()
    feeder = pairs.Feeder(pairs.connection())
    feeder.layer.log = log
    for side in (CLIENT, SERVER):
        feeder.send(side, payload([*split(SAID[name][side]), "..."], 0), step)
    for side in (CLIENT, SERVER):  # a head that comes in pieces is told twice
        found = [told(event) for event in log.events if event.side == side and event.what != "start-line"]
        assert found == SAID[name][2 + side]


def traced(capture: Recording, connection: Connection) -> tuple[Log, Connection]:
    """What is logged of a connection of a capture, and what is read of it meanwhile."""
    log = Log()
    trace = Trace(connection, log)
    with closing(opened(capture)) as source:
        for _ in trace.packets(source.frames):
            pass
    return log, next(made for made in trace.table.finished if made.first_packet == connection.first_packet)


OF_TLS = [
    "cipher", "sni", "alpn", "hellos", "hello_size", "hello_complete", "session_echo", "resumed", "client_count",
    "server_count", "malformed", "retry_request", "server_hello_packet", "certificate_asked", "certificate_packet",
    "hello_done_packet", "done_1_2", "hole", "reply", "lost",
]  # fmt: skip
OF_EXCHANGE = [
    "method", "target", "host", "status", "reason", "interim", "request_start", "request_end", "request_complete",
    "response_start", "response_end", "response_framing", "body_expected", "body_got", "response_complete",
    "malformed", "garbage", "close_packet", "lost",
]  # fmt: skip


def facts(connection: Connection) -> list[object]:
    """What layers found out about a connection."""
    exchanges = [[getattr(one, name) for name in OF_EXCHANGE] for one in connection.exchanges]
    tls = [getattr(connection.tls, name, None) for name in OF_TLS]
    alerts = [(alert.side, alert.code) for alert in connection.tls.alerts] if connection.tls is not None else []
    return [connection.protocol, connection.via, connection.other_first, connection.flags, exchanges, tls, alerts]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if len(case.talks) == 1 and not case.encap])
def test_a_log_changes_nothing(name: str) -> None:
    """Read with a log, all is found out that is found out without one; the events of a side do not overlap."""
    capture = compiled(CASES[name])
    for fetch in {id(fetch.connection): fetch for fetch in found_in(capture) if fetch.resolution is None}.values():
        log, made = traced(capture, fetch.connection)
        assert facts(made) == facts(fetch.connection)
        assert {event.what for event in log.events} <= set(LOGGED)
        for side in (CLIENT, SERVER):
            ends = 0
            for event in log.events:
                if event.side == side and event.what in ("record", "frame", "websocket", "request", "response"):
                    assert event.offset >= ends
                    ends = event.offset + event.length


def test_what_tls_carries_has_a_log_of_its_own() -> None:
    """Offsets there are the plaintext's: the inner log is that of the same conversation without TLS."""
    capture = compiled(CASES["http-status-502"])
    (plain,) = found_in(capture)
    inside, key_log = twin(capture, [plain], SUITES["tls13-aes256-gcm"])
    (sealed,) = found_in(inside, key_log)
    log = Log()
    trace = Trace(sealed.connection, log)
    trace.table.reassembler.keys = store_of(key_log)
    with closing(opened(inside)) as source:
        assert list(trace.packets(source.frames))
    (inner,) = [event.note for event in log.events if event.what == "inside"]
    assert isinstance(inner, Log)
    assert [told(event) for event in inner.events] == [
        told(event) for event in traced(capture, plain.connection)[0].events
    ]
    assert {event.what for event in log.events} == {"record", "handshake", "inside"}


def test_a_log_is_finite() -> None:
    """Of a flood of records the first are kept, and the log knows that there were more."""
    log = Log()
    feeder = pairs.Feeder(pairs.connection())
    feeder.layer.log = log
    feeder.send(CLIENT, payload(split("tls client_hello sni a.example"), 300))
    feeder.send(SERVER, bytes.fromhex("170303000100") * (MAX_EVENTS + 1))
    assert (len(log.events), log.full) == (MAX_EVENTS, 1)
