"""Reads one DNS message (RFC 1035 4): header, question, and the addresses and aliases of the answer section.

Authority and additional records, EDNS among them, are not looked at. Captures are hostile: every length is checked, a
compression pointer must point backwards (4.1.4) and may be followed MAX_POINTERS times a name, so that the work is
linear in the message. No input raises: what is wrong with a message is said in `Message.malformed`.
"""

from __future__ import annotations

import cython

A = 1
CNAME = 5
AAAA = 28
HTTPS = 65
"""Record types (RFC 1035 3.2.2, RFC 3596 2.1, RFC 9460 14.1)."""
IN = 1

NOERROR = 0
SERVFAIL = 2
NXDOMAIN = 3
REFUSED = 5

HEADER = 12
MAX_NAME = 255
"""Bytes of a name on the wire (RFC 1035 3.1)."""
MAX_POINTERS = 16
"""Compression pointers followed within one name; each real one saves a suffix, and names have few."""
MAX_RECORDS = 128
"""Answer records read; with more the message is `partial`. A UDP answer of 1232 bytes holds about 76 addresses."""


class Message:
    """What a DNS message says.

    response    1 = an answer; truncated 1 = the TC bit: to be asked again over TCP (RFC 2181 9)
    recursion   1 = the RD bit: a client wants the whole answer; a resolver on its own search goes without
    rcode       response code of the header, 0..15
    name        the question's name in lower case without the final dot, a character a byte (Latin-1), "" = the root
    spelling    the same as it was sent: resolvers mix the case on purpose (0x20 bits)
    qtype       the question's type; -1 = the message has no question (some servers refuse so)
    addresses   4 or 16 bytes each, of the name itself or of what its CNAMEs lead to
    aliases     where the CNAMEs lead, in their order
    partial     1 = it was not read to its end (snaplen, MAX_RECORDS)
    cut         1 = not even its question was: the name is as many of its labels as are whole, qtype -1
    malformed   what is wrong, "" = nothing
    """

    def __init__(self) -> None:
        self.id = self.opcode = self.rcode = 0
        self.response = self.truncated = self.recursion = 0
        self.name = self.spelling = ""
        self.qtype = -1
        self.addresses: list[bytes] = []
        self.aliases: list[str] = []
        self.partial = self.cut = 0
        self.malformed = ""


