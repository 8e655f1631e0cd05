"""Content detection: by the first bytes, behind prologues, and in the middle of a stream."""

from __future__ import annotations

import ssl

import pytest
import tls_pairs as pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flow.roles import swap
from analyzer.layer.detection import looks_like
from analyzer.model.connection import CLIENT, NEVER, SERVER, Connection

V13 = ssl.TLSVersion.TLSv1_3
GET = b"GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)


def talk(*said: tuple[int, bytes], step: int = 0, midstream: int = 0) -> Connection:
    feeder = pairs.Feeder(pairs.connection(midstream))
    for who, data in said:
        feeder.send(who, data, step)
    feeder.layer.finish()
    return feeder.connection


def handshake() -> list[tuple[int, bytes]]:
    return pairs.Pair(*pairs.contexts(V13)).handshake().sent


@pytest.mark.parametrize("step", [0, 1, 3])
@pytest.mark.parametrize(
    ("first", "protocol"),
    [
        (GET, "http"),
        (b"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "http"),
        (b"BREW /pot of coffee\r\n", "other"),
        (b"GET /a b HTTP/1.1\r\n\r\n", "http"),
        (b"GET key\r\n", "other"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", "http"),
        (b"OPTIONS * RTSP/1.0\r\n", "other"),
        (b"OPTIONS rtsp://a.example/ RTSP/1.0\r\n", "other"),
        (b"OPTIONS sip:a@b.example SIP/2.0\r\n", "other"),
        (b"OPTIONS icap://a.example/ ICAP/1.0\r\n", "other"),
        (b"OPTIONS http://a.example/ HTTP/1.1\r\n\r\n", "http"),
        (b"CONNECT a.example:443 HTTP/1.1\r\n\r\n", "http"),
        (PREFACE, "h2c"),
        (b"\x80\x2e\x01\x03\x01" + bytes(43), "tls"),
        (b"EHLO me\r\n", "other"),
        (b"\x16\x03\x09\x01\x00", "other"),
        (b"\x16\x03\x01\x41\x01\x01\x00\x00\x40", "other"),
        (b"\x00\x01\x02\x03", "other"),
    ],
)
def test_first_bytes_decide(first: bytes, protocol: str, step: int) -> None:
    """The table of signatures.md 1.3, whole and in pieces."""
    made = talk((CLIENT, first), step=step)
    assert made.protocol == protocol
    if protocol == "other":
        assert first.startswith(made.other_first)
        assert made.client.skip > NEVER // 2


def test_banner_first_is_another_protocol() -> None:
    """A server that speaks first is not understood, whatever the client says then."""
    made = talk((SERVER, b"220 mail.example ESMTP\r\n"), (CLIENT, b"EHLO me\r\n"))
    assert (made.protocol, made.other_first) == ("other", b"220 mail.example ESMTP\r\n")
    assert talk((SERVER, b"SSH-2.0-x\r\n")).protocol == "other"


def test_banner_to_a_tls_client_is_its_reply() -> None:
    """The client spoke TLS after all: the banner is what it got instead of a ServerHello."""
    made = talk((SERVER, b"220 mail.example\r\n"), handshake()[0])
    assert (made.protocol, made.other_first) == ("tls", b"")
    assert (made.tls.reply, made.tls.reply_packet) == (b"220 mail.example\r\n", 4)


def test_server_flight_captured_before_the_hello() -> None:
    """Two capture queues may swap flights: the result is that of the right order, but for packet numbers."""
    flights = handshake()
    made = talk(flights[1], flights[0], *flights[2:])
    assert (made.protocol, made.tls.version, made.tls.sni) == ("tls", 0x0304, "shop.example")


@pytest.mark.parametrize("step", [0, 1, 5])
@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n", b"PROXY UNKNOWN\r\n", V2])
def test_proxy_protocol_is_peeled(header: bytes, step: int) -> None:
    """Both versions; offsets go on counting the whole stream."""
    flights = handshake()
    made = talk((CLIENT, header + flights[0][1]), *flights[1:], step=step)
    assert (made.protocol, made.via, made.tls.sni) == ("tls", ("proxy-protocol",), "shop.example")
    assert made.tls.hello_start == len(header)
    assert made.tls.hello_end == len(header) + len(flights[0][1])
    assert talk((CLIENT, header + GET), (SERVER, OK), step=step).exchanges[0].status == 200


SOCKS = {
    "4": (
        [(CLIENT, b"\x04\x01\x01\xbb\xc0\x00\x02\x01me\0"), (SERVER, b"\0\x5a" + bytes(6))],
        "192.0.2.1:443",
        90,
    ),
    "4a": (
        [(CLIENT, b"\x04\x01\x01\xbb\0\0\0\x01\0shop.example\0"), (SERVER, b"\0\x5a" + bytes(6))],
        "shop.example:443",
        90,
    ),
    "5": (
        [
            (CLIENT, b"\x05\x02\0\x02"),
            (SERVER, b"\x05\x02"),
            (CLIENT, b"\x01\x02me\x02no"),
            (SERVER, b"\x01\0"),
            (CLIENT, b"\x05\x01\0\x03\x0cshop.example\x01\xbb"),
            (SERVER, b"\x05\0\0\x01" + bytes(6)),
        ],
        "shop.example:443",
        0,
    ),
}


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("kind", list(SOCKS))
def test_socks_is_peeled(kind: str, step: int) -> None:
    """The dialogue both ways is passed over, its target kept, and detection starts again."""
    dialogue, target, reply = SOCKS[kind]
    flights = handshake()
    made = talk(*dialogue, *flights, step=step)
    assert (made.protocol, made.via, made.socks_target, made.socks_reply) == ("tls", ("socks",), target, reply)
    assert made.tls.version == 0x0304
    assert made.tls.hello_start == sum(len(d) for who, d in dialogue if who == CLIENT)


def test_socks_refused() -> None:
    """A proxy that refuses leaves the connection with its code and no protocol that could be judged."""
    made = talk(SOCKS["5"][0][0], (SERVER, b"\x05\0"), SOCKS["5"][0][4], (SERVER, b"\x05\x05\0\x01" + bytes(6)))
    assert (made.protocol, made.socks_reply, made.socks_target) == ("other", 5, "shop.example:443")


@pytest.mark.parametrize("step", [0, 1])
def test_connect_starts_over_after_2xx(step: int) -> None:
    """The tunnel's content is detected anew; the CONNECT is no exchange of its own."""
    flights = handshake()
    ask = b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n"
    made = talk((CLIENT, ask), (SERVER, b"HTTP/1.1 200 Connection established\r\n\r\n"), *flights, step=step)
    assert (made.protocol, made.via, made.exchanges) == ("tls", ("connect",), [])
    assert made.connect is not None
    assert made.connect.status == 200
    assert (made.tls.hello_start, made.tls.version) == (len(ask), 0x0304)


def test_connect_with_the_tunnels_first_bytes_in_the_same_segments() -> None:
    """A hello sent along with CONNECT, a server flight behind the 200: nothing is lost."""
    flights = handshake()
    ask = b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n"
    reply = b"HTTP/1.1 200 Connection established\r\n\r\n"
    made = talk((CLIENT, ask + flights[0][1]), (SERVER, reply + flights[1][1]), *flights[2:])
    assert (made.protocol, made.tls.sni, made.tls.version) == ("tls", "shop.example", 0x0304)
    assert made.tls.server_hello_start == len(reply)


def test_refused_connect_stays_an_exchange() -> None:
    """A 403 to CONNECT is the fetch."""
    made = talk(
        (CLIENT, b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
        (SERVER, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
    )
    assert (made.protocol, made.via, made.connect) == ("http", (), None)
    assert made.exchanges[0].status == 403


def test_upgrade_ends_the_reading() -> None:
    """After 101 the streams belong to another protocol."""
    ask = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    made = talk((CLIENT, ask), (SERVER, answer + b"\x81\x02hi"), (CLIENT, b"\x81\x82mask"))
    assert made.exchanges[0].response_framing == "tunnel"
    assert made.client.skip > NEVER // 2
    assert made.server.skip > NEVER // 2


def test_frames_of_a_websocket_are_passed_over_up_to_close() -> None:
    """Payload is not read, heads are, even cut in two; what is no frame ends the reading."""
    ask = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    made = talk((CLIENT, ask), (SERVER, answer + b"\x81\x02hi"), (CLIENT, b"\x81\x82mask"))
    assert made.client.skip == 2
    assert made.exchanges[0].close_packet == 0
    assert talk((CLIENT, ask), (SERVER, answer), (SERVER, b"\x88\x00")).exchanges[0].close_packet == 6
    assert (
        talk((CLIENT, ask), (SERVER, answer + b"\x82\x7e\0"), (SERVER, b"\2\x88\0\x88\0")).exchanges[0].close_packet
        == 6
    )
    for no_frame in (b"no frames", b"\x82\x7f" + b"\xff" * 8, b"\x82\x7f\x40" + bytes(7)):
        lost = talk((CLIENT, ask), (SERVER, answer), (SERVER, no_frame))
        assert lost.exchanges[0].close_packet == -1
        assert lost.server.skip > NEVER // 2


@pytest.mark.parametrize(
    ("data", "kind"),
    [(GET, 1), (PREFACE, 1), (OK, 2), (b"", 0), (b"GET ", 0), (b"\x17\x03\x03\0\x05", 0), (bytes(20), 0)],
)
def test_looks_like(data: bytes, kind: int) -> None:
    """Roles of a connection met in its middle come from unmistakable bytes only."""
    assert looks_like(data) == kind


def test_looks_like_hellos() -> None:
    """A ClientHello is a client's, a ServerHello a server's."""
    flights = handshake()
    assert [looks_like(data) for _, data in flights[:2]] == [1, 2]


def test_middle_of_a_stream_starts_at_a_clean_boundary() -> None:
    """Half a record is let go; records that fill a segment are a boundary, on each side by itself."""
    record = b"\x17\x03\x03\x00\x40" + bytes(64)
    made = talk((SERVER, bytes(700)), (CLIENT, record), (SERVER, bytes(100)), (SERVER, record), midstream=1)
    assert (made.protocol, made.tls.hellos) == ("tls", 0)
    assert [(r.start, r.length) for r in made.tls.server_records] == [(800, 64)]
    assert (made.tls.client_count, made.tls.reply, made.tls.malformed) == (1, b"", "")


def test_middle_of_a_stream_gives_up() -> None:
    """After 64 segments without a clean start the side is not looked at any more."""
    feeder = pairs.Feeder(pairs.connection(1))
    for _ in range(100):
        feeder.send(SERVER, b"\x99" * 10)
    assert feeder.calls == 64
    assert feeder.connection.protocol == ""


def test_hello_without_a_syn_is_read_like_any_other() -> None:
    """Only the SYN is missing: everything of TLS is there."""
    made = talk(*handshake(), midstream=1)
    assert (made.tls.sni, made.tls.version, made.tls.lost) == ("shop.example", 0x0304, 0)


def test_wrong_roles_are_reported_and_nothing_is_lost() -> None:
    """The side that was guessed to be the server sends a ClientHello: it is the client then, in all respects."""
    flights = handshake()
    feeder = pairs.Feeder(pairs.connection(1))
    made = feeder.connection
    made.content, made.roles_guessed, made.fins_seen = feeder.layer, 1, 1
    guessed = made.server
    feeder.send(SERVER, flights[0][1])
    assert (made.client is guessed, made.client.index, made.roles_guessed, made.fins_seen) == (True, CLIENT, 0, 2)
    for who, data in flights[1:]:
        feeder.send(who, data)
    assert (made.tls.sni, made.tls.version) == ("shop.example", 0x0304)


def test_known_roles_stay() -> None:
    """Behind a SYN a server that sends what looks like a request, in the middle of its stream, is still the server."""
    feeder = pairs.Feeder(pairs.connection())
    made = feeder.connection
    made.content = feeder.layer
    feeder.gap(CLIENT, 100)
    feeder.send(SERVER, GET)
    assert (made.client.index, made.protocol, made.exchanges) == (CLIENT, "", [])


def test_roles_stay_once_bytes_were_read_as_one_sides() -> None:
    """The roles change completely or not at all."""
    feeder = pairs.Feeder(pairs.connection(1))
    made = feeder.connection
    made.content, made.roles_guessed = feeder.layer, 1
    feeder.send(CLIENT, GET)
    client, made.roles_guessed = made.client, 1
    assert not swap(made)
    assert (made.client is client, made.roles_guessed, client.index) == (True, 1, CLIENT)


def test_first_segment_lost() -> None:
    """Without the beginning nothing is guessed; a later request line is a clean start."""
    feeder = pairs.Feeder(pairs.connection())
    feeder.gap(CLIENT, 100)
    feeder.send(SERVER, OK)
    feeder.send(CLIENT, GET)
    feeder.send(SERVER, OK)
    feeder.layer.finish()
    assert feeder.connection.protocol == "http"
    assert feeder.connection.exchanges[-1].status == 200


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([CLIENT, SERVER]),
            st.one_of(
                st.binary(max_size=80),
                st.sampled_from([GET, OK, V2, PREFACE, *[d for x in SOCKS.values() for _, d in x[0]]]),
                st.integers(0, 3).map(lambda n: handshake_cached()[n][1]),
                st.integers(1, 3000),
            ),
        ),
        max_size=12,
    ),
    st.sampled_from([0, 1, 5]),
    st.integers(0, 1),
)
def test_arbitrary_bytes_never_raise(said: list[tuple[int, bytes | int]], step: int, midstream: int) -> None:
    """Any bytes and holes in any order give a connection and nothing else."""
    feeder = pairs.Feeder(pairs.connection(midstream))
    for who, data in said:
        if isinstance(data, int):
            feeder.gap(who, data)
        else:
            feeder.send(who, data, step)
        assert feeder.connection.client.skip >= 0
    feeder.end(CLIENT)
    feeder.end(SERVER)
    feeder.layer.finish()
    assert feeder.connection.protocol in ("tls", "http", "h2c", "other", "")


_cache: list[tuple[int, bytes]] = []


def handshake_cached() -> list[tuple[int, bytes]]:
    if not _cache:
        _cache.extend(handshake())
        _cache.extend([_cache[0]] * 4)
    return _cache


def test_a_beginning_in_thousands_of_segments_is_not_kept() -> None:
    """What each segment takes besides its bytes counts as well: up to a thousand wait."""
    feeder = pairs.Feeder(pairs.connection(0))
    feeder.send(CLIENT, b"XYZZYX /" + b"a" * 1000, 1)
    assert feeder.layer.weight() > len(b"XYZZYX /") + 1000
    feeder.send(CLIENT, b"a" * 17, 1)
    assert (feeder.layer.weight(), feeder.connection.protocol) == (0, "other")
