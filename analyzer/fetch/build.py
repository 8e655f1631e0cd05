"""Cuts a finished connection into fetches (signatures.md 1.1), with names, phases and times.

Plain HTTP: one fetch an exchange. Opaque TLS, and anything that failed before a request: one fetch a connection. A
connection on which nobody wanted anything gets a kind of its own and no row.
"""

from __future__ import annotations

from sys import intern

import cython

from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.fetch.target import host_of
from analyzer.fetch.vantage import vantage
from analyzer.layer.http2.registry import UNREADABLE
from analyzer.layer.tls.completion import REFUSAL_NS, Completion
from analyzer.layer.tls.completion import completion as tls_completion
from analyzer.layer.tls.last import opaque_exchange
from analyzer.layer.tls.opaque import Opaque
from analyzer.layer.tls.registry import TLS13
from analyzer.model.connection import CLIENT, OUTSIDE, SERVER, Connection, Event, Side
from analyzer.model.fields import MAX_VALUE
from analyzer.model.http import Exchange, Http2
from analyzer.model.tls import HEADS, Record, Tls

EARLY_RESET_NS = 1_000_000_000
"""A server's reset this soon after the handshake is a refusal (signatures.md 6.1 `early_reset`), an empty connection
that is closed so soon a probe."""
SYN_LATE_NS = 1_000_000_000
"""A SYN-ACK this late is a failure although the client answers it with a RST (6.1 `syn_late`)."""


def fetches(connection: Connection) -> list[Fetch]:
    """The fetches of one connection, in order; those of another kind than `fetch` get no row."""
    built: list[Fetch] = []
    exchange: Exchange
    fetch: Fetch
    flow: Flow = Flow(connection)
    if connection.exchanges and (connection.tls is None or connection.tls.decrypted == HEADS):
        if len(connection.exchanges) > 1:
            note_quiet(connection)
        for exchange in connection.exchanges:
            built.append(plain(connection, exchange, flow, len(built)))
        for fetch in built:
            fetch.last = 1 if outlives(fetch) else 0
        fetch.last = 1
        return built
    return [single(connection, flow)]


def note_quiet(connection: Connection) -> None:
    """Since when nothing was on its way when each request began; streams of HTTP/2 share the connection."""
    exchange: Exchange
    since: cython.longlong = 0
    busy: cython.bint = False
    for exchange in connection.exchanges:
        exchange.quiet_since = 0 if busy else since
        since = max(since, exchange.response_end_time)
        if exchange.h2 is not None and not exchange.response_complete and exchange.h2.reset_packet == 0:
            busy = True


def plain(connection: Connection, exchange: Exchange, flow: Flow, position: cython.int) -> Fetch:
    """The fetch of one HTTP exchange; the first on its connection begins with the SYN."""
    fetch: Fetch = Fetch(connection, exchange, flow)
    fetch.protocol = "http" if exchange.h2 is None else "h2c"
    if connection.tls is not None:
        inside(fetch, connection.tls)
    fetch.method = exchange.method
    fetch.target = exchange.target
    fetch.status = exchange.status
    fetch.name = exchange_name(connection, exchange) or fetch.name
    begin(fetch, connection)
    if position > 0:
        fetch.start = exchange.request_time or exchange.response_time  # a request may be missing in the capture
        fetch.first_packet = exchange.request_packet or exchange.response_packet
        fetch.connect_s = -1.0
    asked: cython.longlong = exchange.request_end_time or exchange.request_time
    fetch.ttfb_s = seconds(asked, exchange.response_time)
    fetch.response_s = seconds(exchange.response_time, exchange.response_end_time)
    if exchange.response_complete:
        fetch.end = exchange.response_end_time or fetch.end
        fetch.last_packet = exchange.response_end_packet or fetch.last_packet
        fetch.phase = "done"
    else:
        fetch.phase = "response" if exchange.response_packet or exchange.status else "request"
        if exchange.method == "CONNECT":
            fetch.phase = "proxy"
        if exchange.h2 is None:
            fetch.silence_s = silence(connection)
    fetch.over = exchange.response_end_time if exchange.response_complete else flow.over(fetch.start)
    if exchange.h2 is not None and not exchange.response_complete:
        stream_over(fetch, exchange, exchange.h2)
    return fetch


