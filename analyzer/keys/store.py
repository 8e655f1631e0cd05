"""All secrets that are at hand for one capture: key logs, and what the capture brings with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from analyzer.errors import how_to_install
from analyzer.keys import library
from analyzer.keys.blocks import key_log_of, randoms_of
from analyzer.keys.hidden import Shared
from analyzer.keys.keylog import BYTE_ORDER_MARK, KeyLog
from analyzer.keys.resumption import Resumptions
from analyzer.keys.secrets import Secrets
from analyzer.keys.session import Session
from analyzer.keys.texts import MemoryText, text_of

Ahead: TypeAlias = Callable[[], Iterable[tuple[bytes, bool]]]
"""Gives the bodies of blocks, with their byte order (big)."""

MOST_BROUGHT = 1 << 26
"""Bytes of key logs in blocks that are kept; the reader of one file gives 16 MiB at most."""

MOST_MISSED = 1 << 16
"""Randoms that were asked for in vain and are remembered, 9 MB."""
NEVER = 1 << 62
"""Behind all packets."""


def key_logs(paths: Iterable[str]) -> list[KeyLog]:
    """What `--keylog` names. KeyLogError when one of them cannot be read, MissingError without `cryptography`."""
    library.require()
    return [KeyLog(text_of(path)) for path in paths]


class Store(Shared):
    """What a layer asks for the keys of a connection; empty, it costs nothing and needs no library.

    grows   whether keys may come later than the connection that they are of, as where capture and log are watched
    blocks  decryption secrets blocks of TLS
    others  those of other protocols
    ahead   reads all blocks of the capture beforehand, None = that cannot be done, or was
    rereads  whether the capture may have to be read again
    gone    where the newest connection began whose row has left: those up to it are told, with keys or without
    again   whether keys came behind the packets of a connection that is not told yet: the capture is to be read again
    late    randoms of connections whose keys came behind their packets, and were of no use
    sessions  who may resume whose session
    """

    __slots__ = ("_brought", "_brought_log", "_logs", "_missed", "again", "ahead", "blocks", "gone", "grows", "late",
                 "others", "rereads", "sessions")  # fmt: skip

    def __init__(self, logs: Iterable[KeyLog] = (), *, grows: bool = False, ahead: Ahead | None = None) -> None:
        self._logs = [*logs]
        self.grows = grows and bool(self._logs)
        self.ahead = ahead
        self._missed: dict[bytes, int] = {}
        self._brought = MemoryText(b"", "file")
        self._brought_log: KeyLog | None = None
        self.blocks = self.others = 0
        self.rereads = ahead is not None
        self.gone = -1 if ahead is not None else NEVER
        self.again = False
        self.late: set[bytes] = set()
        self.sessions = Resumptions()

    def add_block(self, body: bytes, big: bool) -> bool:
        """The body of a decryption secrets block, of a section in this byte order; whether it is of use.

        The first that comes behind packets is a sign that more may: they are all read then.
        """
        used = self._add(body, big)
        if used and self._missed:
            self.look_ahead()
        return used

    def look_ahead(self) -> None:
        """Read all blocks of the capture, if that can be done."""
        ahead, self.ahead = self.ahead, None
        for body, big in ahead() if ahead is not None else ():
            self._add(body, big)

    def _add(self, body: bytes, big: bool) -> bool:
        text = key_log_of(body, big)
        if text is None:
            self.others += 1
            return False
        self.blocks += 1
        if not library.installed():
            return False
        if self._brought.size() + len(text) > MOST_BROUGHT:
            return False
        self._brought.add(text.removeprefix(BYTE_ORDER_MARK))
        if self._brought_log is None:
            self._brought_log = KeyLog(self._brought)
            self._logs.append(self._brought_log)
        self._brought_log.grow()
        for random in self._missed.keys() & set(randoms_of(text)) if self._missed else ():
            if self._missed.pop(random) > self.gone:
                self.again = True
            else:
                self.late.add(random)
        return True

    def __bool__(self) -> bool:
        """Whether there is anything to look in."""
        return bool(self._logs)

    def find(self, random: bytes, began: int = 0) -> Secrets | None:
        """The secrets of a client random, None = there are none by now. Where they may grow, logs are read on.

        Those of one connection may be in several places, as where client and server log one direction each. `began` is
        the packet with which it began.
        """
        if random in self.late:
            return None
        secrets = Secrets(random, self)
        self.fill(secrets)
        if secrets.count:
            return secrets
        if len(self._missed) < MOST_MISSED:
            self._missed.setdefault(random, began)
        return None

    def session(self, random: bytes, began: int = 0, offered: Iterable[bytes] = ()) -> Session | None:
        """What opens the connection whose ClientHello has this random, None = no secrets are known by now.

        offered   names of sessions that it would resume: without secrets of its own it may have those of another one
        """
        secrets = self.find(random, began) or self.resumed(random, began, offered)
        return None if secrets is None else Session(secrets)

    def resumed(self, random: bytes, began: int, offered: Iterable[bytes]) -> Secrets | None:
        """The secrets that a connection has from another one, None = there are none."""
        roots = self.sessions.roots(offered)
        if not roots:
            return None
        secrets = Secrets(random, self)
        for root in roots:
            other = self.find(root, began)
            if other is not None:
                secrets.resume(other)
        return secrets if secrets.count else None

    def fill(self, secrets: Secrets) -> None:
        """Add what there is by now, or farther on in a capture that has brought keys already."""
        before = secrets.count
        for log in self._logs:
            log.fill(secrets)
        if secrets.count > before:
            return
        if self.blocks and self.ahead is not None:
            self.look_ahead()
            self.fill(secrets)
            return
        for log in self._logs if self.grows else ():
            if log.grow():
                log.fill(secrets)

    def notes(self) -> list[str]:
        """What is odd about the keys that the capture brings; `oddities` tells that of the logs, which others share."""
        found = [] if self._brought_log is None else oddities([self._brought_log])
        if self.blocks and not library.installed():
            found.append(f"the capture brings keys; {how_to_install('decrypt')} reads what they open")
        if self.late:
            of = "one connection" if len(self.late) == 1 else f"{len(self.late):,} connections"
            found.append(f"the keys of {of} came behind their packets; `--keylog` reads them in time")
        return found


def oddities(logs: list[KeyLog]) -> list[str]:
    """What is odd about key logs, for people; nothing of their content but unknown labels."""
    found = []
    malformed = sum(log.malformed for log in logs)
    if malformed:
        lines = "line" if malformed == 1 else "lines"
        of = sum(log.lines for log in logs)
        found.append(f"{malformed:,} {lines} of {of:,} in the key logs are damaged, or no lines of a key log")
    unknown = sorted({label for log in logs for label in log.unknown})
    if unknown:
        labels = "label" if len(unknown) == 1 else "labels"
        found.append(f"unknown {labels} in the key logs: {', '.join(f'`{label}`' for label in unknown)}")
    if any(log.full for log in logs):
        found.append("a key log is too long; its end was ignored")
    return found
