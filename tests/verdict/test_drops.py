"""Where the capture dropped packets, no verdict rests on what it did not see then."""

from __future__ import annotations

import struct

import pytest
from support.examples import CASES, GOOD
from support.judge import judge
from support.pcapng import pcapng

from analyzer.fetch.model import Fetch
from analyzer.pkt.model import Timeline
from analyzer.pkt.timeline import parse
from analyzer.verdict.drops import FLAG
from analyzer.verdict.model import CONFIDENCES, Verdict, verdict_of

UNANSWERED = """
name b client 192.0.2.1:40001 server 203.0.113.81:80
name a client 192.0.2.1:40000 server 203.0.113.80:443
  0.000 > S  0:0(0)
  1.000 > S  0:0(0)
  3.000 > S  0:0(0)
 40.000 b > S  0:0(0)
 40.010 b < S. 0:0(0) ack 1
 40.010 b > .  1:1(0) ack 1
 40.011 b > P. 1:82(81) ack 1 http GET /x host www.example
 40.030 b < P. 1:231(230) ack 82 http 200 content-length 150
 40.031 b > F. 82:82(0) ack 231
 40.041 b < F. 231:231(0) ack 83
 40.041 b > .  83:83(0) ack 232
"""

REFUSED = """
client 192.0.2.1:40000
server 203.0.113.80:80
  0.000 > S  0:0(0)
  0.010 < R. 0:0(0) ack 1
"""


def capture(case: Timeline, *dropped: int) -> bytes:
    """A pcapng file in which packets say that others were dropped right before them (epb_dropcount)."""
    blocks, data, at = [], pcapng(case), 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + size - 4]
        if kind == 6 and sum(1 for other, _ in blocks if other == 6) + 1 in dropped:
            body += struct.pack("<HHQHH", 4, 8, 3, 0, 0)
        blocks.append((kind, body))
        at += size
    return b"".join(struct.pack("<II", k, len(b) + 12) + b + struct.pack("<I", len(b) + 12) for k, b in blocks)


def verdicts(text: str, *dropped: int) -> list[Verdict]:
    return [verdict_of(fetch) for fetch in judge(capture(parse(text), *dropped))]


def test_a_seen_answer_is_still_an_answer():
    """It is not as sure as without drops, and it is flagged."""
    assert [(v.klass, v.confidence, v.flags) for v in verdicts(GOOD)] == [("ok", "high", ())]
    for packet in (2, 4, 5):
        assert [(v.klass, v.confidence, v.flags) for v in verdicts(GOOD, packet)] == [("ok", "medium", (FLAG,))]


def test_what_is_dropped_behind_an_answer_does_not_touch_it():
    """The fetch was over."""
    assert [(v.klass, v.confidence, v.flags) for v in verdicts(GOOD, 8)] == [("ok", "high", ())]


def test_drops_before_a_fetch_are_none_of_its_business():
    """They are of the one that was open then."""
    assert [FLAG in verdict.flags for verdict in verdicts(UNANSWERED, 3)] == [True, False]


def test_an_answer_may_be_among_what_was_dropped():
    """Nothing was seen after the last SYN, and packets were dropped then: that is not known."""
    plain = verdicts(UNANSWERED)[0]
    assert (plain.cause, plain.confidence, plain.flags) == ("syn-no-answer", "high", ())
    verdict = verdicts(UNANSWERED, 4)[0]
    assert (verdict.klass, verdict.missing, verdict.confidence) == ("incomplete", "bytes", "low")
    assert FLAG in verdict.flags


def test_a_client_that_asks_again_shows_that_nothing_came():
    """Packets were dropped between two SYNs, not in the silence after the last: the cause stands, and is unsure."""
    verdict = verdicts(UNANSWERED, 2)[0]
    assert (verdict.cause, verdict.confidence) == ("syn-no-answer", "low")
    assert FLAG in verdict.flags


def test_a_reset_was_seen():
    """What was dropped before it makes it less sure, what was dropped behind it does not."""
    assert [(v.cause, v.confidence, v.flags) for v in verdicts(REFUSED, 2)] == [("rst-refused", "medium", (FLAG,))]


def test_statistics_tell_of_drops_as_well():
    """Between two statistics blocks whose counters differ: at once known for what is judged behind them."""
    data = capture(parse(UNANSWERED))
    blocks, at = [], 0
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        blocks.append(data[at : at + size])
        at += size

    def statistics(drops: int) -> bytes:
        body = struct.pack("<III", 0, 0, 0) + struct.pack("<HHQHH", 7, 8, drops, 0, 0)
        return struct.pack("<II", 5, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    blocks[4:4] = [statistics(0)]
    found = [verdict_of(fetch) for fetch in judge(b"".join([*blocks[:6], statistics(4), *blocks[6:]]))]
    assert [FLAG in verdict.flags for verdict in found] == [True, False]


def last_words(fetch: Fetch) -> tuple[str, str]:
    verdict = verdict_of(fetch)
    return verdict.klass, verdict.cause


@pytest.mark.parametrize("name", CASES)
def test_drops_never_make_a_verdict_surer_or_another(name):
    """Of every case: dropped anywhere, a verdict keeps its cause and is no surer, or is `incomplete`."""
    case = CASES[name]
    before = judge(capture(case))
    for packets in (range(1, len(case.packets) + 1), [len(case.packets)]):
        after = judge(capture(case, *packets))
        assert len(after) == len(before)
        for was, fetch in zip(before, after, strict=True):
            old, new = verdict_of(was), verdict_of(fetch)
            assert last_words(fetch) == last_words(was) or new.klass == "incomplete"
            assert CONFIDENCES.index(new.confidence) <= CONFIDENCES.index(old.confidence) or new.klass == "incomplete"
            assert FLAG in new.flags or last_words(fetch) == last_words(was)
