"""Dropping packets from a capture never turns a failure into `ok`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import recording, transform
from support.examples import CASES, SAMPLE_NAMES, sample
from support.expected import expected
from support.judge import judge
from support.recording import Recording

from analyzer.model.connection import CLIENT
from analyzer.pkt.build import pcap
from analyzer.pkt.model import Timeline

if TYPE_CHECKING:
    from analyzer.fetch.model import Fetch

ALONE = {
    "http-answer-met-by-the-reset-of-a-client-that-left": 8,
    "opaque-h2-answer-torn-off": 19,
    "opaque-later-request-crosses-the-close": 15,
    "opaque-later-request-reset-after-idleness": 13,
    "upgraded-to-tcp-then-reset": 9,
    "websocket-reset-in-the-middle": 9,
}
"""The packet of a case, by its number, that alone tells what went wrong behind a whole, good answer."""
FAILING = {
    name: case
    for name, case in CASES.items()
    if case.verdicts and not any(wanted.klass in ("ok", "incomplete") for wanted in expected(case))
}
FAILED_SAMPLES = [name for name in SAMPLE_NAMES if not name.startswith(("ok/", "incomplete/"))]
STREAMS = [name for name in CASES if name.startswith("h2-")]
HIDDEN = {"h2-client-rejects-a-complete-response": 7}
"""The packet in which alone the client's RST_STREAM tells that a stream failed."""

Endpoints = frozenset[tuple[bytes, int]]


def verdicts(case: Timeline) -> list[str]:
    return [f"{fetch.verdict.klass}/{fetch.verdict.cause}" for fetch in judge(pcap(case))]


def untold(name: str, dropped: set[int]) -> bool:
    """Whether nothing that is left tells of the failure: the one packet is gone, or all from the last request on."""
    case = FAILING[name]
    asked = [
        at - 1 for at, what in expected(case)[0].evidence if what == "record" and case.packets[at - 1].side == CLIENT
    ]
    return ALONE.get(name, 0) - 1 in dropped or (bool(asked) and set(range(asked[0], len(case.packets))) <= dropped)


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
        if untold(name, dropped):
            continue
        left = verdicts(transform.without(case, dropped))
        assert not any(verdict.startswith("ok") for verdict in left), (
            f"without {sorted(i + 1 for i in dropped)}: {left}"
        )


@given(st.data())
def test_no_subset_of_a_failure_is_good(data: st.DataObject) -> None:
    """Any packets may be missing."""
    name = data.draw(st.sampled_from(sorted(FAILING)), "case")
    case = FAILING[name]
    dropped = data.draw(st.sets(st.integers(0, len(case.packets) - 1)), "dropped")
    left = verdicts(transform.without(case, dropped))
    assert untold(name, dropped) or not any(verdict.startswith("ok") for verdict in left), left


def by_stream(case: Timeline) -> dict[tuple[int, int], Fetch]:
    """The fetches of HTTP/2, by client port and stream."""
    fetches = judge(pcap(case))
    return {
        (one.connection.client.port, one.exchange.h2.stream): one for one in fetches if one.exchange and one.exchange.h2
    }


@given(st.data())
def test_streams_of_one_connection_are_judged_apart(data: st.DataObject) -> None:
    """Any packets may be missing: no stream that failed becomes ok, and none that was ok fails where the loss shows."""
    name = data.draw(st.sampled_from(STREAMS), "case")
    case = CASES[name]
    whole = by_stream(case)
    dropped = data.draw(st.sets(st.integers(0, len(case.packets) - 1)), "dropped") - {HIDDEN.get(name, 0) - 1}
    for stream, fetch in by_stream(transform.without(case, dropped)).items():
        was, klass = whole[stream].verdict.klass if stream in whole else "incomplete", fetch.verdict.klass
        shows = fetch.connection.client.lost or fetch.connection.server.lost
        assert not (was not in ("ok", "incomplete") and klass == "ok"), fetch.verdict
        assert not (was == "ok" and shows and klass not in ("ok", "incomplete")), fetch.verdict


def outcomes(capture: Recording) -> Iterator[tuple[Endpoints, int, bool]]:
    """Of each fetch: its connection, the number of its request's packet as recorded (0 = none), whether it is ok."""
    for fetch in judge(recording.pcap(capture)):
        ends = frozenset((side.address, side.port) for side in (fetch.connection.client, fetch.connection.server))
        packet = fetch.exchange.request_packet if fetch.exchange else 0
        yield ends, capture.frames[packet - 1].origin if packet else 0, fetch.verdict.klass == "ok"


@cache
def failures(name: str) -> tuple[set[Endpoints], set[int]]:
    """The connections of a sample on which nothing was ok, and the requests that failed."""
    every = list(outcomes(sample(name)))
    good = {ends for ends, _, ok in every if ok}
    return {ends for ends, _, _ in every} - good, {asked for _, asked, ok in every if not ok} - {0}


@given(st.data())
def test_no_subset_of_a_failed_sample_is_good(data: st.DataObject) -> None:
    """Any packets of a real capture may be missing: no connection that failed, and no request, becomes ok."""
    name = data.draw(st.sampled_from(FAILED_SAMPLES), "sample")
    origins = [frame.origin for frame in sample(name).frames]
    left = recording.without(sample(name), data.draw(st.sets(st.sampled_from(origins)), "dropped"))
    if left.frames:
        bad_connections, bad_requests = failures(name)
        for ends, asked, ok in outcomes(left):
            assert not ok or (ends not in bad_connections and asked not in bad_requests)


@given(st.data())
def test_capture_loss_that_shows_invents_no_failure(data: st.DataObject) -> None:
    """Where a good sample misses packets, and its ACKs tell that bytes are missing, no fetch of it has failed.

    Without such ACKs, a capture without the answer is the capture of a server that did not answer: nobody can tell.
    """
    name = data.draw(st.sampled_from([name for name in SAMPLE_NAMES if name.startswith("ok/")]), "sample")
    origins = [frame.origin for frame in sample(name).frames]
    left = recording.without(sample(name), data.draw(st.sets(st.sampled_from(origins), max_size=6), "dropped"))
    for fetch in judge(recording.pcap(left)) if left.frames else ():
        if fetch.connection.client.lost or fetch.connection.server.lost:
            assert fetch.verdict.klass in ("ok", "incomplete")
