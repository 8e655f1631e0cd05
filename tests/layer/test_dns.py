"""DNS messages and lookups: read whole, cut, damaged and hostile, and paired with their answers."""

from __future__ import annotations

import random
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.layer.dns.lookups import LATE_NS, MAX_OPEN, MAX_TRIES, PATIENCE_NS, Lookups
from analyzer.layer.dns.message import AAAA, HEADER, MAX_RECORDS, NXDOMAIN, A, read
from analyzer.pkt.dns import dns, dns_name

CLIENT = bytes([192, 0, 2, 10]) + bytes([192, 0, 2, 53])
ASK = CLIENT + struct.pack("!HH", 40000, 53)
REPLY = bytes([192, 0, 2, 53]) + bytes([192, 0, 2, 10]) + struct.pack("!HH", 53, 40000)
QUESTION = dns(["A", "www.example.org"], answer=False)
ANSWER = dns(["A", "www.example.org", "cname", "cdn.example.net", "198.51.100.20", "198.51.100.21"], answer=True)


def response(records: bytes, count: int, name: bytes = b"\3www\7example\3org\0") -> bytes:
    """An answer whose records are given as bytes."""
    return struct.pack("!HHHHHH", 1, 0x8180, 1, count, 0, 0) + name + struct.pack("!HH", A, 1) + records


def test_a_question_and_an_answer_through_an_alias():
    """Name, type, addresses behind the alias, and the alias."""
    asked, told = read(QUESTION, True), read(ANSWER, True)
    assert (asked.name, asked.qtype, asked.response, asked.malformed) == ("www.example.org", A, 0, "")
    assert (told.response, told.rcode, told.aliases, told.malformed) == (1, 0, ["cdn.example.net"], "")
    assert told.addresses == [bytes([198, 51, 100, 20]), bytes([198, 51, 100, 21])]


def test_compressed_names_and_mixed_case():
    """A pointer to the question's name; 0x20 bits in the question do not matter."""
    record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 4) + bytes([198, 51, 100, 20])
    told = read(response(record, 1, b"\3wWw\7eXample\3oRg\0"), True)
    assert (told.name, told.spelling) == ("www.example.org", "wWw.eXample.oRg")
    assert told.addresses == [bytes([198, 51, 100, 20])]


def test_addresses_of_other_names_are_ignored():
    """A record that the question's aliases do not lead to is not an answer to it."""
    told = read(dns(["A", "www.example.org"], answer=True)[:6] + b"\0\1" + bytes(4) + ANSWER[12:33]
                + dns_name("evil.example") + struct.pack("!HHIH", A, 1, 60, 4) + bytes(4), True)  # fmt: skip
    assert (told.addresses, told.malformed) == ([], "")


@pytest.mark.parametrize("size", range(len(ANSWER)))
def test_cut_at_every_byte(size: int):
    """A sender's short message is malformed; of one that the snaplen cut, header, whole labels and type are read."""
    assert read(ANSWER[:size], True).malformed == "ends early"
    cut = read(ANSWER[:size], False)
    assert bool(cut.malformed) != bool(cut.partial)
    assert cut.partial == (size >= HEADER)
    assert cut.cut == (HEADER <= size < len(QUESTION) - 2)
    whole_labels = sum(size >= HEADER + end for end in (4, 12, 16))
    assert cut.name == ".".join(["www", "example", "org"][:whole_labels])


def test_junk_behind_the_message_does_not_matter():
    """EDNS and whatever else follows the answer section is not looked at."""
    assert read(ANSWER + bytes(range(256)), True).addresses == read(ANSWER, True).addresses


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (b"\xc0\x0c", "compression pointer"),  # to itself
        (b"\xc0\x40", "compression pointer"),  # forward
        (b"\3www\xc0\x0c", "compression pointer"),  # round in a circle
        (b"\x40www\0", "label type"),
        (b"\x80www\0", "label type"),
        ((b"\x3f" + b"a" * 63) * 4 + b"\0", "name too long"),
    ],
)
def test_names_that_lie(name: bytes, what: str):
    """Pointers to themselves, forward and in circles, unknown label types, names of more than 255 bytes."""
    assert read(response(b"", 0, name), True).malformed == what


def test_the_longest_name_is_read():
    """Labels of 63 bytes, 255 in all (RFC 1035 2.3.4)."""
    name = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0"
    assert len(name) == 255
    assert len(read(response(b"", 0, name), True).name) == 253


def test_lying_counts_and_lengths():
    """More records than there are, a record longer than the message, an A record of 5 bytes."""
    assert read(response(b"", 5), True).malformed == "ends early"
    assert read(response(b"\0" + struct.pack("!HHIH", A, 1, 60, 9999), 1), True).malformed == "ends early"
    five = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 5) + bytes(5)
    assert read(response(five, 1), True).malformed == "address length"


def test_a_chain_of_pointers_costs_linear_time():
    """A message of pointers that lead to pointers, with as many records as fit, is given up, not followed."""
    chain = b"".join(struct.pack("!H", 0xC000 | max(12, 33 + 2 * i - 2)) for i in range(8000))
    began = time.process_time()
    for _ in range(50):
        assert read(response(chain * 4, 65535), True).malformed in ("compression pointer", "ends early")
    assert time.process_time() - began < 2


