"""Whether the receiver of a segment would take it: asked before a segment changes anything (RFC 9293 3.10.7.3-4).

A segment that its receiver drops is noise: a blind or late reset, SYN or FIN, an ACK of what was never sent, a byte
far outside the window (RFC 5961 3 to 5). It is counted and moves nothing. The connection tracker lets the usual segment
pass by itself, one that goes on where its sender was and acknowledges what was seen, and asks here for all others.

How noise is told from a true segment whose predecessors the capture lost:

- What lies within the window is true. The window ends at the furthest right edge that the receiver advertised
  (`Side.limit`), scaled; where its SYN was not captured the scale is unknown and counts as 14, the largest (RFC 7323
  2.3); where none of its packets was captured, there is a limit of 1 GiB. Bytes that were acknowledged within it, and
  never seen, were lost by the capture.
- What lies outside is neither true nor noise at first: it is kept (unproven.py). When a segment of one side and an
  acknowledgement of the other agree on the other place, the connection has moved there, however far, and the capture
  lacks its middle: a forger of one segment cannot make the other end agree. So it has when one side alone is heard and
  goes on there without ever coming back.
- What stays unproven is noise.
- On a connection that is over nothing new can come. What both sides agree on elsewhere is the next connection on its
  ports, whose SYN and SYN-ACK were not captured (RFC 9293 3.6.1).

A RST is taken at exactly RCV.NXT (Linux, RFC 5961 3.2), where that may be any of the numbers up to which the capture
saw the receiver's acknowledgements or the sender's bytes. Within the window, and not exact, it depends on the stack: it
counts as an end if the connection falls silent (verdict/rst_benign.py). In SYN-SENT it needs the right acknowledgement.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.tcp.sequence import unwrap

from analyzer.frame.packet import Packet
from analyzer.model.connection import ACK, FIN, IN_WINDOW, OUTSIDE, RCV_NXT, SERVER, Connection, Side
from analyzer.tcp.sequence import NEAR, WIDEST

FIRST_FLIGHT = 65_535
"""What a client may have sent behind a SYN whose answer was not captured: the window of a SYN-ACK is never scaled."""


def acceptable(side: Side, peer: Side, p: Packet, offset: cython.longlong, ack: cython.longlong) -> cython.bint:
    """Whether the receiver takes a segment without SYN and RST; not asked before the server was heard."""
    stop: cython.longlong = offset + p.length
    if p.flags & ACK and not acknowledges(peer, ack):
        return False
    if p.flags & FIN and stop != side.fin_offset and stop < side.acked - 1 and stop < side.end:
        return False  # bytes behind it were sent and acknowledged: its sender cannot have ended before them
    return within(side, offset, stop)


def within(side: Side, offset: cython.longlong, stop: cython.longlong) -> cython.bint:
    """Whether bytes lie where their sender may send (RFC 9293 3.10.7.4, first: check sequence number)."""
    if offset < side.acked - reach(side):
        return False
    if offset <= side.end or offset <= side.sent:
        return True
    return stop <= edge(side) + NEAR  # a later window may have been in a packet that was not captured


def acknowledges(peer: Side, ack: cython.longlong) -> cython.bint:
    """Whether an acknowledgement is of what may have been sent, and not of the distant past (RFC 5961 5.2)."""
    if ack < peer.acked - reach(peer):
        return False
    return ack <= peer.end + 1 or ack <= peer.sent + 1 or ack <= edge(peer) + 1  # a FIN takes one number


def edge(side: Side) -> cython.longlong:
    """The furthest offset that its receiver ever allowed it to send."""
    return side.limit if side.limit >= 0 else side.end + unlimited(side)


def reach(side: Side) -> cython.longlong:
    """How far behind the last acknowledgement a segment may be late: a window."""
    if side.limit < 0:
        return unlimited(side)
    return max(NEAR, side.limit - side.acked)


def unlimited(side: Side) -> cython.longlong:
    """The window where none is known; once the connection is over, or was refused, only stragglers come."""
    return WIDEST if side.connection.closed_time == 0 else NEAR


def is_over(connection: Connection) -> cython.bint:
    """Whether it was closed or reset, and nobody has sent or acknowledged anything new since."""
    client: Side = connection.client
    server: Side = connection.server
    if connection.closed_time == 0:
        return False
    last: cython.longlong = max(client.last_data_time, server.last_data_time, client.ack_time, server.ack_time)
    return last <= connection.closed_time


def far_from_fin(side: Side, p: Packet) -> cython.bint:
    """Whether a segment lies elsewhere than the FIN of its sender, which has nothing more to send."""
    offset: cython.longlong = unwrap(p.seq, side.base, side.fin_offset)
    return side.fin_offset >= 0 and not -NEAR <= offset - side.fin_offset <= NEAR


def place_of_reset(side: Side, peer: Side, offset: cython.longlong) -> cython.int:
    """Where a RST of `side` lies for its receiver: RCV_NXT, IN_WINDOW or OUTSIDE (RFC 9293 3.10.7.4, second)."""
    low: cython.longlong = side.acked
    if side.syns and peer.isn < 0 and side.connection.established_time == 0:
        return RCV_NXT if 0 <= offset <= side.end else OUTSIDE  # a client without an answer: else it ends an older one
    if side.fin_packet:
        low -= 1  # macOS counts its FIN not; Linux takes that (tcp_reset_check in net/ipv4/tcp_input.c)
    if offset < low:
        return OUTSIDE
    if offset in (low, side.acked, side.next, side.end, side.sent) or (side.fin_packet and offset == side.end + 1):
        return RCV_NXT
    return IN_WINDOW if offset <= edge(side) else OUTSIDE


def in_syn_sent(connection: Connection, side: Side, peer: Side) -> cython.bint:
    """Whether the segment comes to a client that has sent its SYN and, as far as is known, had no answer."""
    if side.index != SERVER or side.isn >= 0 or peer.syns == 0:
        return False
    return connection.established_time == 0 and side.bytes == 0 and connection.closed_time == 0


def answers_syn(peer: Side, p: Packet, reset: cython.bint) -> cython.bint:
    """Whether the client takes the segment in SYN-SENT: only one that acknowledges its SYN (RFC 9293 3.10.7.3).

    Its bytes are acknowledged as well where the capture lacks the SYN-ACK, or Fast Open put them into the SYN.
    """
    if not p.flags & ACK:
        return False
    ack: cython.longlong = unwrap(p.ack, peer.base, peer.acked)
    if reset:
        return 0 <= ack <= max(peer.end, peer.sent)
    if p.length:
        return 0 <= ack <= WIDEST
    return 0 <= ack <= max(FIRST_FLIGHT, peer.end)
