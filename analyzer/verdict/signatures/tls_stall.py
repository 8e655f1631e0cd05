"""TLS handshakes that fell silent: class `tls-stall` (signatures.md 2.3)."""

from __future__ import annotations

import cython

from analyzer.layer.tls.registry import APPLICATION_DATA, HANDSHAKE, HEARTBEAT, TLS13
from analyzer.model.connection import CLIENT, SERVER, Side
from analyzer.model.tls import Record, Tls
from analyzer.verdict import timers
from analyzer.verdict.facts import Facts, capital, count, span
from analyzer.verdict.model import Verdict
from analyzer.verdict.seen import lost_on_the_way
from analyzer.verdict.signatures.icmp import suspect_pmtu
from analyzer.verdict.signatures.loss import told_at_the_end
from analyzer.verdict.waits import ending_timers


def hello_unacked(case: Facts) -> Verdict | None:
    """The ClientHello never arrives.

    Cause: tls-clienthello-unacked
    On the wire: the server never acknowledges a byte of it although it was sent again twice and more.
    Wireshark: tcp.analysis.retransmission && tcp.seq == 1 && tcp.len > 0
    Zeek: conn_state S1 or SF with 0 bytes of the responder, history with `T`
    Reference: RFC 9293 3.8.1; RFC 4821 (path MTU black holes)
    Confidence: high
    Needs: no byte of the hello acknowledged; the hello sent again
    Not this: an acknowledged hello without an answer is tls-no-server-hello. A server's FIN that still acknowledges
        only byte 1 changes nothing.
    """
    tls: Tls = case.tls
    client: Side = case.client
    least: cython.longlong = case.limits.unacked_hello + (1 if case.closer < 0 else 0)  # a step more while open (3.1)
    if client.acked > max(0, tls.hello_start) or client.rtx_since_ack < least:
        return None
    if case.replied and tls.server_count > 0:
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_hello()
    case.cite_all("retransmission", CLIENT)
    case.cite_closer()
    ended = ""
    if case.closer == SERVER:
        case.flag("server-gave-up")
        waited = span(case.closer_time - case.connection.established_time)
        ended = f"; the server hung up after {waited} knowing nothing of it"
    size: cython.longlong = tls.hello_end - tls.hello_start if tls.hello_end > 0 else client.end
    if size >= case.limits.full_segment_bytes:
        suspect_pmtu(case)
    verdict: Verdict = case.verdict(
        "tls-clienthello-unacked",
        "high",
        f"The ClientHello ({size} bytes) never arrived at {case.peer()}: "
        f"sent again {count(client.rtx_since_ack, 'time')}, never acknowledged{ended}.",
    )
    verdict.advice += case.syn_proxied(case.server.data_ttl)
    return verdict


def hello_partial(case: Facts) -> Verdict | None:
    """A part of the ClientHello arrives, the rest never does.

    Cause: tls-clienthello-partial
    On the wire: a hello of two segments and more, the first acknowledged, a later one sent again and never
        acknowledged.
    Wireshark: tcp.analysis.retransmission && tcp.seq > 1 && tcp.len > 0 && tcp.dstport == 443
    Zeek: conn_state S1, history with `T`
    Reference: tldr.fail (post-quantum hellos of two segments); RFC 4821
    Confidence: high; medium when the rest is not in the capture
    Needs: a part of the hello acknowledged; no TLS answer
    Not this: when no byte is acknowledged it is tls-clienthello-unacked; a whole hello without an answer is
        tls-no-server-hello.
    """
    tls: Tls = case.tls
    client: Side = case.client
    if client.acked <= max(0, tls.hello_start) or case.replied:
        return None
    missing: cython.bint = tls.hello_end > 0 and client.acked < tls.hello_end
    least: cython.longlong = case.limits.unacked_hello + (1 if case.closer < 0 else 0)  # a step more while open (3.1)
    sent_again: cython.bint = client.rtx_since_ack >= least
    unknown: cython.bint = not tls.hello_complete and (tls.hello_end <= 0 or client.end < tls.hello_end)
    never_seen: cython.bint = unknown and silent_enough(case)
    if not ((missing and sent_again) or never_seen):
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_hello()
    case.cite_ack()
    case.cite_all("retransmission", CLIENT)
    case.cite_closer()
    return case.verdict(
        "tls-clienthello-partial",
        "high" if missing else "medium",
        f"Only {client.acked - max(0, tls.hello_start)} bytes of the ClientHello arrived at {case.peer()}"
        + (f", of {tls.hello_end - max(0, tls.hello_start)}" if tls.hello_end > 0 else "")
        + ": its rest is lost on the way.",
    )


