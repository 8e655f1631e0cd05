"""Races and retries where a timeline of its own would be long, or where names come from DNS and not from a request."""

from __future__ import annotations

from itertools import chain

import pytest

from analyzer.api import Reading
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse
from analyzer.verdict import retries
from analyzer.verdict.backoff import pattern

SECOND = 1_000_000_000
ADDRESSES = ("198.51.100.20", "198.51.100.21", "198.51.100.22")

REFUSED = """
  {0:.4f} {name} > S  0:0(0)
  {1:.4f} {name} < R. 0:0(0) ack 1
"""
GOOD = """
  {0:.4f} {name} > S  0:0(0)
  {1:.4f} {name} < S. 0:0(0) ack 1
  {1:.4f} {name} > .  1:1(0) ack 1
  {2:.4f} {name} > P. 1:82(81) ack 1 http GET /a host www.example
  {3:.4f} {name} < P. 1:231(230) ack 82 http 200 content-length 150
  {4:.4f} {name} > F. 82:82(0) ack 231
"""


class Capture:
    """A timeline put together from whole connections, numbered c0, c1, ..."""

    def __init__(self):
        self.lines, self.heads = [], []

    def add(self, script, start, server, client="192.0.2.10"):
        name = f"c{len(self.heads)}"
        port = 40000 + len(self.heads)
        self.heads.append(f"name {name} client {client}:{port} server {server}:8080")
        times = [start + step * 0.001 for step in range(5)]
        self.lines += script.format(*times, name=name).strip().splitlines()
        return self

    def resolved(self, client="192.0.2.10"):
        """Before everything else the client learns that all addresses are of one name."""
        name = f"d{len(self.heads)}"
        self.heads.append(f"name {name} client {client}:{50000 + len(self.heads)} server 192.0.2.53:53")
        self.lines.append(f"  0.0000 {name} > dns A www.example")
        self.lines.append(f"  0.0000 {name} < dns A www.example {' '.join(ADDRESSES)}")
        return self

    def refused(self, start, server="198.51.100.20", client="192.0.2.10"):
        return self.add(REFUSED, start, server, client)

    def good(self, start, server="198.51.100.20", client="192.0.2.10"):
        return self.add(GOOD, start, server, client)

    def reading(self, path, **options):
        ordered = sorted(self.lines, key=lambda line: float(line.split()[0]))
        path.write_bytes(pcap(parse("\n".join([*self.heads, *ordered]))))
        return Reading(str(path), **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "case.pcap"


def causes(reading):
    return [fetch.verdict.cause or fetch.verdict.klass for fetch in reading]


def test_the_next_address_of_the_name_wins(path):
    """One name, two IPv4 addresses, the first refused and the second tried at once: one good fetch."""
    reading = Capture().resolved().refused(0).good(0.002, "198.51.100.21").reading(path)
    assert causes(reading) == ["ok"]
    assert reading.without_fetch == 1


def test_addresses_tried_one_after_the_other(path):
    """Two refused in a row, the third works."""
    capture = Capture().resolved().refused(0).refused(0.002, "198.51.100.21").good(0.004, "198.51.100.22")
    assert causes(capture.reading(path)) == ["ok"]


def test_nobody_wins(path):
    """All addresses of a name refused: one failure that cites the packets of all."""
    capture = Capture().resolved().refused(0).refused(0.002, "198.51.100.21").refused(0.004, "198.51.100.22")
    (fetch,) = capture.reading(path)
    assert [item.packet for item in fetch.verdict.evidence] == [3, 4, 5, 6, 7, 8]


def test_connections_begun_together_are_no_race(path):
    """A downloader opens several at once to the addresses of one name: the refused one is a failure of its own."""
    capture = Capture().resolved().refused(0).good(0, "198.51.100.21").good(0, "198.51.100.22")
    assert causes(capture.reading(path)) == ["rst-refused", "ok", "ok"]


def test_several_that_go_on_are_no_race(path):
    """After the refusal two connections begin: retries or other work, nobody can tell; the failure stays, recovered."""
    capture = Capture().resolved().refused(0).good(0.002, "198.51.100.21").good(0.003, "198.51.100.22")
    found = list(capture.reading(path))
    assert [fetch.verdict.cause for fetch in found] == ["rst-refused", "", ""]
    assert found[0].verdict.flags == ("name-from-dns", "recovered-by-retry")


def test_another_client_is_no_rival(path):
    """What one client gets does not mend what another one failed at."""
    capture = Capture().resolved().refused(0).good(0.002, "198.51.100.21", client="192.0.2.11")
    assert causes(capture.reading(path)) == ["rst-refused", "ok"]


def test_a_family_that_always_loses_is_counted(path):
    """Three races won by IPv4 at the first moment: for the summary, with what they cost."""
    capture = Capture()
    for start in (0, 10, 20):
        capture.refused(start, "[2001:db8:1::20]", "[2001:db8::10]").good(start + 0.002)
    reading = capture.reading(path)
    assert causes(reading) == ["ok", "ok", "ok"]
    races = reading.groups.races
    assert (races.lost, races.won) == ([0, 3], [3, 0])
    assert races.cost_ns == [0, 6_000_000]


def test_windows_refusals_with_new_isns_are_one_group(path):
    """T4 with new ISNs: three connections, each refused, half a second apart: one retry group."""
    found = list(Capture().refused(0).refused(0.5).refused(1).reading(path))
    assert [(fetch.group, fetch.attempt, fetch.group_outcome) for fetch in found] == [
        (1, 1, "failed"), (1, 2, "failed"), (1, 3, "failed")
    ]  # fmt: skip
    assert "constant back-off" in found[-1].verdict.summary


def test_a_poller_does_not_fill_the_memory(path):
    """An address polled forever: an attempt waits for so many later ones and leaves with its outcome unknown."""
    capture = Capture()
    for i in range(40):
        capture.refused(i * 10)
    found = list(capture.reading(path))
    assert [fetch.attempt for fetch in found] == list(range(1, 41))
    outcomes = [fetch.group_outcome for fetch in found]
    decided = retries.MAX_LATER + 1  # those that still waited at the end of the capture
    assert outcomes == [""] * (40 - decided) + ["failed"] * decided


def test_the_cap_on_waiting_is_told(path, monkeypatch):
    """Beyond the cap the oldest leaves without the outcome of its group, in order, and a warning says so."""
    monkeypatch.setattr(retries, "MAX_WAITING", 3)
    capture = Capture().refused(0)
    for i in range(6):
        capture.good(1 + i, "198.51.100.21")
    reading = capture.reading(path)
    assert [fetch.number for fetch in reading] == [1, 2, 3, 4, 5, 6, 7]
    assert any("waited for a retry" in text for text in reading.warnings)


def test_after_an_interrupt_all_comes_out(path):
    """What waits for a retry is shown when the user has had enough, numbered like the rest."""
    capture = Capture().refused(0).good(1, "198.51.100.21").good(2, "198.51.100.22")
    reading = capture.reading(path)
    fetches = iter(reading)
    first = next(fetches)
    rest = list(chain.from_iterable(reading.rest()))
    assert [fetch.number for fetch in [first, *rest]] == [1, 2, 3]


def test_kinds_show_the_losers(path):
    """`--all` lists a loser with what happened to it, unnumbered."""
    found = list(Capture().resolved().refused(0).good(0.002, "198.51.100.21").reading(path, kinds=True))
    assert [(fetch.kind, fetch.number) for fetch in found] == [("race", 0), ("fetch", 1)]
    assert "cancelled-race" in found[0].verdict.flags


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        ([10, 60], "npm's waits"),
        ([0, 0.5, 1, 2, 4], "exponential back-off, factor 2.0"),
        ([1, 3, 9.2], "exponential back-off, factor 3.0"),
        ([5, 5.1, 5], "constant back-off"),
        ([5, 20], ""),
        ([1, 7, 2], ""),
        ([0.01], ""),
        ([], ""),
    ],
)
def test_back_off_is_named_only_where_there_is_a_rhythm(waits, words):
    """Constant and exponential need two waits at least that agree; anything else has no name."""
    begun, now = [0], 0
    for wait in waits:
        now += int(wait * SECOND) + SECOND // 3 * len(begun)  # attempts that take ever longer
        begun.append(now)
    assert pattern([int(wait * SECOND) for wait in waits], begun) == words
