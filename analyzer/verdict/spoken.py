"""Who said what inside TLS, and when, as far as the capture shows it: facts that several verdicts need."""

from __future__ import annotations

import cython

from analyzer.layer.tls.opaque import Opaque, of_client, of_server
from analyzer.model.connection import CLIENT, SERVER, Side
from analyzer.model.tls import Record, Tls
from analyzer.verdict.facts import Facts
from analyzer.verdict.seen import lost_on_the_way


def hidden(case: Facts) -> cython.bint:
    """What a side said, or that it hung up, is known by the other's acknowledgement or by its own numbers alone."""
    server: Side = case.server
    if fin_unseen(case.client) or fin_unseen(server):
        return True
    if server.wire_gap or lost_on_the_way(case, SERVER):
        return False  # it is known where that was lost
    if case.closer == CLIENT:
        return case.reset is not None and case.reset.side == CLIENT and case.reset.offset > numbers(case.client)
    ended: cython.longlong = case.reset.offset if case.reset is not None and case.reset.side == SERVER else 0
    return max(server.sent, ended) > numbers(server)


def numbers(side: Side) -> cython.longlong:
    """How many sequence numbers of this side were captured: a FIN has one of its own."""
    return side.end + (1 if side.fin_offset >= 0 else 0)


def fin_unseen(side: Side) -> cython.bint:
    """The peer acknowledges one more than every byte of this side: a FIN that was not captured."""
    return side.fin_offset < 0 and side.end > 0 and side.acked == side.end + 1


def sure_end(case: Facts) -> cython.bint:
    """Whether the capture shows that the last answer was over, and that it was one.

    On a connection that is open when the capture ends, bytes in flight say that more was to come, and a record that may
    be a ticket proves nothing.
    """
    server: Side = case.server
    opaque: Opaque = case.opaque
    if opaque.unseen:
        return False
    if opaque.doubtful and (server.lost or server.cut or case.client.lost):
        return False
    if case.closer >= 0:
        return True
    return not opaque.doubtful and server.acked >= server.end


def count_to_the_end(case: Facts) -> None:
    """Nothing that was said after the first side had ended it is progress: an alert that answers a FIN, say."""
    record: Record
    tls: Tls = case.tls
    if case.closer < 0 or (case.progress_time < case.closer_time and not answered_end(case)):
        return
    spoke: cython.longlong = 0
    heard: cython.longlong = 0
    knew: cython.bint
    for record in of_client(tls):
        knew = 0 <= case.server.fin_offset < record.ack
        if record.packet != case.closer_packet and spoke < record.last_time <= case.closer_time and not knew:
            spoke = record.last_time
    for record in of_server(tls):
        if record.packet != case.closer_packet and heard < record.last_time <= case.closer_time:
            heard = record.last_time
    case.spoke_time = spoke or tls.hello_time
    case.progress_time = max(case.spoke_time, heard, case.connection.established_time)


def answered_end(case: Facts) -> cython.bint:
    """The client's last record acknowledges the server's FIN, whatever the order of their packets."""
    last: Record = case.tls.client_last
    return case.closer == SERVER and last is not None and 0 <= case.server.fin_offset < last.ack


def has_replied(case: Facts) -> cython.bint:
    """Whether the server sent payload upon the ClientHello; by packet order where no record of it was read."""
    tls: Tls = case.tls
    return tls.server_count > 0 or len(tls.reply) > 0 or case.server.last_data_packet > tls.hello_packet
