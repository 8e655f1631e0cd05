"""Reads a log for the error lines of clients; whatever it holds, the work and the memory are bounded."""

from __future__ import annotations

# not compiled: runs with a client log only
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from io import TextIOWrapper
from ipaddress import ip_address
from os import PathLike, fspath
from pathlib import Path
from typing import TextIO

from analyzer.clientlog import patterns
from analyzer.clientlog.secrets import masked
from analyzer.errors import UsageError

MAX_CHARACTERS = 64 << 20
"""What is read of a log; the rest is left out, with a warning."""
MAX_LINE = 4096
"""Characters of a line that are looked at; no client's message is longer."""
MAX_ERRORS = 2_000
"""Error lines that are kept; later ones are left out, with a warning."""
NEAR = 12
"""Lines within which several of one client make one message: npm's block has 10, Node's properties 12."""
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""PowerShell's `>` writes UTF-16."""
ANSI = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[@-Z\\^_])")
"""Colours, cursor movement and titles (ECMA-48 5.4, xterm OSC)."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY = r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)"
CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
STAMPS = tuple(
    map(
        re.compile,
        (
            # GitHub Actions, GitLab (`00O` and `00E+` follow), Jenkins (in brackets), docker, logging, Go's log package
            rf"\[?{DAY}[T ]{CLOCK} ?(?P<zone>Z|[+-]\d\d:?\d\d)?\]?(?: [0-9a-f]{{2}}[OE]\+?)?:?",
            # date(1)
            rf"\w{{3}},? (?P<name>\w{{3}}) +(?P<day>\d\d?) {CLOCK} (?:(?P<zone>UTC|GMT|Z)|[A-Z]{{3,5}})? ?"
            r"(?P<year>\d{4}):?",
            # no date: Jenkins' timestamps, pytest; syslog, which has no year
            r"\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?:?",
            r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,64} [\w./-]{1,64}(?:\[\d{1,8}\])?:",
        ),
    )
)
MARKS = re.compile(r"##\[\w{1,20}\]|\w{1,40} +\| ")
"""GitHub's `##[error]`, and docker compose's `service  | `."""
MAX_PREFIXES = 3
"""A CI's time, then the program's own."""


@dataclass(eq=False, slots=True)
class Error:
    """One failure as a client told it, in one line or several.

    number        of its line in the log, 1-based; text: that line without time, colour and secrets
    kind          one of analyzer.clientlog.fits.FITTING; status: of the response, 0 = none said
    host, port    as said, "" and 0 = not said; target: what was asked for, or a part of it
    server        address it connected to, port in `port`; source, source_port: its own end; b"" and 0 = not said
    time          ns since 1970, -1 = the line has none; zoned: 1 = with its time zone
    """

    number: int
    text: str
    client: str
    kind: str
    host: str = ""
    port: int = 0
    target: str = ""
    status: int = 0
    server: bytes = b""
    source: bytes = b""
    source_port: int = 0
    time: int = -1
    zoned: bool = False

    @property
    def facts(self) -> int:
        """How much it says of the place."""
        return bool(self.host) + bool(self.port) + bool(self.server) + bool(self.source)


def open_log(path: str | PathLike[str]) -> TextIO:
    """The log as text: UTF-8, or UTF-16 by its mark; what is neither is replaced. Raises UsageError."""
    try:
        raw = Path(path).open("rb")  # noqa: SIM115  (the caller closes it)
        wide = raw.peek(2)[:2] in BYTE_ORDER_MARKS
        return TextIOWrapper(raw, encoding="utf-16" if wide else "utf-8-sig", errors="replace")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"cannot read the client log `{fspath(path)}`: {reason}") from None


class LogReader:
    """Goes through the lines of one log.

    errors   what was found, in order
    lines    how many lines there were; known: 1 = at least one is of a client we know
    gap      lines since the last error line, stack frames not counted
    going    client -> where it said that it goes
    show_queries  queries and fragments of URLs stay in what is shown
    cut      the log, or the number of its errors, was over a cap
    """

    def __init__(self, show_queries: bool = False) -> None:
        self.show_queries = show_queries
        self.errors: list[Error] = []
        self.lines = 0
        self.known = self.cut = False
        self.chained = False
        self.gap = 0
        self.going: dict[str, Error] = {}

    def read(self, log: TextIO) -> None:
        """Take a whole log."""
        for line in self._bounded(log):
            self.lines += 1
            self.line(*stripped(line))

    def _bounded(self, log: TextIO) -> Iterator[str]:
        """Its lines, each and all of them cut at the caps."""
        left = MAX_CHARACTERS
        whole = True
        while piece := log.readline(MAX_LINE):
            left -= len(piece)
            if whole:
                yield piece
            whole = piece.endswith("\n")
            if left <= 0:
                self.cut = True
                return

    def line(self, text: str, time: int, zoned: bool) -> None:
        """Take one line, without what stands in front of it."""
        said, text = text, patterns.USER.sub("", text)
        if patterns.CHAINED.search(text):
            self.chained = True
            return
        self._context(text)
        client, kind = patterns.understood(text)
        self.known |= bool(client)
        if kind:
            error = Error(self.lines, text, client, kind, time=time, zoned=zoned)
            say_where(error)
            error.text = masked(said, self.show_queries)
            self._take(error)
        elif text and not patterns.FRAME.match(text):
            self.gap += 1

    def _take(self, error: Error) -> None:
        """A new failure, or more about the last one."""
        if self._continues(error):
            merge(self.errors[-1], error)
        elif len(self.errors) >= MAX_ERRORS:
            self.cut = True
        else:
            if not error.host and not error.server and error.client in self.going:
                fill_in(error, self.going[error.client])
            self.errors.append(error)
        if error.client == "curl":
            self.going.pop("curl", None)
        self.chained = False
        self.gap = 0

    def _context(self, text: str) -> None:
        """Where clients go, for messages that do not say it."""
        for client, pattern in patterns.CONTEXT:
            if found := pattern.search(text):
                self.going[client] = going = Error(self.lines, text, client, "")
                say(going, found.groupdict())
                self.known = True
        if patterns.OVER.match(text):
            self.going.pop("curl", None)
        if (
            self.errors
            and self.errors[-1].client == "node"
            and self.gap <= NEAR
            and (found := patterns.SOCKET.match(text))
        ):
            say(self.errors[-1], {SOCKET_PARTS[found["what"]]: found["value"]})

    def _continues(self, error: Error) -> bool:
        """Whether the line belongs to the message before it: the same failure, told in several lines."""
        if not self.errors or error.client != self.errors[-1].client:
            return False
        if self.chained:
            return True
        if patterns.BEGINS.match(error.text):
            return False
        last = self.errors[-1]
        again = last.text.startswith(patterns.TRACED[0]) and error.text.startswith(patterns.TRACED[1])
        again = again and (last.kind, last.target) == (error.kind, error.target)
        near = self.gap <= NEAR and (again or patterns.DETAIL.match(error.text) is not None)
        return near and agree(last, error)


SOCKET_PARTS = {
    "localAddress": "client", "localPort": "client_port", "remoteAddress": "server", "remotePort": "server_port"
}  # fmt: skip


def agree(one: Error, other: Error) -> bool:
    """Whether nothing that two lines say differs."""
    pairs = ((one.host, other.host), (one.port, other.port), (one.server, other.server), (one.status, other.status))
    same = one.target in other.target or other.target in one.target  # "" is in everything, a package in its path
    return same and all(not mine or not its or mine == its for mine, its in pairs)


def merge(first: Error, more: Error) -> None:
    """A further line of the same message: it adds what the first one lacks, and is shown if it says more."""
    if more.facts > first.facts:
        first.number, first.text = more.number, more.text
    if first.kind in ("failed", "tls") or (more.kind not in ("failed", "tls") and more.facts > first.facts):
        first.kind = more.kind
    fill_in(first, more)
    if more.time >= 0:
        first.time, first.zoned = more.time, more.zoned


def fill_in(error: Error, more: Error) -> None:
    """Take what another line says and this one does not."""
    for name in ("host", "port", "target", "status", "server", "source", "source_port"):
        if not getattr(error, name):
            setattr(error, name, getattr(more, name))


def stripped(line: str) -> tuple[str, int, bool]:
    """A line without colours and without the times and marks in front of it; the first time found, -1 = none."""
    text = ANSI.sub("", line).replace("\0", "").strip()
    time, zoned = -1, False
    for _ in range(MAX_PREFIXES):
        found = next(filter(None, (stamp.match(text) for stamp in STAMPS)), None)
        if found is not None and time < 0 and "hour" in found.re.groupindex:
            time = instant(found)
            zoned = time >= 0 and found["zone"] is not None
        found = found or MARKS.match(text)
        if found is None:
            break
        text = text[found.end() :].lstrip()
    return text, time, zoned


def instant(found: re.Match[str]) -> int:
    """A time as ns since 1970, read as UTC where no zone is said; -1 for one that is none."""
    part = found.groupdict()
    name = part.get("name")
    try:
        month = MONTHS.index(name) + 1 if name else int(part["month"])
        zone = part["zone"] or "Z"
        offset = UTC if zone[0] not in "+-" else zone_of(zone)
        day, hour, minute, second = (int(part[field]) for field in ("day", "hour", "minute", "second"))
        time = datetime(int(part["year"]), month, day, hour, minute, second, tzinfo=offset)
    except (ValueError, OverflowError):
        return -1
    return int(time.timestamp()) * 10**9 + int((part["fraction"] or "0").ljust(9, "0"))


def zone_of(text: str) -> timezone:
    """`+02:00` or `-0330`."""
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))


def say_where(error: Error) -> None:
    """Fill in what the line says of the place."""
    if found := patterns.URL.search(error.text):
        place(error, found)
    for pattern in patterns.PLACE:
        if found := pattern.search(error.text):
            say(error, found.groupdict())
    if found := patterns.TARGET.search(error.text):
        error.target = error.target or found["target"] or f"/{found['package']}/"
    if error.kind == "status":
        error.status = status_of(error.text)


def say(error: Error, said: dict[str, str]) -> None:
    """Take the parts of a place, by the names of the groups in patterns.PLACES."""
    if url := patterns.URL.match(said.get("url") or ""):
        place(error, url)
    error.host = error.host or name_of(said.get("host") or "")
    error.server = error.server or address_of(said.get("server") or "")
    error.source = error.source or address_of(said.get("client") or "")
    error.port = port_of(said.get("server_port")) or error.port or port_of(said.get("port"))
    error.source_port = error.source_port or port_of(said.get("client_port"))


def place(error: Error, url: re.Match[str]) -> None:
    """Host, port and target of a URL; a host that is an address is the server's."""
    host = name_of(url["host"].rpartition("@")[2])
    if host in patterns.DOCUMENTATION:
        return
    error.server = address_of(host)
    error.host = "" if error.server else host
    error.port = port_of(url["port"]) or (443 if url["scheme"] == "https" else 80)
    error.target = (url["target"] or "").rstrip(":,;.")


def status_of(text: str) -> int:
    """The HTTP status that a message tells, 0 = none."""
    for words, status in patterns.MEANT:
        if words in text.lower() and not any(character.isdigit() for character in text[-12:]):
            return status
    found = patterns.STATUS.search(text)
    return int(next(filter(None, found.groups()))) if found is not None else 0


def port_of(text: str | None) -> int:
    """A port number, 0 = none."""
    return int(text) if text and text.isdecimal() and int(text) < 1 << 16 else 0


def name_of(host: str) -> str:
    """A host name as it is compared; "" for none."""
    return host.strip("[]").rstrip(".").lower()


def address_of(text: str) -> bytes:
    """An address as the wire has it, b"" when it is none."""
    try:
        return ip_address(text.strip("[]").partition("%")[0]).packed
    except ValueError:
        return b""
