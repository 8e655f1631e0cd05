"""Lines of an NSS key log (draft-ietf-tls-keylogfile 2), found again by client random; no secret is kept.

A log may have a gigabyte and still grow, and the randoms that are asked for are known one by one, while a capture is
read. So it is read once and of each run of lines with the same random 8 bytes are kept: where it is, and 36 bits of the
random, of which 12 choose the list that it is in. Lines are read when their random is asked for.
"""

from __future__ import annotations

from array import array
from binascii import Error, a2b_hex, b2a_hex

import cython

from analyzer.keys.hidden import Shared
from analyzer.keys.secrets import USED, Secrets
from analyzer.keys.texts import Text

KNOWN = frozenset(
    label.encode() for label in (*USED, "EXPORTER_SECRET", "EARLY_EXPORTER_SECRET", "RSA", "ECH_SECRET", "ECH_CONFIG")
)
"""Labels that are understood; those that are not used open nothing, or nothing that is supported."""
OPENING = {label.encode(): (label, tuple(2 * size for size in sizes)) for label, sizes in USED.items()}
"""Those that open something, with their names and the digits of their secrets."""
NOTHING: tuple[str, tuple[int, ...]] = ("", ())
GENERATION = (b"CLIENT_TRAFFIC_SECRET_", b"SERVER_TRAFFIC_SECRET_")
"""Begins the labels of secrets behind KeyUpdates, which follow from those before."""

RANDOM, SECRETS = 64, (64, 96)
"""Hex digits of a client random, and of secrets: 32 or 48 bytes."""
PIECE = 1 << 20
"""Bytes read at once."""
LONGEST = 4096
"""Bytes of a line that is read; the longest that means something has 165."""
RUN, LONG_RUN = 1400, 1 << 14
"""Bytes read at once of a run of lines, the six of TLS 1.3, and of one that goes on behind them."""
MOST_LINES = 64
"""Lines of a run that are read when it is asked for."""
MOST_RUNS = 1 << 24
"""Runs that are remembered of one log, 128 MiB; what comes later in it is not found."""
MOST_PLACES = 64
"""Runs of one random that are read."""
MOST_UNKNOWN = 32
"""Unknown labels that are told by name; of a longer name than LABEL nothing is told."""
LABEL = 64

