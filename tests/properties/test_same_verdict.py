"""What must not change a verdict, and what must never turn a failure into `ok` (design.md section 7)."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import transform
from support.build import pcap, pcapng
from support.judge import judge
from support.timeline import Timeline, load, parse

from analyzer.errors import CaptureError

FOLDER = Path(__file__).parents[1] / "cases"
CASES = {path.stem: load(path) for path in sorted(FOLDER.glob("*.pkt"))}
MIRRORED = {name for name in CASES if "mirror 0" in (FOLDER / f"{name}.pkt").read_text()}
FAILING = {
    name: case
    for name, case in CASES.items()
    if case.expected and not any(wanted.klass in ("ok", "incomplete") for wanted in case.expected)
}

Writer = Callable[[Timeline, str, bool], bytes]

STRANGER = parse("""
client 203.0.113.77:40000
server 203.0.113.80:80
  0.000 > S  0:0(0)
  0.010 < S. 0:0(0) ack 1
  0.010 > .  1:1(0) ack 1
  0.011 > P. 1:82(81) ack 1 http GET /x host stranger.example
  0.030 < P. 1:231(230) ack 82 http 200 content-length 150
  0.031 > F. 82:82(0) ack 231
  0.041 < F. 231:231(0) ack 83
  0.041 > .  83:83(0) ack 232
""")
"""Somebody else's good fetch."""

STRANGER_CLIENT = bytes([203, 0, 113, 77])


def names(case: Timeline, data: bytes | None = None) -> list[str]:
    """class/cause of each fetch of the case, the stranger's left out."""
    fetches = judge(data or pcap(case))
    return [
        f"{fetch.verdict.klass}/{fetch.verdict.cause}"
        for fetch in fetches
        if fetch.connection.client.address != STRANGER_CLIENT
    ]


@pytest.fixture(scope="module", params=list(CASES), ids=str)
def case(request: pytest.FixtureRequest) -> Timeline:
    """Each case in turn."""
    return CASES[request.param]


@pytest.fixture(scope="module")
def before(case: Timeline) -> list[str]:
    """Its verdicts as it stands."""
    return names(case)


@pytest.mark.parametrize("seconds", [-1_500_000_000, 86_400 * 365])
def test_time_of_day_does_not_matter(case: Timeline, before: list[str], seconds: int) -> None:
    """A verdict does not change when all times shift."""
    assert names(transform.shifted(case, seconds * 10**9 + 123_456_000)) == before


def test_addresses_and_ports_do_not_matter(case: Timeline, before: list[str]) -> None:
    """A verdict does not change when hosts and client ports get other numbers."""
    assert names(transform.renumbered(case, 77, 9)) == before


def test_ipv6_is_the_same(case: Timeline, before: list[str]) -> None:
    """A verdict does not change when the same is said over IPv6."""
    if case.snaplen and case.snaplen < 100:
        pytest.skip("the longer IPv6 header makes the cut fall elsewhere")
    if len({":" in address for talk in case.talks.values() for address in talk.addresses}) > 1:
        pytest.skip("a race between two families cannot be held in one")
    assert names(transform.over_ipv6(case)) == before


@pytest.mark.parametrize(
    ("client", "server"), [(2**32 - 1, 2**32 - 1), (2**32 - 300, 2**32 - 700), (0, 0), (2**31 - 5, 2**31)]
)
def test_sequence_numbers_wrap(case: Timeline, before: list[str], client: int, server: int) -> None:
    """A verdict does not change when initial sequence numbers are near 2^32, 2^31 or 0."""
    assert names(transform.with_isns(case, client, server)) == before


def test_a_stranger_in_the_same_capture_changes_nothing(case: Timeline, before: list[str]) -> None:
    """A verdict does not change when somebody else's packets are interleaved, within the same time."""
    first, last = case.packets[0].time, max(packet.time for packet in case.packets)
    assert names(transform.mixed(case, transform.squeezed(STRANGER, first, last))) == before


@pytest.mark.parametrize("hops", [0, -1])
def test_a_mirror_port_changes_nothing(
    case: Timeline, before: list[str], hops: int, request: pytest.FixtureRequest
) -> None:
    """A verdict does not change when every packet is captured twice, 40 microseconds apart."""
    if any(case is CASES[name] for name in MIRRORED):
        pytest.skip("is mirrored already")
    assert names(transform.mirrored(case, 40_000, hops)) == before


@pytest.mark.parametrize("at", [1, 7, 100])
def test_segmentation_does_not_matter(case: Timeline, before: list[str], at: int) -> None:
    """A verdict does not change when segments are split anew."""
    if case.snaplen:
        pytest.skip("with a snaplen, shorter segments show more")
    assert names(transform.split(case, at)) == before


@pytest.mark.parametrize(
    ("write", "order", "nano"), [(pcap, "<", False), (pcap, ">", True), (pcapng, "<", True), (pcapng, ">", False)]
)
def test_file_format_does_not_matter(case: Timeline, before: list[str], write: Writer, order: str, nano: bool) -> None:
    """A verdict is the same from pcap and pcapng, in nano- and microseconds, in both byte orders."""
    assert names(case, write(case, order, nano)) == before


@pytest.mark.parametrize("name", list(FAILING))
def test_fewer_packets_never_make_a_failure_good(name: str) -> None:
    """Dropping one packet, half of them, the end or the beginning from the capture of a failure never gives `ok`."""
    case = FAILING[name]
    dice = random.Random(name)
    count = len(case.packets)
    choices = [{i} for i in range(count)]
    choices += [{i for i in range(count) if dice.random() < 0.5} for _ in range(4)]
    choices += [set(range(i, count)) for i in range(1, count, 2)]  # the capture was stopped too early
    choices += [set(range(i)) for i in range(1, count, 4)]  # or began too late
    for dropped in choices:
        left = transform.without(case, dropped)
        verdicts = names(left)
        assert not any(verdict.startswith("ok") for verdict in verdicts), (
            f"without {sorted(i + 1 for i in dropped)}: {verdicts}"
        )


@given(
    st.sampled_from(sorted(CASES)),
    st.lists(st.tuples(st.integers(24, 4000), st.integers(0, 255)), max_size=8),
    st.integers(0, 5000),
)
def test_a_damaged_capture_gives_rows_or_a_clear_error(name: str, changes: list[tuple[int, int]], keep: int) -> None:
    """Changed and missing bytes anywhere in a capture give verdicts or a CaptureError, nothing else."""
    data = bytearray(pcap(CASES[name]))
    for position, value in changes:
        data[position % len(data)] = value
    with suppress(CaptureError):
        judge(bytes(data[:keep] if keep < 4000 else data))


@given(st.sampled_from([pcap, pcapng]), st.binary(max_size=300))
def test_arbitrary_bytes_behind_a_good_head(write: Writer, junk: bytes) -> None:
    """Arbitrary bytes after a file header give verdicts or a CaptureError, nothing else."""
    head = write(replace(STRANGER, packets=STRANGER.packets[:3]), "<", True)
    with suppress(CaptureError):
        judge(head + junk)
