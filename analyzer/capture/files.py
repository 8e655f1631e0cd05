# not compiled: runs once a file
# Paths stay strings: a row shows the name as it was given, and Path would rewrite `./a` and `a//b`.
# ruff: noqa: PTH100, PTH112, PTH113, PTH116, PTH118, PTH207
"""Captures by name: files, directories, globs, standard input and rotated sets; `expand` finds them, `open` reads them.

A capture is told by its content, compressed or not. Names serve to show where a row comes from and to find the members
of a rotated set (`analyzer.capture.sets` has the rule).
"""

from __future__ import annotations

import glob
import os
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.capture import magic
from analyzer.capture.compressed import Decompressed, compression, cut_in_header
from analyzer.capture.frame import Frames
from analyzer.capture.losses import Losses
from analyzer.capture.merged import MergedFrames
from analyzer.capture.patience import Waiting, patience
from analyzer.capture.pcap import PcapFrames
from analyzer.capture.pcapng import PcapngFrames, Told
from analyzer.capture.reader import Reader
from analyzer.capture.stream import Prefixed, RawStream, Stream, peek
from analyzer.errors import CaptureError, CutCaptureError, NotationCaptureError, PackedError, how_to_install

STDIN = "-"

COPY_AGAIN = "check that the capture ran, and copy or download the file again"


@dataclass
class CaptureSource:
    """One capture to read: a file, standard input (`-`), or the members of a rotated set in time order.

    name   as shown in the `file` column: the path as given (below a directory: joined to it); of a rotated set its
           first member's with the number of the others, `trace.pcap (+3)`
    paths  the files; times: of a set, the time of each member's first frame in nanoseconds
    """

    name: str
    paths: list[str]
    times: list[int] = field(default_factory=list)

    def open(self, waiting: Waiting | None = None) -> Capture:
        """Open it; CaptureError when it cannot be read or is no capture."""
        return Capture(self, waiting)


class Capture:
    """An open capture.

    frames    the cursor over its frames
    size      bytes of its files, 0 = unknown (a pipe)
    warnings  what was wrong with the input as far as it has been read, in order
    losses    when packets were dropped while it was captured, as far as its files say
    damaged   whether a part of it could not be read
    """

    def __init__(self, source: CaptureSource, waiting: Waiting | None = None, reader: Reader | None = None) -> None:
        """Open what is not open yet."""
        self.source = source
        self.readers: dict[int, Reader] = {}
        self._warnings: list[str] = []
        self._damaged = self.stopped = False
        self._names: list[tuple[bool, bytes]] = []
        self._secrets: list[tuple[bool, bytes]] = []
        self._told: Told | None = None
        self._dropped = self._clamped = 0
        self.losses = Losses()
        self.frames: Frames
        if len(source.paths) == 1:
            self.frames = self.readers[0] = reader or open_reader(source.paths[0], waiting)
            self.losses = self.readers[0].losses
            self.size = self.frames.total
        else:
            self.size = sum(os.stat(path).st_size for path in source.paths)
            self.frames = MergedFrames(source.times, self.size, self._open_member, self._close_member)

    def _open_member(self, index: int) -> Frames | None:
        path = self.source.paths[index]
        if self.stopped:
            return None
        try:
            reader = open_reader(path)
        except CaptureError as error:  # it was readable when the set was put together
            self._warnings.append(f"{error.message}; the rest of the set was read")
            self._damaged = True
            return None
        self.readers[index] = reader
        reader.losses = self.losses
        self._tell(reader)
        if reader.advance():
            return reader
        self._close_member(index)
        return None

    def _close_member(self, index: int) -> None:
        reader = self.readers.pop(index)
        self._warnings += reader.warnings
        self._damaged = self._damaged or reader.damaged
        self._names += getattr(reader, "name_blocks", [])
        self._secrets += getattr(reader, "secret_blocks", [])
        self._dropped += getattr(reader, "dropped", 0)
        self._clamped += getattr(reader, "clamped", 0)
        reader.close()

    @property
    def warnings(self) -> list[str]:
        found = self._warnings + [text for index in sorted(self.readers) for text in self.readers[index].warnings]
        if self.dropped:
            packets = "packet was" if self.dropped == 1 else "packets were"
            found.append(f"`{self.source.name}`: {self.dropped:,} {packets} dropped while capturing, as the file says")
        if self.clamped:
            times = "time is" if self.clamped == 1 else "times are"
            found.append(
                f"`{self.source.name}`: {self.clamped:,} {times} not within 1970 to 2106; the nearest was taken"
            )
        return found

    @property
    def damaged(self) -> bool:
        return self._damaged or any(reader.damaged for reader in self.readers.values())

    @property
    def name_blocks(self) -> list[tuple[bool, bytes]]:
        """Name resolution blocks read so far: (big-endian, body)."""
        return self._names + [block for reader in self.readers.values() for block in getattr(reader, "name_blocks", [])]

    @property
    def secret_blocks(self) -> list[tuple[bool, bytes]]:
        """Decryption secrets blocks read so far: (big-endian, body)."""
        return self._secrets + [
            block for reader in self.readers.values() for block in getattr(reader, "secret_blocks", [])
        ]

    @property
    def dropped(self) -> int:
        """Packets the capturing kernel dropped, as far as a pcapng file says."""
        return self._dropped + sum(getattr(reader, "dropped", 0) for reader in self.readers.values())

    @property
    def clamped(self) -> int:
        """Times that were not within the range of Frames.time."""
        return self._clamped + sum(getattr(reader, "clamped", 0) for reader in self.readers.values())

    def tell_secrets(self, told: Told) -> None:
        """From now on `told` is called with each decryption secrets block, before the frames behind it are read."""
        self._told = told
        for reader in self.readers.values():
            self._tell(reader)

    def _tell(self, reader: Reader) -> None:
        if isinstance(reader, PcapngFrames):
            reader.told = self._told

    @property
    def brings_secrets(self) -> bool:
        """Whether blocks with secrets may come: of a set no file is open yet, and any may have some."""
        return len(self.source.paths) > 1 or any(isinstance(reader, PcapngFrames) for reader in self.readers.values())

    def reopened(self) -> Capture:
        """The same from the beginning."""
        return Capture(self.source)

    def tick(self) -> None:
        """Where frames are long in coming, the cursor comes back with `idle` from now on."""
        for reader in self.readers.values():
            reader.stream.tick()

    def stop(self) -> None:
        """End here, as if the input did; members of a set that are not open yet are not read."""
        self.stopped = True
        for reader in self.readers.values():
            reader.stream.stop()

    def close(self) -> None:
        """Release the files, and who is told of secrets, who may refer back."""
        self._told = None
        for index in sorted(self.readers):
            self._tell(self.readers[index])
            self.readers[index].close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_capture(source: CaptureSource, waiting: Waiting | None = None) -> Capture:
    """Open a source; CaptureError when it cannot be read or is no capture. Damage found later is told on the result.

    `waiting` is called with its name when it is a pipe, and nothing comes out of it for a second.
    """
    return Capture(source, waiting)


