"""Drives the wire stage: frames in, finished connections out.

Time is that of the newest frame; where frames come as they are captured it goes on with the clock when none comes.
"""

from __future__ import annotations

from collections.abc import Iterator

import cython

from analyzer.capture.frame import Frames
from analyzer.flow.chain import Chain
from analyzer.frame.decoder import Decoder
from analyzer.frame.packet import DNS_PORT, Packet
from analyzer.layer.dns.lookups import Lookup, Lookups
from analyzer.model.connection import CLIENT, Connection, Side
from analyzer.tcp.connections import Connections
from analyzer.tcp.fast_path import FastPath
from analyzer.tcp.reassembly import Reassembler

LOOK_SHARE = 16
"""Open connections that may be told of for each frame since all were told of last: what keeps that linear."""
LOOK_NS = 1_000_000_000
"""Capture time between two looks at what is over and at names that were asked for in vain."""
PAUSE_NS = 86_400_000_000_000
"""After a day without any frame another capture begins in the same file: nobody waited through it."""
BATCH = 4096
"""Frames after which what ended is handed over at the latest. Nothing is decided by it: all depends on capture time."""

Ended = Connection | Lookup


class Engine:
    """Reads one capture to its end.

    frames_seen, tcp_packets, capture_end: what was read so far (capture_end: time of the newest frame, ns)
    looking     whether the last batch ended at a look: LOOK_NS of capture time after the last one, and at the end
    idle        whether the last batch ended because no frame came for a while (a stream, a live source)
    short       whether usual frames may take the fast path
    size        frames after which to hand over; who reads may change it between two lists
    look        when the next one is due; told: frames seen when all open connections were told of last
    """

    def __init__(self, frames: Frames) -> None:
        self.frames = frames
        self.decoder = Decoder()
        self.table = Connections()
        self.dns = Lookups()
        self.table.reassembler.lookups = self.dns
        self.fast_path = FastPath(self.table.keys, self.table.reassembler)
        self.short = cython.compiled
        self.looking = self.idle = False
        self.packet = Packet()
        self.size = BATCH
        self.frames_seen = self.tcp_packets = self.capture_end = self.look = self.told = 0
        self.hand_over()

    def batches(self, size: int = BATCH) -> Iterator[list[Ended]]:
        """Yield what began or ended, a list (perhaps empty) every `size` frames, at a look or a pause, and at the end.

        A connection is in it once, when it ends; a lookup when it is first asked, and again when it is over. They are
        in the order of the packets that brought it about: names are known to connections as they were on the wire.
        `oldest_open()` speaks of what was not yet given out: it holds between two lists.
        """
        self.size = size
        while self.read(self.size):
            yield self.hand_over()
        self.looking = False
        self.dns.finish()
        while self.table.finish(BATCH):
            yield self.hand_over()
        self.looking = True
        self.dns.finish()  # questions inside of TCP
        self.decoder.finish()
        yield self.hand_over()

    def hand_over(self) -> list[Ended]:
        """What ended since the last call."""
        ended: list[Ended] = self.table.finished
        self.table.given_out = 0
        self.table.finished = self.dns.finished = self.dns.begun = []
        return ended

    @property
    def one_way(self) -> bool:
        """Whether no server at all was heard, of DNS or TCP: the capture may show one direction only."""
        return not self.dns.answered and not self.table.answered

    def opened_since(self, packet: int, time: int) -> list[Connection]:
        """The connections not yet given out: all, or, when there are too many, those that began since then."""
        opened: Chain = self.table.opened
        side: Side
        found: list[Connection] = []
        if (self.frames_seen - self.told) * LOOK_SHARE >= opened.size:
            self.told = self.frames_seen
            for side in self.table.sides.values():
                if side.index == CLIENT:
                    found.append(side.connection)
            return found
        connection: Connection | None = opened.last
        while connection is not None and (connection.first_packet >= packet or connection.first_time >= time):
            if connection.client.key_size:  # a SYN that waits for proof is none yet
                found.append(connection)
            connection = connection.before
        return found[::-1]

    def oldest_open(self) -> int:
        """The smallest first packet among connections and lookups not yet given out; a huge number when none is."""
        return min(self.table.oldest_open(), self.dns.oldest_open())

    def oldest_time(self) -> int:
        """Nothing that is yet to be given out began before this time, ns (but for a clock that ran backwards)."""
        return min(self.table.oldest_time(), self.dns.oldest_time())

    @property
    def connections(self) -> int:
        """How many connections were seen."""
        return self.table.total

    @property
    def partial(self) -> bool:
        """Whether frames were left undecoded because nobody knows their link type."""
        return self.decoder.incomplete

    @property
    def warnings(self) -> list[str]:
        """What could not be decoded or was dropped at a cap, one line each."""
        lines: list[str] = list(self.decoder.warnings)
        if self.table.evicted:
            lines.append(evicted(self.table))
        if self.dns.malformed:
            lines.append(f"{self.dns.malformed} DNS messages are malformed and were not used")
        if self.dns.evicted:
            lines.append(f"{self.dns.evicted:,} DNS questions were given up: too many waited for an answer at once")
        return lines

    def read(self, count: cython.int) -> cython.bint:
        """Account for up to `count` frames, or to the next look or pause; False at the end of the capture."""
        frames: Frames = self.frames
        table: Connections = self.table
        fast_path: FastPath = self.fast_path
        reassembler: Reassembler = table.reassembler
        i: cython.int
        self.looking = self.idle = False
        for i in range(count):  # noqa: B007  (typed, so that no Python int is made a frame)
            if not frames.advance():
                if frames.idle:
                    self.tick(frames.time)
                    return True
                self.end()
                return False
            self.frames_seen += 1
            if frames.time > self.capture_end:
                if frames.time > self.look or frames.time > table.due or 0 < table.patience < frames.time:
                    self.reach(frames.time)
                else:  # nothing is due: what reach() would do
                    self.capture_end = frames.time
                    table.before = table.now
                    table.now = frames.time
                    table.seen += 1
            if self.short and fast_path.takes(frames):
                self.tcp_packets += 1
            else:
                self.account(frames)
            if self.looking:
                return True
            if reassembler.held + table.given_out > table.most_held:
                table.lighten()
                return True  # what ended makes place before more comes
        return True

    def account(self, frames: Frames) -> None:
        """A frame of any kind, the long way."""
        packet: Packet = self.packet
        decoder: Decoder = self.decoder
        table: Connections = self.table
        kind: cython.int = decoder.decode(frames, packet)
        if kind == 1:
            self.tcp_packets += 1
            table.packet(packet, decoder.note)
        elif kind == 2:
            assert decoder.icmp is not None  # what ICMP means
            if decoder.icmp.udp:
                self.dns.icmp(decoder.icmp)
            else:
                table.icmp(decoder.icmp)
        elif kind == 3 and asks_resolver(packet.key):
            self.dns.datagram(packet)
            if self.dns.answered:
                table.answered = True

    def reach(self, time: cython.longlong) -> None:
        """Capture time goes on, with this frame."""
        if time - self.capture_end > PAUSE_NS and self.capture_end:
            self.table.pause()
        self.capture_end = time
        self.table.reach(time)
        if time > self.look:
            self.look = time + LOOK_NS
            self.looking = True
            self.dns.expire(time)

    def tick(self, time: cython.longlong) -> None:
        """Nothing came for a while, and by the clock it is `time`, before which every frame was handed over."""
        self.idle = True
        if time > self.capture_end and self.capture_end:
            self.reach(time)

    def end(self) -> None:
        """No more frames: the file may say that the capture went on without any.

        An end more than PAUSE_NS later proves nothing: nobody waited so long, or the time is wrong.
        """
        ended: cython.longlong = self.frames.end_time
        if self.capture_end < ended <= self.capture_end + PAUSE_NS:
            self.reach(ended)


def evicted(table: Connections) -> str:
    """How many connections were given out before they were over, as a warning."""
    half = f", {table.evicted_half_open:,} of them half-open," if table.evicted_half_open else ""
    heavy = f", or more than {table.most_held >> 20} MiB of their content waited" if table.too_heavy else ""
    later = f"; {table.unfollowed:,} packets of theirs came later" if table.unfollowed else ""
    return (
        f"{table.evicted:,} connections{half} were not followed to their end: more than {table.most_open:,} were open, "
        f"or {table.most_half_open:,} half-open, at once{heavy}{later}"
    )


@cython.cfunc
@cython.inline
@cython.exceptval(-1, check=False)
def asks_resolver(key: bytes) -> cython.bint:
    """One of the ports in a key is that of DNS."""
    at: cython.Py_ssize_t = len(key) - 4
    return key[at] << 8 | key[at + 1] == DNS_PORT or key[at + 2] << 8 | key[at + 3] == DNS_PORT
