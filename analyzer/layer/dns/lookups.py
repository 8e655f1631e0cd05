"""Pairs DNS questions with their answers (RFC 1035 7.3): one `Lookup` a question, client port, server and id.

Only questions that lead to a connection are followed: A, AAAA and HTTPS, with the RD bit, since a resolver that looks
for the answer itself goes without it and is told where to ask next (RFC 1034 4.3.1). mDNS and LLMNR have other ports
and ask no resolver. A question waits PATIENCE_NS and a little more, so that the same question again is a retry, for its
answer; what comes later is given out as an answer without a question. An answer from an address that was not asked is
none to the client (its socket or its resolver refuses it): the question still waits, and remembers who spoke.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import cython

from analyzer.frame.packet import DNS_PORT, Packet
from analyzer.layer.dns.message import AAAA, HTTPS, NOERROR, A, Message, read
from analyzer.model.connection import COPY_FAST_NS, COPY_NS, IcmpError

PATIENCE_NS = 5_000_000_000
"""How long glibc (resolv.conf(5) `timeout`) and Go (net/dnsconfig_unix.go) wait for one answer."""
LATE_NS = 1_000_000_000
"""A retry's timer runs a little late: 5.005 s are usual, a busy host takes longer."""
DISORDER_NS = 10_000_000
"""An answer may stand before its question by this much: queues of a capture that are displaced by 5 ms each."""
MAX_EARLY = 1024
"""Answers without a question that are remembered; at the cap the oldest is forgotten."""
MAX_OPEN = 16_384
"""A question waits while fewer others are asked, answered or not, 2,700 a second; those that wait have 1 kB each, 16
MB, and behind the first of them wait rows. What waits longer is given out as `given_up`: it proves nothing."""
MAX_TRIES = 16
"""Packets kept of one question that is sent again and again; `asked` counts them all."""

NONE: list[Any] = []
"""What most lookups have of most things: one list for all, which nothing is added to; a quarter of their memory."""


