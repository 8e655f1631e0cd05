"""Inside TLS too an incomplete capture says less than the whole one, and never something else (with its keys)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import CASES
from support.incomplete import compiled
from support.recording import Recording
from support.rows import rows
from support.tls_twins import SUITES
from support.twin_rows import fetches
from support.twins import NoTwin, twin
from support.violations import Truth, violations

NAMES = [name for name in CASES if name.startswith(("http-", "h2-", "t1", "retry-", "goproxy-", "websocket-"))]
HANDSHAKE = 8
"""Packets, about, of TCP's handshake and that of TLS."""
TELLING = {
    "h2-client-rejects-a-complete-response": "one packet alone tells it, in plain HTTP too (test_fewer_packets)",
    "http-head-cut-behind-content-length": "nothing of the answer but its status, and the client's Finished is missing",
}
"""Where a packet more than its capture lacks already makes a verdict wrong, and why."""


@cache
def secured(name: str, suite: str) -> tuple[Truth, bytes] | None:
    """What the whole twin says, and its keys; None where there is none."""
    plain = compiled(CASES[name])
    try:
        inside, key_log = twin(plain, fetches(plain), SUITES[suite])
    except NoTwin:
        return None
    frames = tuple(replace(frame, origin=i) for i, frame in enumerate(inside.frames, 1))
    return Truth(replace(inside, frames=frames), key_log), key_log


def without(whole: Recording, dropped: set[int]) -> Recording:
    """The capture missed these packets."""
    return replace(whole, frames=tuple(frame for i, frame in enumerate(whole.frames) if i not in dropped))


def wrong(name: str, suite: str, losses: Iterator[set[int]]) -> list[str]:
    """What captures without some packets say, and the whole one does not."""
    known = secured(name, suite)
    if known is None:
        return []
    truth, key_log = known
    found = []
    for dropped in losses:
        changed = without(truth.whole, dropped)
        if changed.frames:
            said = rows(changed, key_log)
            lost = sorted(i + 1 for i in dropped)
            found += [f"without {lost}: {one}" for one in violations(truth, changed, said, "loss")]
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TELLING])
def test_each_packet_of_a_twin_may_be_missing(name: str) -> None:
    """Every packet once, of the handshake too: no ok becomes a failure, and nothing of confidence high is wrong."""
    known = secured(name, "tls13-aes256-gcm")
    count = 0 if known is None else min(len(known[0].whole.frames), 60)
    assert not wrong(name, "tls13-aes256-gcm", ({i} for i in range(count)))


@given(st.data())
def test_any_packets_of_a_twin_may_be_missing(data: st.DataObject) -> None:
    """The same for a tenth of the packets. Without the ServerHello of TLS 1.2, which has a random, nothing opens."""
    name = data.draw(st.sampled_from([name for name in NAMES if name not in TELLING]))
    suite = data.draw(st.sampled_from(["tls13-aes256-gcm", "tls12-aes128-gcm", "tls12-chacha20"]))
    seed = data.draw(st.integers(0, 1 << 16))
    known = secured(name, suite)
    if known is not None:
        dice = random.Random(seed)
        first = 0 if suite.startswith("tls13") else HANDSHAKE
        dropped = {i for i in range(first, len(known[0].whole.frames)) if dice.random() < 0.1}
        assert not wrong(name, suite, iter([dropped]))
