"""TLS handshakes that were never finished: classes `tls-stall` and `tls-failure` (signatures.md 2.3)."""

from __future__ import annotations

import cython

from analyzer.verdict import timers
from analyzer.verdict.case import Case, count, span
from analyzer.verdict.causes import ALERT_ADVICE, BAD_CERTIFICATE, CAUSES, CERTIFICATE_ALERTS
from analyzer.verdict.model import Verdict
from analyzer.verdict.waits import ending_timers
from analyzer.wire.model import CLIENT, SERVER, Alert, Record, Side, Tls
from analyzer.wire.tls.registry import ALERTS

FATAL = 2
TLS_1_3 = 0x0304
APPLICATION_DATA = 23
SIDES = ("client", "server")
PRINTABLE_SHARE = 0.8
"""Of a reply that is no TLS, this much printable text makes it a banner."""


def sslv2(case: Case) -> Verdict | None:
    """The client opens with an SSL 2.0 hello.

    Cause: tls-sslv2
    On the wire: the first client bytes are 80 xx 01.
    Wireshark: tls.record.version == 0x0002
    Zeek: ssl.log version SSLv2
    Reference: RFC 6176 (prohibits it)
    Confidence: high
    Needs: an SSL 2.0 hello
    Not this: TLS records with version 3.0 or 3.1 are normal in a ClientHello.
    """
    if not case.tls.sslv2:
        return None
    case.cite(case.client.first_data_packet, case.client.first_data_time, "data", CLIENT)
    case.cite_closer()
    return case.verdict(
        "tls-sslv2", "high", f"The client greets {case.where()} with an SSL 2.0 hello, which is long dead."
    )


def alert(case: Case) -> Verdict | None:
    """One side says in plain text why it ends the handshake.

    Cause: tls-alert
    On the wire: a record of type 21, length 2, level 2 (any level in TLS 1.3), other than close_notify and
        user_canceled.
    Wireshark: tls.alert_message.level == 2
    Zeek: ssl.log established=F, last_alert
    Reference: RFC 8446 6.2; RFC 5246 7.2.2
    Confidence: high
    Needs: a readable alert
    Not this: close_notify and user_canceled count as a FIN; an alert whose reason is hidden is tls-alert-encrypted.
    """
    found: Alert
    for found in case.tls.alerts:
        if found.code <= 0 or found.code == 90 or found.record is None:
            continue
        if found.level == FATAL or case.tls.version == TLS_1_3:
            return alert_verdict(case, found)
    return None


def alert_verdict(case: Case, found: Alert) -> Verdict:
    """The verdict for one fatal alert."""
    name = ALERTS.get(found.code, str(found.code))
    sender = SIDES[found.side] if found.side in (CLIENT, SERVER) else "network"
    case.cite_hello()
    case.cite(found.record.packet, found.record.time, "alert", found.side)
    about = "the server's certificate" if found.side == CLIENT else "the client's certificate"
    rejected = f": it rejects {about}" if found.code in CERTIFICATE_ALERTS else ""
    verdict: Verdict = case.verdict(
        f"tls-alert-{name}",
        "high",
        f"The {sender} ended the TLS handshake of {case.where()} with the alert {name.replace('-', '_')} "
        f"({found.code}){rejected}.",
    )
    verdict.blame = sender
    if found.side == CLIENT and found.code in CERTIFICATE_ALERTS:
        verdict.advice = CAUSES["tls-alert-encrypted"].advice
        verdict.client_errors = BAD_CERTIFICATE
        verdict.blame = "server"
    elif found.side == SERVER and found.code in CERTIFICATE_ALERTS:
        verdict.blame = "client"
    elif found.code in ALERT_ADVICE:
        verdict.advice = ALERT_ADVICE[found.code]
    return verdict