class MessageReader:
    """A position in the bytes of one message; once something is wrong it stays so, and only zeros are read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.wrong = ""

    def fail(self, what: str) -> None:
        """Remember the first thing that is wrong."""
        if not self.wrong:
            self.wrong = what

    def u16(self) -> cython.int:
        """Two bytes, and move on."""
        at: cython.Py_ssize_t = self.at
        if at + 2 > len(self.data):
            self.fail(ENDS)
            return 0
        self.at = at + 2
        return self.data[at] << 8 | self.data[at + 1]

    def take(self, size: cython.Py_ssize_t) -> bytes:
        """`size` bytes, and move on."""
        at: cython.Py_ssize_t = self.at
        if at + size > len(self.data):
            self.fail(ENDS)
            return b""
        self.at = at + size
        return self.data[at : at + size]

    def name(self) -> str:
        """A name as it is spelled, and move behind it (RFC 1035 4.1.4); its whole labels where the message ends."""
        data: bytes = self.data
        at: cython.Py_ssize_t = self.at
        limit: cython.Py_ssize_t = at  # pointers lead to before this
        size: cython.int = 0
        jumps: cython.int = 0
        first: cython.int
        labels: list[bytes] = []
        while at < len(data):
            first = data[at]
            if first >= 0xC0:
                if at + 2 > len(data):
                    break
                if jumps == 0:
                    self.at = at + 2
                jumps += 1
                at = (first & 0x3F) << 8 | data[at + 1]
                if at >= limit or jumps > MAX_POINTERS:
                    self.fail("compression pointer")
                    return ""
                limit = at
            elif first >= 0x40:
                self.fail("label type")
                return ""
            elif first == 0:
                if jumps == 0:
                    self.at = at + 1
                return b".".join(labels).decode("latin-1")
            else:
                size += first + 1
                if at + 1 + first > len(data):
                    break
                if size >= MAX_NAME:
                    self.fail("name too long")
                    return ""
                labels.append(data[at + 1 : at + 1 + first])
                at += 1 + first
        self.fail(ENDS)
        return b".".join(labels).decode("latin-1")


ENDS = "ends early"


def read(data: bytes, whole: cython.bint) -> Message:
    """The message in `data`; `whole` False = the snaplen cut it, so that an early end is no fault of the sender."""
    reader: MessageReader = MessageReader(data)
    message: Message = Message()
    message.id = reader.u16()
    flags: cython.int = reader.u16()
    message.response = flags >> 15
    message.opcode = flags >> 11 & 15
    message.truncated = flags >> 9 & 1
    message.recursion = flags >> 8 & 1
    message.rcode = flags & 15
    questions: cython.int = reader.u16()
    answers: cython.int = reader.u16()
    reader.at = HEADER
    if len(data) < HEADER:
        reader.fail(ENDS)
    elif questions > 1 or (questions == 0 and not message.response):
        reader.fail("questions")  # RFC 9619: one
    elif questions:
        question(reader, message)
    if not reader.wrong and message.response:
        read_answers(reader, message, answers)
    if reader.wrong == ENDS and message.qtype >= 0 and (not whole or message.truncated):
        message.partial = 1  # a truncated answer may end within a record
    elif reader.wrong == ENDS and not whole and questions == 1 and len(data) >= HEADER:
        message.partial = message.cut = 1
    else:
        message.malformed = reader.wrong
    return message


def question(reader: MessageReader, message: Message) -> None:
    """The one question."""
    message.spelling = reader.name()
    lower = message.spelling.lower()
    message.name = message.spelling if lower == message.spelling else lower  # one object, which lookups keep
    qtype: cython.int = reader.u16()
    if reader.wrong:
        return
    qclass: cython.int = reader.u16()
    if not reader.wrong and qclass & 0x7FFF != IN:
        reader.fail("class")
        return
    message.qtype = qtype  # there is no class but IN in use, where the snaplen has cut it


def read_answers(reader: MessageReader, message: Message, count: cython.int) -> None:
    """Collect the addresses that the question's name, or an alias of it, has; records of other names are ignored."""
    owners: list[str] = []
    addresses: list[bytes] = []
    aliases: dict[str, str] = {}
    number: cython.int
    for number in range(count):
        if number == MAX_RECORDS:
            message.partial = 1
            break
        owner = reader.name().lower()
        kind: cython.int = reader.u16()
        kind_class: cython.int = reader.u16()
        reader.take(4)  # TTL
        size: cython.int = reader.u16()
        start: cython.Py_ssize_t = reader.at
        body = reader.take(size)
        if reader.wrong:
            break
        if kind_class != IN:
            continue
        if (kind == A and size == 4) or (kind == AAAA and size == 16):
            owners.append(owner)
            addresses.append(body)
        elif kind in (A, AAAA):
            reader.fail("address length")
            break
        elif kind == CNAME:
            reader.at = start
            aliases[owner] = reader.name().lower()
            if not reader.wrong and reader.at != start + size:
                reader.fail("alias length")
            if reader.wrong:
                break
    follow(message, owners, addresses, aliases)


def follow(message: Message, owners: list[str], addresses: list[bytes], aliases: dict[str, str]) -> None:
    """From the question's name along its aliases to the addresses; a circle ends where it began."""
    known = {message.name}
    name = message.name
    while name in aliases:
        name = aliases[name]
        if name in known:
            break
        known.add(name)
        message.aliases.append(name)
    for owner, address in zip(owners, addresses, strict=True):
        if owner in known:
            message.addresses.append(address)