def to_proxy(connection: Connection, tls: Tls) -> cython.bint:
    """Whether a tunnel begins inside of this TLS, which names the proxy then."""
    exchange: Exchange | None = connection.connect
    return exchange is not None and 0 < tls.hello_packet < exchange.request_packet


def inside(fetch: Fetch, tls: Tls) -> None:
    """What is told of the TLS that carries an exchange."""
    done: Completion = tls_completion(tls)
    fetch.protocol = "tls"
    fetch.completion = done
    if tls.sni and not to_proxy(fetch.connection, tls):
        fetch.name = fetch.flow.sni
    if done.state == "complete":
        fetch.tls_s = seconds(tls.hello_time, done.done_time)


def outlives(fetch: Fetch) -> cython.bint:
    """A stream of HTTP/2 that neither side had ended: how the connection ended belongs to each of these."""
    exchange: Exchange | None = fetch.exchange
    if exchange is None or exchange.h2 is None:
        return False
    return not exchange.response_complete and not exchange.h2.reset_packet


def stream_over(fetch: Fetch, exchange: Exchange, h2: Http2) -> None:
    """Where a stream of HTTP/2 without a whole response ends: at its RST_STREAM, or the GOAWAY that excludes it."""
    connection: Connection = fetch.connection
    time: cython.longlong = h2.reset_time
    packet: cython.longlong = h2.reset_packet
    if packet == 0:
        time, packet = h2.goaway_time, h2.goaway_packet
    if packet:
        fetch.end = fetch.over = max(time, exchange.request_end_time)
        fetch.last_packet = max(packet, exchange.request_end_packet)
    last: cython.longlong = max(exchange.request_end_time, exchange.response_end_time)
    fetch.silence_s = seconds(last, fetch.end if packet else ended(connection, last))


def begin(fetch: Fetch, connection: Connection) -> None:
    """Bounds and connect time of a fetch that has its connection for itself."""
    fetch.start = connection.first_time
    fetch.end = connection.last_time
    fetch.first_packet = connection.first_packet
    fetch.last_packet = connection.last_packet
    if not connection.midstream:
        fetch.connect_s = seconds(connection.first_time, connection.established_time)


def single(connection: Connection, flow: Flow) -> Fetch:
    """The one fetch of a connection without readable exchanges."""
    fetch: Fetch = Fetch(connection, None, flow)
    begin(fetch, connection)
    fetch.name = exchange_name(connection, connection.connect)
    fetch.protocol = connection.protocol if connection.protocol in ("http", "h2c") else "tcp"
    fetch.phase = "connect"
    if (
        connection.established_time
        or 0 < connection.client.acked <= connection.client.end
        or connection.server.bytes > 0
    ):
        fetch.phase = "request" if connection.connect is None else "proxy"
    if connection.tls is not None:
        secure(fetch, connection.tls)
    if fetch.phase != "done":
        fetch.silence_s = silence(connection)
    fetch.kind = kind_of(fetch)
    fetch.over = flow.over(fetch.start)
    return fetch


def secure(fetch: Fetch, tls: Tls) -> None:
    """What a TLS connection says from outside."""
    connection: Connection = fetch.connection
    fetch.protocol = "tls"
    if tls.sni and not to_proxy(connection, tls):
        fetch.name = fetch.flow.sni
    fetch.phase = "tls"
    done: Completion = tls_completion(tls)
    if done.encrypted_alert == SERVER and done.authenticated and left_before(connection, done.aborted_record):
        done.state, done.encrypted_alert, done.aborted_record = "complete", -1, None  # it answers the client's close
    fetch.completion = done
    if done.state != "complete":
        return
    fetch.tls_s = seconds(tls.hello_time, done.done_time)
    opaque: Opaque = opaque_exchange(tls, connection, done)
    fetch.opaque = opaque
    fetch.phase = "request"
    if opaque.response:
        fetch.ttfb_s = seconds(opaque.request_time, opaque.response_time)
        fetch.response_s = seconds(opaque.response_time, opaque.response_last_time)
        fetch.phase = "response" if opaque.cut else "done"


def left_before(connection: Connection, record: Record | None) -> cython.bint:
    """The client had closed, and the server knew it when it sent this record."""
    return record is not None and 0 <= connection.client.fin_offset < record.ack


def silence(connection: Connection) -> cython.double:
    """Seconds from the last new byte, or the last SYN, to the first FIN or RST after it, or to the capture's end."""
    client: Side = connection.client
    server: Side = connection.server
    since: cython.longlong = max(client.last_data_time, server.last_data_time, connection.established_time)
    if since == 0:
        since = max(client.syn_time, server.syn_time, connection.first_time)
    return seconds(since, ended(connection, since))