def encrypted_alert(case: Case) -> Verdict | None:
    """One side ends the handshake with an alert that nobody else can read.

    Cause: tls-alert-encrypted
    On the wire: TLS 1.3: the client's only protected record is too short for a Finished (19 bytes) and is its last.
        TLS 1.2: a record of type 21 that is longer than 2 bytes, before the handshake is complete.
    Wireshark: tls.record.opaque_type == 23 && tls.record.length == 19 || tls.record.content_type == 21 &&
        tls.record.length > 2
    Zeek: ssl.log established=F, without last_alert
    Reference: RFC 8446 5.2 and 6; RFC 5246 7.2
    Confidence: high from the client, medium from the server
    Needs: an encrypted alert
    Not this: a short record after the handshake is close_notify; an alert in plain text names its reason
        (tls-alert-NAME).
    """
    record: Record | None = case.completion.aborted_record if case.completion is not None else None
    side: cython.int = CLIENT
    found: Alert
    if record is None:
        for found in case.tls.alerts:
            if found.code < 0 and found.record is not None:
                record, side = found.record, found.side
                break
    if record is None:
        return None
    case.cite_hello()
    case.cite(record.packet, record.time, "alert" if record.kind != APPLICATION_DATA else "record", side)
    verdict: Verdict = case.verdict(
        "tls-alert-encrypted",
        "medium" if side == SERVER else "high",
        f"The {SIDES[side]} ended the TLS handshake of {case.where()} with an encrypted alert ({record.length} bytes, "
        "its last record)" + ("; most often it rejects the server's certificate." if side == CLIENT else "."),
    )
    verdict.blame = "server" if side == CLIENT else "client"
    return verdict


def plain_reply(case: Case) -> Verdict | None:
    """The server answers the ClientHello with something that is no TLS.

    Zeek: ssl.log without an entry or established=F; dpd.log or weird.log
    Reference: RFC 8446 5.1
    Confidence: high
    Needs: an answer that is no TLS

    Cause: tls-http-reply: An https:// URL meets a port that speaks plain HTTP.
    On the wire: after the ClientHello the server's first bytes are `HTTP/`.
    Wireshark: tcp.payload[0:5] == 48:54:54:50:2f && tcp.srcport == 443
    Not this: an HTTP answer of a proxy to CONNECT is http-proxy-connect-NNN.

    Cause: tls-banner-reply: A ClientHello meets a port that speaks another text protocol.
    On the wire: after the ClientHello the server's first bytes are printable text that is no HTTP, as `220 ` or
        `SSH-`.
    Wireshark: tcp.payload[0:4] == 32:32:30:20 || tcp.payload[0:4] == 53:53:48:2d
    Not this: with `HTTP/` it is tls-http-reply; a TLS alert is TLS.

    Cause: tls-garbage: The ClientHello is answered with bytes that nobody understands.
    On the wire: after the ClientHello the server's first bytes are neither a TLS record nor text.
    Wireshark: tcp.seq == 1 && tcp.len > 0 && tcp.srcport == 443 && !tls
    Not this: text is tls-banner-reply; bytes lost by the capture make it incomplete.
    """
    reply: bytes = case.tls.reply
    if not reply:
        return None
    cause = "tls-garbage"
    if reply.startswith(b"HTTP/"):
        cause = "tls-http-reply"
    elif sum(1 for byte in reply if 32 <= byte < 127 or byte in (9, 10, 13)) >= PRINTABLE_SHARE * len(reply):
        cause = "tls-banner-reply"
    case.cite_hello()
    case.cite(case.tls.reply_packet, case.tls.reply_time, "response" if cause == "tls-http-reply" else "data", SERVER)
    return case.verdict(cause, "high", f"{case.where()} answered the ClientHello with no TLS: {shown(reply)}.")


def shown(data: bytes) -> str:
    """The first 32 bytes as text; what is no printable ASCII is a dot, so that no terminal obeys it."""
    return '"' + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data[:32]) + '"'


def hello_unacked(case: Case) -> Verdict | None:
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
        case.flag("pmtu-suspected")
    verdict: Verdict = case.verdict(
        "tls-clienthello-unacked",
        "high",
        f"The ClientHello ({size} bytes) never arrived at {case.where()}: "
        f"sent again {count(client.rtx_since_ack, 'time')}, never acknowledged{ended}.",
    )
    verdict.advice += case.syn_proxied(case.server.data_ttl)
    return verdict


