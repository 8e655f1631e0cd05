# not compiled: works a chunk at a time; what walks the packets are the readers of files
"""`dumpcap` or `tcpdump` as a child, its capture read from a pipe.

Between us and the child is a shell that does one thing: it ends the child when its own standard input ends. So the
child does not outlive us whatever becomes of us, and we can end it also when it is root's and we are not any longer.
Both have a session of their own: Ctrl-C on our terminal is ours to act on, not theirs.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from analyzer.capture import magic
from analyzer.capture.frame import Frames
from analyzer.capture.live import rights
from analyzer.capture.live.clock import SteadyClock
from analyzer.capture.live.interfaces import ANY, find
from analyzer.capture.live.source import Stats, Wanted
from analyzer.capture.pcap import PcapFrames
from analyzer.capture.pcapng import PcapngFrames
from analyzer.capture.stream import RawStream
from analyzer.errors import SourceError

KEEPER = """
"$@" & child=$!
exec >/dev/null 2>&1
while read -r signal; do kill -s "$signal" "$child"; done
kill -s KILL "$child"
wait "$child"
"""
"""POSIX sh. Each line it reads is a signal for the child; the end of what it reads is the end of the child. It keeps
neither of the child's pipes open: when they end, the child has."""

BUFFER = {"dumpcap": 1 << 25, "tcpdump": 1 << 26}
"""Bytes between kernel and child, unless others are wanted: their own 2 MiB are full in a moment. In tcpdump's ring
(TPACKET_V2, for that is what `--immediate-mode` takes) each packet has 64 KiB, however small it is: a thousand fit."""

CHUNK = 1 << 18
"""Bytes asked for at once."""

PIPE = 1 << 20
"""Bytes of the pipe, where that can be set: what any user may have (/proc/sys/fs/pipe-max-size). The usual 64 KiB are
a tenth of a millisecond of a full 10 Gbit/s link."""

START_S = 10.0
"""Seconds for the child to open the interfaces and write its file header."""

END_S = 3.0
"""Seconds for the child to write out what it has and end; then it is killed. dumpcap takes up to 0.25 s."""

LOOK_S = {"dumpcap": 0.3, "tcpdump": 0.02}
"""Seconds before the child is told to end: dumpcap forgets what it has not looked at yet (see HELD_NS)."""

HELD_NS = {"dumpcap": 500_000_000, "tcpdump": 100_000_000}
"""Nanoseconds a captured packet may be on its way to us: dumpcap looks after 250 ms at the latest (CAP_READ_TIMEOUT in
its capture_opts.h), tcpdump at once (`--immediate-mode`); the rest is for a busy machine."""

ASK = "INFO" if hasattr(signal, "SIGINFO") else "USR1"
"""The signal on which tcpdump tells its counters (tcpdump(1); any other ends it)."""

ASK_S = 0.5
"""Seconds between two questions: who wants the counters wants them after each batch of frames."""

MOST_SAID = 1 << 14
"""Characters kept of what the child says on its standard error, the newest."""

CHATTER = re.compile(
    r"^(Capturing on |File: |Packets |\d+ packets? |tcpdump: (listening on|verbose output|data link type|\d+ packets?)|"
    r"dropped privs|Running as user|$)"
)
"""Lines of the standard error that are no complaint."""

DUMPCAP_COUNTS = re.compile(r"on interface '.*?': (\d+)/(\d+) \(pcap:\d+/dumpcap:\d+/flushed:\d+/ps_ifdrop:(\d+)\)")
"""Read / dropped on the way to dumpcap and in it, / dropped by the interface."""

TCPDUMP_COUNTS = re.compile(r"(\d+) packets? (captured|dropped by kernel|dropped by interface)")


