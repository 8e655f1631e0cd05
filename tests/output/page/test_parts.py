"""Parts of the page: which fetches it is about, when they began, how ladders are laid out."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from analyzer.output.ladder import Arrow, Fold, Item, Ladder, Lane, Silence
from analyzer.output.page.choice import Quota
from analyzer.output.page.strip import COLUMNS, FINE, Strip
from analyzer.output.page.svg import BROKEN, LONGEST, PER_S, WIDTH, drawing
from analyzer.output.page.words import lasting, lowered, reason
from analyzer.verdict.catalog import catalogue

SECOND = 1_000_000_000


@given(st.lists(st.integers(0, 30)), st.integers(1, 20))
def test_a_choice_is_fair_and_small(groups: list[int], most: int) -> None:
    """There are never too many; as long as there is room for one of each group, each has its first; none is lost."""
    gone: list[tuple[int, int]] = []
    choice: Quota[tuple[int, int]] = Quota(most, gone.append)
    taken = [item for item in enumerate(groups) if choice.offer(item[1], item)]
    left = [*choice]
    assert len(left) <= most
    assert sorted(left + gone) == sorted(taken)
    if len(set(groups)) <= most:
        assert {(groups.index(group), group) for group in set(groups)} <= set(left)
    if len(groups) <= most:
        assert len(left) == len(groups)


@given(st.lists(st.tuples(st.integers(0, 10**18), st.integers(0, 2)), max_size=60))
def test_the_strip_counts_everything_once(fetches: list[tuple[int, int]]) -> None:
    """Columns are of one width, side by side, and each fetch is in the one in which it began."""
    strip = Strip()
    for start, kind in fetches:
        strip.add(start, kind)
    columns = strip.columns()
    assert len(columns) <= COLUMNS
    assert all(one.end == other.start for one, other in itertools.pairwise(columns))
    for column in columns:
        inside = [kind for start, kind in fetches if column.start <= start < column.end]
        assert (column.ok, column.failed, column.incomplete) == tuple(inside.count(kind) for kind in (0, 1, 2))
    assert sum(sum(column[2:]) for column in columns) == len(fetches)


def test_the_strip_stays_small() -> None:
    """However many fetches there are, and over whatever time."""
    strip = Strip()
    for at in range(20_000):
        strip.add(at * at * 1_000_000, 1)
        assert len(strip.buckets) <= 2 * FINE
    assert sum(column.failed for column in strip.columns()) == 20_000


def test_silences_are_to_scale() -> None:
    """Twice the time has twice the height, up to where the lifelines break."""
    heights = {}
    for seconds in (1, 2, 4, 8, 12, 13, 3600):
        items: list[Item] = [Arrow(1, 0, 0, 1), Silence(0, seconds * SECOND), Arrow(2, 1, 1, 0)]
        rows = drawing(Ladder([Lane("client", ""), Lane("server", "")], items, 0)).rows
        heights[seconds] = (rows[1].kind, rows[1].height)
    assert heights == {
        **{seconds: ("silence", seconds * PER_S) for seconds in (1, 2, 4, 8)},
        12: ("silence", LONGEST), 13: ("break", BROKEN), 3600: ("break", BROKEN),
    }  # fmt: skip


@given(st.lists(st.one_of(
    st.builds(Arrow, st.integers(1, 10**9), st.integers(-(10**12), 10**15), st.integers(0, 2), st.integers(0, 2)),
    st.builds(Silence, st.integers(0, 10**12), st.integers(SECOND, 10**15), st.booleans()),
    st.builds(Fold, st.integers(0, 10**12), st.just(0), st.integers(1, 10**9), st.just((1, 10**12))),
)))  # fmt: skip
def test_a_drawing_goes_down(items: list[Item]) -> None:
    """Every row is below the one before it, within the picture; the picture is as long as its rows."""
    lanes = [Lane("client", ""), Lane("server", ""), Lane("router", "")]
    drawn = drawing(Ladder(lanes, items, 0))
    places = [row.y for row in drawn.rows]
    assert places == sorted(places)
    assert all(0 < y < drawn.height for y in places)
    assert all(0 <= x <= WIDTH for row in drawn.rows for x in (row.x1, row.x2))


def test_every_cause_has_a_reason() -> None:
    """A sentence for people, that can stand within another one."""
    for cause in [*catalogue(), "http-status-404", "tls-alert-unknown-ca", "http2-goaway-no-error"]:
        said = reason("", cause)
        assert said not in ("", cause)
        assert not said.endswith(".")
        assert lowered(said)[:2] == said[:2] or lowered(said)[0].islower()


def test_durations_for_people() -> None:
    """Few digits, and units that people count in."""
    said = [lasting(seconds) for seconds in (0.0004, 0.5, 9.994, 41.2, 130, 16771, 300_000)]
    assert said == ["0.4 ms", "500 ms", "9.99 s", "41 s", "2 min 10 s", "4 h 39 min", "3 days"]