def ended(connection: Connection, since: cython.longlong) -> cython.longlong:
    """The first FIN or RST after an instant, else the capture's end."""
    client: Side = connection.client
    server: Side = connection.server
    stop: cython.longlong = connection.capture_end
    if since <= client.fin_time < stop:
        stop = client.fin_time
    if since <= server.fin_time < stop:
        stop = server.fin_time
    if since <= client.rst_time < stop:
        stop = client.rst_time
    if since <= server.rst_time < stop:
        stop = server.rst_time
    return stop


def exchange_name(connection: Connection, exchange: Exchange | None) -> str:
    """The host a request names, without its port; through a tunnel, the host that CONNECT named."""
    if exchange is None:
        return ""
    host = exchange.host or (exchange.target if exchange.method == "CONNECT" else "")
    return intern(without_port(host)) if len(host) < MAX_VALUE else ""  # cut, and no name is that long (RFC 1035 2.3.4)


def without_port(host: str) -> str:
    """`example.org` of `example.org:8080`, `2001:db8::1` of `[2001:db8::1]:8080`; whatever is no host is left out."""
    character: cython.Py_UCS4
    for character in host:
        if character in "@/?#%":
            host = host_of(host)
            break
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, _ = host.rpartition(":")
    return name if colon and ":" not in name else host


def kind_of(fetch: Fetch) -> str:
    """Whether anybody wanted anything: fetch | speculative | probe | other | subflow (signatures.md 1.1, 6.2)."""
    connection: Connection = fetch.connection
    client: Side = connection.client
    server: Side = connection.server
    if connection.subflow:
        return "subflow"
    if connection.stray and (connection.midstream or fetch.phase == "connect"):
        return "other"  # packets of another connection, which NAT let through untranslated
    if fetch.phase == "connect":
        return half_open_kind(connection)
    if connection.midstream and remains(connection):
        return "other"
    hello: cython.bint = connection.tls is not None and connection.tls.hello_packet > 0
    if (connection.midstream and not hello) or client.packets == 0 or server.packets == 0:
        return "fetch"
    if connection.tls is not None:
        unused: cython.bint = (
            connection.tls.idle == 1 and to_proxy(connection, connection.tls) and not server.rst_packet
        )
        return empty_kind(connection) if unused else unused_tls_kind(fetch)
    if connection.protocol == "h2c" and UNREADABLE not in connection.flags:
        return streamless_kind(connection)
    if never_accepted(connection):
        return "fetch"  # whatever was said, a connect failure needs no known protocol
    if connection.protocol == "other" or (client.end == 0 and server.end > 0):
        return "other"
    if client.end == 0 and server.end == 0:
        return silent_kind(connection)
    if connection.connect is not None and not refused_in_tunnel(connection):
        return empty_kind(connection)
    return "fetch"


def remains(connection: Connection) -> cython.bint:
    """Without its head, and a RST is all that came, or with it the bare ACK which it answers: of what, nobody knows.

    A RST behind the end of a connection (RFC 9293 3.5.1, half-open) looks so, or one to a SYN that was not captured. A
    server repeats that ACK for each SYN (RFC 5961 4), and the client its RST.
    """
    client: Side = connection.client
    server: Side = connection.server
    if client.end > 0 or server.end > 0 or client.lost or server.lost or connection.fins_seen:
        return False
    rsts: cython.longlong = client.rsts + server.rsts
    challenged: cython.bint = client.packets == client.rsts and server.rsts == 0
    return rsts > 0 and (challenged or client.packets + server.packets - rsts <= 1)


def half_open_kind(connection: Connection) -> str:
    """A SYN-ACK at once that the client answers with RST, or never although it is repeated, is a probe.

    Who asks again after that RST wants more than to know whether the port is open.
    """
    answers: cython.int = 0
    reset: cython.bint = False
    again: cython.bint = False
    late: cython.bint = False
    mark: Event
    for mark in connection.milestones:
        if mark.what == "syn-ack":
            answers += 1
            if answers == 1:
                late = mark.time - connection.first_time >= SYN_LATE_NS
        elif mark.what == "rst" and mark.side == CLIENT and answers and mark.place != OUTSIDE:
            reset = True
        elif mark.what == "syn" and reset:
            again = True
    if again and vantage(connection) == "server":
        return "fetch"
    if answers == 0 or late:
        return "fetch"
    if reset or (answers > 1 and connection.client.packets == 1):
        return "probe"
    return "fetch"