def open_reader(path: str, waiting: Waiting | None = None) -> Reader:
    """A reader at the start of the capture `path`; CaptureError when it cannot be read or is none."""
    with patience(None if os.path.isfile(path) else waiting, path):
        raw = _raw(path)
        begin = raw.read()
    return reader_of(raw, path, begin)


def reader_of(raw: RawStream, path: str, begin: bytes = b"") -> Reader:
    """The same of an open stream, of which `begin` was read already; it is closed when it is no capture."""
    try:
        return _reader(raw, begin or raw.read(), path)
    except BaseException:
        raw.close()
        raise


def _raw(path: str) -> RawStream:
    if path == STDIN:
        if os.isatty(0):
            raise CaptureError(
                "cannot read `-`: standard input is a terminal",
                "pipe a capture in, e.g., `tcpdump -i eth0 -U -w - | whyfetch classify -`, or name a file",
            )
        return _descriptor(path)
    try:
        return RawStream(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from None


def _descriptor(path: str) -> RawStream:
    try:
        return RawStream(0, keep=True)
    except OSError as error:
        raise cannot_read(path, error) from None


def cannot_read(path: str, error: OSError | ValueError) -> CaptureError:
    """The error for a path the system does not let us read."""
    if isinstance(error, FileNotFoundError):
        hint = "check the path, or quote a glob that should match it"
        if path == "any" or path in (name for _, name in socket.if_nameindex()):
            hint = f"it is an interface: `whyfetch sniff -i {path}` watches it"
        return CaptureError(f"cannot read `{path}`: no such file", hint)
    if isinstance(error, PermissionError):
        return CaptureError(
            f"cannot read `{path}`: permission denied",
            f"run it with `sudo`, or change the file's owner, e.g., `sudo chown $USER '{path}'`",
        )
    reason = getattr(error, "strerror", None) or str(error)
    return CaptureError(f"cannot read `{path}`: {reason.lower()}", "check that it is a readable file")


def _reader(raw: RawStream, begin: bytes, path: str) -> Reader:
    first = peek(Prefixed(begin, raw), magic.WANTED) if begin else b""
    if not first:
        if raw.problem:
            raise CaptureError(f"cannot read `{path}`: {raw.problem}", "check that it is a readable file")
        raise CaptureError(
            f"cannot read `{path}`: it is empty",
            "check that the capture ran, and wrote to this file before it was copied",
        )
    stream: Stream = Prefixed(first, raw)
    wrapping = ""
    algorithm = compression(first)
    if algorithm:
        try:
            stream = Decompressed(algorithm, stream)
        except ImportError:
            raise PackedError(f"cannot read `{path}`: it is packed with lz4", how_to_install("lz4")) from None
        wrapping = f"{stream.packing} data that holds "
        packed, first = first, peek(stream, magic.WANTED)
        if not first and stream.problem:
            if cut_in_header(packed):
                raise CutCaptureError(f"cannot read `{path}`: it is cut inside its {stream.packing} header", COPY_AGAIN)
            raise CaptureError(f"cannot read `{path}`: {stream.problem} before a capture begins in it", COPY_AGAIN)
        stream = Prefixed(first, stream)
    kind = magic.kind(first)
    if not kind and not raw.grows and magic.may_be_text(first) and (text := _written(stream, path)) is not None:
        stream, kind = text, "pcap"
    reader: Reader | None = None
    if kind == "pcap":
        reader = PcapFrames(stream, path)
    elif kind == "pcapng":
        reader = PcapngFrames(stream, path)
    elif not (kind := magic.beginning(first)):
        raise no_capture(path, wrapping, first)
    if reader is None or not reader.header():
        what = f"{wrapping}a file cut" if wrapping else "it is cut"
        problem = f" ({stream.problem})" if stream.problem else ""
        raise CutCaptureError(f"cannot read `{path}`: {what} inside its {kind} header{problem}", COPY_AGAIN)
    return reader


def _written(stream: Stream, path: str) -> Stream | None:
    """The capture that a text means, None when it is no timeline."""
    from analyzer.capture.notation import written  # few texts come here

    return written(stream, path)


def no_capture(path: str, wrapping: str, first: bytes) -> CaptureError:
    """The error for a file that is something else."""
    looks = magic.looks_like(first)
    if looks.startswith(magic.CONVERTIBLE) or any(word in looks for word in magic.CONVERTIBLE):
        hint = f"convert it first, e.g., `editcap '{path}' trace.pcapng`"
    elif compression(first) or "archive" in looks:
        hint = "unpack it first, and name the captures in it"
    else:
        hint = "pass a file written by `tcpdump -w`, `dumpcap -w` or Wireshark"
    if compression(first):
        looks = "compressed data"
    return CaptureError(f"cannot read `{path}`: {wrapping}{looks}, not a pcap or pcapng file", hint)


def is_capture(path: str) -> bool:
    """Whether a regular file is a capture by its content, compressed or not.

    So counts one that may not be read, is cut inside its header, or cannot be unpacked here: leaving it out would be
    silent, opening it says so.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        if not os.access(path, os.R_OK):
            return True
        open_reader(path).close()
    except (CutCaptureError, PackedError):
        return True
    except NotationCaptureError as error:  # packetdrill's scripts are called `.pkt` too
        return error.sure
    except (CaptureError, OSError):
        return False
    return True


def expand(paths: Sequence[str | os.PathLike[str]]) -> list[CaptureSource]:
    """The captures that `paths` name, in their order, each file once; members of a rotated set become one source.

    A directory gives all captures below it, sorted by path; a glob that the shell left alone gives its sorted matches.
    A file named outright is not looked at here: opening it tells what is wrong with it. CaptureError for a directory
    without captures and for a glob without matches.
    """
    found: dict[str, str] = {}
    for path in paths:
        for name in _matches(os.fspath(path)):
            found.setdefault(name if name == STDIN else os.path.abspath(name), name)
    if len(found) < 2:
        return [CaptureSource(name, [name]) for name in found.values()]
    from analyzer.capture.sets import group  # which takes as long as a small capture

    return group(list(found.values()))


def _matches(path: str) -> list[str]:
    """The files that one argument names."""
    if path == STDIN:
        return [path]
    if os.path.isdir(path):
        return _below(path)
    if glob.has_magic(path) and not os.path.lexists(path):
        names = sorted(glob.glob(path, recursive=True))
        if not names:
            raise CaptureError(f"cannot read `{path}`: nothing matches", "check the pattern, e.g., with `ls`")
        files = [name for name in names if not os.path.isdir(name)]
        return files or [name for folder in names for name in _below(folder)]
    return [path]


def _below(folder: str) -> list[str]:
    """All captures in a directory and its subdirectories."""
    if not os.access(folder, os.R_OK | os.X_OK):
        raise cannot_read(folder, PermissionError())
    names = sorted(os.path.join(place, name) for place, _, files in os.walk(folder) for name in files)
    captures = [name for name in names if is_capture(name)]
    if not captures:
        count = "no files" if not names else f"none of its {len(names)} files is a pcap or pcapng file"
        raise CaptureError(
            f"cannot read `{folder}`: no captures in this directory ({count})",
            "name a directory that holds files written by `tcpdump -w`, `dumpcap -w` or Wireshark",
        )
    return captures
