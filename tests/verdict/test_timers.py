"""The tables of timers and SYN schedules, and the borders of what matches (signatures.md 4)."""

from __future__ import annotations

import pytest

from analyzer.verdict import timers
from analyzer.verdict.timers import TABLE, given_up_between, matches, next_due, schedules

MS = 1_000_000
SECOND = 1000 * MS
MEASURED = (0, 1.02, 2.05, 3.07, 4.10, 5.12, 7.14, 11.39, 19.59, 35.71, 68.22)
"""SYNs of Linux 6.18, as measured for signatures.md 4.1."""


def consistent(gaps: dict[str, int], wait: str, sides: tuple[str, ...], program: str) -> list[str]:
    """What `whyfetch` says of a wait."""
    return timers.of_program(timers.fitting(gaps, wait, sides), program) + timers.set_by_somebody(gaps, sides[0])


def kernels(*seconds: float, ttl: int = 64) -> list[str]:
    return [schedule.kernel for schedule in schedules([int(s * SECOND) for s in seconds], ttl)]


@pytest.mark.parametrize(
    ("seconds", "gap", "fits"),
    [(10, 9979, False), (10, 9980, True), (10, 10350, True), (10, 10351, False), (300, 306000, True), (300, 306001, 0)],
)
def test_timers_fire_late_hardly_ever_early(seconds: int, gap: int, fits: bool) -> None:
    """20 ms early, 350 ms or 2 % late, in milliseconds."""
    assert matches(seconds, gap * MS) == fits


def test_every_timer_has_its_source_and_its_wait() -> None:
    """A row without a source is a rumour, one without a wait or an anchor would never be asked."""
    for row in TABLE:
        assert row.source
        assert row.waits
        assert row.anchor in timers.FROM
        assert row.side in (timers.CLIENT, timers.SERVER, timers.PATH)


def test_the_anchor_is_told_where_only_one_fits() -> None:
    """A total timer of 2 s is met from the first SYN and missed from the request (T13)."""
    gaps = {timers.SYN: 2001 * MS, timers.ASKED: 1977 * MS}
    assert consistent(gaps, timers.WAITING, (timers.CLIENT,), "") == ["a client timer of 2 s from the start"]
    gaps[timers.ASKED] = 1990 * MS
    assert consistent(gaps, timers.WAITING, (timers.CLIENT,), "") == ["a client timer of 2 s"]


def test_a_known_program_has_no_timers_of_others() -> None:
    """10 s after the handshake is Go's timer for Go, and somebody's own for curl."""
    gaps = {timers.UP: 10_010 * MS}
    assert consistent(gaps, timers.SHAKING, (timers.CLIENT,), "Go-http-client/1.1")[0].startswith("Go's TLS handshake")
    assert consistent(gaps, timers.SHAKING, (timers.CLIENT,), "curl/8.5.0") == ["a client timer of 10 s"]


def test_nobody_waits_six_seconds_and_seven_tenths() -> None:
    """No table, no whole second, no timer."""
    assert consistent({timers.SYN: 6700 * MS}, timers.SHAKING, (timers.CLIENT,), "") == []


@pytest.mark.parametrize("count", range(3, 12))
def test_the_measured_schedule_is_linux(count: int) -> None:
    """Each beginning of it with three SYNs and more."""
    assert kernels(*MEASURED[:count])[0] == "Linux >= 6.5"


def test_schedules_are_told_apart() -> None:
    """By the intervals, and by the TTL where the intervals are the same; two SYNs tell nothing."""
    assert kernels(0, 1.01, 3.02, 7.05) == ["Linux 3.7 to 6.4"]
    assert kernels(0, 1.01, 3.02, 7.05, ttl=120) == ["Windows 10"]
    assert kernels(0, 3.01, 9.02) == ["Linux before 2.6.39"]
    assert kernels(0, 1.01) == []
    assert kernels(0, 1.2, 2.4) == []
    assert kernels(0, 0.97, 1.94) == []


def test_when_the_next_syn_is_due() -> None:
    """The table's next, and behind its last the kernel's own end; a client gave up unseen in between (T1)."""
    linux = timers.SCHEDULES[0]
    assert next_due(linux, 9) == 35 * SECOND
    assert next_due(linux, 11) == 131 * SECOND
    assert given_up_between(19_536 * MS, 35 * SECOND)[0] == "Go's dial timeout (30 s)"
    assert given_up_between(1010 * MS, 1900 * MS) == []
