"""Which RSTs need no explanation (signatures.md 2.2, filter a to g), and who ended a connection first."""

from __future__ import annotations

import cython

from analyzer.fetch.vantage import vantage
from analyzer.layer.tls.registry import ALERT
from analyzer.model.connection import ACK, CLIENT, IN_WINDOW, OUTSIDE, SERVER, Event, Side
from analyzer.model.http import Exchange, Http2
from analyzer.model.tls import Alert, Record, Tls
from analyzer.tcp.ordering import PATIENCE_NS
from analyzer.verdict.facts import Facts
from analyzer.verdict.seen import LOSS_NS, may_have_closed, unseen_fin

WARNING = 1


def settle(case: Facts) -> None:
    """Find the first unexplained RST (`case.reset`), and who ended the connection first (`case.closer`)."""
    notify(case)
    if case.client.rsts or case.server.rsts:
        find_reset(case)
    closed_unseen(case, case.client)
    closed_unseen(case, case.server)
    second: cython.int = second_fin(case)
    if second != CLIENT:
        closed_by(case, CLIENT, "fin", case.client.fin_packet, case.client.fin_time)
    if second != SERVER:
        closed_by(case, SERVER, "fin", case.server.fin_packet, case.server.fin_time)
    closed_by(case, CLIENT, "", case.notify_client, 0)
    closed_by(case, SERVER, "", case.notify_server, 0)
    if case.h2 is not None:
        stream_closed(case, case.h2)
    if case.reset is not None:
        closed_by(case, case.reset.side, "rst", case.reset.packet, case.reset.time)
        sender: Side = case.client if case.reset.side == CLIENT else case.server
        if case.reset.offset > sender.end + (1 if sender.fin_offset >= 0 else 0):
            case.doubt = "bytes"  # its number says that something of its sender is missing, a FIN at least
        if sender.index == SERVER and may_have_closed(case.client):
            case.doubt = "bytes"  # a FIN of the client may be missing, which it answers
        if spoke_on(case, sender) or may_go_on(case):
            case.doubt = "reset"  # nobody does behind its own RST


def spoke_on(case: Facts, sender: Side) -> cython.bint:
    """The client, whose one RST was found, said more behind it; under a server's name others send resets, too."""
    reset: Event = case.reset
    if sender.index != CLIENT or sender.last_packet <= reset.packet or sender.rsts > 1:
        return False
    return sender.last_time > reset.time


def may_go_on(case: Facts) -> cython.bint:
    """Seen at the server or nearby: the capture ends before a client that goes on behind a bare RST would be heard.

    Who aborts sends RST with ACK (Linux tcp_send_active_reset); a bare one answers a segment that nobody asked for (RFC
    9293 3.5.2), and NAT may have given it this connection's addresses (went_on).
    """
    reset: Event = case.reset
    if reset.side != CLIENT or reset.flags & ACK or vantage(case.connection) not in ("server", "local"):
        return False
    silent: cython.bint = case.client.last_time - reset.time <= PATIENCE_NS
    return silent and case.connection.capture_end - reset.time < LOSS_NS


def second_fin(case: Facts) -> cython.int:
    """Whose FIN acknowledges the other's and so came second, whatever the order of packets; -1 = the packets tell."""
    if case.client.fins == 0 or case.server.fins == 0:
        return -1
    client: Event | None = case.find("fin", CLIENT, case.client.fin_packet - 1)
    server: Event | None = case.find("fin", SERVER, case.server.fin_packet - 1)
    if client is None or server is None:
        return -1
    if server.ack > case.client.fin_offset:
        return SERVER
    return CLIENT if client.ack > case.server.fin_offset else -1


def stream_closed(case: Facts, h2: Http2) -> None:
    """HTTP/2: the client gave up its stream, or the server ended it short of the length it had announced."""
    exchange: Exchange = case.exchange
    if h2.reset_side == CLIENT:
        closed_by(case, CLIENT, "data", h2.reset_packet, h2.reset_time)
    if exchange.malformed:
        closed_by(case, SERVER, "data", exchange.response_end_packet, exchange.response_end_time)


def closed_unseen(case: Facts, side: Side) -> None:
    """A FIN that the capture lost is seen by the ACK of it, which may be the peer's FIN."""
    if unseen_fin(side):
        closed_by(case, side.index, "ack", side.ack_packet, side.ack_time)
        case.doubt = "bytes"


def closed_by(case: Facts, side: cython.int, what: str, packet: cython.longlong, time: cython.longlong) -> None:
    """Keep the earliest closing event; a close_notify comes with its record instead of a name."""
    if packet <= 0 or (case.closer >= 0 and packet >= case.closer_packet):
        return
    if what == "":
        what, time = notify_record(case, side)
    if time:
        case.closer = side
        case.closer_packet = packet
        case.closer_time = time
        case.closer_what = what


def notify_record(case: Facts, side: cython.int) -> tuple[str, int]:
    """How to cite a close_notify: an `alert`, or a `record` when TLS 1.3 hides what it is."""
    alert: Alert
    record: Record
    if case.tls is not None:
        for alert in case.tls.alerts:
            if alert.side == side and alert.code in (0, 90) and alert.record is not None:
                return "alert", alert.record.time
        records = case.tls.client_records if side == CLIENT else case.tls.server_records
        newest: Record = case.tls.client_last if side == CLIENT else case.tls.server_last
        packet: cython.longlong = case.notify_client if side == CLIENT else case.notify_server
        if newest is not None and newest.packet == packet:
            return label(newest), newest.time
        for record in records:
            if record.packet == packet:
                return label(record), record.time
    return "", 0


def label(record: Record) -> str:
    """What to call a record that carries an alert: TLS 1.3 shows it as application data (RFC 8446 5.2)."""
    return "alert" if record.kind == ALERT else "record"


