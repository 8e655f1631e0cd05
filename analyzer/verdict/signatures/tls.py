"""TLS handshakes that one side broke off: class `tls-failure` (signatures.md 2.3)."""

from __future__ import annotations

import cython

from analyzer.layer.tls.registry import ALERTS, APPLICATION_DATA, TLS13
from analyzer.model.connection import CLIENT, SERVER, Side
from analyzer.model.http import Exchange
from analyzer.model.tls import Alert, Record, Tls
from analyzer.verdict.causes import ALERT_ADVICE, BAD_CERTIFICATE, CERTIFICATE_ALERTS, REMOTE_ALERT
from analyzer.verdict.facts import Facts, capital, span
from analyzer.verdict.model import Verdict

FATAL = 2
HANDSHAKE_FAILURE = 40
UNRECOGNIZED_NAME = 112
POST_QUANTUM = frozenset((0x11EB, 0x11EC, 0x11ED, 0x6399))
"""Groups of the registry with ML-KEM or its draft."""
SIDES = ("client", "server")
PRINTABLE_SHARE = 0.8
"""Of a reply that is no TLS, this much printable text makes it a banner."""


def sslv2(case: Facts) -> Verdict | None:
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


def alert(case: Facts) -> Verdict | None:
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
    warned: Alert | None = None
    for found in case.tls.alerts:
        if found.code <= 0 or found.code == 90 or found.record is None or consequence(case, found.record, found.side):
            continue
        if found.level == FATAL or case.tls.version == TLS13:
            if warned is not None and found.side == CLIENT and found.code not in CERTIFICATE_ALERTS:
                return warned_verdict(case, warned)
            return alert_verdict(case, found)
        if found.code == UNRECOGNIZED_NAME and found.side == SERVER:
            warned = found
    unseen: cython.bint = case.tls.lost != 0 or case.client.lost > 0 or case.server.lost > 0
    if warned is not None and not unseen and case.closer == CLIENT and case.silence() < case.limits.give_up_min_ns:
        return warned_verdict(case, warned)
    return None


def refused_inside(case: Facts) -> Verdict | None:
    """The server says why it ends a connection on which it has answered nothing; it takes keys to read that.

    Also: tls-alert
    On the wire: behind the client's Finished a fatal alert of the server, which keys open, and no answer to any
        request: in TLS 1.3 a client has asked before it learns that it is refused.
    Wireshark: tls.alert_message.level == 2
    Zeek: ssl.log established=T
    Reference: RFC 8446 4.4.2.4 and 6.2
    Confidence: high
    Needs: a readable alert; no response
    Not this: an alert behind an answer ends a conversation, whose verdict is that of its exchange.
    """
    found: Alert
    exchange: Exchange
    if case.answered or case.tls.decrypted == 0:
        return None
    for exchange in case.connection.exchanges:
        if exchange.status:
            return None
    for found in case.tls.alerts:
        if found.side != SERVER or found.code <= 0 or found.code == 90 or found.record is None:
            continue
        if (found.level == FATAL or case.tls.version == TLS13) and not consequence(case, found.record, SERVER):
            return alert_verdict(case, found)
    return None


def consequence(case: Facts, record: Record, side: cython.int) -> cython.bint:
    """The peer had hung up, and this side knew it when it sent the record: an answer to the FIN, no cause."""
    peer: Side = case.server if side == CLIENT else case.client
    if peer.fin_offset < 0:
        return 0 < peer.end + 1 == record.ack  # its FIN was not captured
    return peer.fin_offset < record.ack


def warned_verdict(case: Facts, warned: Alert) -> Verdict:
    """The server warned that it does not know the name, and the client took that for fatal, as Java does."""
    found: Alert
    case.cite_hello()
    case.cite(warned.record.packet, warned.record.time, "alert", SERVER)
    for found in case.tls.alerts:
        if found.side == CLIENT and found.record is not None:
            case.cite(found.record.packet, found.record.time, "alert", CLIENT)
    case.cite_closer()
    verdict: Verdict = case.verdict(
        "tls-alert-unrecognized-name",
        "medium",
        f"{case.where()} warned that it does not know this server name (unrecognized_name, 112), and the client ended "
        "the handshake upon that.",
    )
    verdict.blame = "server"
    verdict.advice = (
        "Configure the name that the client asks for (SNI) at the server or balancer; other clients ignore the "
        "warning, Java does not (`-Djsse.enableSNIExtension=false` shows whether that is it)."
    )
    return verdict


def alert_verdict(case: Facts, found: Alert) -> Verdict:
    """The verdict for one fatal alert."""
    name = ALERTS.get(found.code, str(found.code))
    sender = SIDES[found.side] if found.side in (CLIENT, SERVER) else "network"
    case.cite_hello()
    case.cite(found.record.packet, found.record.time, "alert", found.side)
    about = "the server's certificate" if found.side == CLIENT else "the client's certificate"
    none: cython.bint = found.side == SERVER and case.tls.certificate_empty != 0
    what = "connection" if case.tls_done else "handshake"
    rejected = f": it rejects {about}" if found.code in CERTIFICATE_ALERTS and not none else ""
    verdict: Verdict = case.verdict(
        f"tls-alert-{name}",
        "high" if case.client.lost == 0 and case.server.lost == 0 else "medium",
        f"The {sender} ended the TLS {what} of {case.where()} with the alert {name.replace('-', '_')} "
        f"({found.code}){rejected}.",
    )
    verdict.blame = sender
    if found.side == CLIENT and found.code in CERTIFICATE_ALERTS:
        verdict.advice = REJECTED
        verdict.client_errors = BAD_CERTIFICATE
        verdict.blame = "server"
    elif none:
        no_certificate(verdict)
    elif found.side == SERVER and found.code in CERTIFICATE_ALERTS:
        verdict.blame = "client"
    elif found.code in ALERT_ADVICE and (found.code != HANDSHAKE_FAILURE or not case.tls.server_hello_packet):
        verdict.advice = ALERT_ADVICE[found.code]
    return verdict


