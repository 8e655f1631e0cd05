"""What headers prove of bytes that the capture does not hold (signatures.md 3.1): lost on the way, or cut out of it.

A receiver that had bytes acknowledges them, so what it acknowledged was lost by the capture at most. What its sender
had sent, as later sequence numbers say, and the receiver still does not acknowledge after a while, is lost on the way.
Bytes that are neither acknowledged nor sent again while the capture goes on do not exist in live TCP (RFC 9293 3.8.1):
there the capture is cut or filtered.
"""

from __future__ import annotations

import cython

from analyzer.model.connection import CLIENT, SERVER, Connection, Event, Side
from analyzer.model.http import Exchange
from analyzer.verdict.facts import Facts

LOSS_NS = 200_000_000
"""A hole this old is no reordering: the least retransmission timeout in use (Linux TCP_RTO_MIN)."""
RESEND_NS = 3_000_000_000
"""Within this live TCP sends again what was not acknowledged: one second (RFC 6298 2.1) and the next, doubled."""
TRY_NS = 1_000_000_000
"""A SYN or SYN-ACK without an answer is sent again within this (RFC 6298 2.1)."""


def lost_on_the_way(case: Facts, index: cython.int) -> cython.longlong:
    """How many bytes that this side (CLIENT, SERVER) sent are proven to be lost on the way; 0 = none.

    Proofs: SACK above a hole; its own later sequence number, or later bytes, above a hole; a range sent again.
    """
    sender: Side = case.server if index == SERVER else case.client
    receiver: Side = case.client if index == SERVER else case.server
    upto: cython.longlong = 0
    since: cython.longlong = 0
    if receiver.sack_left > sender.acked:
        return receiver.sack_left - sender.acked
    if sender.rtx_since_ack >= case.limits.flight_rtx and sender.acked < sender.end:
        return sender.end - sender.acked
    if receiver.last_time < sender.jump_time:
        return 0  # a live receiver answers bytes above a hole at once (RFC 5681 4.2): the capture lacks its side
    sent: cython.longlong = sender.sent - 1 if sender.fin_offset < 0 else min(sender.sent, sender.fin_offset)
    if sent > sender.acked:  # without its FIN, which has a number too
        upto, since = sender.sent, sender.sent_time
    elif sender.wire_gap:
        upto, since = sender.end, sender.jump_time
    if upto <= sender.acked or waited(case, sender, receiver, since) < max(LOSS_NS, 2 * case.rtt()):
        return 0
    return upto - sender.acked


def waited(case: Facts, sender: Side, receiver: Side, since: cython.longlong) -> cython.longlong:
    """How long after an instant either side still spoke, or the capture went on with the connection open, in ns."""
    last: cython.longlong = max(sender.last_time, receiver.last_time)
    if case.client.rst_time == 0 and case.server.rst_time == 0:
        last = max(last, case.connection.capture_end)
    return last - since


def cut_out(case: Facts) -> cython.bint:
    """The capture lacks what followed: some side's last bytes are neither acknowledged nor sent again, for seconds."""
    return cut_after(case, case.client, case.server) or cut_after(case, case.server, case.client)


def cut_after(case: Facts, sender: Side, receiver: Side) -> cython.bint:
    """Whether that is so of what this side sent; a RST ends all waiting, and so does a FIN of the silent kind."""
    if sender.end <= sender.acked or sender.rtx_since_ack or sender.last_data_time == 0:
        return False
    if sender.rst_time or receiver.rst_time:
        return False
    return case.connection.capture_end - sender.last_data_time >= max(RESEND_NS, 6 * case.rtt())


def unseen(side: Side) -> cython.bint:
    """Bytes of this side are known, by its own numbers or by what its peer acknowledged, and not in the capture."""
    return side.lost > 0 or beyond(side)


def beyond(side: Side) -> cython.bint:
    """The same behind all that could be read of it."""
    if side.fin_offset >= 0:
        return side.fin_offset > side.next
    return max(side.sent, side.acked) - 1 > side.next  # one number may be that of a FIN


def unseen_fin(side: Side) -> cython.bint:
    """This side has closed: its peer acknowledged one number more than its bytes, though the FIN was not captured."""
    return side.fin_offset < 0 and side.base >= 0 and side.acked == side.end + 1 and side.packets > 0


def may_have_closed(side: Side) -> cython.bint:
    """Its peer acknowledged more than its bytes that were captured: among that may be its FIN."""
    return side.base >= 0 and side.packets > 0 and side.acked > side.end + (1 if side.fin_offset >= 0 else 0)


def said_more(case: Facts, side: Side) -> cython.bint:
    """Bytes of this side are known that nobody captured, the reset's own number included (RFC 9293 3.5.1)."""
    mark: Event = case.reset
    if unseen(side):
        return True
    return mark is not None and mark.side == side.index and mark.offset > side.end + 1


def too_soon(case: Facts) -> cython.bint:
    """Nobody ended it, and the capture ends before the next try would be due: it may yet work."""
    connection: Connection = case.connection
    if case.client.rst_packet or case.server.rst_packet or case.client.fin_packet or case.server.fin_packet:
        return False
    return connection.capture_end - connection.last_time < TRY_NS


def half_closed(case: Facts) -> cython.bint:
    """The client has said all, and nothing tells yet that it does not listen any more (RFC 9293 3.6)."""
    exchange: Exchange = case.exchange
    if case.closer != CLIENT or case.closer_what != "fin" or not exchange.request_complete:
        return False
    waited: cython.longlong = case.closer_time - exchange.request_end_time
    return waited < case.limits.give_up_min_ns and may_be_answered(case)


def may_be_answered(case: Facts) -> cython.bint:
    """The capture ends a moment after the client's FIN, or after what the server says to one that may only have closed
    its direction (RFC 9112 9.6), and the server has not answered it by an end of its own."""
    if case.closer_what != "fin" or case.server.fin_packet or case.server.rst_packet or case.client.rst_packet:
        return False
    return case.connection.capture_end - max(case.closer_time, case.server.last_data_time) < TRY_NS


def whole_by_headers(case: Facts) -> cython.bint:
    """A response whose head was cut is whole: as much as announced came, and the client was content with it.

    It acknowledged everything and closed at once; a client that misses bytes waits for them.
    """
    exchange: Exchange = case.exchange
    if exchange.body_expected < 0 or exchange.response_unframed != 1:
        return False
    if case.closer != CLIENT or case.closer_what != "fin" or case.server.acked < case.server.end:
        return False
    return case.silence() < case.limits.give_up_min_ns
