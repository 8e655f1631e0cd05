import math
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.output import stats
from analyzer.output.stats import EXACT, PHASES, Durations, Times

SECONDS = st.floats(1e-6, 1e4)


def durations(values):
    made = Durations()
    for value in values:
        made.add(value)
    return made


def nearest_rank(values, share):
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]


@given(st.lists(SECONDS, min_size=1, max_size=EXACT), st.sampled_from([0.5, 0.99]))
def test_percentiles_of_a_few_hundred_are_exact(values, share):
    """One of the durations themselves, by nearest rank: of fewer than a hundred p99 is the longest."""
    assert durations(values).quantile(share) == nearest_rank(values, share)


@given(
    st.lists(SECONDS, min_size=1, max_size=20), st.integers(EXACT + 1, 2000), st.sampled_from([0.01, 0.5, 0.99, 1.0])
)
def test_percentiles_of_many_are_wrong_by_two_percent_at_most(values, number, share):
    """Whatever the durations are."""
    many = [values[at % len(values)] for at in range(number)]
    assert durations(many).quantile(share) == pytest.approx(nearest_rank(many, share), rel=0.02)


def test_percentiles_of_many_are_the_same_in_any_order():
    """No chance is in them, so that two runs over the same fetches say the same."""
    chance = random.Random(1)
    values = [chance.lognormvariate(-3, 2) for _ in range(5000)]
    shuffled = values[:]
    chance.shuffle(shuffled)
    first, second = durations(values), durations(shuffled)
    assert [first.quantile(q) for q in (0.5, 0.99)] == [second.quantile(q) for q in (0.5, 0.99)]


def test_nothing_has_no_percentile():
    """Unknown is not 0."""
    assert Durations().quantile(0.5) is None


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e5, 2**63 / 1e9])
def test_durations_beyond_the_scale_are_counted(seconds):
    """A clock that jumped gives a number, and no error."""
    assert durations([seconds] * (EXACT + 1)).quantile(0.5) == seconds


def test_many_durations_take_no_more_memory_than_few():
    """About 2 kB a phase, however many come."""
    made = Durations()
    tracemalloc.start()
    for number in range(20_000):
        made.add((number % 9973 + 1) * 1e-5)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.count == 20_000
    assert used < 8 * EXACT + 2048 + stats.SIZES * 4


def test_a_phase_that_is_unknown_is_not_counted():
    """A fetch without TLS says nothing about TLS."""
    times = Times()
    times.add({f"{phase}_s": None for phase in PHASES} | {"connect_s": 0.25})
    assert {phase: one.count for phase, one in times.phases.items()} == dict.fromkeys(PHASES, 0) | {"connect": 1}
