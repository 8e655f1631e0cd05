# not compiled: asked once a connection, or once a run
"""All secrets at hand: key logs, and what captures bring with them."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.errors import how_to_install
from analyzer.keys import library
from analyzer.keys.blocks import key_log_of, randoms_of
from analyzer.keys.hidden import Shared
from analyzer.keys.keylog import BYTE_ORDER_MARK, KeyLog
from analyzer.keys.secrets import Secrets
from analyzer.keys.session import Session
from analyzer.keys.texts import MemoryText, text_of

MOST_BROUGHT = 1 << 26
"""Bytes of key logs in blocks that are kept; the reader of one file gives 16 MiB at most."""

MOST_MISSED = 1 << 16
"""Randoms that were asked for in vain and are remembered, 6 MB."""


class Store(Shared):
    """What `--keylog` and decryption secrets blocks have; empty, it costs nothing and needs no library."""

    __slots__ = ("_brought", "_brought_log", "_logs", "_missed", "blocks", "late", "others")

    def __init__(self, paths: Iterable[str] = ()) -> None:
        """KeyLogError when one of them cannot be read, MissingError without `cryptography`.

        blocks  decryption secrets blocks of TLS
        others  those of other protocols
        late    randoms that were asked for in vain before the block came that has them: reading again would help
        """
        self._logs: list[KeyLog] = []
        self._missed: set[bytes] = set()
        self._brought = MemoryText(b"", "file")
        self._brought_log: KeyLog | None = None
        self.blocks = self.others = self.late = 0
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """One more key log."""
        library.require()
        self._logs.append(KeyLog(text_of(path)))

    def add_block(self, body: bytes, big: bool) -> bool:
        """The body of a decryption secrets block, of a section in this byte order; whether it is of use."""
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
        if self._missed:
            found = self._missed.intersection(randoms_of(text))
            self.late += len(found)
            self._missed -= found
        return True

    def __bool__(self) -> bool:
        """Whether there is anything to look in."""
        return bool(self._logs)

    def find(self, random: bytes) -> Secrets | None:
        """The secrets of a client random, None = there are none by now. Logs that have grown are read on."""
        secrets = Secrets(random, self)
        self.fill(secrets)
        if secrets.count:
            return secrets
        self.missed(random)
        return None

    def missed(self, random: bytes) -> None:
        """It was asked for in vain."""
        if len(self._missed) < MOST_MISSED:
            self._missed.add(random)

    def session(self, random: bytes) -> Session | None:
        """What opens the connection whose ClientHello has this random, None = no secrets are known by now."""
        secrets = self.find(random)
        return None if secrets is None else Session(secrets)

    def fill(self, secrets: Secrets) -> None:
        """Add what there is by now."""
        before = secrets.count
        for log in self._logs:
            log.fill(secrets)
        if secrets.count == before:
            for log in self._logs:
                if log.grow():
                    log.fill(secrets)

    @property
    def lines(self) -> int:
        """Lines of all logs."""
        return sum(log.lines for log in self._logs)

    def notes(self) -> list[str]:
        """What is odd about them, for people; nothing of their content but unknown labels."""
        found = []
        malformed = sum(log.malformed for log in self._logs)
        if malformed:
            lines = "line" if malformed == 1 else "lines"
            found.append(
                f"{malformed:,} {lines} of {self.lines:,} in the key logs are damaged, or no lines of a key log"
            )
        unknown = sorted({label for log in self._logs for label in log.unknown})
        if unknown:
            labels = "label" if len(unknown) == 1 else "labels"
            found.append(f"unknown {labels} in the key logs: {', '.join(f'`{label}`' for label in unknown)}")
        if any(log.full for log in self._logs):
            found.append("a key log is too long; its end was ignored")
        if self.blocks and not library.installed():
            found.append(f"the capture brings keys; {how_to_install('decrypt')} reads what they open")
        return found
