"""HTTP/2 without TLS: conversations fed whole and in pieces, header compression and its losses, caps, any bytes."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hpack import Encoder
from hypothesis import given, settings
from hypothesis import strategies as st
from test_http_parser import Tracker, facts

from analyzer.layer.http1.pairing import MAX_EXCHANGES
from analyzer.layer.http2.parser import Http2Parser
from analyzer.layer.http2.reader import MAX_BLOCK
from analyzer.layer.http2.registry import UNREADABLE
from analyzer.model.connection import Connection
from analyzer.model.http import Exchange
from analyzer.pkt import h2

C, S = 0, 1
ASK = ":method GET :scheme http :path /a :authority example.org"
GET = f"HEADERS stream 1 END_STREAM {ASK}"
HELLO = [(C, "preface"), (C, "SETTINGS"), (S, "SETTINGS"), (S, "SETTINGS ack")]

Step = tuple[int, str | bytes | int]


def wire(what: str | bytes) -> bytes:
    """The bytes of a frame in the words of the cases."""
    return what if isinstance(what, bytes) else h2.part(what.split(), 0)


def play(steps: list[Step], size: int = 1 << 30) -> Tracker:
    """Play a conversation, frames cut into segments of at most `size` bytes; a number is a hole of that length."""
    tracker = Tracker()
    tracker.parser = Http2Parser(tracker.parser)
    for index, what in steps:
        if isinstance(what, int):
            tracker.hole(index, what)
            continue
        data = wire(what)
        for at in range(0, len(data), size):
            tracker.send(index, data[at : at + size])
    tracker.parser.finish()
    return tracker


def exchanges(steps: list[Step], size: int = 1 << 30) -> list[Exchange]:
    return list(play(steps, size).connection.exchanges)


def only(steps: list[Step]) -> Exchange:
    (exchange,) = exchanges(steps)
    return exchange


CASES: dict[str, tuple[list[Step], dict[str, Any]]] = {
    "a body in two frames": (
        [(C, GET), (S, "HEADERS stream 1 :status 200 content-length 9"), (S, "DATA stream 1 length 4"),
         (S, "DATA stream 1 END_STREAM length 5")],
        {"status": 200, "body_got": 9, "body_expected": 9, "response_complete": 1, "request_complete": 1,
         "method": "GET", "target": "/a", "host": "example.org", "response_framing": "length"},
    ),
    "padding is no body": (
        [(C, GET), (S, "HEADERS stream 1 padded 30 :status 200"), (S, "DATA stream 1 END_STREAM padded 200 length 5")],
        {"status": 200, "body_got": 5, "response_complete": 1, "response_framing": "frames"},
    ),
    "the head in four pieces": (
        [(C, "HEADERS stream 1 END_STREAM priority padded 3 more :method PUT"), (C, "CONTINUATION stream 1 more"),
         (C, "CONTINUATION stream 1 more :path /b :scheme http"), (C, "CONTINUATION stream 1 host h.example"),
         (S, "HEADERS stream 1 END_STREAM :status 204")],
        {"method": "PUT", "target": "/b", "host": "h.example", "status": 204, "response_complete": 1},
    ),
    "an upload is under way": (
        [(C, f"HEADERS stream 1 {ASK} content-length 100 expect 100-continue authorization x"),
         (S, "HEADERS stream 1 :status 100"), (C, "DATA stream 1 length 60")],
        {"request_complete": 0, "request_body_got": 60, "request_body_expected": 100, "expect_continue": 1,
         "authorized": 1, "status": 0, "interim": (100,), "response_packet": 0},
    ),
    "trailers": (
        [(C, f"HEADERS stream 1 {ASK}"), (C, "DATA stream 1 length 3"), (C, "HEADERS stream 1 END_STREAM checksum 1"),
         (S, "HEADERS stream 1 :status 200"), (S, "DATA stream 1 length 7"), (S, "HEADERS stream 1 END_STREAM end 1")],
        {"request_complete": 1, "request_body_got": 3, "status": 200, "body_got": 7, "response_complete": 1},
    ),
    "a body cut within its frame": (
        [(C, GET), (S, "HEADERS stream 1 :status 200"), (S, wire("DATA stream 1 END_STREAM length 900")[:109])],
        {"status": 200, "body_got": 100, "response_complete": 0},
    ),
    "END_STREAM before the length": (
        [(C, GET), (S, "HEADERS stream 1 :status 200 content-length 9"), (S, "DATA stream 1 END_STREAM length 5")],
        {"body_got": 5, "malformed": "content-length", "response_complete": 0},
    ),
    "HEAD has no body": (
        [(C, GET.replace("GET", "HEAD")), (S, "HEADERS stream 1 END_STREAM :status 200 content-length 9")],
        {"method": "HEAD", "malformed": "", "response_complete": 1},
    ),
    "a tunnel is granted": (
        [(C, "HEADERS stream 1 :method CONNECT :authority example.org:443"), (S, "HEADERS stream 1 :status 200")],
        {"method": "CONNECT", "target": "example.org:443", "response_framing": "tunnel", "response_complete": 1},
    ),
    "another protocol answers": (
        [(C, GET), (S, b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")],
        {"garbage": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "status": 0},
    ),
}  # fmt: skip


@pytest.mark.parametrize("size", [1 << 30, 1, 7, 50])
@pytest.mark.parametrize("name", CASES)
def test_conversations(name: str, size: int) -> None:
    """Each gives the facts beside it, whole, in pieces and byte by byte."""
    steps, wanted = CASES[name]
    opening = HELLO if wanted.get("garbage", b"") == b"" else HELLO[:2]
    (exchange,) = exchanges([*opening, *steps], size)
    assert {key: getattr(exchange, key) for key in wanted} == wanted
    plain = facts(only([*opening, *steps]))
    assert {key: value for key, value in facts(exchange).items() if key != "h2"} | {"h2": 0} == plain | {"h2": 0}


def test_streams_are_told_apart() -> None:
    """Frames of two streams in turn give two exchanges, each with its own status, body and end."""
    first, second = exchanges(
        [
            *HELLO,
            (C, GET),
            (C, GET.replace("1", "3").replace("/a", "/b")),
            (S, "HEADERS stream 3 :status 200"),
            (S, "HEADERS stream 1 :status 404"),
            (S, "DATA stream 3 length 10"),
            (S, "DATA stream 1 END_STREAM length 1"),
            (S, "RST_STREAM stream 3 INTERNAL_ERROR"),
        ]
    )
    assert (first.target, first.status, first.body_got, first.response_complete) == ("/a", 404, 1, 1)
    assert (second.target, second.status, second.body_got, second.response_complete) == ("/b", 200, 10, 0)
    assert (second.h2.reset_side, second.h2.reset_code) == (S, 2)
    assert (first.h2.reset_side, first.h2.stream) == (-1, 1)


def test_only_the_streams_behind_goaway_are_left() -> None:
    """GOAWAY counts for streams behind its last one, those that come after it too; an answered one is not touched."""
    opened = [(C, GET), (C, GET.replace("1", "3")), (C, GET.replace("1", "5"))]
    made = exchanges(
        [
            *HELLO,
            *opened[:2],
            (S, "HEADERS stream 1 END_STREAM :status 200"),
            (S, "GOAWAY last 2147483647 NO_ERROR"),
            (S, "GOAWAY last 3 NO_ERROR"),
            opened[2],
        ]
    )
    assert [exchange.h2.goaway_last for exchange in made] == [-1, -1, 3]


def indexed(encoder: Encoder, stream: int, pairs: list[tuple[str, str]]) -> bytes:
    """HEADERS with END_STREAM from an encoder that uses its dynamic table."""
    return h2.frame(1, 5, stream, encoder.encode(pairs))


def request(encoder: Encoder, stream: int, path: str) -> bytes:
    pairs = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "example.org"),
        ("user-agent", "u"),
    ]
    return indexed(encoder, stream, pairs)


def test_header_compression_has_a_memory() -> None:
    """Fields of later blocks that stand in the dynamic table are found there, of pushed blocks too."""
    client, server = Encoder(), Encoder()
    promise = bytes(3) + b"\x02" + server.encode([(":method", "GET"), ("x-pushed", "1")])
    made = exchanges(
        [
            *HELLO,
            (C, request(client, 1, "/a")),
            (C, request(client, 3, "/b")),
            (S, h2.frame(5, 4, 1, promise)),
            (S, indexed(server, 1, [(":status", "503"), ("server", "s")])),
            (S, indexed(server, 3, [(":status", "503"), ("server", "s"), ("x-pushed", "1")])),
        ]
    )
    assert [(one.host, one.target, one.status, one.headers["server"]) for one in made] == [
        ("example.org", "/a", 503, "s"),
        ("example.org", "/b", 503, "s"),
    ]


def test_after_a_lost_block_what_is_known_is_right() -> None:
    """A hole in one block: its status is unknown; later ones are read where they do not lean on it, never wrongly."""
    server = Encoder()
    blocks = [indexed(server, stream, [(":status", status)]) for stream, status in ((1, "501"), (3, "502"), (5, "502"))]
    leaning = indexed(server, 7, [(":status", "501")])
    asked: list[Step] = [(C, request(Encoder(), stream, "/")) for stream in (1, 3, 5, 7)]
    made = exchanges([*HELLO, *asked, (S, blocks[0][:9]), (S, len(blocks[0]) - 9), (S, b"".join(blocks[1:]) + leaning)])
    assert [(one.status, one.lost, one.h2.unread) for one in made] == [(0, 1, 1), (502, 0, 0), (502, 0, 0), (0, 1, 1)]
    assert not any(one.response_complete for one in made if one.status == 0)


def test_a_hole_over_a_frame_header_ends_the_reading() -> None:
    """What follows may be anything: open exchanges are uncertain, and a flag says so; what was complete stays."""
    tracker = play(
        [
            *HELLO,
            (C, GET),
            (C, GET.replace("1", "3")),
            (S, "HEADERS stream 1 END_STREAM :status 200"),
            (S, 40),
            (S, "RST_STREAM stream 3 INTERNAL_ERROR"),
        ]
    )
    first, second = tracker.connection.exchanges
    assert (first.response_complete, first.lost) == (1, 0)
    assert (second.lost, second.h2.reset_side) == (1, -1)
    assert UNREADABLE in tracker.connection.flags


def test_a_hole_in_a_body_is_counted_and_harmless() -> None:
    """A hole within a DATA frame, and one that ends with it."""
    data = wire("DATA stream 1 length 500")
    steps: list[Step] = [(S, data[:100]), (S, 300), (S, data[400:]), (S, data[:9]), (S, 500)]
    made = only(
        [*HELLO, (C, GET), (S, "HEADERS stream 1 :status 200"), *steps, (S, "DATA stream 1 END_STREAM length 1")]
    )
    assert (made.response_complete, made.body_got, made.body_lost, made.lost) == (1, 1001, 800, 0)


@pytest.mark.parametrize(
    "block",
    [
        b"\x88\xfe",
        b"\x00\x05ab",
        b"\x7f" + b"\xff" * 40,
        b"\x3f\xff\xff\xff\xff\x0f",
        b"\x40\x81\xff\x00",
        h2.encode([("x", "y" * 4000)]) + b"\xbe" * 20,
    ],
    ids=["index", "cut", "integer", "resize", "huffman", "no table"],
)
def test_blocks_that_break_the_rules_leave_the_status_unknown(block: bytes) -> None:
    """An exchange whose block cannot be decoded is uncertain; the next one is read."""
    made = exchanges(
        [
            *HELLO,
            (C, GET),
            (S, h2.frame(1, 5, 1, block)),
            (C, GET.replace("1", "3")),
            (S, "HEADERS stream 3 END_STREAM :status 404"),
        ]
    )
    assert [(one.status, one.response_complete, one.lost) for one in made] == [(0, 0, 1), (404, 1, 0)]


def test_an_hpack_bomb_is_not_unpacked() -> None:
    """A block that names one large entry thousands of times has its cap, and takes no time."""
    encoder = Encoder()
    filled = indexed(encoder, 1, [(":status", "200"), ("x", "y" * 3900)])
    began = time.process_time()
    made = exchanges(
        [*HELLO, (C, GET), (C, GET.replace("1", "3")), (S, filled), (S, h2.frame(1, 5, 3, b"\xbe" * 16000))]
    )
    assert [one.status for one in made] == [200, 0]
    assert time.process_time() - began < 1


def test_continuation_has_an_end() -> None:
    """A flood of CONTINUATION frames is not kept: the block counts as unreadable, the connection is read on."""
    tracker = play([*HELLO, (C, f"HEADERS stream 1 END_STREAM more {ASK}")])
    piece = h2.frame(9, 0, 1, h2.encode([("x", "y" * 8000)]))
    for _ in range(4 * MAX_BLOCK // len(piece)):
        tracker.send(C, piece)
        assert len(tracker.parser.client.block) + len(tracker.parser.client.body) <= 2 * MAX_BLOCK
    tracker.send(C, wire("CONTINUATION stream 1 x y"))
    tracker.send(S, wire("HEADERS stream 1 END_STREAM :status 404"))
    (made,) = tracker.connection.exchanges
    assert (made.method, made.h2.unread, made.status, made.response_complete) == ("", 1, 404, 1)


def test_streams_that_are_never_answered_end_the_reading() -> None:
    """Open streams have a cap, and what is over it is told."""
    tracker = play(HELLO)
    for stream in range(1, 2 * MAX_EXCHANGES + 9, 2):
        tracker.send(C, wire(GET.replace("stream 1", f"stream {stream}")))
    assert {"exchanges-capped", UNREADABLE} <= set(tracker.connection.flags)
    assert len(tracker.connection.exchanges) == MAX_EXCHANGES + 1
    assert all(exchange.lost for exchange in tracker.connection.exchanges)


def test_rapid_resets_cost_neither_memory_nor_time() -> None:
    """Streams that are opened and cancelled at once are kept up to the cap, linearly in their number."""
    tracker = play(HELLO)
    began = time.process_time()
    for stream in range(1, 6 * MAX_EXCHANGES, 2):
        tracker.send(C, wire(f"HEADERS stream {stream} {ASK}") + wire(f"RST_STREAM stream {stream} CANCEL"))
    assert len(tracker.connection.exchanges) <= 2 * MAX_EXCHANGES
    assert not tracker.parser.open
    assert time.process_time() - began < 20


def test_streams_that_end_in_the_order_in_which_they_began_cost_no_search() -> None:
    """Over the cap each is taken off the list where it is, however far from the end of the list that is."""
    tracker = play(HELLO)
    streams = list(range(1, 40 * MAX_EXCHANGES, 2))
    ahead = MAX_EXCHANGES - 9
    for stream in streams[:ahead]:
        tracker.send(C, h2.frame(1, 5, stream, b"\x82"))
    began = time.process_time()
    for ended, opened in zip(streams, streams[ahead:], strict=False):
        tracker.send(C, h2.frame(1, 5, opened, b"\x82") + h2.frame(3, 0, ended, bytes(4)))
    assert len(tracker.connection.exchanges) <= 2 * MAX_EXCHANGES
    assert time.process_time() - began < 6


@pytest.mark.parametrize("frame", ["GOAWAY last {} NO_ERROR", "7 length 3"])
def test_a_flood_of_goaway_ends_the_reading(frame: str) -> None:
    """Each GOAWAY is told to every open stream, so their number has a cap; what is behind it is unknown, and told."""
    tracker = play([*HELLO, *((C, h2.frame(1, 5, stream, b"\x82")) for stream in range(1, 8001, 2))])
    began = time.process_time()
    tracker.send(S, b"".join(wire(frame.format(2**31 - 1 - number)) for number in range(20_000)))
    assert time.process_time() - began < 2
    assert UNREADABLE in tracker.connection.flags
    assert all(exchange.lost for exchange in tracker.connection.exchanges)


def blocked(steps: list[Step]) -> tuple[int, int]:
    h2 = only([*HELLO, *steps]).h2
    return h2.client_blocked, h2.server_blocked


def test_windows_tell_who_may_send_no_more() -> None:
    """A stream is blocked by its own window or the connection's; SETTINGS change those of open streams, too."""
    ask: Step = (C, f"HEADERS stream 1 {ASK}")
    answer: Step = (S, "HEADERS stream 1 :status 200")
    body: list[Step] = [(S, "DATA stream 1 padded 255 length 16127")] * 4  # padding counts: 4 * 16383 bytes
    assert blocked([ask, (C, "DATA stream 1 length 65534")]) == (0, 0)
    assert blocked([ask, (C, "DATA stream 1 length 65535")]) == (1, 0)
    assert blocked([ask, (C, "DATA stream 1 END_STREAM length 65535")]) == (0, 0)
    assert blocked([ask, answer, *body, (S, "DATA stream 1 length 2")]) == (0, 0)
    assert blocked([ask, answer, *body, (S, "DATA stream 1 length 3")]) == (0, 1)
    assert blocked([ask, answer, *body, (S, "DATA stream 1 length 3"), (C, "WINDOW_UPDATE 9")]) == (0, 1)
    both: list[Step] = [(C, "WINDOW_UPDATE 9"), (C, "WINDOW_UPDATE stream 1 1")]
    assert blocked([ask, answer, *body, (S, "DATA stream 1 length 3"), *both]) == (0, 0)
    assert blocked([ask, answer, *body, (C, "SETTINGS INITIAL_WINDOW_SIZE 60000")]) == (0, 1)
    assert blocked(
        [
            ask,
            answer,
            *body,
            (C, "SETTINGS INITIAL_WINDOW_SIZE 60000"),
            (C, wire("WINDOW_UPDATE stream 1 9")[:9]),
            (C, 4),
        ]
    ) == (0, 0)