REJECTED = (
    "The client does not trust the server's certificate: `openssl s_client -verify_return_error` shows why; check the "
    "CA bundle, the host name and the clock."
)


def no_certificate(verdict: Verdict) -> None:
    """The server wanted a client certificate, and the client had none."""
    verdict.blame = "client"
    verdict.summary = f"{verdict.summary[:-1]}: it had asked for a client certificate, and the client sent none."
    verdict.advice = "Configure a client certificate that the server accepts (mutual TLS)."
    verdict.client_errors = REMOTE_ALERT


def encrypted_alert(case: Facts) -> Verdict | None:
    """One side ends the handshake with an alert that nobody else can read.

    Cause: tls-alert-encrypted
    On the wire: TLS 1.3: the client's only protected record is too short for a Finished (19 bytes) and is its last.
        TLS 1.2: a record of type 21 that is longer than 2 bytes, before the handshake is complete.
    Wireshark: tls.record.opaque_type == 23 && tls.record.length == 19 || tls.record.content_type == 21 &&
        tls.record.length > 2
    Zeek: ssl.log established=F, without last_alert
    Reference: RFC 8446 5.2 and 6; RFC 5246 7.2
    Confidence: high from the client in TLS 1.3, else medium
    Needs: an encrypted alert
    Not this: a short record after the handshake is close_notify; an alert in plain text names its reason
        (tls-alert-NAME).
    """
    record: Record | None = case.completion.aborted_record if case.completion is not None else None
    side: cython.int = case.completion.encrypted_alert if record is not None else CLIENT
    found: Alert
    if record is None:
        for found in case.tls.alerts:
            if found.code < 0 and found.record is not None:
                record, side = found.record, found.side
                break
    if record is None or consequence(case, record, side):
        return None
    case.cite_hello()
    case.cite(record.packet, record.time, "alert" if record.kind != APPLICATION_DATA else "record", side)
    rejects: cython.bint = side == CLIENT and case.tls.version >= TLS13  # 1.2: it has checked before it encrypts
    verdict: Verdict = case.verdict(
        "tls-alert-encrypted",
        "high" if rejects else "medium",
        f"The {SIDES[side]} ended the TLS handshake of {case.where()} with an encrypted alert ({record.length} bytes, "
        "its last record)" + ("; most often it rejects the server's certificate." if rejects else "."),
    )
    verdict.blame = "server" if side == CLIENT else "client"
    if side == SERVER:
        verdict.client_errors = REMOTE_ALERT
        if case.completion.empty or case.tls.certificate_empty:
            no_certificate(verdict)
        else:
            verdict.advice = (
                "The server's log says why; most often it refuses the client's certificate, or wants one: configure it."
            )
    return verdict


def plain_reply(case: Facts) -> Verdict | None:
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


def server_fin(case: Facts) -> Verdict | None:
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
    when = f"{span(case.closer_time - case.spoke_time)} after the client's last word"
    if case.closer_time < case.tls.hello_time:
        since: cython.longlong = case.connection.established_time
        when = "before the ClientHello had arrived"
        if 0 < since <= case.closer_time:
            when = f"{span(case.closer_time - since)} after the connection was made, {when}"
    verdict: Verdict = case.verdict(
        "tls-server-fin",
        "high",
        f"{capital(case.peer())} hung up {when}, the TLS handshake unfinished.",
    )
    if case.peer() != case.where():
        verdict.advice = (
            "The proxy, or the server behind it, hung up in the middle of the handshake: try without the proxy, and "
            "look at the logs of both."
        )
    if large_hello(case) and not case.tls.server_hello_packet:
        verdict.advice += (
            f" The ClientHello is large ({case.tls.hello_size} bytes, more than one segment; post-quantum key share): "
            "a server or device that cannot put it together hangs up so; test without (`curl --curves X25519`)."
        )
    return verdict


def large_hello(case: Facts) -> cython.bint:
    """A hello with a post-quantum key share takes two segments (tldr.fail)."""
    tls: Tls = case.tls
    return tls.hello_size >= case.limits.full_segment_bytes and any(group in POST_QUANTUM for group in tls.key_shares)


def client_fin(case: Facts) -> Verdict | None:
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
    if case.tls.server_hello_packet and case.tls.server_hello_time <= case.closer_time:
        case.cite(case.tls.server_hello_packet, case.tls.server_hello_time, "server-hello", SERVER)
    case.cite_closer()
    said = f"{span(case.silence())} after its ClientHello, before {case.where()} had answered: "
    if first_answer(case) <= case.closer_time:
        said = f"{span(case.silence())} after the server's part of the handshake with {case.where()}: "
    return case.verdict(
        "tls-client-fin",
        "low",
        f"The client hung up {said}the handshake is unfinished, and nobody had waited for long.",
    )


def first_answer(case: Facts) -> cython.longlong:
    """When the server's first TLS record began; later than everything when there is none."""
    return case.tls.server_records[0].time if case.tls.server_records else case.connection.capture_end + 1
