"""A brief as bytes, while its fetch waits for its turn: nobody looks at it then, and a hundred thousand may wait.

Compiled only; interpreted a brief waits as it is.
"""

from __future__ import annotations

import cython

if cython.compiled:
    from cython.cimports.cpython.unicode import PyUnicode_AsUTF8AndSize  # type: ignore[import-untyped]
    from cython.cimports.libc.string import memcpy  # type: ignore[import-untyped]

from analyzer.fetch.registries import Package
from analyzer.verdict.brief import Brief
from analyzer.verdict.turn import Turn

MAX_WORDS = 1 << 14
"""Texts, and as many addresses, for which a number is written, as they return in row after row. A brief with others
waits as it is."""
WORDS, NUMBERS = 14, 34
"""How many of them a brief has, two bytes each, behind which stand three lengths of what is its own; and at which byte
its numbers begin."""
MOST = 4096
"""Characters of its own that are written, and room for them."""
NEAR = 256
"""Words whose numbers are known by where they are in memory: most are one object."""


class Words:
    """Numbers for what returns."""

    def __init__(self) -> None:
        self.places: dict[object, int] = {}
        self.words: list[object] = []
        self.near: list[object] = [None] * NEAR
        self.memory = bytearray(2 * NEAR)
        if cython.compiled:
            self.short_cuts = cython.cast(cython.pointer(cython.short), cython.cast(cython.p_char, self.memory))

    @cython.boundscheck(False)
    @cython.wraparound(False)
    def place(self, word: object) -> cython.short:
        """The number of a text or an address, -1 = there are too many."""
        at: cython.Py_ssize_t = (cython.cast(cython.Py_ssize_t, cython.cast(cython.p_void, word)) >> 4) & (NEAR - 1)
        if self.near[at] is word:
            return self.short_cuts[at]  # type: ignore[no-any-return]
        number: cython.short = self.sought(word)
        if number >= 0:
            self.near[at] = self.words[number]
            self.short_cuts[at] = number
        return number

    def sought(self, word: object) -> cython.short:
        """The same, by what it says."""
        known = self.places.get(word)
        if known is None:
            if len(self.words) >= MAX_WORDS:
                return -1
            known = len(self.words)
            self.places[word] = known
            self.words.append(word)
        return known


class Packing:
    """Briefs of one reading: what was packed here is unpacked here."""

    def __init__(self) -> None:
        self.texts, self.addresses = Words(), Words()
        self.buffer = bytearray(2 * MOST)

    def packed(self, brief: Brief) -> bytes:
        """All that waits of a brief but its place; b"" where it waits as it is, as one does that may lose a race."""
        package: Package | None = brief.package
        if not cython.compiled or brief.evidence or not brief.target.isascii() or len(brief.target) > MOST // 2:
            return b""
        if package is not None and not (package.file.isascii() and package.name.isascii()):
            return b""
        octets = cython.cast(cython.p_char, self.buffer)
        places = cython.cast(cython.pointer(cython.short), octets)
        if not self.words(brief, places):
            return b""
        numbers = cython.cast(cython.p_char, cython.address(brief.start))
        at: cython.Py_ssize_t = cython.cast(cython.p_char, cython.address(brief.merged)) + 1 - numbers
        memcpy(octets + NUMBERS, numbers, at)
        at = self.put(NUMBERS + at, brief.target)
        places[WORDS], places[WORDS + 1], places[WORDS + 2] = len(brief.target), 0, -1
        if package is not None:
            if len(package.file) + len(package.name) > MOST // 2:
                return b""
            at = self.put(self.put(at, package.file), package.name)
            places[WORDS + 1], places[WORDS + 2] = len(package.file), len(package.name)
        data: bytes = octets[:at]
        return data

    def put(self, at: cython.Py_ssize_t, text: str) -> cython.Py_ssize_t:
        """Write text of ASCII into the buffer; the result is where it ends."""
        size: cython.Py_ssize_t = 0
        octets = PyUnicode_AsUTF8AndSize(text, cython.address(size))
        memcpy(cython.cast(cython.p_char, self.buffer) + at, octets, size)
        return at + size

    def unpacked(self, data: bytes, turn: Turn) -> Brief:
        """The brief that was packed."""
        brief: Brief = Brief.__new__(Brief)
        package: Package
        octets = cython.cast(cython.p_char, data)
        places = cython.cast(cython.pointer(cython.short), octets)
        numbers = cython.cast(cython.p_char, cython.address(brief.start))
        at: cython.Py_ssize_t = cython.cast(cython.p_char, cython.address(brief.merged)) + 1 - numbers
        memcpy(numbers, octets + NUMBERS, at)
        brief.first_packet, brief.stream, brief.serial = turn.first_packet, turn.stream, turn.serial
        brief.text = turn.text
        brief.block, brief.at, brief.size, brief.more = turn.block, turn.at, turn.size, turn.more
        self.named(brief, places)
        at += NUMBERS
        brief.target = octets[at : at + places[WORDS]].decode("ascii")
        at += places[WORDS]
        if places[WORDS + 2] >= 0:
            package = Package.__new__(Package)
            end: cython.Py_ssize_t = at + places[WORDS + 1]
            file: str = octets[at:end].decode("ascii")
            name: str = octets[end : end + places[WORDS + 2]].decode("ascii")
            package.begin("go", name, "", file)
            brief.package = package
        brief.evidence = ()
        brief.outcome = brief.flags = brief.said = brief.advice = ""
        return brief

    def words(self, brief: Brief, places) -> cython.bint:  # type: ignore[no-untyped-def]
        """Write the numbers of its words; False = some have none."""
        texts: Words = self.texts
        addresses: Words = self.addresses
        i: cython.int
        places[0], places[1], places[2] = texts.place(brief.kind), texts.place(brief.file), texts.place(brief.name)
        places[3], places[4] = texts.place(brief.method), texts.place(brief.agent)
        places[5], places[6] = texts.place(brief.protocol), texts.place(brief.klass)
        places[7], places[8] = texts.place(brief.cause), texts.place(brief.missing)
        places[9], places[10] = texts.place(brief.timer), addresses.place(brief.client)
        places[11], places[12] = addresses.place(brief.host), addresses.place(brief.server)
        places[13] = addresses.place(brief.ciphers)
        for i in range(WORDS):  # noqa: SIM110  (a loop in C)
            if places[i] < 0:
                return False
        return True

    def named(self, brief: Brief, places) -> None:  # type: ignore[no-untyped-def]
        """Read the words of these numbers."""
        texts: list[object] = self.texts.words
        addresses: list[object] = self.addresses.words
        brief.kind, brief.file, brief.name = texts[places[0]], texts[places[1]], texts[places[2]]
        brief.method, brief.agent, brief.protocol = texts[places[3]], texts[places[4]], texts[places[5]]
        brief.klass, brief.cause, brief.missing = texts[places[6]], texts[places[7]], texts[places[8]]
        brief.timer, brief.client = texts[places[9]], addresses[places[10]]
        brief.host, brief.server = addresses[places[11]], addresses[places[12]]
        brief.ciphers = addresses[places[13]]