class Lookup:
    """One question to one server, and what became of it.

    serial        how many questions were asked before it
    id            of the message; client, client_port, server, server_port: addresses as bytes; version 4 or 6
    transport     udp | tcp
    name, spelling, qtype     as in Message
    asked         how often it was sent, 0 = not captured; query_packet, query_time: of the first
    again         (packet, time) of the others, at most MAX_TRIES in all; last_query_time, ip_id: of the last
    answer_packet/time        the answer, 0 = none; rcode: its code, -1 = none
    addresses                 as in Message, until they are remembered; found: how many they were
    strays        (server, packet, time) of answers that came from an address that was not asked, at most MAX_TRIES
    refusals      ICMP errors by which the client refused them; foreign 1 = this is such an answer itself
    icmp          the ICMP error that ended it, or None
    heard         1 = whoever reads them knows of the question
    unreadable    1 = the answer was truncated, cut or malformed: it proves nothing
    given_up      1 = there was no room to wait for the answer any longer: what came of it is not known
    cut           1 = the snaplen cut the question: the name is as many of its labels as are whole, qtype -1
    """

    def __init__(self, key: bytes, version: cython.int, transport: str, message: Message) -> None:
        self.serial = 0
        self.id = message.id
        size: cython.Py_ssize_t = (len(key) - 4) // 2
        self.client = key[:size]
        self.server = key[size : 2 * size]
        self.client_port = key[2 * size] << 8 | key[2 * size + 1]
        self.server_port = key[2 * size + 2] << 8 | key[2 * size + 3]
        self.version = version
        self.transport = transport
        self.name = message.name
        self.spelling = message.spelling
        self.qtype = message.qtype
        self.found = 0
        self.asked = self.query_packet = self.query_time = self.last_query_time = self.ip_id = 0
        self.again: list[tuple[int, int]] = NONE
        self.answer_packet = self.answer_time = 0
        self.rcode = -1
        self.addresses: list[bytes] = NONE
        self.unreadable = self.given_up = self.heard = self.foreign = 0
        self.cut = message.cut
        self.strays: list[tuple[bytes, int, int]] = NONE
        self.refusals: list[IcmpError] = NONE
        self.icmp: IcmpError | None = None

    def ask(self, packet: cython.longlong, time: cython.longlong, ip_id: cython.int) -> None:
        """The question was sent, perhaps again; copies of one datagram count once."""
        since: cython.longlong = time - self.last_query_time
        if self.asked and (since <= COPY_FAST_NS or (ip_id and ip_id == self.ip_id and since <= COPY_NS)):
            return
        self.asked += 1
        self.last_query_time = time
        self.ip_id = ip_id
        if self.asked == 1:
            self.query_packet, self.query_time = packet, time
        elif self.asked <= MAX_TRIES:
            self.again = [*self.again, (packet, time)]

    def answer(self, message: Message, packet: cython.longlong, time: cython.longlong) -> None:
        """The answer came."""
        self.answer_packet = packet
        self.answer_time = time
        self.rcode = message.rcode
        self.unreadable = message.truncated or message.malformed != ""
        if message.partial and message.rcode == NOERROR:
            self.unreadable = 1  # another code is in the header, and brings no address
        if not message.malformed:
            self.addresses = message.addresses or NONE
            self.found = len(message.addresses)

    def let_go(self) -> None:
        """Its addresses are remembered elsewhere: a hundred of them take ten times the room of all the rest."""
        self.addresses = NONE

    @property
    def tries(self) -> list[tuple[int, int]]:
        """Packet and time of the question and its retransmissions, at most MAX_TRIES."""
        return [(self.query_packet, self.query_time), *self.again] if self.asked else NONE

    @property
    def first_packet(self) -> int:
        """The first packet of it in the capture."""
        return self.query_packet if self.asked else self.answer_packet

    @property
    def first_time(self) -> int:
        """Its time."""
        return self.query_time if self.asked else self.answer_time

    @property
    def resolved(self) -> bool:
        """Whether it brought an address, or may have."""
        return self.unreadable != 0 or (self.rcode == NOERROR and self.found > 0)