def hello_partial(case: Case) -> Verdict | None:
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
    sent_again: cython.bint = client.rtx_since_ack >= case.limits.unacked_hello
    never_seen: cython.bint = not tls.hello_complete and silent_enough(case)
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
        f"Only {client.acked} bytes of the ClientHello arrived at {case.where()}"
        + (f", of {tls.hello_end}" if tls.hello_end > 0 else "")
        + ": its rest is lost on the way.",
    )


def flight_lost(case: Case) -> Verdict | None:
    """The server's answer is lost on the way.

    Cause: tls-server-flight-lost
    On the wire: bytes of the server's flight are missing: the client acknowledges below a gap (duplicate ACKs, SACK
        above it), or, seen at the server, one range is sent again and again and never acknowledged.
    Wireshark: tcp.analysis.lost_segment || tcp.analysis.duplicate_ack || tcp.options.sack_le
    Zeek: conn.log missed_bytes above 0, history with `t` or `g`
    Reference: RFC 4821; RFC 2923 2.1 (path MTU black hole)
    Confidence: high when full segments are lost and smaller ones pass, else medium
    Needs: bytes of the server lost on the way
    Not this: bytes that the client acknowledged although the capture lacks them are capture loss; no server byte at
        all is tls-no-server-hello.
    """
    server: Side = case.server
    hole: cython.bint = server.wire_gap == 1 or case.client.sack_left > server.acked
    again: cython.bint = case.replied and server.rtx_since_ack >= case.limits.flight_rtx and server.acked < server.end
    if (not hole and not again) or case.unread(case.client):  # what meets a closed window is not lost (3.4)
        return None
    case.ongoing = 1 if case.closer < 0 else 0
    case.cite_hello()
    if case.tls.hello_start <= 0:
        case.cite(server.first_data_packet, server.first_data_time, "data", SERVER)
    case.cite_all("retransmission", SERVER)
    case.cite_closer()
    upto: cython.longlong = case.client.sack_left if case.client.sack_left > server.acked else server.end
    missing: cython.longlong = upto - server.acked
    passed: cython.longlong = case.client.sack_right - case.client.sack_left
    full: cython.longlong = case.limits.full_segment_bytes
    big: cython.bint = missing >= full and (case.client.sack_left <= server.acked or passed < full)
    if big and hole:
        case.flag("pmtu-suspected")
    return case.verdict(
        "tls-server-flight-lost",
        "high" if big and hole else "medium",
        f"{missing} bytes of {case.where()}'s TLS answer are lost on the way, from byte {server.acked} of it on"
        + (", while smaller packets pass: a path MTU problem." if big and hole else "."),
    )


def server_fin(case: Case) -> Verdict | None:
    """The server hangs up in the middle of the handshake.

    Cause: tls-server-fin
    On the wire: FIN (or close_notify) of the server before the handshake is complete, less than three seconds after
        the last word of either side, no other alert.
    Wireshark: tcp.flags.fin == 1 && tcp.srcport == 443
    Zeek: conn_state SF, ssl.log established=F
    Reference: RFC 8446 6.1
    Confidence: high
    Needs: the server closed first; no three seconds of silence
    Not this: after a silence it is a stall that the server ended (tls-no-server-hello with the flag
        `server-gave-up`); with a readable alert before it, tls-alert-NAME.
    """
    if case.closer != SERVER or case.silence() >= case.limits.stall_min_ns:
        return None
    case.cite_hello()
    case.cite_closer()
    return case.verdict(
        "tls-server-fin",
        "high",
        f"{case.where()} hung up {span(case.closer_time - case.spoke_time)} after the client's last word, the TLS "
        "handshake unfinished.",
    )