def never_accepted(connection: Connection) -> cython.bint:
    """The client said something and heard only SYN-ACKs again: the server does not know of the connection."""
    client: Side = connection.client
    return connection.synack_after_ack > 0 and client.bytes > 0 and client.acked <= 0 and connection.server.bytes == 0


def silent_kind(connection: Connection) -> str:
    """Established, and nobody said anything: a refusal when the server resets at once, else no fetch."""
    server: Side = connection.server
    client_left: cython.bint = connection.client.fin_packet > 0 or connection.client.rst_packet > 0
    if server.rst_packet and server.rst_time - connection.established_time < EARLY_RESET_NS:
        first: cython.longlong = first_of(connection.client.fin_packet, connection.client.rst_packet)
        if not client_left or server.rst_packet < first:
            return "fetch"
    if connection.synack_after_ack >= 2:
        return "fetch"
    return empty_kind(connection)


def first_of(one: cython.longlong, other: cython.longlong) -> cython.longlong:
    """The smaller of two packet numbers of which 0 means none."""
    if one == 0 or (0 < other < one):
        return other
    return one


def empty_kind(connection: Connection) -> str:
    """Probe when it was closed within a second, else speculative."""
    closed: cython.longlong = 0
    time: cython.longlong
    for time in (connection.client.fin_time, connection.client.rst_time, connection.server.fin_time):
        if time and (closed == 0 or time < closed):
            closed = time
    if closed and closed - connection.established_time < EARLY_RESET_NS:
        return "probe"
    return "speculative"


def refused_in_tunnel(connection: Connection) -> cython.bint:
    """A CONNECT was granted, and the client said something inside, or the proxy reset."""
    exchange: Exchange | None = connection.connect
    if exchange is None:
        return False
    return connection.client.end > exchange.request_end >= 0 or connection.server.rst_packet > 0


def streamless_kind(connection: Connection) -> str:
    """HTTP/2 without a request: speculative, unless the server ended it before its own first frame."""
    if connection.server.bytes or closed_by_client(connection):
        return empty_kind(connection)
    return "fetch"


def unused_tls_kind(fetch: Fetch) -> str:
    """A TLS connection that was made and never used is speculative, unless the server refused it."""
    opaque: Opaque | None = fetch.opaque
    done: Completion | None = fetch.completion
    connection: Connection = fetch.connection
    if opaque is None or done is None or opaque.request == 1 or opaque.response or opaque.unseen:
        return "fetch"
    if connection.client.lost or connection.server.lost:
        return "fetch"
    if opaque.request == 2:  # HTTP/2 preface and SETTINGS alone, or too little for a request: none is proven
        unsure: cython.bint = connection.client.cut > 0 or connection.server.cut > 0  # nor is the protocol known
        return "speculative" if ended(connection, 1) < connection.capture_end and not unsure else "fetch"
    server: Side = connection.server
    if server.rst_packet and not done.confirmed and not closed_by_client(connection):
        return "fetch"
    if opaque.close_notify_server and not opaque.tickets and not closed_by_client(connection) and refused(fetch, done):
        return "fetch"
    return "speculative"


def refused(fetch: Fetch, done: Completion) -> cython.bint:
    """Whether the server's alert may refuse a certificate: TLS 1.3 alone lets it come after the client is done."""
    tls: Tls | None = fetch.connection.tls
    if tls is None or tls.version < TLS13 or tls.server_last is None or not done.authenticated:
        return False
    return tls.server_last.time - done.done_time < REFUSAL_NS


def closed_by_client(connection: Connection) -> cython.bint:
    """The client's FIN or RST came before the server's."""
    mine: cython.longlong = first_of(connection.client.fin_packet, connection.client.rst_packet)
    theirs: cython.longlong = first_of(connection.server.fin_packet, connection.server.rst_packet)
    return mine > 0 and (theirs == 0 or mine < theirs)


def seconds(start: cython.longlong, end: cython.longlong) -> cython.double:
    """The time between two instants in seconds; -1.0 when either is unknown (0) or they are out of order."""
    if start == 0 or end == 0 or end < start:
        return -1.0
    return (end - start) / 1e9
