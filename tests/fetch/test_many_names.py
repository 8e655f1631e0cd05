"""Floods of questions: what one costs does not depend on how many wait, memory is capped, rows say what was lost."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.api import Reading
from analyzer.fetch import names as names_module
from analyzer.fetch import wishes as wishes_module
from analyzer.fetch.floods import Floods
from analyzer.fetch.names import Names
from analyzer.fetch.resolution import Resolution
from analyzer.layer.dns import lookups as lookups_module
from analyzer.layer.dns.lookups import Lookups
from analyzer.output.cells import CsvCells
from analyzer.output.row import csv_line
from analyzer.pkt.dns import dns

CLIENT, SERVER = bytes([192, 0, 2, 10]), bytes([192, 0, 2, 53])
ASK, REPLY = CLIENT + SERVER + struct.pack("!HH", 40000, 53), SERVER + CLIENT + struct.pack("!HH", 53, 40000)
MS, SECOND = 1_000_000, 1_000_000_000

Record = tuple[int, bool, bytes]
"""Time in ns, whether it is an answer, and the message."""


def question(i: int, name: str) -> bytes:
    return struct.pack("!H", i & 0xFFFF) + dns(["A", name], answer=False)[2:]


def denial(i: int, name: str) -> bytes:
    return struct.pack("!H", i & 0xFFFF) + dns(["A", name, "nxdomain"], answer=True)[2:]


def denied(count: int, step: int) -> list[Record]:
    """Names that do not exist, each asked for once."""
    found: list[Record] = []
    for i in range(count):
        name = f"n{i}.example.com"
        found += [(i * step, False, question(i, name)), (i * step + 5000, True, denial(i, name))]
    return found


def unanswered(count: int, step: int) -> list[Record]:
    """Names that nobody says anything about, each asked for once."""
    return [(i * step, False, question(i, f"n{i}.example.com")) for i in range(count)]


def variants(count: int, step: int) -> list[Record]:
    """The same with one first label: each may be a search-domain variant of another."""
    return [(i * step, False, question(i, f"www.n{i}.example.com")) for i in range(count)]


def again_and_again(count: int, step: int) -> list[Record]:
    """Two names, of which one may be a variant of the other, at times of which every other one is long past."""
    found: list[Record] = []
    for i in range(count // 2):
        for name in ("x", "x.example"):
            at = (i & 1) * 100_000 * SECOND + i * step
            found += [(at, False, question(i, name)), (at + 5000, True, denial(i, name))]
    return found


def capture(records: list[Record]) -> bytes:
    """A pcap file of UDP datagrams over raw IP."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 101)]
    for at, answer, message in records:
        ends, ports = (SERVER + CLIENT, (53, 40000)) if answer else (CLIENT + SERVER, (40000, 53))
        udp = struct.pack("!HHHH", *ports, 8 + len(message), 0) + message
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + ends + udp
        stamp = 1_700_000_000 * SECOND + at
        out.append(struct.pack("<IIII", stamp // SECOND, stamp % SECOND, len(packet), len(packet)) + packet)
    return b"".join(out)


class Piped(Reading):
    """A reading that looks at what is final after every frame, as of a pipe."""

    def _batch(self) -> tuple[int, ...]:
        return (1,)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """One number: how often anything of any wish was looked at."""
    count = [0]

    def counting(wish: Resolution, name: str) -> object:
        count[0] += 1
        return object.__getattribute__(wish, name)

    monkeypatch.setattr(Resolution, "__getattribute__", counting)
    yield count
    assert count[0] > 0


@pytest.mark.parametrize("make", [denied, unanswered, variants, again_and_again])
@pytest.mark.parametrize("step", [10_000, MS], ids=["fast", "slow"])
@pytest.mark.parametrize("reading", [Reading, Piped])
def test_twice_the_questions_are_twice_the_work(
    make, step: int, reading: type[Reading], tmp_path: Path, looked_at: list[int]
) -> None:
    """From a file and from a pipe, where every frame asks what is final: what waits is not looked at each time."""
    path = tmp_path / "flood.pcap"

    def work(count: int) -> int:
        looked_at[0] = 0
        path.write_bytes(capture(make(count, step)))
        assert 0 < sum(1 for _ in reading(str(path))) <= count
        return looked_at[0]

    assert work(2000) < 2.2 * work(1000)


def test_the_oldest_is_found_at_once_however_many_before_it_were_answered() -> None:
    """Every frame of a pipe asks for it. The first key of a dict that lost many in front is found by looking at all of
    their places: fifty times the time with these. Other programs disturb the time, but not every time.
    """

    def look(answered: int) -> float:
        table = Lookups()
        for i in range(answered + 100):
            table.message(ASK, 4, "udp", question(i, "n.example"), True, i + 1, i, 0)
        for i in range(answered):
            table.message(REPLY, 4, "udp", denial(i, "n.example"), True, i + 1, 2 * answered, 0)
        began = time.process_time()
        for _ in range(20_000):
            assert table.oldest_open() == answered + 1
            table.expire(2 * answered)
        return time.process_time() - began

    assert min(look(15_000) / look(10) for _ in range(5)) < 8


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caps that few questions reach."""
    for module, names in (
        (lookups_module, ("MAX_OPEN",)),
        (names_module, ("MAX_ANSWERS", "MAX_ASKED", "MAX_ASKED_FOR", "MAX_KIN")),
        (wishes_module, ("MAX_OPEN", "MAX_HELD", "MAX_USED")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, 50)


@pytest.mark.parametrize("make", [denied, unanswered, variants, again_and_again])
@pytest.mark.parametrize("step", [10_000, 100 * MS], ids=["fast", "slow"])
@pytest.mark.usefixtures("small")
def test_no_more_is_held_than_the_caps_say(make, step: int) -> None:
    """Whatever is asked: each table keeps to its cap at every moment, and heaps to a small multiple of it."""
    table, names = Lookups(), Names()
    for number, (at, answer, message) in enumerate(make(1000, step), 1):
        table.message(REPLY if answer else ASK, 4, "udp", message, True, number, at + SECOND, 0)
        for lookup in [*table.begun, *table.finished]:
            names.learn(lookup)
        table.begun.clear()
        table.finished.clear()
        names.given_up()
        if number % 100 == 0:
            names.failures(at + SECOND, lambda packet, time: [], False, final=False)
        wishes = names.wishes
        assert max(len(table.open), len(table.began), len(table.asking)) <= 50
        assert max(names.answers.size, names.asked.size, names.askers.size, len(names.kin)) <= 50
        assert max(len(wishes.open), wishes.held, len(wishes.waiting), len(wishes.named), wishes.used.size) <= 50
        assert max(len(heap.heap) for heap in (wishes.ends, wishes.packets, wishes.times)) <= 2 * 51 + 64
    names.failures(1 << 60, lambda packet, time: [], False, final=True)
    assert (wishes.held, len(wishes.open), wishes.named, wishes.alike) == (0, 0, {}, {})


def rows(path: Path, reading: type[Reading]) -> tuple[list[str], list[str]]:
    """The rows and the warnings of a capture."""
    found = reading(str(path))
    cells = CsvCells()
    return [csv_line(cells, fetch).decode() for fetch in found], found.warnings


@pytest.mark.parametrize("make", [denied, unanswered])
@pytest.mark.usefixtures("small")
def test_what_had_to_go_has_a_row_that_says_so(make, tmp_path: Path) -> None:
    """Every name keeps its row; those judged before their time are flagged and not sure; the summary counts them.

    When the program looks does not matter, at the caps neither.
    """
    path = tmp_path / "flood.pcap"
    path.write_bytes(capture(make(400, MS)))
    fetches = list(Reading(str(path)))
    assert sorted(fetch.name for fetch in fetches) == sorted(f"n{i}.example.com" for i in range(400))
    early = [fetch for fetch in fetches if "evicted" in fetch.verdict.flags]
    assert len(early) >= 350
    assert {fetch.verdict.confidence for fetch in early} == {"medium"}
    assert rows(path, Piped) == rows(path, Reading)
    assert "names were judged before their time" in " ".join(rows(path, Reading)[1])


@pytest.mark.usefixtures("small")
def test_a_name_that_came_to_nothing_only_for_want_of_room_is_no_failure(tmp_path: Path) -> None:
    """An unanswered question that could not wait is `incomplete`, and what is known of the other family no failure."""
    path = tmp_path / "flood.pcap"
    empty = struct.pack("!H", 7) + dns(["AAAA", "n1.example.com"], answer=True)[2:]
    asks = struct.pack("!H", 7) + dns(["AAAA", "n1.example.com"], answer=False)[2:]
    flood = [*unanswered(200, MS), (2, False, asks), (3, True, empty)]
    path.write_bytes(capture(sorted(flood)))
    found = {fetch.name: fetch.verdict for fetch in Reading(str(path))}
    assert len(found) == 200
    assert (found["n1.example.com"].klass, found["n1.example.com"].flags) == ("incomplete", ("evicted",))


def few_rows(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let floods of names begin with so many."""

    def floods(of_all: int = most) -> Floods:
        return Floods(most if of_all == most else 2 * most)

    monkeypatch.setattr(wishes_module, "Floods", floods)


@pytest.mark.parametrize("make", [denied, unanswered])
@pytest.mark.parametrize("room", ["plenty", "none"])
@pytest.mark.parametrize("count", [20, 21, 300])
def test_a_flood_of_names_is_said_as_one(
    make, room: str, count: int, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and rows left out are all names, the last row has the flag; pipe and file agree, judged early or not."""
    few_rows(monkeypatch, 20)
    if room == "none":
        request.getfixturevalue("small")
    path = tmp_path / "flood.pcap"
    path.write_bytes(capture(make(count, MS)))
    reading = Reading(str(path))
    flagged = ["flood" in fetch.verdict.flags for fetch in reading]
    assert len(flagged) + reading.left_out == count
    assert flagged == [False] * 19 + [True]
    told = [text for text in reading.warnings if "a flood" in text]
    assert len(told) == (count > 20)
    if told:
        assert f"{count} names that 192.0.2.10 asked for did not resolve" in told[0]
        assert f"{count - 20} of them, all beyond 20 a minute, have no row" in told[0]
    assert rows(path, Piped) == rows(path, Reading)


@pytest.mark.parametrize("count", [40, 41, 200])
def test_names_asked_by_made_up_senders_are_a_flood_of_the_server(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each asks once: no client is a flood, all together are, beyond a larger number."""
    few_rows(monkeypatch, 20)
    path = tmp_path / "flood.pcap"
    data = bytearray(capture(unanswered(count, MS)))
    for i in range(count):
        at = data.index(CLIENT + SERVER)
        data[at : at + 4] = bytes([203, 0, 113, 1 + i])
    path.write_bytes(data)
    reading = Reading(str(path))
    assert len(list(reading)) == min(count, 40) == count - reading.left_out
    told = [text for text in reading.warnings if "a flood" in text]
    assert len(told) == (count > 40)
    if told:
        assert f"{count} names that 192.0.2.53 was asked for did not resolve" in told[0]
        assert f"{count - 40} of them, asked by {count - 40} address" in told[0]
        assert "all beyond 40 a minute" in told[0]


def test_a_build_that_resolves_nothing_keeps_its_rows(tmp_path: Path) -> None:
    """Nine hundred names in ten seconds, each with three search domains and for both families: a row for each name."""
    suffixes = (".team.svc.cluster.local", ".svc.cluster.local", ".cluster.local", "")
    asked: list[Record] = []
    for i in range(900):
        for step, suffix in enumerate(suffixes):
            at, name = i * 11 * MS + step * MS, f"mirror{i}.example{suffix}"
            asked += [(at, False, question(2 * i, name)), (at + 500_000, True, denial(2 * i, name))]
    path = tmp_path / "build.pcap"
    path.write_bytes(capture(asked))
    reading = Reading(str(path))
    assert sorted(fetch.name for fetch in reading) == sorted(f"mirror{i}.example" for i in range(900))
    assert not [text for text in reading.warnings if "flood" in text]


def test_what_an_answer_is_full_of_is_not_kept() -> None:
    """A hundred aliases of 250 letters, and as many addresses: a lookup that is remembered has none of them."""
    table, names = Lookups(), Names()
    long = ".".join(["x" * 60] * 4)
    words = ["A", "n.example"]
    for i in range(60):
        words += ["cname", f"{i}.{long}"]
    words += [f"198.51.100.{i}" for i in range(60)]
    table.message(ASK, 4, "udp", dns(["A", "n.example"], answer=False), True, 1, SECOND, 0)
    table.message(REPLY, 4, "udp", dns(words, answer=True), True, 2, SECOND + MS, 0)
    (lookup,) = table.finished
    names.learn(table.begun[0])
    names.learn(lookup)
    assert (lookup.found, lookup.resolved, lookup.addresses) == (60, True, [])
    assert not hasattr(lookup, "aliases")
    assert names.answers.size == 60