def flight_lost(case: Facts) -> Verdict | None:
    """The server's answer is lost on the way.

    Cause: tls-server-flight-lost
    On the wire: bytes of the server's flight are missing: the client acknowledges below a gap (duplicate ACKs, SACK
        above it), or later packets of the server bear sequence numbers beyond what arrived, or, seen at the server, one
        range is sent again and again and never acknowledged.
    Wireshark: tcp.analysis.lost_segment || tcp.analysis.duplicate_ack || tcp.options.sack_le
    Zeek: conn.log missed_bytes above 0, history with `t` or `g`
    Reference: RFC 4821; RFC 2923 2.1 (path MTU black hole)
    Confidence: high when full segments are lost and smaller ones pass, else medium
    Needs: bytes of the server lost on the way
    Not this: bytes that the client acknowledged although the capture lacks them are capture loss; no server byte at
        all, and no later sequence number, is tls-no-server-hello.
    """
    server: Side = case.server
    proven: cython.longlong = lost_on_the_way(case, SERVER)
    missing: cython.longlong = proven or told_at_the_end(case)
    if missing <= 0 or case.unread(case.client):  # what meets a closed window is not lost (3.4)
        return None
    if case.closer < 0 and case.silence() < case.limits.stall_min_ns:
        return None  # it may still be sent again
    again: cython.bint = server.rtx_since_ack >= case.limits.flight_rtx
    hole: cython.bint = server.wire_gap == 1 or case.client.sack_left > server.acked or server.sent > server.acked
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_hello()
    if case.tls.hello_start <= 0:
        case.cite(server.first_data_packet, server.first_data_time, "data", SERVER)
    case.cite_all("retransmission", SERVER)
    if not again:
        case.cite(server.sent_packet, server.sent_time, "ack" if server.sent >= server.end else "data", SERVER)
    case.cite_closer()
    passed: cython.longlong = case.client.sack_right - case.client.sack_left
    full: cython.longlong = case.limits.full_segment_bytes
    big: cython.bint = missing >= full and (case.client.sack_left <= server.acked or passed < full)
    if big and hole:
        suspect_pmtu(case)
    return case.verdict(
        "tls-server-flight-lost",
        "high" if big and hole and proven else "medium",
        f"{missing} bytes of {case.where()}'s TLS answer are lost on the way, from byte {server.acked + 1} on"
        + (", while smaller packets pass: a path MTU problem." if big and hole else "."),
    )


def silent_enough(case: Facts) -> cython.bint:
    """Whether the silence counts as a stall: one second when the client closed, three when the server did or nobody."""
    silence: cython.longlong = case.silence()
    return silence >= (case.limits.give_up_min_ns if case.closer == CLIENT else case.limits.stall_min_ns)


def stalled(case: Facts) -> Verdict | None:
    """The handshake falls silent, and somebody gives up or the capture ends.

    Zeek: conn_state SF or S1, ssl.log established=F
    Reference: RFC 8446 4; RFC 5246 7.3
    Confidence: medium
    Needs: a silence

    Cause: tls-no-server-hello: The server takes the ClientHello and says nothing.
    On the wire: the whole ClientHello is acknowledged, no byte comes back; a second and more later the client
        closes, or after three the server or nobody does.
    Wireshark: tcp.flags.fin == 1 && tcp.seq > 1 && tcp.ack == 1 && tcp.time_delta >= 1
    Confidence: high; below three seconds medium
    Not this: a hello that is not acknowledged is tls-clienthello-unacked; a gap in the server's bytes is
        tls-server-flight-lost.

    Cause: tls-server-flight-stalled: The server stops within its own handshake messages.
    On the wire: server records, the last one incomplete or the flight unfinished, no gap, no retransmission, then
        silence.
    Wireshark: tls.handshake.type == 2 || tcp.time_delta >= 3 && tcp.dstport == 443
    Not this: missing bytes are tls-server-flight-lost; a whole flight leaves the turn to the client
        (tls-client-silent).

    Cause: tls-client-silent: The client gets the server's whole flight and says nothing.
    On the wire: the server's flight (TLS 1.2: up to ServerHelloDone; 1.3: a protected record, whole) is
        acknowledged, then three seconds and more without a record of the client; or the client stops reading, its
        window closed.
    Wireshark: tls.handshake.type == 14 || tcp.time_delta >= 3 && tcp.srcport == 443
    Not this: a client that closes within a second is tls-client-fin; one that sends an alert is tls-alert-NAME or
        tls-alert-encrypted.

    Cause: tls-no-server-finished: The server gets the client's Finished and does not confirm it.
    On the wire: TLS 1.2 and older: ChangeCipherSpec and Finished of the client are acknowledged, none of the server
        follows.
    Wireshark: tls.record.content_type == 20 && tcp.dstport == 443
    Confidence: high; medium where the Finished is not acknowledged: then it is lost on the way
    Not this: in TLS 1.3 the server owes no such message: there it is a request without an answer.
    """
    if not silent_enough(case):
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    if case.closer == SERVER:
        case.flag("server-gave-up")
    if case.client.fins >= 3 and case.closer == CLIENT:
        case.flag("peer-dead")
    case.cite_hello()
    if not case.replied:
        return no_server_hello(case)
    packet, time, what, side = server_word(case)  # a cpdef method takes no starred arguments
    case.cite(packet, time, what, side)
    ended = ending(case)
    case.cite_closer()
    if case.unread(case.client):
        return client_does_not_read(case, ended)
    if case.tls.done_1_2 & 1 and not case.tls.done_1_2 & 2:
        return no_server_finished(case, ended)
    if flight_complete(case):
        return case.verdict(
            "tls-client-silent",
            "medium",
            f"{case.where()} did its part of the handshake and the client {instead(case)}; {ended}.",
        )
    got: Record = case.tls.server_last
    part = f" within a record of {got.length} bytes" if got is not None and not got.complete else ""
    return case.verdict(
        "tls-server-flight-stalled",
        "medium",
        f"{case.where()} stopped in the middle of its handshake messages{part}; {ended}.",
    )


