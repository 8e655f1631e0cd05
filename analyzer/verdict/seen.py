"""What headers prove of bytes that the capture does not hold (signatures.md 3.1): lost on the way, or cut out of it.

A receiver that had bytes acknowledges them, so what it acknowledged was lost by the capture at most. What its sender
had sent, as later sequence numbers say, and the receiver still does not acknowledge after a while, is lost on the way.
Bytes that are neither acknowledged nor sent again while the capture goes on do not exist in live TCP (RFC 9293 3.8.1):
there the capture is cut or filtered.
"""

from __future__ import annotations

import cython

from analyzer.verdict.case import Case
from analyzer.wire.model import SERVER, Side

LOSS_NS = 200_000_000
"""A hole this old is no reordering: the least retransmission timeout in use (Linux TCP_RTO_MIN)."""
RESEND_NS = 3_000_000_000
"""Within this live TCP sends again what was not acknowledged: one second (RFC 6298 2.1) and the next, doubled."""


def lost_on_the_way(case: Case, index: cython.int) -> cython.longlong:
    """How many bytes that this side (CLIENT, SERVER) sent are proven to be lost on the way; 0 = none.

    Proofs: SACK above a hole; its own later sequence number, or later bytes, above one; a range sent again and again.
    """
    sender: Side = case.server if index == SERVER else case.client
    receiver: Side = case.client if index == SERVER else case.server
    upto: cython.longlong = 0
    since: cython.longlong = 0
    if receiver.sack_left > sender.acked:
        return receiver.sack_left - sender.acked
    if sender.rtx_since_ack >= case.limits.flight_rtx and sender.acked < sender.end:
        return sender.end - sender.acked
    upto = sender.sent if sender.fin_offset < 0 else min(sender.sent, sender.fin_offset)  # a FIN has a number, too
    if upto > sender.acked:
        since = sender.sent_time
    elif sender.wire_gap:
        upto, since = sender.end, sender.jump_time
    if upto <= sender.acked or waited(case, sender, receiver, since) < max(LOSS_NS, 2 * case.rtt()):
        return 0
    return upto - sender.acked


def waited(case: Case, sender: Side, receiver: Side, since: cython.longlong) -> cython.longlong:
    """How long after an instant either side still spoke, or the capture went on with the connection open, in ns."""
    last: cython.longlong = max(sender.last_time, receiver.last_time)
    if case.client.rst_time == 0 and case.server.rst_time == 0:
        last = max(last, case.connection.capture_end)
    return last - since


def cut_out(case: Case) -> cython.bint:
    """The capture lacks what followed: some side's last bytes are neither acknowledged nor sent again, for seconds."""
    return cut_after(case, case.client, case.server) or cut_after(case, case.server, case.client)


def cut_after(case: Case, sender: Side, receiver: Side) -> cython.bint:
    """Whether that is so of what this side sent; a RST ends all waiting, and so does a FIN of the silent kind."""
    if sender.end <= sender.acked or sender.rtx_since_ack or sender.last_data_time == 0:
        return False
    if sender.rst_time or receiver.rst_time:
        return False
    return case.connection.capture_end - sender.last_data_time >= max(RESEND_NS, 6 * case.rtt())
