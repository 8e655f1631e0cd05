"""Header compression of HTTP/2 (RFC 7541), the way back: a block becomes names and values.

Bytes are characters one to one (latin-1) from the start. The tests hold it against the library `hpack`.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from analyzer.capture.numbers import u32

Field = tuple[str, str]

MAX_LIST = 64 * 1024
"""Bytes of a decompressed header list, counted as RFC 7541 4.1 does; a larger one is not read (an HPACK bomb)."""
MAX_TABLE = 64 * 1024
"""Largest dynamic table. How large it is, the sender's own blocks tell (RFC 7541 4.2): SETTINGS only allow it."""
FIRST_TABLE = 4096
"""How large it is before that (RFC 9113 6.5.2)."""
OVERHEAD = 32
"""What an entry takes besides its characters (RFC 7541 4.1)."""
LONGEST_NUMBER = 5
"""Bytes behind its prefix that a number may have; more is no number that anybody needs (RFC 7541 5.1)."""

# fmt: off
STATIC: list[Field] = [
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""),
]
"""RFC 7541 A."""
LENGTHS = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
    10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
    5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22,
    22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20,
    22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28,
    27, 27, 27, 27, 27, 26,
]
"""Bits of each byte's code (RFC 7541 B). The codes follow: they count up by length, and by byte within one."""
# fmt: on
SHORTEST, LONGEST = 5, 30


class Undecodable(ValueError):  # noqa: N818  (a finding, as Malformed is)
    """A block that breaks the rules of RFC 7541, or is over a limit."""


def codes() -> tuple[bytes, bytes, bytes]:
    """For each length the first code and the one behind the last, 4 bytes each; and all bytes in the order of codes."""
    code = 0
    first, end, octets = bytearray(), bytearray(), bytearray()
    for length in range(LONGEST + 1):
        here = [octet for octet, bits in enumerate(LENGTHS) if bits == length]
        first += (code - len(octets) & 0xFFFFFFFF).to_bytes(4, "big")
        code += len(here)
        octets += bytes(here)
        end += code.to_bytes(4, "big")
        code <<= 1
    return bytes(first), bytes(end), bytes(octets)


_first, _end, _octets = codes()


class Decompressor:
    """Reads the blocks of one direction, in order.

    table   the dynamic table, its newest entry last; used: its size, limit: the largest it may have now
    at      the next byte of the block that is being read
    """

    def __init__(self) -> None:
        self.table: list[Field] = []
        self.used = self.at = 0
        self.limit = FIRST_TABLE

    def read(self, block: bytes) -> list[Field]:
        """The fields of a whole block in order; behind an Undecodable the table is of no use any more."""
        found: list[Field] = []
        field: Field
        size: cython.Py_ssize_t = 0
        first: cython.int
        self.at = 0
        while self.at < len(block):
            first = block[self.at]
            if first & 0x80:
                field = self.entry(self.number(block, 7))
            elif first & 0x40:
                field = self.literal(block, 6)
                self.add(field)
            elif first & 0x20:
                if found:
                    raise Undecodable("a table size behind fields")
                self.resize(self.number(block, 5))
                continue
            else:
                field = self.literal(block, 4)
            found.append(field)
            size += size_of(field)
            if size > MAX_LIST:
                raise Undecodable("too large")
        return found

    def number(self, block: bytes, prefix: cython.int) -> cython.Py_ssize_t:
        """An integer that begins with so many bits of the next byte (RFC 7541 5.1)."""
        most: cython.longlong = (1 << prefix) - 1
        value: cython.longlong
        octet: cython.longlong = 0x80
        shift: cython.int = 0
        if self.at >= len(block):
            raise Undecodable("cut")
        value = block[self.at] & most
        self.at += 1
        if value < most:
            return value
        while octet & 0x80:
            if self.at >= len(block) or shift == 7 * LONGEST_NUMBER:
                raise Undecodable("a number without an end")
            octet = block[self.at]
            self.at += 1
            value += (octet & 0x7F) << shift
            shift += 7
        return value

    def literal(self, block: bytes, prefix: cython.int) -> Field:
        """A field whose name is in a table, or not, and whose value is not (RFC 7541 6.2)."""
        index: cython.longlong = self.number(block, prefix)
        name: str = self.entry(index)[0] if index else self.text(block)
        return (name, self.text(block))

    def text(self, block: bytes) -> str:
        """A string (RFC 7541 5.2)."""
        packed: cython.bint = self.at < len(block) and block[self.at] & 0x80 != 0
        size: cython.longlong = self.number(block, 7)
        begin: cython.Py_ssize_t = self.at
        if size > len(block) - begin:
            raise Undecodable("cut")
        self.at += size
        piece: bytes = block[begin : self.at]
        return unpacked(piece) if packed else piece.decode("latin-1")

    def entry(self, index: cython.longlong) -> Field:
        """An entry of the static table, or behind it the dynamic one, whose newest comes first (RFC 7541 2.3.3)."""
        if 0 < index <= len(STATIC):
            return STATIC[index - 1]
        if index == 0 or index > len(STATIC) + len(self.table):
            raise Undecodable("no such entry")
        return self.table[len(self.table) + len(STATIC) - index]

    def add(self, field: Field) -> None:
        """A new entry; one that is larger than the table empties it (RFC 7541 4.4)."""
        self.table.append(field)
        self.used += size_of(field)
        self.shrink()

    def resize(self, limit: cython.longlong) -> None:
        """The sender keeps so much from now on (RFC 7541 6.3)."""
        if limit > MAX_TABLE:
            raise Undecodable("a table larger than anybody allows")
        self.limit = limit
        self.shrink()

    def shrink(self) -> None:
        """The oldest leave, as many as are too much."""
        gone: cython.Py_ssize_t = 0
        while self.used > self.limit:
            self.used -= size_of(self.table[gone])
            gone += 1
        if gone:
            del self.table[:gone]


def size_of(field: Field) -> cython.Py_ssize_t:
    """What a field takes in a table or a list (RFC 7541 4.1)."""
    name: str = field[0]
    value: str = field[1]
    return OVERHEAD + len(name) + len(value)


def unpacked(data: bytes) -> str:
    """A string whose bytes have codes of different lengths (RFC 7541 5.2); ones fill its last byte, seven at most."""
    found = bytearray()
    octet: cython.uint
    window: cython.ulonglong = 0  # the bits that are not read yet: so many
    bits: cython.int = 0
    one: cython.ulonglong = 1
    size: cython.int = SHORTEST  # no shorter code fits what the window begins with
    code: cython.uint
    at: cython.Py_ssize_t
    for at in range(len(data)):  # to go over the bytes themselves would make them signed
        octet = data[at]
        window = window << 8 | octet
        bits += 8
        while size <= bits:
            code = window >> (bits - size)
            if code >= u32(_end, 4 * size):
                size += 1
                if size > LONGEST:
                    raise Undecodable("no such code")
                continue
            found.append(_octets[(code - u32(_first, 4 * size)) & 0xFF])
            bits -= size
            window &= (one << bits) - 1
            size = SHORTEST
    if bits > 7 or window != (one << bits) - 1:
        raise Undecodable("no filling")
    return found.decode("latin-1")
