"""Opens the records of one direction of a connection, as far as there are keys.

Which key opens a record is tried and not assumed, and so is its sequence number where records were not seen. Tries are
capped: records that nothing opens cost a fixed amount, and after a few of them no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cython

from analyzer.keys.ciphers import Cipher
from analyzer.keys.epochs import Epoch
from analyzer.keys.hidden import Hidden
from analyzer.keys.secrets import Secrets

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE_TYPE, APPLICATION_DATA = 20, 21, 22, 23
"""Content types (RFC 8446 5.1)."""

WINDOW = 64
"""Sequence numbers that are tried beyond the least possible one, where the capture has a hole."""
BESIDE = 16
"""And of those around the number that it has if what was lost were records as long as it."""
MOST_FAILED = 16
"""Records of a direction that nothing opens; behind them no more is tried."""
SEARCH = 4
"""As how many of those a record counts for which a whole window of numbers was tried in vain."""
HEADER = 5
LARGEST = 16384 + 2048 + HEADER
"""Bytes of the largest record, with its header (RFC 5246 6.2.3; RFC 8446 5.2 has less)."""

NOT = -1
"""The epochs ahead are not made yet."""

Content = tuple[int, bytes]


class Opener(Hidden):
    """One direction. `open` and `skip` see every record once, in the order of the stream.

    opened, skipped, failed  records that were opened, passed over unread, and tried in vain
    stage  of the record that was opened last in TLS 1.3: EARLY, HANDSHAKE or APPLICATION; else 0. What is early may
           have been rejected, which EncryptedExtensions says; then it is sent again (RFC 8446 4.2.10)
    """

    def __init__(self, secrets: Secrets, server: cython.bint) -> None:
        self._secrets, self._server = secrets, server
        self.opened = self.skipped = self.failed = self._asked = 0
        self._built = NOT
        self._current: Epoch | None = None
        self._cipher: Cipher | None = None
        self._ahead: list[Epoch] = []
        self._adrift = self._guess = self._leaving = False
        self._lost = self._passed = self.stage = 0

    @property
    def dead(self) -> bool:
        """Whether too many records could not be opened: none will be any more."""
        return self.failed >= MOST_FAILED

    def expected(self) -> cython.longlong:
        """The sequence number of the next record under the current key, -1 = there is none."""
        return -1 if self._current is None else self._current.number

    def open(self, kind: cython.int, version: cython.int, body: bytes) -> Content | None:
        """The content type and the plaintext of the next record, whose header has this type and version.

        None when it cannot be opened, or is nothing but decoration.
        """
        raise NotImplementedError

    def begins(self, body: bytes) -> bytes:
        """The plaintext of a last record that was cut off, as far as it goes and its key and number are known."""
        if self._current is None or self._cipher is None or self._adrift or self._leaving:
            return b""
        return self._cipher.begins(self._current.number, body)

    def skip(self, count: cython.longlong = 1) -> None:
        """So many records went by whose content nobody needs."""
        self.skipped += count
        self._passed += count
        if self._current is not None:
            self._current.number += count
            self._current.passed(b"")

    def gap(self, lost: cython.longlong = 0) -> None:
        """So many bytes of the stream were not seen, 0 = unknown, with the boundaries of records among them."""
        self._adrift = True
        self._lost += lost
        if self._current is not None:
            self._current.passed(b"")

    def unanswered(self) -> None:
        """The server has answered the hello, and what it chose was not captured: the suite is told by what opens."""
        if not self._guess:
            self._guess = True
            self._built = NOT

    def _coming(self) -> list[Epoch]:
        """The epochs that may follow the current one."""
        raise NotImplementedError

    def _read(self, kind: cython.int, version: cython.int, body: bytes) -> bytes | None:
        """The plaintext of a protected record."""
        epoch, cipher = self._current, self._cipher
        if epoch is None or cipher is None or self._adrift or self._leaving:
            return self._search(kind, version, body, False)
        plain = cipher.read(epoch.number, kind, version, body)
        if plain is None:
            return self._search(kind, version, body, True)
        epoch.number += 1
        self.opened += 1
        self._passed = 0
        return plain

    def _search(self, kind: cython.int, version: cython.int, body: bytes, tried: cython.bint) -> bytes | None:
        """The same where the key or the number is not known for sure; `tried`: those that were expected are not it."""
        epoch: Epoch
        plain: bytes | None
        if self.failed >= MOST_FAILED:
            return None
        if self._cipher is not None and not self._cipher.ready():
            self._pass(body)
            return None
        if self._built != self._secrets.count:
            self._built = self._secrets.count
            self._ahead = self._coming()
        if not self._adrift and (self._leaving or self._current is None):
            for epoch in self._ahead:  # where nothing is missing, one of these is it
                plain = epoch.cipher().read(self._passed, kind, version, body)
                if plain is not None:
                    self._found(epoch, self._passed)
                    return plain
        candidates = self._candidates(body, tried)
        for epoch, numbers in candidates:
            for number in numbers:
                plain = epoch.cipher().read(number, kind, version, body)
                if plain is not None:
                    self._found(epoch, number)
                    return plain
        if candidates or tried:
            self.failed += SEARCH if self._adrift else 1
        self._pass(body)
        self._ask()
        return None

    def _ask(self) -> None:
        """The log may have grown: it is asked at the first, second, fourth, ... record that is not opened."""
        self._asked += 1
        if self._asked & (self._asked - 1) == 0:
            self._secrets.more()

    def _candidates(self, body: bytes, tried: cython.bint) -> list[tuple[Epoch, Iterable[int]]]:
        """Epochs with the sequence numbers to try in each, the likely ones first."""
        current = self._current
        most = WINDOW if self._adrift else min(self._passed, WINDOW)
        later = range(most + 1)
        found: list[tuple[Epoch, Iterable[int]]] = [
            (epoch, (self._passed, *later) if self._passed > 0 else later) for epoch in self._ahead
        ]
        if current is not None and not tried:
            found.insert(len(found) if self._leaving else 0, (current, self._numbers(current, body)))
        return found

    def _numbers(self, epoch: Epoch, body: bytes) -> Iterator[int]:
        """Of the current epoch: the one that is expected, and behind a hole all that it may be."""
        expected = epoch.number + self._lost // LARGEST
        if not self._adrift:
            yield expected
            return
        guess = epoch.cipher().guess(body)
        if guess >= 0:
            yield guess
        yield from range(expected, expected + WINDOW + 1)
        likely = epoch.number + self._lost // (len(body) + HEADER)
        if likely > expected:
            yield from range(max(likely - BESIDE, expected + WINDOW + 1), likely + BESIDE + 1)

    def _found(self, epoch: Epoch, number: cython.longlong) -> None:
        """That opened it."""
        epoch.number = number + 1
        self.opened += 1
        self._adrift = self._leaving = False
        self._lost = self._passed = 0
        if epoch is not self._current:
            self._current = epoch
            self._cipher = epoch.cipher()
            self.stage = epoch.stage
            self._ahead = [one for one in self._ahead if one.stage > epoch.stage]
            if not self._ahead:
                self._built = NOT

    def _pass(self, body: bytes) -> None:
        """It was not opened: it counts all the same."""
        self.skipped += 1
        self._passed += 1
        epoch = self._current
        if epoch is not None:
            epoch.number += 1
            epoch.passed(body)
            self._adrift = True


class Sealed(Opener):
    """One whose version or suite is not supported: nothing is tried."""

    def open(self, kind: cython.int, version: cython.int, body: bytes) -> Content | None:
        self.skipped += 1
        return None
