"""The engine that needs nothing: mutations from a seed, crashes kept as files, and made small."""

from __future__ import annotations

import hashlib
import mmap
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.mutator import LARGEST, Mutator
from fuzz.targets import TARGETS, Target

SLOW_S = 2.0
"""CPU seconds that no input may take: all are under 100 kB."""
MOST_TRIES = 3000
"""Shorter inputs that are tried to make a crashing one small."""
LAST = "last-input-"
"""Begins the name of the file with the input of the run that is going on: it is left when a run ends the process."""


class TooSlowError(Exception):
    """An input took longer than any may."""


@dataclass
class Outcome:
    """What came of a row of runs."""

    target: str
    runs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    found: dict[str, Path] = field(default_factory=dict)

    def line(self) -> str:
        """For people."""
        speed = self.runs / self.seconds if self.seconds else 0.0
        text = f"{self.target}: {self.runs:,} runs, {self.seconds:.0f} s CPU ({speed:,.0f}/s)"
        found = f"{len(self.found)} found" if self.found else "nothing found"
        return f"{text}, slowest {1000 * self.slowest:.0f} ms, {found}"


def campaign(name: str, *, runs: int, seconds: float, seed: str, crashes: Path) -> Outcome:
    """So many mutations (0 = as many as fit into the CPU seconds) of one target; what raises is kept, and goes on."""
    target = TARGETS[name]
    mutator = Mutator(target.seeds(), f"{seed} {name}", target.split)
    outcome, clock = Outcome(name), time.process_time
    one, following = target.one, mutator.following
    began = before = clock()
    with remembered(crashes) as remember:
        while outcome.runs < runs if runs else before - began < seconds:
            data = following()
            remember(data)
            outcome.runs += 1
            try:
                one(data)
                now = clock()
                if now - before > outcome.slowest:
                    outcome.slowest = now - before
                    if outcome.slowest > SLOW_S:
                        raise TooSlowError(f"{outcome.slowest:.1f} s for {len(data):,} bytes")
                before = now
            except Exception as error:
                keep(target, name, data, error, outcome, crashes)
                before = clock()
    outcome.seconds = clock() - began
    return outcome


@contextmanager
def remembered(folder: Path) -> Iterator[Callable[[bytes], None]]:
    """Writes each input where it outlives the process, without a system call."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{LAST}{os.getpid()}.bin"
    path.write_bytes(bytes(LARGEST + 4))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), LARGEST + 4) as kept:

        def remember(data: bytes) -> None:
            kept[: 4 + len(data)] = len(data).to_bytes(4, "big") + data

        yield remember
    path.unlink()


def kept_input(path: Path) -> bytes:
    """The input in a file, also in one that was left by a process that died."""
    data = path.read_bytes()
    return data[4 : 4 + int.from_bytes(data[:4], "big")] if path.name.startswith(LAST) else data


def keep(target: Target, name: str, data: bytes, error: Exception, outcome: Outcome, crashes: Path) -> None:
    """Write down an input that raised, once for each place, and a small one that raises there as well."""
    where = signature(error)
    if where in outcome.found:
        return
    crashes.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    path = crashes / f"{stem}.bin"
    path.write_bytes(data)
    outcome.found[where] = path
    small = data if isinstance(error, TooSlowError) else minimised(data, lambda less: raised(target, less) == where)
    if small != data:
        outcome.found[where] = crashes / f"{stem}.min.bin"
        outcome.found[where].write_bytes(small)
    (crashes / f"{stem}.txt").write_text("".join(traceback.format_exception(error)))


def raised(target: Target, data: bytes) -> str:
    """Where this input raises, "" = nowhere."""
    try:
        target.one(data)
    except Exception as error:
        return signature(error)
    return ""


def signature(error: Exception) -> str:
    """What raised where: two inputs with the same are one finding."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = frames[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno} {frame.name}"


def minimised(data: bytes, still: Callable[[bytes], bool]) -> bytes:
    """A shorter input of which the same holds: pieces are left out, large ones first, then bytes become zero."""
    tries = 0
    size = len(data) // 2
    while size and tries < MOST_TRIES:
        at = 0
        while at < len(data) and tries < MOST_TRIES:
            tries += 1
            less = data[:at] + data[at + size :]
            if still(less):
                data = less
            else:
                at += size
        size //= 2
    for at in range(len(data)):
        if data[at] and tries < MOST_TRIES:
            tries += 1
            plainer = data[:at] + b"\0" + data[at + 1 :]
            if still(plainer):
                data = plainer
    return data