class ChildStream(RawStream):
    """What the child writes; where nothing comes, that is said every TICK_NS.

    ending  called before each read once the child is to end: sees to it that it does
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self.first = b""
        self.ending: Callable[[], None] | None = None
        self.tick()

    def read(self) -> bytes:
        first, self.first = self.first, b""
        self.idle = False
        if first:
            return first
        while self.descriptor >= 0:
            if self.ending is not None:
                self.ending()
            if self.ready():
                data = super().read()
                if not data:
                    self.close()
                return data
            if self.ending is None:
                self.idle = True
                break
        return b""

    def begin(self, seconds: float) -> bytes:
        """The first bytes, b"" when none come within the time; `read` gives them again."""
        if select.select([self.descriptor], [], [], seconds)[0]:
            self.first = os.read(self.descriptor, self.chunk)
        return self.first


class _Ticking:
    """A reader that knows the clock is that of the packets, and whether the child has ended."""

    source: ChildSource
    idle: bool
    time: int

    def advance(self) -> bool:
        before = self.time
        clock = self.source.clock
        if super().advance():  # type: ignore[misc]  # the reader's
            if self.time < before or clock.behind:
                self.time = clock.shown(self.time, before)
            return True
        if self.idle:
            self.source.listen()
            self.time = max(before, clock.now() - HELD_NS[self.source.name])
        else:
            self.source.ended()
        return False


class ChildPcap(_Ticking, PcapFrames):
    """What tcpdump writes."""


class ChildPcapng(_Ticking, PcapngFrames):
    """What dumpcap writes."""


class ChildSource:
    """dumpcap or tcpdump (`analyzer.capture.live.source.Source`).

    interfaces  name and link type (-1 = not known) of each, in the order of the frames' `interface`
    said        what the child said on its standard error; counted: what it counted, as it said at `asked`
    deadlines   when it is told to end, and when it is killed, seconds of the monotonic clock
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.warnings: list[str] = []
        self.failed = self.closed = self.interrupted = False
        self.clock = SteadyClock()
        self.interfaces: list[tuple[str, int]] = []
        self.keeper: subprocess.Popen[bytes] | None = None
        self.stream: ChildStream | None = None
        self.said = ""
        self.asked = 0.0
        self.deadlines: list[float] = []
        self.counted = Stats()

    def open(self, wanted: Wanted) -> Frames:
        """Start the child, and wait until it captures; SourceError with its own words when it does not."""
        command = dumpcap(wanted) if self.name == "dumpcap" else tcpdump(wanted)
        self.interfaces = [(name, find(name).link if name != ANY else -1) for name in wanted.interfaces]
        try:
            self.keeper = subprocess.Popen(
                ["sh", "-c", KEEPER, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError as error:
            raise SourceError(f"cannot start `{self.name}`: {(error.strerror or str(error)).lower()}") from None
        assert self.keeper.stdout is not None
        self.stream = ChildStream(os.dup(self.keeper.stdout.fileno()))
        self.keeper.stdout.close()
        _widen(self.stream.descriptor)
        return self._reader(self.stream, wanted)

    @property
    def losses(self) -> None:
        """It knows only how many."""
        return None

    def _reader(self, stream: ChildStream, wanted: Wanted) -> Frames:
        """The reader of what the child writes, once there is a file header: then it captures."""
        kind = magic.kind(stream.begin(START_S))
        reader: ChildPcap | ChildPcapng | None = None
        if kind:
            reader = (ChildPcapng if kind == "pcapng" else ChildPcap)(stream, self.name)
        until = time.monotonic() + START_S
        whole = reader is not None and reader.header()
        while reader is not None and not whole and reader.idle and time.monotonic() < until:
            whole = reader.header()
        if reader is None or not whole:
            self.release()
            raise self._did_not_start(wanted)
        reader.source = self
        reader.warnings = self.warnings
        return reader

    def _did_not_start(self, wanted: Wanted) -> SourceError:
        """The child's own words, as an error."""
        why = self._complaint() or "it wrote nothing"
        if "permi" in why.lower():
            return SourceError(f"no right to capture on {' '.join(wanted.interfaces)}", rights.how_to_get())
        return SourceError(f"`{self.name}` does not capture: {why}", "`whyfetch doctor` shows what else there is")

    def _complaint(self) -> str:
        """The first line on its standard error that is no chatter, without its own name."""
        lines = [line.strip() for line in self.said.splitlines() if not CHATTER.match(line.strip())]
        return lines[0].removeprefix(f"{self.name}: ") if lines else ""

    def listen(self, seconds: float = 0.0) -> None:
        """Read what the child has said on its standard error; with a time: until it has ended, or so long."""
        if self.keeper is None or self.keeper.stderr is None or self.keeper.stderr.closed:
            return
        until = time.monotonic() + seconds
        descriptor = self.keeper.stderr.fileno()
        while select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            data = os.read(descriptor, CHUNK)
            if not data:
                return
            self.said = (self.said + data.decode(errors="replace"))[-MOST_SAID:]

    def tell(self, word: str) -> None:
        """Send the child the signal of that name."""
        if self.keeper is not None and self.keeper.stdin is not None and not self.keeper.stdin.closed:
            with suppress(OSError):
                self.keeper.stdin.write(word.encode() + b"\n")

    def stats(self) -> Stats:
        """What the child counted: tcpdump says it when it is asked, a moment later; dumpcap at its end."""
        now = time.monotonic()
        if self.closed or now >= self.asked + ASK_S:
            self.asked = now
            if self.name == "tcpdump" and not self.closed:
                self.tell(ASK)
            self.listen()
            self.counted = dumpcap_counts(self.said) if self.name == "dumpcap" else tcpdump_counts(self.said)
        return self.counted

    def ended(self) -> None:
        """The child wrote its last byte: unless it was to end, that is a fault."""
        status = self._reap()
        if self.closed:
            return
        self.closed = self.failed = True
        why = self._complaint() or (f"killed by signal {status - 128}" if status > 128 else f"exit status {status}")
        self.warnings.append(f"`{self.name}` ended: {why}; what it captured was read")

    def close(self) -> None:
        """The child is to write out what it has and end; who reads on gets that. A signal handler may call it."""
        self.closed = True
        if self.stream is not None and self.stream.ending is None:
            self.deadlines = [time.monotonic() + LOOK_S[self.name], time.monotonic() + LOOK_S[self.name] + END_S]
            self.stream.ending = self._end

    def _end(self) -> None:
        """Tell the child to end when it has looked once more, and kill it when it does not."""
        if self.deadlines and time.monotonic() >= self.deadlines[0]:
            self.deadlines.pop(0)
            self.tell("TERM" if self.deadlines else "KILL")
        self.listen()

    def release(self) -> None:
        """End the child at once, if it has not; what it wrote and nobody has read is lost."""
        self.closed = True
        if self.stream is not None:
            self.stream.close()
        self.tell("TERM")
        self._reap()

    def _reap(self) -> int:
        """End the child if it has not, and its keeper; the child's status as a shell tells it."""
        if self.keeper is None or self.keeper.stdin is None or self.keeper.stderr is None:
            return 0
        if self.keeper.returncode is None:
            self.listen(END_S)
            self.keeper.stdin.close()
            self.keeper.wait()
            self.keeper.stderr.close()
        return self.keeper.returncode


def dumpcap(wanted: Wanted) -> list[str]:
    """The command line; what stands before the first interface holds for all of them."""
    command = ["dumpcap", "-q", "-n", "-w", "-", "-s", str(wanted.snaplen)]
    if wanted.bpf:
        command += ["-f", wanted.bpf]
    command += ["-B", str(max(1, (wanted.buffer or BUFFER["dumpcap"]) >> 20))]
    if not wanted.promiscuous:
        command.append("-p")
    return command + [part for name in wanted.interfaces for part in ("-i", name)]


def tcpdump(wanted: Wanted) -> list[str]:
    """The command line."""
    if len(wanted.interfaces) > 1:
        raise SourceError("`tcpdump` captures on one interface", "`-i any`, or `--source dumpcap`")
    command = [
        "tcpdump",
        "-n",
        "-U",
        "--immediate-mode",
        "-w",
        "-",
        "-s",
        str(wanted.snaplen),
        "-i",
        *wanted.interfaces,
    ]
    if sys.platform == "linux":
        command.append("--time-stamp-precision=nano")
    command += ["-B", str(max(1, (wanted.buffer or BUFFER["tcpdump"]) >> 10))]
    if not wanted.promiscuous:
        command.append("-p")
    return [*command, "--", wanted.bpf] if wanted.bpf else command


def dumpcap_counts(said: str) -> Stats:
    """The sums over all interfaces, told at the end."""
    found = [tuple(map(int, counts.groups())) for counts in DUMPCAP_COUNTS.finditer(said)]
    if not found:
        return Stats()
    read, lost, missed = (sum(counts) for counts in zip(*found, strict=True))
    return Stats(read + lost, lost, missed)


def tcpdump_counts(said: str) -> Stats:
    """What was told last. Not `received by filter`: on the loopback interface that counts every packet twice."""
    last = {what: int(count) for count, what in TCPDUMP_COUNTS.findall(said)}
    if not last:
        return Stats()
    lost = last.get("dropped by kernel", 0)
    return Stats(
        last.get("captured", 0) + lost, lost, last.get("dropped by interface", 0)
    )  # told only when there are some


def _widen(descriptor: int) -> None:
    """Let the pipe hold more, where that is possible."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE)
