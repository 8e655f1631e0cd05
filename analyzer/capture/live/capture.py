# not compiled: runs once a batch of frames
"""A running capture, for whoever reads captures: what `analyzer.capture.Capture` is for files."""

from __future__ import annotations

from pathlib import Path

from analyzer.capture.frame import Frames
from analyzer.capture.live.limited import NO_END, LimitedFrames
from analyzer.capture.live.savefile import Ring, SaveFile
from analyzer.capture.live.source import Source, Stats, Wanted
from analyzer.capture.live.writer import WrittenFrames
from analyzer.capture.losses import Losses

MOST_STEPS = 10
"""Steps of the clock that are told."""


class LiveCapture:
    """An open capture of a live source.

    name      the interfaces, as the column `file` shows them
    frames    the cursor over its frames
    begun     when it began, ns; `most` frames or `duration` ns later it stops by itself, 0 = it does not
    written   what writes the frames along, None = nothing does
    """

    def __init__(self, source: Source, wanted: Wanted, *, most: int = 0, duration: int = 0) -> None:
        """Begin to capture; SourceError when that cannot be done."""
        self.source = source
        self.wanted = wanted
        self.name = ", ".join(wanted.interfaces)
        self.frames: Frames = source.open(wanted)
        self.begun = self.counted_at = source.clock.now()
        self.counted = Stats(0, 0, 0)
        self.written: WrittenFrames | None = None
        self._stepped: list[str] = []
        known = source.losses
        self._placed = known is not None
        self._losses = Losses() if known is None else known
        if most or duration:
            until = self.begun + duration if duration else NO_END
            self.frames = LimitedFrames(self.frames, most or NO_END, until, source.close)

    def write(self, path: Path, *, ring: Ring | None = None, force: bool = False, comment: str = "") -> None:
        """Write all frames to a file as well; the comment says what it is of."""
        self.written = WrittenFrames(
            self.frames,
            SaveFile(
                path,
                ring=ring,
                force=force,
                interfaces=self.source.interfaces,
                bpf=self.wanted.bpf,
                snaplen=self.wanted.snaplen,
                comment=comment,
                stats=self.source.stats,
            ),
        )
        self.frames = self.written

    def stats(self) -> Stats:
        """What was seen and lost so far."""
        return self.source.stats()

    @property
    def losses(self) -> Losses:
        """When packets were dropped: what was dropped since the last look was dropped meanwhile.

        A source may know it better of what the kernel dropped.
        """
        now, stats, before = self.source.clock.now(), self.source.stats(), self.counted
        self._check_clock(now)
        lost = max(stats.interface_drops, 0) - max(before.interface_drops, 0)
        if not self._placed:
            lost += max(stats.kernel_drops, 0) - max(before.kernel_drops, 0)
        if lost > 0:
            since = self.begun if before.kernel_drops < 0 else self.counted_at  # it did not know until now
            self._losses.add(since, now, lost)
        self.counted, self.counted_at = stats, now
        return self._losses

    def _check_clock(self, now: int) -> None:
        """Between the times before and after a step forward nobody listened; what is set back goes on as before."""
        steps, self.source.clock.steps = self.source.clock.steps, []
        for step in steps:
            if step > 0:
                self._losses.add(now - step, now, 0)
                text = (
                    f"the clock was set forward by {step / 1e9:,.1f} s meanwhile, or the machine slept: no silence of "
                    "that time is believed"
                )
            else:
                text = f"the clock was set back by {-step / 1e9:,.1f} s meanwhile: times go on as if it had not been"
            if len(self._stepped) < MOST_STEPS:
                self._stepped.append(text)

    @property
    def warnings(self) -> list[str]:
        """What the user should know so far."""
        stats = self.counted
        found = [*self.source.warnings, *self._stepped]
        if stats.kernel_drops > 0:
            found.append(
                f"{_packets(stats.kernel_drops)} dropped while capturing: we read too slowly; a filter (`-f`) or a "
                "shorter snap length (`-s`) leaves less to read"
            )
        if stats.interface_drops > 0:
            found.append(f"{_packets(stats.interface_drops)} dropped by the interface, before anybody saw them")
        if self.written is not None:
            found += self.written.file.warnings
        return found

    @property
    def damaged(self) -> bool:
        """Whether a part of what passed could not be captured, or written: an interface went, a disk was full."""
        broken = self.written is not None and self.written.file.failed
        return self.source.failed or broken or self.source.interrupted

    def stop(self) -> None:
        """Take no more; what was captured before can still be read."""
        self.source.close()

    def close(self) -> None:
        """Stop, and let go of everything."""
        self.source.close()
        self.source.release()
        self.counted = self.source.stats()
        if self.written is not None:
            self.written.close()


def _packets(number: int) -> str:
    return "1 packet was" if number == 1 else f"{number:,} packets were"