def client_fin(case: Case) -> Verdict | None:
    """The client hangs up in the middle of the handshake without having waited.

    Cause: tls-client-fin
    On the wire: FIN of the client before the handshake is complete, less than a second after the last progress, no
        alert.
    Wireshark: tcp.flags.fin == 1 && tcp.dstport == 443
    Zeek: conn_state SF, ssl.log established=F
    Reference: RFC 8446 6.1
    Confidence: low
    Needs: the client closed first; no second of silence
    Not this: after a second and more of silence the client gave up (tls-stall).
    """
    if case.closer != CLIENT or case.silence() >= case.limits.give_up_min_ns:
        return None
    case.cite_hello()
    if case.tls.server_hello_packet:
        case.cite(case.tls.server_hello_packet, case.tls.server_hello_time, "server-hello", SERVER)
    case.cite_closer()
    after = "the server's part of the handshake" if case.replied else "its ClientHello"
    return case.verdict(
        "tls-client-fin",
        "low",
        f"The client hung up {span(case.silence())} after {after}, the handshake with {case.where()} unfinished and "
        "nobody waiting for long.",
    )


def silent_enough(case: Case) -> cython.bint:
    """Whether the silence counts as a stall: one second when the client closed, three when the server did or nobody."""
    silence: cython.longlong = case.silence()
    return silence >= (case.limits.give_up_min_ns if case.closer == CLIENT else case.limits.stall_min_ns)


def stalled(case: Case) -> Verdict | None:
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
    Confidence: high
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
        return case.verdict(
            "tls-no-server-finished", "high", f"{case.where()} never confirmed the client's Finished; {ended}."
        )
    if flight_complete(case):
        return case.verdict(
            "tls-client-silent",
            "medium",
            f"{case.where()} did its part of the handshake and the client said nothing; {ended}.",
        )
    got: Record = case.tls.server_last
    part = f" within a record of {got.length} bytes" if got is not None and not got.complete else ""
    return case.verdict(
        "tls-server-flight-stalled",
        "medium",
        f"{case.where()} stopped in the middle of its handshake messages{part}; {ended}.",
    )


def client_does_not_read(case: Case, ended: str) -> Verdict:
    """The client's receive window is closed: the silence is its own, whatever the server still has to send."""
    case.flag("receiver-stalled")
    said = f"The client stopped reading what {case.where()} sends (its receive window is closed); {ended}."
    return case.verdict("tls-client-silent", "medium", said)


def no_server_hello(case: Case) -> Verdict | None:
    """The ClientHello was acknowledged and nothing came back: see `stalled`."""
    if case.client.acked < case.tls.hello_end or case.client.acked <= 0:
        return None
    case.cite_ack()
    case.cite_closer()
    sure: cython.bint = case.silence() >= case.limits.stall_min_ns or bool(ending_timers(case, timers.SHAKING))
    return case.verdict(
        "tls-no-server-hello",
        "high" if sure else "medium",
        f"{case.where()} acknowledged the ClientHello and never answered it; {ending(case)}.",
    )


def ending(case: Case) -> str:
    """Who ended the silence, and after how long."""
    if case.closer == CLIENT:
        return f"the client gave up after {span(case.silence())}"
    if case.closer == SERVER:
        return f"the server hung up after {span(case.silence())}"
    return f"the capture ends {span(case.silence())} later with the connection still open"


def server_word(case: Case) -> tuple[int, int, str, int]:
    """The server's last record, to show where it stopped."""
    record: Record = case.tls.server_last
    if record is not None and record.packet:
        return record.packet, record.time, "record", SERVER
    return case.server.last_data_packet, case.server.last_data_time, "data", SERVER


def flight_complete(case: Case) -> cython.bint:
    """The client has all of it: 1.2: up to ServerHelloDone; 1.3: a protected record, the last one whole."""
    tls: Tls = case.tls
    record: Record | None = tls.server_last
    if case.server.acked < case.server.end or (record is not None and not record.complete):
        return False
    if tls.version == TLS_1_3:
        return record is not None and record.kind == APPLICATION_DATA
    return tls.hello_done_packet > 0