LISTS, PLACE_BITS = 12, 40
PLACE = (1 << PLACE_BITS) - 1
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class KeyLog(Shared):
    """One key log.

    lines      whole lines that were read, without comments and empty ones
    malformed  of them those that are no line of a key log, or have a wrong length
    unknown    labels that are not known, with the lines that have them
    full       it has more than is remembered
    """

    def __init__(self, text: Text) -> None:
        self._text = text
        self.lines = self.malformed = 0
        self.unknown: dict[str, int] = {}
        self._begin()
        self.grow()

    def _begin(self) -> None:
        """Nothing was read yet, or other text has taken its place."""
        self._at = self._runs = 0
        self._last = b""
        self._lists: list[array[int] | None] = [None] * (1 << LISTS)
        self._skipping = self.full = False

    def grow(self) -> cython.bint:
        """Read what is new; whether there was something."""
        size = self._text.size()
        if size < self._at:
            self._begin()
            size = self._text.size()
        before = (self._at, self._runs)
        while self._at < size:
            piece = self._text.read(self._at, PIECE)
            whole = piece.rfind(b"\n") + 1
            if whole:
                self._take(piece[:whole].split(b"\n"))
                self._at += whole
            elif len(piece) > LONGEST:
                self._skip(len(piece))
            else:
                self._half(piece)
                break
        return (self._at, self._runs) != before

    def _skip(self, size: cython.Py_ssize_t) -> None:
        """A line that is too long, from here to its end."""
        self.malformed += not self._skipping
        self.lines += not self._skipping
        self._skipping = True
        self._at += size

    def _half(self, line: bytes) -> None:
        """The last line has no end yet: it is found already, and read as far as it goes when it is asked for."""
        fields = line.split()
        if len(fields) == 3 and len(fields[1]) == RANDOM and not self._skipping:
            self._remember(fields[1], self._at)

    def _take(self, lines: list[bytes]) -> None:
        """Whole lines, and the empty piece behind the last one. Each line of a large log goes through this loop."""
        at, last = self._at, self._last
        if at == 0:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        if self._skipping:
            at += len(lines[0]) + 1
            del lines[0]
            self._skipping = False
        del lines[-1]
        for line in lines:
            fields = line.split()
            if len(fields) == 3 and len(fields[1]) == RANDOM and len(fields[2]) in SECRETS and fields[0] in KNOWN:
                self.lines += 1
                if fields[1] != last:
                    self.malformed += not self._remember(fields[1], at)
                    last = self._last
            elif fields and not fields[0].startswith(b"#"):
                self.lines += 1
                self._odd(fields)
                last = self._last = b""
            at += len(line) + 1

    def _odd(self, fields: list[bytes]) -> None:
        """A line that is no comment, and nothing that opens a record."""
        label = fields[0]
        if len(fields) != 3 or len(label) > LABEL or not label.isascii() or not label.replace(b"_", b"").isalnum():
            self.malformed += 1
        elif label.startswith(GENERATION) and len(fields[1]) == RANDOM:
            return
        elif label in KNOWN:
            self.malformed += label not in (b"RSA", b"ECH_CONFIG")
        else:
            name = label.decode()
            if name in self.unknown or len(self.unknown) < MOST_UNKNOWN:
                self.unknown[name] = self.unknown.get(name, 0) + 1

    def _remember(self, random: bytes, at: cython.longlong) -> cython.bint:
        """A run of lines begins here, unless its random is none."""
        if random == self._last:
            return True
        try:
            key = int.from_bytes(a2b_hex(random[:10]), "big") >> 4
        except Error:
            return False
        if self._runs >= MOST_RUNS or at > PLACE:
            self.full = True
            return True
        self._last = random
        self._runs += 1
        chosen = key >> 24
        places = self._lists[chosen]
        if places is None:
            places = self._lists[chosen] = array("Q")
        places.append((key & 0xFFFFFF) << PLACE_BITS | at)
        return True

    def fill(self, secrets: Secrets) -> None:
        """Add what the log has of a random."""
        key = int.from_bytes(secrets.random[:5], "big") >> 4
        places = self._lists[key >> 24]
        if places is None:
            return
        wanted = key & 0xFFFFFF
        found = [place & PLACE for place in places if place >> PLACE_BITS == wanted]
        for place in found[:MOST_PLACES]:
            for label, secret in self._run(place, secrets.random):
                secrets.add(label, secret, self._text.origin)

    def _run(self, at: cython.longlong, random: bytes) -> list[tuple[str, bytes]]:
        """(label, secret) of the lines from here on that have this random."""
        found: list[tuple[str, bytes]] = []
        data = self._text.read(at, RUN)
        if not _read(data, random, found) and len(data) == RUN:
            found.clear()
            _read(data + self._text.read(at + RUN, LONG_RUN), random, found)
        return found


def _read(data: bytes, random: bytes, found: list[tuple[str, bytes]]) -> cython.bint:
    """Add what the lines have of the random that the first of them has; whether it ends before they do."""
    line: bytes
    fields: list[bytes]
    wanted: bytes = b2a_hex(random)
    for line in data.removeprefix(BYTE_ORDER_MARK).split(b"\n", MOST_LINES)[:MOST_LINES]:
        fields = line.split()
        if len(fields) != 3 or len(fields[1]) != RANDOM:
            continue
        if fields[1] != wanted and fields[1].lower() != wanted:
            return True
        label, sizes = OPENING.get(fields[0], NOTHING)
        if len(fields[2]) in sizes:
            try:
                found.append((label, a2b_hex(fields[2])))
            except Error:
                continue
    return False
