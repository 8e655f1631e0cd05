"""What must not change a verdict: neither class, cause and confidence, nor flags and evidence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import transform
from support.examples import CASES, MIRRORED_CASES, STRANGER
from support.judge import Found, found
from support.pcapng import pcapng

from analyzer.pkt.build import pcap
from analyzer.pkt.model import Timeline

Writer = Callable[[Timeline, str, bool], bytes]

SPLITTABLE = [name for name, case in CASES.items() if not case.snaplen]  # with a snaplen, shorter segments show more
RESYNC = (
    "capture-lacks-its-middle-both-ways",
    "capture-loss-of-a-response-and-the-next-request",
    "capture-loss-of-one-response-of-three",
    "roles-told-late-behind-a-fin",
    "roles-told-late-by-a-hello",
)
"""Met in the middle, reading begins at a segment that begins as a message does: shorter segments show less."""
UNSEEN = (
    "dns-answer-not-captured-connection-begun-unseen",
    "port-refused-reuse-both-syns-not-captured",
    "port-reuse-both-syns-not-captured",
)
"""A connection whose beginning is not captured: whole segments of it prove that it is one, by numbers far from those of
the connection before, and say who is the client. Shorter segments, or numbers nearby, prove less."""
NEED_WHOLE = (*RESYNC, *UNSEEN)
STATUS_LINE = 20
RENUMBERED = [name for name, case in CASES.items() if not transform.names_addresses(case)]
ORDERED = [name for name, case in CASES.items() if transform.in_order(case)]
ONE_WAY = "possible-one-way-capture"
STRANGERS = [
    transform.on_port(case, 8081)  # one client of each family on one port would be taken for one that races
    for case in (STRANGER, CASES["t01b-syn-black-hole-nothing-else-captured"], CASES["opaque-ok"])
]

before = {name: found(case) for name, case in CASES.items()}


def alone(verdicts: list[Found]) -> list[Found]:
    """The same without what company in the capture may change: whether the capture shows both directions at all."""
    return [one._replace(flags=one.flags - {ONE_WAY}, confidence="") for one in verdicts]


@pytest.mark.parametrize("seconds", [-1_500_000_000, 86_400 * 365])
@pytest.mark.parametrize("name", CASES)
def test_time_of_day_does_not_matter(name: str, seconds: int) -> None:
    """A verdict does not change when all times shift."""
    assert found(transform.shifted(CASES[name], seconds * 10**9 + 123_456_000)) == before[name]


@pytest.mark.parametrize("name", RENUMBERED)
def test_addresses_and_ports_do_not_matter(name: str) -> None:
    """A verdict does not change when hosts and client ports get other numbers."""
    assert found(transform.renumbered(CASES[name], 77, 9)) == before[name]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if transform.has_ipv6_form(case)])
def test_ipv6_is_the_same(name: str) -> None:
    """A verdict does not change when the same is said over IPv6."""
    assert found(transform.over_ipv6(CASES[name])) == before[name]


@pytest.mark.parametrize(
    ("client", "server"), [(2**32 - 1, 2**32 - 1), (2**32 - 300, 2**32 - 700), (0, 0), (2**31 - 5, 2**31)]
)
@pytest.mark.parametrize("name", [name for name in CASES if name not in UNSEEN])
def test_sequence_numbers_wrap(name: str, client: int, server: int) -> None:
    """A verdict does not change when initial sequence numbers are near 2^32, 2^31 or 0."""
    assert found(transform.with_isns(CASES[name], client, server)) == before[name]


@pytest.mark.parametrize("name", ORDERED)
def test_a_stranger_in_the_same_capture_changes_nothing(name: str) -> None:
    """A verdict does not change when somebody else's packets are interleaved, within the same time."""
    case = CASES[name]
    first, last = case.packets[0].time, max(packet.time for packet in case.packets)
    company = transform.mixed(case, transform.squeezed(STRANGERS[0], first, last))
    assert alone(found(company)) == alone(before[name])


