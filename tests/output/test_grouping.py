import tracemalloc

import pytest

from analyzer.output import grouping
from analyzer.output.columns import COLUMNS
from analyzer.output.grouping import Grouping
from analyzer.output.row import values
from analyzer.verdict.model import Evidence, Verdict


@pytest.fixture
def row(make):
    """A row by column, of a fetch made by hand; `verdict` is class, cause, confidence, number of proofs."""

    def made(verdict=("rst", "rst-refused", "high", 2), **changes):
        klass, cause, confidence, proofs = verdict
        decided = Verdict(klass, cause, confidence)
        decided.evidence = tuple(Evidence(number, 0, "rst", 1) for number in range(1, proofs + 1))
        decided.advice = f"Look at {cause}"
        return dict(zip(COLUMNS, values(make(verdict=decided, **changes)), strict=True))

    return made


def test_rows_that_end_alike_at_one_place_are_a_group(row):
    """Same verdict, name and port: one group, with how many, from when to when, and what they cost together."""
    grouped = Grouping()
    begin = 1_700_000_000 * 10**9
    for at in (3, 1, 2):
        grouped.add(row(start=begin + at, end=begin + at + 500_000_000))
    (group,) = grouped.groups()
    assert group.keys == ("rst", "rst-refused", "example.org", 443)
    assert (group.klass, group.cause, group.advice) == ("rst", "rst-refused", "Look at rst-refused")
    assert (group.count, group.failed) == (3, 3)
    assert (group.first, group.last) == (begin + 1, begin + 3)
    assert group.cost_s == pytest.approx(1.5)


def test_a_place_without_a_name_is_its_address(row):
    """Where no name was seen, fetches went to an address."""
    grouped = Grouping()
    grouped.add(row(name=""))
    assert grouped.groups()[0].keys[2] == "203.0.113.80"


def test_the_worst_group_comes_first(row):
    """Many failures before few, these before what cannot be judged, that before what went well."""
    grouped = Grouping(("name",))
    for name, verdict, times in (
        ("well.example", ("ok", "", "high", 0), 9),
        ("unclear.example", ("incomplete", "", "low", 0), 5),
        ("twice.example", ("rst", "rst-refused", "high", 1), 2),
        ("thrice.example", ("rst", "rst-refused", "high", 1), 3),
    ):
        for _ in range(times):
            grouped.add(row(verdict, name=name))
    assert [group.keys[0] for group in grouped.groups()] == [
        "thrice.example",
        "twice.example",
        "unclear.example",
        "well.example",
    ]


def test_groups_are_in_the_same_order_whatever_came_first(row):
    """Of groups that are equally bad the keys decide, so that two runs can be compared."""
    rows = [row(name=f"{letter}.example") for letter in "cab"]
    orders = []
    for some in (rows, rows[::-1]):
        grouped = Grouping()
        for one in some:
            grouped.add(one)
        orders.append([group.keys for group in grouped.groups()])
    assert orders[0] == orders[1] == sorted(orders[0])


def test_the_example_is_the_surest_failure_with_most_evidence(row):
    """Who reads one fetch of a group should read the one that proves it; of equal ones the first."""
    grouped = Grouping(("name",))
    for number, verdict in enumerate(
        [
            ("ok", "", "high", 9),
            ("rst", "a", "low", 4),
            ("rst", "b", "high", 2),
            ("rst", "c", "high", 3),
            ("rst", "d", "high", 3),
        ],
        start=1,
    ):
        grouped.add(row(verdict, number=number))
    (group,) = grouped.groups()
    assert group.example["fetch"] == 4
    assert (group.cause, group.count, group.failed) == ("c", 5, 4)


def test_a_fetch_that_was_captured_twice_counts_once(row):
    """The summary counts it once as well."""
    grouped = Grouping()
    twin = row() | {"flags": "late nat-twin"}
    for one in (row(), twin):
        grouped.add(one)
    assert grouped.groups()[0].count == 1


def test_groups_have_a_cap_and_what_is_beyond_is_counted(row, monkeypatch):
    """A capture with a new name in every packet fills no memory, and no row goes uncounted."""
    monkeypatch.setattr(grouping, "MAX_GROUPS", 10)
    grouped = Grouping(("name",))
    for number in range(20):
        grouped.add(row(name=f"host{number}.example"))
        grouped.add(row(("ok", "", "high", 0), name=f"well{number}.example"))
    assert len(grouped.groups()) == 10
    assert (grouped.beyond, grouped.beyond_failed) == (30, 15)
    assert sum(group.count for group in grouped.groups()) + grouped.beyond == 40


def test_a_hundred_thousand_groups_take_the_memory_of_the_cap(row):
    """What is beyond the cap leaves nothing behind."""
    some = row()
    grouped = Grouping(("name",))
    tracemalloc.start()
    for number in range(100_000):
        grouped.add(some | {"name": f"{number}.example"})
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(grouped.found) == grouping.MAX_GROUPS
    assert used < 4096 * grouping.MAX_GROUPS


@pytest.mark.parametrize("instant", [0, 1_700_000_000_123_456_789, 2**62])
def test_the_start_of_a_row_is_read_to_the_nanosecond(row, instant):
    """Rows have it as text."""
    assert grouping.instant(row(start=instant)["start"]) == instant