def notify(case: Facts) -> None:
    """Find each side's close_notify, plain (also user_canceled, which means the same) or encrypted."""
    alert: Alert
    if case.opaque is not None:
        case.notify_client = case.opaque.close_notify_client
        case.notify_server = case.opaque.close_notify_server
    if case.tls is not None:
        for alert in case.tls.alerts:
            if alert.code not in (0, 90) or alert.record is None:
                continue
            if alert.side == CLIENT and not case.notify_client:
                case.notify_client = alert.record.packet
            elif alert.side == SERVER and not case.notify_server:
                case.notify_server = alert.record.packet


def find_reset(case: Facts) -> None:
    """Walk the RSTs in packet order to the first that nothing explains."""
    mark: Event
    benign: cython.bint = False
    for mark in case.connection.milestones:
        if mark.what != "rst":
            continue
        if mark.place == OUTSIDE or went_on(case, mark):
            continue
        if survived(case, mark):
            case.flag("rst-survived")
            continue
        if benign or explained(case, mark):
            benign = True
            case.flag("benign-rst")
            continue
        case.reset = mark
        return


def survived(case: Facts, mark: Event) -> cython.bint:
    """f, g: both sides go on after it, each acknowledging the other's new bytes: no endpoint took it, or none sent it.

    A RST that is merely crossed by the peer's last ACK does not count: its sender must acknowledge new bytes too. One
    within the window that is not exact is not taken by every stack: there it is enough that its receiver goes on.
    """
    sender: Side = case.client if mark.side == CLIENT else case.server
    peer: Side = case.server if mark.side == CLIENT else case.client
    if mark.packet < case.connection.established_packet and not case.connection.midstream:
        return True  # it answered something of an older connection (RFC 9293 3.10.7.3)
    if mark.place == IN_WINDOW and (goes_on(case, peer, mark) or both_go_on(sender, peer, mark)):
        return True
    if sender.ack_packet <= mark.packet:
        return False
    return peer.ack_packet > mark.packet or sender.last_data_packet > mark.packet


CROSSING_NS = 100_000_000
"""What an endpoint still says so soon after a RST towards it may have crossed it, when the round trip is unknown."""


def goes_on(case: Facts, receiver: Side, mark: Event) -> cython.bint:
    """Whether the receiver of a RST still sends, later than on the way of the RST: its first FIN, or new bytes."""
    crossing: cython.longlong = mark.time + max(case.rtt(), CROSSING_NS)
    return max(receiver.fin_time, receiver.last_data_time) > crossing


def both_go_on(sender: Side, receiver: Side, mark: Event) -> cython.bint:
    """Behind the RST both send, its sender acknowledges that, and no RST says that the receiver is gone."""
    if receiver.rsts or receiver.ack_packet <= mark.packet:
        return False
    return receiver.last_data_packet > mark.packet and sender.last_data_packet > mark.packet


def went_on(case: Facts, mark: Event) -> cython.bint:
    """Seen at the server or nearby: a reset of the client, and then bare RSTs of the server: the client had gone on.

    A bare RST answers a segment with ACK (RFC 9293 3.5.2), and a client that has left sends none. This one had reset a
    packet that came to it from another address, and NAT gave that RST this connection's addresses.
    """
    later: Event
    if mark.side != CLIENT or vantage(case.connection) not in ("server", "local"):
        return False
    for later in case.connection.milestones:
        if later.what == "rst" and later.side == SERVER and later.packet > mark.packet and not later.flags & ACK:
            case.flag("client-went-on")
            return True
    return False


def explained(case: Facts, mark: Event) -> cython.bint:
    """b to e: the RST comes after something that ended the connection already."""
    packet: cython.longlong = mark.packet
    sender: Side = case.client if mark.side == CLIENT else case.server
    if 0 < sender.fin_packet < packet or 0 < case.client.fin_packet < packet:
        return True  # c: its sender had closed; e: the client had
    if sender.fin_packet and sender.fin_time - mark.time <= PATIENCE_NS:
        return True  # c: nobody sends a FIN behind its own RST, so the capture disordered them
    if unseen_fin(case.client) and case.client.ack_packet <= packet:
        return True
    if 0 < case.notify_client < packet or 0 < case.notify_server < packet:
        return True
    return after_alert(case, packet) or after_exchange(case, mark)


def after_alert(case: Facts, packet: cython.longlong) -> cython.bint:
    """e: a fatal alert went before it."""
    alert: Alert
    tls: Tls = case.tls
    if tls is None:
        return False
    for alert in tls.alerts:
        if alert.level != WARNING and alert.record is not None and 0 < alert.record.packet < packet:
            return True
    aborted = case.completion.aborted_record if case.completion is not None else None
    return aborted is not None and 0 < aborted.packet < packet


def after_exchange(case: Facts, mark: Event) -> cython.bint:
    """b: everything that was asked had been answered, or given up by RST_STREAM."""
    exchange: Exchange = case.exchange
    if exchange is not None:
        if case.h2 is not None and 0 < case.h2.reset_packet <= mark.packet:
            return True
        if exchange.response_framing == "tunnel":
            return 0 < exchange.close_packet < mark.packet  # what follows 101 is over when somebody says so
        return exchange.response_complete != 0 and exchange.response_end_packet <= mark.packet
    return case.answered == 2 and idle_since_answer(case, mark)


def idle_since_answer(case: Facts, mark: Event) -> cython.bint:
    """b, seen from outside TLS: the last record was the server's, whole, and a second ago or more."""
    if case.opaque is None or case.opaque.cut or case.client.last_data_packet > case.server.last_data_packet:
        return False
    return mark.time - case.server.last_data_time >= case.limits.reuse_idle_ns