def test_many_records_are_partial():
    """Records beyond the cap are not read, and it is said."""
    record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 4) + bytes([198, 51, 100, 20])
    told = read(response(record * (MAX_RECORDS + 1), MAX_RECORDS + 1), True)
    assert (len(told.addresses), told.partial) == (MAX_RECORDS, 1)


@given(st.binary(max_size=600))
def test_arbitrary_bytes_never_raise(data: bytes):
    """Whatever a datagram holds, whole or cut, there is a message."""
    for whole in (True, False):
        read(data, whole)
    table = Lookups()
    for key in (ASK, REPLY):
        table.message(key, 4, "udp", data, True, 1, 1, 0)
    table.finish()


@given(st.integers(0, 2**32))
def test_damaged_answers_never_raise(seed: int):
    """An answer with bytes changed at random is read or called malformed."""
    dice = random.Random(seed)
    data = bytearray(ANSWER)
    for _ in range(dice.randrange(1, 6)):
        data[dice.randrange(len(data))] = dice.choice((0, 0x0C, 0x3F, 0xC0, 0xFF, dice.randrange(256)))
    read(bytes(data), True)


def ask(table: Lookups, second: float, data: bytes = QUESTION, packet: int = 1, ip_id: int = 0) -> None:
    table.message(ASK, 4, "udp", data, True, packet, int(second * 1e9), ip_id)


def tell(table: Lookups, second: float, data: bytes = ANSWER, packet: int = 2) -> None:
    table.message(REPLY, 4, "udp", data, True, packet, int(second * 1e9), 0)


def test_question_retransmission_and_answer():
    """One lookup: two tries, a mirror's copy of the second left out, and the answer."""
    table = Lookups()
    ask(table, 1, packet=1, ip_id=7)
    ask(table, 6, packet=2, ip_id=8)
    ask(table, 6.00004, packet=3, ip_id=8)
    assert table.oldest_open() == 1
    tell(table, 6.1, packet=4)
    tell(table, 6.1001, packet=5)
    first, copy = table.finished
    assert (first.tries, first.asked, first.answer_packet) == ([(1, 10**9), (2, 6 * 10**9)], 2, 4)
    assert (copy.tries, copy.resolved) == ([], True)
    assert table.oldest_open() > 1 << 60


def test_an_answer_to_another_question_is_not_taken():
    """The id fits and the name does not: forged, or late."""
    table = Lookups()
    ask(table, 1)
    tell(table, 1.1, dns(["A", "other.example.org", "nxdomain"], answer=True))
    assert not table.finished
    tell(table, 1.2, dns(["A", "www.example.org", "nxdomain"], answer=True))
    assert table.finished[0].rcode == NXDOMAIN


def test_a_refusal_without_question_is_taken():
    """Some servers refuse with nothing but a header."""
    table = Lookups()
    ask(table, 1)
    tell(table, 1.1, struct.pack("!HHHHHH", 1, 0x8185, 0, 0, 0, 0))
    assert table.finished[0].rcode == 5


def test_other_questions_are_left_alone():
    """Pointers, mail servers, and a resolver's own search without RD lead to no connection of this client."""
    table = Lookups()
    for kind in (12, 15, 16, 33):
        ask(table, 1, QUESTION[:-4] + struct.pack("!HH", kind, 1))
    ask(table, 1, QUESTION[:2] + b"\0\0" + QUESTION[4:])
    assert not table.open


def test_a_question_waits_for_its_patience():
    """Nobody answers: given out after six seconds since it was last sent, so that a retry after five is one."""
    table = Lookups()
    ask(table, 1)
    table.expire(10**9 + PATIENCE_NS + LATE_NS)
    assert not table.finished
    table.expire(10**9 + PATIENCE_NS + LATE_NS + 1)
    assert table.finished[0].rcode == -1


def test_caps():
    """A question that is repeated for ever, and too many that wait at once, cost no more memory."""
    table = Lookups()
    for i in range(100):
        ask(table, 1 + i)
    assert (len(next(iter(table.open.values())).tries), next(iter(table.open.values())).asked) == (MAX_TRIES, 100)
    for i in range(MAX_OPEN + 5):
        key = CLIENT + struct.pack("!HH", 1024 + i % 60000, 53)
        table.message(key, 4, "udp", struct.pack("!H", i // 60000 + 100) + QUESTION[2:], True, i, i, 0)
    assert len(table.open) == MAX_OPEN
    assert table.evicted == len(table.finished) > 0
    assert all(lookup.given_up for lookup in table.finished)  # what came of them is not known


def test_families_are_told_apart():
    """The same id for A and AAAA on different ports, and an AAAA answer."""
    told = read(dns(["AAAA", "www.example.org", "2001:db8::1"], answer=True), True)
    assert (told.qtype, [len(address) for address in told.addresses]) == (AAAA, [16])