FRAMES = st.one_of(
    st.binary(max_size=40),
    st.builds(
        h2.frame, st.integers(0, 12), st.integers(0, 255), st.sampled_from([0, 1, 1, 2, 3, 5]), st.binary(max_size=40)
    ),
    st.sampled_from(
        [
            wire(words)
            for words in (
                *("preface", "SETTINGS", "PING", GET, f"HEADERS stream 3 more {ASK}", "CONTINUATION stream 3 x y"),
                *("HEADERS stream 1 :status 200", "HEADERS stream 3 END_STREAM :status 503", "DATA stream 1 length 30"),
                *("DATA stream 1 END_STREAM padded 5", "RST_STREAM stream 3 CANCEL", "GOAWAY last 1 NO_ERROR"),
                "PUSH_PROMISE stream 1 promised 2 :method GET",
            )
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([C, S]), st.one_of(FRAMES, st.integers(1, 60))), max_size=14), st.booleans())
def test_arbitrary_frames_never_raise(steps: list[Step], opened: bool) -> None:
    """Any frames, bytes and holes in any order; what is complete has a status, and counts are no less than zero."""
    tracker = play([*(HELLO if opened else []), *steps])
    connection: Connection = tracker.connection
    for exchange in connection.exchanges:
        assert not exchange.response_complete or exchange.status
        assert exchange.body_got >= 0
        assert exchange.request_body_got >= 0
        assert exchange.h2 is not None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([C, S]), FRAMES), max_size=10), st.integers(1, 30))
def test_segments_do_not_matter(steps: list[Step], size: int) -> None:
    """The same bytes in other segments give the same exchanges."""
    whole, cut = play([*HELLO, *steps]), play([*HELLO, *steps], size)
    for one, other in zip(whole.connection.exchanges, cut.connection.exchanges, strict=True):
        assert {**facts(one), "h2": 0} == {**facts(other), "h2": 0}
        assert one.h2.reset_code == other.h2.reset_code