class Lookups:
    """The table of questions that wait.

    open        (key of the question, id) -> its lookup, in the order in which they were last asked
    began       the same lookups in the order in which they were first asked
    asking      (client, its port, id) -> the same lookups; early: (key, id) -> answers that came before a question
    refusable   key of an answer from a stranger -> the lookup that it was meant for
    begun       lookups when they are first asked; finished: lookups when they are over; the caller empties both
    answered    1 = some server's answer was captured; questions: how many were asked
    malformed   messages that broke the rules of RFC 1035; evicted: lookups given up at MAX_OPEN
    """

    def __init__(self) -> None:
        self.open: OrderedDict[bytes, Lookup] = OrderedDict()  # of a dict, the first is not at hand (fetch/recent.py)
        self.began: OrderedDict[Lookup, None] = OrderedDict()
        self.begun: list[Any] = []  # the engine lets connections end in the same list
        self.finished: list[Any] = []
        self.asking: dict[bytes, Lookup] = {}
        self.early: OrderedDict[bytes, tuple[Message, int, int]] = OrderedDict()
        self.refusable: OrderedDict[bytes, Lookup] = OrderedDict()
        self.answered = self.questions = self.malformed = self.evicted = 0

    def datagram(self, p: Packet) -> None:
        """Account for one UDP datagram of which one port is 53."""
        data: bytes = p.data[p.payload : p.payload + p.captured]
        self.message(p.key, p.version, "udp", data, p.captured >= p.length, p.number, p.time, p.ip_id)

    def message(
        self,
        key: bytes,
        version: cython.int,
        transport: str,
        data: bytes,
        whole: cython.bint,
        packet: cython.longlong,
        time: cython.longlong,
        ip_id: cython.int,
    ) -> None:
        """Account for one message; `key` is source, destination and ports as in Packet.key."""
        self.expire(time)
        message: Message = read(data, whole)
        if message.malformed:
            self.malformed += 1
        if message.opcode or (message.malformed and message.qtype < 0):
            return
        if message.response and port(key, 4) == DNS_PORT:
            self.answered = 1
            self.answer(turned(key), version, transport, message, packet, time)
        elif not message.response and port(key, 2) == DNS_PORT and not message.malformed:
            self.ask(key, version, transport, message, packet, time, ip_id)

    def ask(
        self,
        key: bytes,
        version: cython.int,
        transport: str,
        message: Message,
        packet: cython.longlong,
        time: cython.longlong,
        ip_id: cython.int,
    ) -> None:
        """A question: a new one, or the same again."""
        if not message.recursion:
            return
        if not message.cut and (message.qtype not in (A, AAAA, HTTPS) or not message.name):
            return
        number = key + message.id.to_bytes(2, "big")
        lookup: Lookup | None = self.open.pop(number, None)
        if lookup is not None and (lookup.name != message.name or lookup.qtype != message.qtype):
            self.over(lookup)
            lookup = None
        if lookup is None:
            lookup = Lookup(key, version, transport, message)
            lookup.serial = self.questions
            self.questions += 1
            self.begun.append(lookup)
            if self.answered_early(lookup, number, packet, time, ip_id):
                return
            self.began[lookup] = None
            self.asking[asker(key, message.id)] = lookup
        self.open[number] = lookup
        lookup.ask(packet, time, ip_id)
        if self.questions - self.oldest() > MAX_OPEN:
            self.evict()

    def answered_early(
        self, lookup: Lookup, number: bytes, packet: cython.longlong, time: cython.longlong, ip_id: cython.int
    ) -> bool:
        """Whether the answer to a new question stands before it in the capture: then the lookup is over."""
        found = self.early.pop(number, None)
        if found is None:
            return False
        message, answer_packet, answer_time = found
        if message.name != lookup.name or message.qtype != lookup.qtype or abs(time - answer_time) > DISORDER_NS:
            return False
        lookup.ask(packet, time, ip_id)
        lookup.answer(message, answer_packet, answer_time)
        self.over(lookup)
        return True

    def over(self, lookup: Lookup) -> None:
        """Give out a lookup that is no longer in `open`."""
        self.began.pop(lookup, None)
        key = lookup.client + lookup.client_port.to_bytes(2, "big") + lookup.id.to_bytes(2, "big")
        if self.asking.get(key) is lookup:
            del self.asking[key]
        self.finished.append(lookup)

    def answer(
        self,
        key: bytes,
        version: cython.int,
        transport: str,
        message: Message,
        packet: cython.longlong,
        time: cython.longlong,
    ) -> None:
        """An answer; `key` is the one of its question. One to another question with the same id is forged or late."""
        number = key + message.id.to_bytes(2, "big")
        lookup: Lookup | None = self.open.get(number)
        if lookup is None:
            if message.qtype not in (A, AAAA, HTTPS) and not message.cut:
                return
            foreign = transport == "udp" and self.from_stranger(key, message, packet, time)
            if not foreign:
                self.remember(number, message, packet, time)
            if message.addresses or (message.partial and message.rcode == NOERROR):
                lookup = Lookup(key, version, transport, message)
                lookup.foreign = foreign
        elif message.qtype < 0 or (lookup.name == message.name and lookup.qtype == message.qtype):
            del self.open[number]
        else:
            return
        if lookup is not None:
            lookup.answer(message, packet, time)
            self.over(lookup)

    def remember(self, number: bytes, message: Message, packet: cython.longlong, time: cython.longlong) -> None:
        """An answer came to no known question, which may follow: captures have their packets a little out of order."""
        self.early.pop(number, None)
        if len(self.early) >= MAX_EARLY:
            self.early.popitem(last=False)
        message.aliases = NONE  # they have led to the addresses
        self.early[number] = (message, packet, time)

    def from_stranger(
        self, key: bytes, message: Message, packet: cython.longlong, time: cython.longlong
    ) -> cython.bint:
        """Whether somebody answers who was not asked: the client waits for the same id at the same port."""
        lookup: Lookup | None = self.asking.get(asker(key, message.id))
        if lookup is None or lookup.name != message.name or lookup.qtype != message.qtype:
            return False
        if len(lookup.strays) < MAX_TRIES:
            lookup.strays = [*lookup.strays, (key[(len(key) - 4) // 2 : -4], packet, time)]
            if len(self.refusable) >= MAX_EARLY:
                self.refusable.popitem(last=False)
            self.refusable[turned(key)] = lookup
        return True

    def icmp(self, error: IcmpError) -> None:
        """The question was not delivered: the client's socket is told, and the resolver gives up on this server.

        Or the client refuses an answer, because it asked somebody else.
        """
        if port(error.key, 4) == DNS_PORT and port(error.key, 2) != DNS_PORT:
            stray: Lookup | None = self.refusable.get(error.key)
            if stray is not None and len(stray.refusals) < MAX_TRIES:
                stray.refusals = [*stray.refusals, error]
            return
        number = error.key + error.seq.to_bytes(2, "big")
        lookup: Lookup | None = self.open.pop(number, None)
        if lookup is not None:
            lookup.icmp = error
            self.over(lookup)

    def oldest(self) -> cython.longlong:
        """Number of the question that has waited longest; there is one."""
        lookup: Lookup = next(iter(self.began))
        return lookup.serial

    def evict(self) -> None:
        """Too many questions were asked since the first of those that wait."""
        lookup: Lookup = next(iter(self.began))
        del self.open[number_of(lookup)]
        lookup.given_up = 1
        self.evicted += 1
        self.over(lookup)

    def expire(self, now: cython.longlong) -> None:
        """Give out the questions that nobody answered."""
        lookup: Lookup
        while self.open:
            number, lookup = next(iter(self.open.items()))
            if now - lookup.last_query_time <= PATIENCE_NS + LATE_NS:
                return
            del self.open[number]
            self.over(lookup)

    def finish(self) -> None:
        """The capture is over: give out everything."""
        self.finished.extend(self.open.values())
        self.open.clear()
        self.began.clear()
        self.asking.clear()

    def oldest_open(self) -> int:
        """First packet of the question that has waited longest; a huge number when none does."""
        for lookup in self.began:
            return lookup.first_packet
        return 1 << 62

    def oldest_time(self) -> int:
        """When that question was first asked, ns; a huge number when none waits."""
        for lookup in self.began:
            return lookup.first_time
        return 1 << 62


def port(key: bytes, back: cython.int) -> cython.int:
    """The source port (back 4) or the destination port (back 2) of a key."""
    at: cython.Py_ssize_t = len(key) - back
    return key[at] << 8 | key[at + 1]


def turned(key: bytes) -> bytes:
    """The key of the other direction."""
    size: cython.Py_ssize_t = (len(key) - 4) // 2
    return key[size : 2 * size] + key[:size] + key[-2:] + key[-4:-2]


def number_of(lookup: Lookup) -> bytes:
    """The key of a question with its id."""
    ports = lookup.client_port.to_bytes(2, "big") + lookup.server_port.to_bytes(2, "big")
    return lookup.client + lookup.server + ports + lookup.id.to_bytes(2, "big")


def asker(key: bytes, number: cython.int) -> bytes:
    """Who asks, at which port, with which id: all of a question but whom it goes to."""
    size: cython.Py_ssize_t = (len(key) - 4) // 2
    return key[:size] + key[-4:-2] + number.to_bytes(2, "big")
