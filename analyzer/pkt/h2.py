"""HTTP/2 frames from the words of a `.pkt` line (RFC 9113 4 and 6); header blocks by the library `hpack`.

Every field is a literal that is never indexed, or an entry of the static table: a block means the same wherever it
stands, and blocks can be written, changed and lost one by one. Blocks that are `indexed` have a dynamic table in
common, one for each direction.
"""

from __future__ import annotations

from hpack import Encoder, NeverIndexedHeaderTuple
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

from analyzer.pkt.words import U8, U16, number, size_of

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
TYPES = {
    "DATA": 0, "HEADERS": 1, "PRIORITY": 2, "RST_STREAM": 3, "SETTINGS": 4, "PUSH_PROMISE": 5, "PING": 6, "GOAWAY": 7,
    "WINDOW_UPDATE": 8, "CONTINUATION": 9,
}  # fmt: skip
ERRORS = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
]  # fmt: skip
SETTING = {"HEADER_TABLE_SIZE": 1, "ENABLE_PUSH": 2, "MAX_CONCURRENT_STREAMS": 3, "INITIAL_WINDOW_SIZE": 4}
WITH_VALUE = ("stream", "last", "promised", "padded", "length", "size", "block", "type")
ALONE = ("END_STREAM", "ack", "priority", "more", "indexed")
CODES = [format(code, f"0{size}b") for code, size in zip(REQUEST_CODES, REQUEST_CODES_LENGTH, strict=True)]
FILLER = b"\x90"
"""One byte of a block that says nothing here: `accept-encoding: gzip, deflate` of the static table (RFC 7541 A)."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Huffman(HuffmanEncoder):
    """The code of RFC 7541 B, in a time that is linear in the text, which that of `hpack` is not."""

    def __init__(self) -> None:
        super().__init__(REQUEST_CODES, REQUEST_CODES_LENGTH)

    def encode(self, bytes_to_encode: bytes | None) -> bytes:
        """The text, with ones behind it up to a whole byte."""
        bits = "".join(map(CODES.__getitem__, bytes_to_encode or b""))
        bits += "1" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def encoder() -> Encoder:
    """One with an empty table."""
    made = Encoder()
    made.huffman_coder = Huffman()
    return made


class Memory:
    """The dynamic table of one direction; a block that cannot be decoded empties it."""

    def __init__(self) -> None:
        self.encoder = encoder()


def stretches(words: list[str]) -> bool:
    """Whether the part can fill a packet."""
    if words[0] == "HEADERS":
        return "size" not in words and "indexed" not in words
    return words[0] == "DATA" and "length" not in words


def part(words: list[str], extra: int, memory: Memory | None = None) -> bytes:
    """The bytes of `preface`, or of one frame: its type, options, then fields, settings or an error code."""
    if words[0] == "preface":
        return PREFACE
    options, rest = _options(words[1:])
    kind = TYPES[words[0]] if words[0] in TYPES else number(words[0], U8)
    stream = number(options.get("stream", "0"))
    flags = 1 if "END_STREAM" in options or "ack" in options else 0
    if words[0] in ("HEADERS", "CONTINUATION", "PUSH_PROMISE"):
        flags |= 0 if "more" in options else 4
        return _with_block(frame(kind, flags, stream, b""), options, _block(options, rest, memory or Memory()), extra)
    return frame(kind, flags | _padded(options), stream, _pad(options, _payload(words[0], options, rest, extra)))


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    at = 0
    while at < len(words) and words[at] in (*WITH_VALUE, *ALONE):
        alone = words[at] in ALONE
        options[words[at]] = "" if alone else words[at + 1]
        at += 1 if alone else 2
    return options, words[at:]


def _payload(name: str, options: dict[str, str], rest: list[str], extra: int) -> bytes:
    if name == "DATA":
        return b"d" * size_of(options.get("length", str(extra)))
    if name == "RST_STREAM":
        return _error(rest[0])
    if name == "GOAWAY":
        return number(options["last"]).to_bytes(4, "big") + _error(rest[0]) + " ".join(rest[1:]).encode()
    if name == "SETTINGS":
        pairs = zip(rest[::2], rest[1::2], strict=True)
        return b"".join(
            (SETTING[key] if key in SETTING else number(key, U16)).to_bytes(2, "big") + number(value).to_bytes(4, "big")
            for key, value in pairs
        )
    if name == "WINDOW_UPDATE":
        return number(rest[0]).to_bytes(4, "big")
    return bytes(8 if name == "PING" else size_of(options.get("length", "0")))


def _error(word: str) -> bytes:
    return (ERRORS.index(word) if word in ERRORS else number(word)).to_bytes(4, "big")


def _padded(options: dict[str, str]) -> int:
    return 8 if "padded" in options else 0


def _pad(options: dict[str, str], payload: bytes) -> bytes:
    if "padded" not in options:
        return payload
    padding = number(options["padded"], U8)
    return bytes([padding]) + payload + bytes(padding)


def _block(options: dict[str, str], rest: list[str], memory: Memory) -> bytes:
    """`block HEX`, or fields."""
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    if "block" in options:
        memory.encoder = encoder()
        return bytes.fromhex(options["block"])
    return bytes(memory.encoder.encode(pairs)) if "indexed" in options else encode(pairs)


def _with_block(empty: bytes, options: dict[str, str], block: bytes, extra: int) -> bytes:
    """A frame with a piece of a header block; `size N` gives the whole frame's."""
    kind, flags, stream = empty[3], empty[4], int.from_bytes(empty[5:], "big")
    front = number(options["promised"]).to_bytes(4, "big") if "promised" in options else b""
    if "priority" in options:
        flags, front = flags | 0x20, bytes(4) + b"\x0f"
    if "size" in options:
        extra = size_of(options["size"]) - len(frame(kind, 0, 0, _pad(options, front + block)))
    return frame(kind, flags | _padded(options), stream, _pad(options, front + filled(block, extra)))


def encode(pairs: list[tuple[str, str]]) -> bytes:
    """A header block that does not touch the dynamic table."""
    fields = [NeverIndexedHeaderTuple(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    return bytes(encoder().encode(fields))


def filled(block: bytes, extra: int) -> bytes:
    """The block with `extra` bytes more: a field `x`, and single bytes where that does not fit."""
    if extra < 0:
        raise ValueError(f"the header block is {-extra} bytes too long")
    for size in range(max(0, extra - 8), extra):
        field = bytes(encoder().encode([NeverIndexedHeaderTuple(b"x", b"a" * size)], huffman=False))
        if len(field) == extra:
            return block + field
    return block + (FILLER * extra if extra < 8 else filled(FILLER, extra - 1))
