"""The HTTP parser: a table of conversations, each fed whole, in pieces and byte by byte; then packets, tunnels, caps,
cost and arbitrary bytes.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
import tls_pairs as pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.layer.http1.pairing import MAX_EXCHANGES
from analyzer.layer.http1.parser import HttpParser
from analyzer.layer.layer import Segment
from analyzer.model.connection import Connection, Side
from analyzer.model.http import Exchange

C, S = 0, 1
GET = b"GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n"
OK5 = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Tracker:
    """Hands bytes to the parser as the connection tracker does: passes over what the parser does not want."""

    def __init__(self, midstream: int = 0) -> None:
        self.connection = Connection(0)
        self.connection.midstream = midstream
        self.parser: Any = HttpParser(pairs.first(self.connection))
        self.packet = 0

    def feed(self, segment: Segment) -> None:
        """What the reassembly does with a segment."""
        segment.side.skip = self.parser.feed(segment)

    def piece(self, side: Side, data: bytes = b"", ack: int = -1) -> Segment:
        """The next segment of a side."""
        return Segment(side).fill(side, self.packet, self.packet * 1000, ack, data, 0, len(data))

    def send(self, index: int, data: bytes) -> None:
        """One segment, its own packet, which acknowledges all that the peer sent."""
        side, peer = self.sides(index)
        self.packet += 1
        if peer.acked < peer.next:
            peer.acked, peer.ack_packet, peer.ack_time = peer.next, self.packet, self.packet * 1000
        side.last_data_packet, side.last_data_time = self.packet, self.packet * 1000
        side.end = side.next + len(data)
        if side.skip:
            passed = min(side.skip, len(data))
            side.skip -= passed
            side.next += passed
            data = data[passed:]
            if side.skip:
                return
        self.feed(self.piece(side, data, peer.next))
        side.next += len(data)

    def hole(self, index: int, length: int) -> None:
        """Bytes that the capture lost."""
        side, _ = self.sides(index)
        self.packet += 1
        side.lost += length
        passed = min(side.skip, length)
        side.skip -= passed
        side.next += passed
        if length > passed:
            segment = self.piece(side)
            segment.lost = length - passed
            self.feed(segment)
            side.next += length - passed
        elif side.skip == 0:
            self.feed(self.piece(side, ack=0))
        side.end = side.next

    def fin(self, index: int) -> None:
        """The end of one direction."""
        self.packet += 1
        segment = self.piece(self.sides(index)[0])
        segment.fin = 1
        self.parser.feed(segment)

    def sides(self, index: int) -> Any:
        pair = (self.connection.client, self.connection.server)
        return pair[index], pair[1 - index]


def play(steps: list[tuple[Any, ...]], size: int = 1 << 30) -> Tracker:
    """Play a conversation, data cut into segments of at most `size` bytes."""
    tracker = Tracker()
    for index, what in steps:
        if what is None:
            tracker.fin(index)
        elif isinstance(what, int):
            tracker.hole(index, what)
        else:
            for at in range(0, len(what), size):
                tracker.send(index, what[at : at + size])
    tracker.parser.finish()
    return tracker


def facts(exchange: Exchange) -> dict[str, Any]:
    """What must not depend on segmentation: everything but packet numbers and times."""
    return {name: getattr(exchange, name) for name in FACTS}


FACTS = [name for name in dir(Exchange(0)) if not name.startswith("_") and not name.endswith(("packet", "time"))]

OK = {"status": 200, "request_complete": 1, "response_complete": 1, "lost": 0, "malformed": "", "garbage": b""}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
POST = b"POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"

CASES: dict[str, tuple[list[tuple[Any, ...]], list[dict[str, Any]]]] = {
    "content-length": (
        [(C, GET), (S, OK5)],
        [OK | {"method": "GET", "target": "/a", "host": "example.org", "body_got": 5, "body_expected": 5}],
    ),
    "keep-alive": ([(C, GET), (S, OK5), (C, GET), (S, OK5)], [OK | {"index": 0}, OK | {"index": 1, "body_got": 5}]),
    "pipelined": (
        [(C, GET + GET.replace(b"/a", b"/b")), (S, OK5 + OK5.replace(b"200", b"404"))],
        [OK | {"target": "/a"}, OK | {"target": "/b", "status": 404}],
    ),
    "bare LF and leading blank lines": (
        [(C, b"\r\n\nGET / HTTP/1.0\nHost:  x \n\n"), (S, b"HTTP/1.0 200\nContent-Length:1\n\nx")],
        [OK | {"host": "x", "reason": "", "response_version": "1.0", "request_start": 3}],
    ),
    "folded header": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: a\r\n\tb\r\n\r\n")],
        [OK | {"headers": {"content-length": "0", "via": "a b"}}],
    ),
    "chunked with extension and trailer": (
        [(C, GET), (S, CHUNKED + b"5;x=1\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n"), (C, GET), (S, OK5)],
        [OK | {"response_framing": "chunked", "body_got": 15, "body_expected": -1}, OK],
    ),
    "chunked cut": ([(C, GET), (S, CHUNKED + b"A\r\n01234"), (S, None)], [{"response_complete": 0, "body_got": 5}]),
    "chunk size is no number": (
        [(C, GET), (S, CHUNKED + b"zz\r\nhello")],
        [{"response_complete": 0, "malformed": "chunk-size"}],
    ),
    "chunk without its line end": (
        [(C, GET), (S, CHUNKED + b"1\r\nabc\r\n")],
        [{"response_complete": 0, "malformed": "chunk-end", "body_got": 1}],
    ),
    "transfer-encoding wins over content-length": (
        [(C, GET), (S, CHUNKED[:-2] + b"Content-Length: 99\r\n\r\n0\r\n\r\n")],
        [OK | {"response_framing": "chunked"}],
    ),
    "close": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\n\r\nabcdef"), (S, None)],
        [OK | {"response_framing": "close", "body_got": 6}],
    ),
    "close without FIN": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\n\r\nabcdef")],
        [{"response_complete": 0, "response_framing": "close", "body_got": 6}],
    ),
    "truncated": ([(C, GET), (S, OK5[:-2]), (S, None)], [{"response_complete": 0, "body_got": 3, "body_expected": 5}]),
    "differing lengths last until the close": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), (S, None)],
        [OK | {"response_framing": "close"}],
    ),
    "HEAD has no body": (
        [(C, GET.replace(b"GET", b"HEAD")), (S, OK5[:-5]), (C, GET), (S, OK5)],
        [OK | {"response_framing": "none", "body_expected": -1}, OK],
    ),
    "304 has no body": (
        [(C, GET), (S, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), (C, GET), (S, OK5)],
        [OK | {"status": 304}, OK],
    ),
    "100-continue": (
        [
            (C, POST + b"Expect: 100-continue\r\n\r\n"),
            (S, b"HTTP/1.1 100 Continue\r\n\r\n"),
            (C, b"body"),
            (S, OK5),
        ],
        [OK | {"interim": (100,), "expect_continue": 1, "request_body_got": 4, "request_body_expected": 4}],
    ),
    "early hints": ([(C, GET), (S, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK5)], [OK | {"interim": (103,)}]),
    "refused before the request's end": (
        [(C, POST + b"\r\nbo"), (S, b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), (S, None)],
        [{"status": 413, "request_complete": 0, "response_complete": 1, "request_body_got": 2}],
    ),
    "chunked request": (
        [(C, b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), (S, OK5)],
        [OK | {"request_body_got": 3, "request_body_expected": -1}],
    ),
    "unanswered": (
        [(C, GET), (C, None)],
        [{"status": 0, "request_complete": 1, "response_start": -1, "request_end": len(GET)}],
    ),
    "half a request": ([(C, GET[:20]), (C, None)], [{"method": "GET", "request_complete": 0, "request_end": 20}]),
    "half a status line": (
        [(C, GET), (S, b"HTTP/1.1 2"), (S, None)],
        [{"status": 0, "response_start": 0, "response_complete": 0}],
    ),
    "status known, headers cut": ([(C, GET), (S, b"HTTP/1.1 502 Bad\r\nServer: x")], [{"status": 502}]),
    "garbage": (
        [(C, GET), (S, b"220 mail.example ESMTP\r\n" + b"x" * 99)],
        [{"status": 0, "garbage": (b"220 mail.example ESMTP\r\n" + b"x" * 99)[:64], "response_start": 0}],
    ),
    "garbage that begins as HTTP": ([(C, GET), (S, b"HTTP/x\r\nyes")], [{"garbage": b"HTTP/x\r\nyes", "status": 0}]),
    "408 for a half request": (
        [(C, GET[:20]), (S, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")],
        [{"status": 408, "request_complete": 0, "response_complete": 1}],
    ),
    "hole inside a body": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"), (S, 30), (S, b"x" * 20), (C, GET), (S, OK5)],
        [OK | {"body_got": 50, "body_lost": 30}, OK | {"body_lost": 0}],
    ),
    "hole up to the end of a body": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b"x" * 20), (S, 30), (C, GET), (S, OK5)],
        [OK | {"body_got": 50, "body_lost": 30}, OK],
    ),
    "lost request": ([(C, len(GET)), (S, OK5)], [{"method": "", "request_start": -1, "status": 200, "lost": 1}]),
    "lost response": ([(C, GET), (S, len(OK5)), (C, GET), (S, OK5)], [{"status": 0, "lost": 1}, OK]),
    "lost in a response head": (
        [(C, GET), (S, OK5[:20]), (S, 20), (S, b"x")],
        [{"status": 200, "response_unframed": 1}],
    ),
    "control characters stay": (
        [(C, b"GET /\x1b[31m\xff HTTP/1.1\r\n\r\n"), (S, OK5)],
        [OK | {"target": "/\x1b[31m\xff"}],
    ),
    "websocket": (
        [(C, GET), (S, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")],
        [{"status": 101, "response_framing": "tunnel", "response_complete": 1}],
    ),
}


@pytest.mark.parametrize("size", [1 << 30, 7, 1], ids=["whole", "pieces", "bytes"])
@pytest.mark.parametrize("name", CASES)
def test_case(name: str, size: int) -> None:
    """Each conversation yields the exchanges that its name says, however it is segmented."""
    steps, expected = CASES[name]
    if name == "lost response":
        size = 1 << 30  # reading goes on only at a segment that holds a whole start
    exchanges = play(steps, size).connection.exchanges
    assert len(exchanges) == len(expected)
    for exchange, wanted in zip(exchanges, expected, strict=True):
        assert {key: getattr(exchange, key) for key in wanted} == wanted


@pytest.mark.parametrize("junk", [b"\x00\xff" * 40, b"HTTP/1.1 200 OK\r\nX", b"GET / HTTP/1.1\r\n"])
@pytest.mark.parametrize("name", [name for name, (_, wanted) in CASES.items() if wanted[-1].get("status") == 200])
def test_trailing_junk(name: str, junk: bytes) -> None:
    """What comes after a finished exchange, in either direction, does not change it."""
    steps, _ = CASES[name]
    before = [facts(exchange) for exchange in play(steps).connection.exchanges]
    if not before[-1]["response_complete"] or before[-1]["response_framing"] == "close":
        return
    for order in itertools.permutations([(C, junk), (S, junk)]):
        after = play([*steps, *order]).connection.exchanges
        assert [facts(exchange) for exchange in after[: len(before)]] == before


CONNECT = b"CONNECT example.org:443 HTTP/1.1\r\n\r\n"


def test_packets_and_times() -> None:
    """First and last byte of request and response carry their own segments' packets and times."""
    tracker = Tracker()
    for index, data in [(C, GET[:9]), (C, GET[9:]), (S, OK5[:9]), (S, OK5[9:-3]), (S, OK5[-3:-1]), (S, OK5[-1:])]:
        tracker.send(index, data)
    exchange = tracker.connection.exchanges[0]
    assert (exchange.request_packet, exchange.request_end_packet, exchange.acked_packet) == (1, 2, 3)
    assert (exchange.response_packet, exchange.head_packet, exchange.response_end_packet) == (3, 4, 6)
    assert (exchange.request_time, exchange.response_time, exchange.response_end_time) == (1000, 3000, 6000)