EARLY_ANSWER = "dns-negative-answer-stands-before-its-question"
"""The second copy of an answer that came before its question is one without a question, which costs confidence."""


def test_a_mirror_port_keeps_what_an_early_answer_says() -> None:
    """There class, cause and what is missing stay, and what is cited."""
    one, two = before[EARLY_ANSWER], found(transform.mirrored(CASES[EARLY_ANSWER]))
    assert [each._replace(confidence="") for each in two] == [each._replace(confidence="") for each in one]


@pytest.mark.parametrize("hops", [0, -1])
@pytest.mark.parametrize("name", [name for name in ORDERED if name not in (*MIRRORED_CASES, EARLY_ANSWER)])
def test_a_mirror_port_changes_nothing(name: str, hops: int) -> None:
    """A verdict does not change when every packet is captured twice, 40 microseconds apart."""
    assert found(transform.mirrored(CASES[name], 40_000, hops)) == before[name]


@pytest.mark.parametrize(
    ("name", "at"),
    [(name, at) for name in SPLITTABLE for at in (1, 7, 100) if name not in NEED_WHOLE or at > STATUS_LINE],
)
def test_segmentation_does_not_matter(name: str, at: int) -> None:
    """A verdict does not change when segments are split anew."""
    assert found(transform.split(CASES[name], at)) == before[name]


@pytest.mark.parametrize(
    ("write", "order", "nano"), [(pcap, "<", False), (pcap, ">", True), (pcapng, "<", True), (pcapng, ">", False)]
)
@pytest.mark.parametrize("name", CASES)
def test_file_format_does_not_matter(name: str, write: Writer, order: str, nano: bool) -> None:
    """A verdict is the same from pcap and pcapng, in nano- and microseconds, in both byte orders."""
    assert found(CASES[name], write(CASES[name], order, nano)) == before[name]


NUMBERS = st.one_of(st.integers(2**32 - 5000, 2**32 - 1), st.integers(0, 2**32 - 1))


@given(st.data())
def test_all_of_it_together(data: st.DataObject) -> None:
    """A verdict does not change when the changes above, with any numbers in them, come together."""
    name = data.draw(st.sampled_from(sorted(set(CASES) - set(UNSEEN))), "case")
    case = CASES[name]
    if name in SPLITTABLE and data.draw(st.booleans(), "split"):
        case = transform.split(case, data.draw(st.integers(STATUS_LINE if name in RESYNC else 1, 1500), "at"))
    if transform.has_ipv6_form(case) and data.draw(st.booleans(), "IPv6"):
        case = transform.over_ipv6(case)
    case = transform.with_isns(case, data.draw(NUMBERS, "client's number"), data.draw(NUMBERS, "server's number"))
    if name in RENUMBERED:
        case = transform.renumbered(case, data.draw(st.integers(1, 65535), "network"), data.draw(st.integers(0, 60000)))
    company = name in ORDERED and data.draw(st.booleans(), "company")
    if company:
        first, last = case.packets[0].time, max(packet.time for packet in case.packets)
        other = data.draw(st.sampled_from(STRANGERS), "stranger")
        case = transform.mixed(case, transform.squeezed(transform.renumbered(other, 0, 0), first, last))
    if name in ORDERED and name not in MIRRORED_CASES and data.draw(st.booleans(), "mirror"):
        case = transform.mirrored(case, data.draw(st.integers(1, 45)) * 1000, data.draw(st.sampled_from([0, -1])))
    case = transform.shifted(case, data.draw(st.integers(-1_600_000_000_000_000, 2_000_000_000_000_000)) * 1000)
    write = data.draw(st.sampled_from([pcap, pcapng]), "format")
    file = write(case, data.draw(st.sampled_from("<>"), "order"), data.draw(st.booleans(), "nanoseconds"))
    wanted = before[name]
    got = found(case, file)
    assert alone(got) == alone(wanted) if company else got == wanted