def no_server_finished(case: Facts, ended: str) -> Verdict:
    """TLS 1.2: whether the server has the client's Finished is told by its acknowledgement."""
    finished: Record | None = case.tls.client_finished
    if finished is None or case.client.acked >= finished.end:
        return case.verdict(
            "tls-no-server-finished", "high", f"{case.where()} never confirmed the client's Finished; {ended}."
        )
    again: cython.longlong = case.client.rtx_since_ack
    sent = f", which was sent again {count(again, 'time')}" if again else ""
    verdict: Verdict = case.verdict(
        "tls-no-server-finished",
        "medium",
        f"{capital(case.peer())} never acknowledged the client's Finished{sent}; {ended}.",
    )
    verdict.blame = "network"
    verdict.advice = BROKEN
    return verdict


BROKEN = (
    "The path broke in the middle of the handshake: look for lost NAT or firewall state, and capture at the server to "
    "see whether the packet arrives."
)


def instead(case: Facts) -> str:
    """What the client did instead of its part of the handshake: nothing, mostly."""
    tls: Tls = case.tls
    record: Record = tls.client_last  # type: ignore[assignment]
    since: cython.longlong = tls.hello_done_time or tls.server_hello_time
    if record is None or record.time < since or record.kind == HANDSHAKE:
        return "said nothing"
    kind = "heartbeat records (type 24)" if record.kind == HEARTBEAT else f"a record of type {record.kind}"
    return f"sent {kind} of {record.end - tls.hello_end} bytes instead of its own"


def client_does_not_read(case: Facts, ended: str) -> Verdict:
    """The client's receive window is closed: the silence is its own, whatever the server still has to send."""
    case.flag("receiver-stalled")
    said = f"The client stopped reading what {case.where()} sends (its receive window is closed); {ended}."
    return case.verdict("tls-client-silent", "medium", said)


def no_server_hello(case: Facts) -> Verdict | None:
    """The ClientHello was acknowledged and nothing came back: see `stalled`."""
    if case.client.acked < case.tls.hello_end or case.client.acked <= 0:
        return None
    case.cite_ack()
    case.cite_closer()
    sure: cython.bint = case.silence() >= case.limits.stall_min_ns or bool(ending_timers(case, timers.SHAKING))
    if case.closer == CLIENT and case.server.last_packet < case.closer_packet:
        sure = False  # no later packet of the server tells that it had sent nothing
    return case.verdict(
        "tls-no-server-hello",
        "high" if sure else "medium",
        f"{took(case)}; {ending(case)}.",
    )


def took(case: Facts) -> str:
    """Who took the ClientHello and who did not answer it: behind a proxy these are two."""
    if case.peer() == case.where():
        return f"{case.where()} acknowledged the ClientHello and never answered it"
    return f"{capital(case.peer())} acknowledged the ClientHello, and no answer of {case.where()} came back"


def ending(case: Facts) -> str:
    """Who ended the silence, and after how long."""
    if case.closer == CLIENT:
        return f"the client gave up after {span(case.silence())}"
    if case.closer == SERVER:
        return f"the server hung up after {span(case.silence())}"
    return f"the capture ends {span(case.silence())} later with the connection still open"


def server_word(case: Facts) -> tuple[int, int, str, int]:
    """The server's last record, to show where it stopped."""
    record: Record = case.tls.server_last
    if record is not None and record.packet:
        return record.packet, record.time, "record", SERVER
    return case.server.last_data_packet, case.server.last_data_time, "data", SERVER


def flight_complete(case: Facts) -> cython.bint:
    """The client has all of it: 1.2: up to ServerHelloDone; 1.3: a protected record, the last one whole."""
    tls: Tls = case.tls
    record: Record | None = tls.server_last
    if case.server.acked < case.server.end or (record is not None and not record.complete):
        return False
    if tls.version == TLS13:
        return record is not None and record.kind == APPLICATION_DATA
    return tls.hello_done_packet > 0