def test_bulk_is_passed_over() -> None:
    """A long body is skipped, not read; an unfinished one still counts its bytes."""
    tracker = Tracker()
    tracker.send(C, GET)
    tracker.send(S, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    assert tracker.connection.server.skip == 1_000_000
    for _ in range(5):
        tracker.send(S, b"x" * 1000)
    tracker.parser.finish()
    exchange = tracker.connection.exchanges[0]
    assert (exchange.body_got, exchange.response_complete, exchange.response_end_packet) == (5000, 0, 7)


def test_skip_ends_exactly_at_a_segment_end() -> None:
    """The segment with the last body byte is the response's end, though the parser never sees its bytes."""
    tracker = Tracker()
    tracker.send(C, GET)
    tracker.send(S, OK5[:-5])
    tracker.send(S, b"hello")
    assert tracker.connection.exchanges[0].response_end_packet == 3
    assert tracker.connection.exchanges[0].response_complete == 1


def test_connect_accepted() -> None:
    """A 2xx answer to CONNECT opens a tunnel: the exchange is the proxy phase, the bytes after it are handed over."""
    tracker = play([(C, CONNECT + b"early"), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nreply")])
    assert tracker.parser.tunnel == 1
    assert (tracker.parser.leftover_client, tracker.parser.leftover_client_start) == (b"early", len(CONNECT))
    assert tracker.parser.leftover_server == b"reply"
    assert tracker.connection.exchanges == []
    assert tracker.connection.connect is not None
    assert tracker.connection.connect.target == "example.org:443"


def test_connect_refused() -> None:
    """After a refused CONNECT the connection goes on as HTTP, with what the client had sent meanwhile."""
    refused = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    tracker = play([(C, CONNECT + GET), (S, refused + OK5)])
    assert tracker.parser.tunnel == 0
    assert [exchange.status for exchange in tracker.connection.exchanges] == [407, 200]


def test_upgrade_leftovers() -> None:
    """Bytes behind a 101 head are the new protocol's."""
    tracker = play([(C, GET), (S, b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x02hi")])
    assert (tracker.parser.tunnel, tracker.parser.leftover_server) == (2, b"\x81\x02hi")


def test_idle_408() -> None:
    """A 408 that nobody asked for is the server's farewell, not a response."""
    tracker = play([(C, GET), (S, OK5), (S, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\nhi"), (S, None)])
    assert [exchange.status for exchange in tracker.connection.exchanges] == [200]
    assert tracker.connection.flags == ("idle-408",)


@pytest.mark.parametrize("order", [[(S, b"tail of a body"), (C, GET), (S, OK5)], [(S, OK5), (C, GET), (S, OK5)]])
def test_midstream(order: list[tuple[int, bytes]]) -> None:
    """A connection joined in the middle is read from the first clean start line on."""
    tracker = Tracker(midstream=1)
    for index, data in order:
        tracker.send(index, data)
    assert tracker.connection.exchanges[-1].status == 200
    assert tracker.connection.exchanges[-1].method == "GET"
    assert [exchange.status for exchange in tracker.connection.exchanges[:-1]] == [200] * (order[0][1] == OK5)


def test_response_captured_before_its_request() -> None:
    """A response whose segment acknowledges a request that is captured after it still belongs to it."""
    tracker = Tracker()
    tracker.packet = 1
    tracker.feed(tracker.piece(tracker.connection.server, OK5, len(GET)))
    tracker.packet = 0
    tracker.connection.server.next = len(OK5)
    tracker.send(C, GET)
    assert [(each.method, each.status) for each in tracker.connection.exchanges] == [("GET", 200)]


def test_milestones() -> None:
    """The first exchange and every failing one are milestones, in packet order."""
    bad = OK5.replace(b"200 OK", b"503 No")
    tracker = play([(C, GET), (S, OK5), (C, GET), (S, OK5), (C, GET), (S, bad)])
    assert [(each.what, each.packet) for each in tracker.connection.milestones] == [
        ("request", 1),
        ("response", 2),
        ("request", 5),
        ("response", 6),
    ]
    assert tracker.connection.milestones[3].note is tracker.connection.exchanges[2]


def test_exchanges_are_capped() -> None:
    """Past the cap, exchanges that ended well are dropped and counted; a failure is kept and the flag says so."""
    bad = OK5.replace(b"200 OK", b"404 No")
    tracker = play([(C, GET), (S, OK5)] * (MAX_EXCHANGES + 10) + [(C, GET), (S, bad)])
    assert len(tracker.connection.exchanges) == MAX_EXCHANGES + 1
    assert tracker.parser.dropped == 10
    assert tracker.connection.exchanges[-1].status == 404
    assert tracker.connection.flags == ("exchanges-capped",)


def test_unanswered_requests_are_capped() -> None:
    """A flood of pipelined requests without answers ends the reading instead of filling the memory."""
    tracker = play([(C, GET * (2 * MAX_EXCHANGES))])
    assert len(tracker.connection.exchanges) == MAX_EXCHANGES + 1
    assert tracker.connection.flags == ("exchanges-capped",)


def test_responses_that_nobody_asked_for_are_capped() -> None:
    """A server that answers without end fills no memory either."""
    tracker = play([(C, GET), *[(S, OK5)] * (MAX_EXCHANGES + 100)])
    assert len(tracker.connection.exchanges) == MAX_EXCHANGES
    assert tracker.connection.flags == ("exchanges-capped",)


@pytest.mark.parametrize("line", [b"X: y\r\n", b"x", b"\r\n"])
def test_endless_head(line: bytes) -> None:
    """A head without an end is given up at its cap, in linear time, whether it has lines or not."""
    began = time.process_time()
    tracker = play([(C, GET), (S, b"HTTP/1.1 200 OK\r\nX: " + line * (200_000 // len(line)))], size=1)
    assert time.process_time() - began < 10
    exchange = tracker.connection.exchanges[0]
    assert exchange.status == 200
    assert exchange.malformed == ("" if line == b"\r\n" else "head-too-large")


PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            GET,
            OK5,
            OK5[:-5],
            CONNECT,
            CHUNKED,
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"\r\n",
            b"0\r\n\r\n",
            b"5\r\nhello\r\n",
            b"POST / HTTP/1.1\r\n",
            b"Content-Length: 3\r\n\r\n",
            b"HEAD / HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 204 No\r\n\r\n",
            b"HTTP/1.1 408 T\r\n\r\n",
        ]
    ),
)
TALK = st.lists(st.tuples(st.sampled_from([C, S]), PIECES.filter(bool)), max_size=12)
SIZES = st.integers(min_value=1, max_value=9)


@settings(max_examples=120, deadline=None)
@given(TALK, SIZES)
def test_facts_do_not_depend_on_segmentation(talk: list[tuple[int, bytes]], size: int) -> None:
    """Any bytes in both directions: no exception, and the same facts however they are cut into segments."""
    whole, cut = play(talk), play(talk, size)
    assert [facts(each) for each in cut.connection.exchanges] == [facts(each) for each in whole.connection.exchanges]
    assert cut.connection.flags == whole.connection.flags
    assert cut.parser.tunnel == whole.parser.tunnel


STEPS = st.lists(
    st.tuples(st.sampled_from([C, S]), st.one_of(PIECES.filter(bool), st.integers(1, 99), st.none())), max_size=16
)


@settings(max_examples=120, deadline=None)
@given(STEPS, SIZES, st.integers(0, 1))
def test_losses_and_ends_anywhere(steps: list[tuple[int, object]], size: int, midstream: int) -> None:
    """Holes and FINs at any place raise nothing and leave counts that add up."""
    for exchange in play(steps, size).connection.exchanges:
        assert 0 <= exchange.body_lost <= exchange.body_got
        assert exchange.body_expected < 0 or exchange.body_got <= exchange.body_expected
        assert exchange.response_start <= exchange.response_end or not exchange.response_complete
