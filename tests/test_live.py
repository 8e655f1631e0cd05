"""Captures that are read while they grow: what silence and the clock decide."""

from __future__ import annotations

import io
import json
import os
import re
import threading
import time
from itertools import chain, pairwise
from pathlib import Path

import pytest
from support.examples import CASES, GOOD, SAMPLES
from support.live import SECOND, Live

from analyzer.api import Reading
from analyzer.capture import CaptureSource, open_capture
from analyzer.capture.follow import Followed
from analyzer.fetch.floods import Floods
from analyzer.fetch.model import Fetch
from analyzer.output import words
from analyzer.output.below import Below
from analyzer.output.jsonl import JsonlWriter
from analyzer.output.summary import Summary
from analyzer.output.table import TableWriter
from analyzer.pkt.build import pcap
from analyzer.pkt.model import Timeline
from analyzer.pkt.timeline import parse
from analyzer.verdict.told import Event


def test_time_goes_on_where_nothing_comes(tmp_path: Path) -> None:
    """A fetch that is over comes out while the link is silent, before the capture ends."""
    path = tmp_path / "good.pcap"
    path.write_bytes(pcap(parse(GOOD)))
    capture = Live(path, tail=20 * SECOND)
    rows = iter(Reading(live=capture))
    assert next(rows).verdict.klass == "ok"
    assert capture.frames.tail > 10 * SECOND
    assert not capture.closed
    assert list(rows) == []
    assert capture.closed


def written(case: Timeline, pipe: int, step: int, pause: float) -> None:
    """A capture through a pipe, `step` bytes at a time, with so many seconds between."""
    data = pcap(case)
    with os.fdopen(pipe, "wb", buffering=0) as out:
        for at in range(0, len(data), step):
            out.write(data[at : at + step])
            time.sleep(pause)


@pytest.mark.parametrize(("step", "pause"), [(1000, 0.25), (97, 0.12)])
def test_packets_that_come_in_pieces_are_whole(step: int, pause: float) -> None:
    """A record of which a part is long in coming is read when the rest is there, and nothing is said of damage."""
    read, write = os.pipe()
    writer = threading.Thread(target=written, args=(parse(GOOD), write, step, pause))
    writer.start()
    reading = Reading(f"/dev/fd/{read}")
    (row,) = reading
    writer.join()
    os.close(read)
    assert (row.verdict.klass, reading.packets, reading.warnings) == ("ok", 8, [])


def test_a_replayed_stream_has_no_later_time() -> None:
    """The clock counts as time that goes by, wherever the packets' own clock stands: years ago here."""
    read, write = os.pipe()
    with os.fdopen(write, "wb", buffering=0) as out:
        out.write(pcap(parse(GOOD)))
        capture = open_capture(CaptureSource("pipe", [f"/dev/fd/{read}"]))
        capture.tick()
        frames = capture.frames
        while frames.advance():
            last = frames.time
        assert frames.idle
        time.sleep(0.6)
        assert not frames.advance()
        assert frames.idle
        assert last < frames.time < last + 5 * SECOND
    while frames.idle:
        frames.advance()
    assert capture.warnings == []
    capture.close()
    os.close(read)


def test_time_goes_on_at_the_end_of_a_file_that_is_followed(tmp_path: Path) -> None:
    """Looking for more is no news: the clock counts from what came last."""
    path = tmp_path / "grows.pcap"
    path.write_bytes(pcap(parse(GOOD)))
    capture = Followed(CaptureSource("grows", [str(path)]))
    while capture.frames.advance():
        last = capture.frames.time
    for _ in range(8):
        assert not capture.frames.advance()
        assert capture.frames.idle
    assert capture.frames.time > last
    capture.close()


def test_a_file_that_grows_is_followed(tmp_path: Path) -> None:
    """What is added comes out; a file in its place, or one that begins anew, is read on in and said."""
    path = tmp_path / "grows.pcap"
    path.write_bytes(b"")
    data = pcap(parse(GOOD))

    def seen(captures: int, packets: int) -> None:
        while reading.captures < captures or reading._open.frames.number < packets:
            time.sleep(0.05)

    def grow() -> None:
        time.sleep(0.3)
        with path.open("ab", buffering=0) as out:
            for at in range(0, len(data), 700):
                out.write(data[at : at + 700])
                time.sleep(0.05)
        seen(1, 8)
        path.rename(tmp_path / "grows.pcap.1")
        path.write_bytes(data)
        seen(2, 8)
        path.write_bytes(data[:600])
        seen(3, 4)
        reading.stop()

    reading = Reading(path, follow=True)
    writer = threading.Thread(target=grow)
    writer.start()
    found = [fetch.verdict.klass for fetch in reading]
    writer.join()
    assert found == ["ok", "ok"]
    assert len(reading.still_open()) == 1
    assert [text.split("`")[2] for text in reading.warnings] == [
        " was replaced while it was followed: read on in what is new",
        " was truncated while it was followed: read on in what is new",
    ]


IDLE = """
name ssh client 192.0.2.1:50022 server 203.0.113.22:22
  0.000 ssh > S  0:0(0)
  0.010 ssh < S. 0:0(0) ack 1
  0.010 ssh > .  1:1(0) ack 1
"""


def refusals(count: int) -> Timeline:
    """An idle connection, then so many refused ones, a second apart."""
    names = [f"name r{i} client 192.0.2.1:{41000 + i} server 203.0.113.80:80" for i in range(count)]
    lines = [line for line in IDLE.splitlines() if line]
    head, packets = lines[:1], lines[1:]
    for i in range(count):
        packets += [f"  {i + 1}.000 r{i} > S  0:0(0)", f"  {i + 1}.001 r{i} < R. 0:0(0) ack 1"]
    return parse("\n".join([*head, *names, *packets]) + "\n")


def test_an_idle_connection_holds_back_nothing(tmp_path: Path) -> None:
    """Sixteen refusals in a row: each is said before the next one is read, though an older connection is open."""
    path = tmp_path / "refusals.pcap"
    path.write_bytes(pcap(refusals(16)))
    capture = Live(path, tail=200 * SECOND)
    numbers, events = [], []
    for row in chain.from_iterable(Reading(live=capture).told()):
        if isinstance(row, Event):
            events.append(row)
        elif row.verdict.cause == "rst-refused":
            numbers.append(row.number)
            assert row.group_outcome == "pending"
            assert capture.frames.number <= 3 + 2 * len(numbers)
    assert numbers == list(range(1, 17))
    assert [(event.fetches, event.fetch.group_outcome) for event in events] == [(tuple(numbers), "failed")]


def test_a_retry_that_works_is_told(tmp_path: Path) -> None:
    """The failure's row has left as pending; the line says which attempt went well, and when."""
    path = tmp_path / "retry.pcap"
    path.write_bytes(pcap(CASES["retry-refused-then-recovered"]))
    said = [row for row in chain.from_iterable(Reading(live=Live(path)).told()) if isinstance(row, Event)]
    assert [(event.kind, event.fetches, event.fetch.group_outcome) for event in said] == [
        ("group", (1, 2), "recovered")
    ]
    assert words.told(said[0]).startswith("fetches 1, 2 recovered: attempt 3 at ")


SILENT = """
name a client 192.0.2.1:40001 server 192.0.2.53:53
name b client 192.0.2.1:40002 server 192.0.2.53:53
  0.000 a > dns A www.example
  5.005 {again} > dns A www.example
 10.010 {again} > dns A www.example qid 9
{answer}
"""


@pytest.mark.parametrize("again", ["a", "b"])
def test_a_resolver_that_is_silent_is_told_while_it_is(tmp_path: Path, again: str) -> None:
    """From the second question on, to whatever port it was sent from; the row comes when no third is due."""
    path = tmp_path / "silent.pcap"
    path.write_bytes(pcap(parse(SILENT.replace("{again}", again).replace("{answer}", ""))))
    capture = Live(path, tail=20 * SECOND)
    begun = capture.frames.inner.time
    said = []
    for row in chain.from_iterable(Reading(live=capture).told()):
        fetch = row.fetch if isinstance(row, Event) else row
        said.append((row.kind, fetch.verdict.cause, (capture.frames.clock - begun) // (SECOND // 10) / 10))
    assert said[0] == ("ongoing", "dns-no-answer", 5.4)
    kinds = [kind for kind, _, _ in said]
    assert kinds.count("fetch") == kinds.count("ended") == 1
    assert kinds.index("fetch") == kinds.index("ended") + 1 > 8
    assert 15 <= said[kinds.index("fetch")][2] <= 17


HALF_SILENT = """
name a client 192.0.2.1:40001 server 192.0.2.53:53
  0.000 a > dns A www.example
  0.001 a > dns AAAA www.example
  0.002 a < dns AAAA www.example nxdomain
  5.005 a > dns A www.example
 10.010 a < dns A www.example nxdomain
"""


def test_a_name_that_goes_on_has_one_line(tmp_path: Path) -> None:
    """Whichever of its questions is looked at: on a screen the line of before is gone when it is told anew, or over."""
    path = tmp_path / "half.pcap"
    path.write_bytes(pcap(parse(HALF_SILENT)))
    below = Below(io.StringIO(), 120)
    most = 0
    for row in chain.from_iterable(Reading(live=Live(path, tail=20 * SECOND)).told()):
        if isinstance(row, Event) and row.kind == "ongoing":
            below.add(row.fetch)
        else:
            below.remove(row.fetch if isinstance(row, Event) else row)
        most = max(most, len(below.stalls))
    assert (most, below.stalls) == (1, {})


def test_a_resolver_that_answers_at_last_ends_what_was_told(tmp_path: Path) -> None:
    """No row, and nothing stays on the screen."""
    path = tmp_path / "late.pcap"
    path.write_bytes(pcap(parse(SILENT.format(again="a", answer=" 10.500 a < dns A www.example qid 9 203.0.113.80"))))
    said = [row.kind for row in chain.from_iterable(Reading(live=Live(path, tail=20 * SECOND)).told())]
    assert said[-1] == "ended"
    assert set(said[:-1]) == {"ongoing"}


def test_names_asked_for_in_a_flood_have_as_many_rows_as_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that leave early are counted when they do; the last of them has the flag, and the rest have none."""
    monkeypatch.setattr("analyzer.fetch.wishes.Floods", lambda most=10: Floods(min(most, 20)))
    lines = ["name a client 192.0.2.1:40001 server 192.0.2.53:53"]
    for i in range(40):
        lines.append(f"  {i * 0.6:.3f} a > dns A host{i}.example qid {i}")
        lines.append(f"  {i * 0.6 + 0.001:.3f} a < dns A host{i}.example qid {i} nxdomain")
    path = tmp_path / "names.pcap"
    path.write_bytes(pcap(parse("\n".join(lines) + "\n")))
    early = Reading(live=Live(path))
    rows = [row for row in chain.from_iterable(early.told()) if isinstance(row, Fetch)]
    assert [(row.name, row.verdict.flags) for row in rows] == [
        (f"host{i}.example", ("flood",) if i == 9 else ()) for i in range(10)
    ]
    whole = Reading(path)
    assert [row.name for row in whole] == [row.name for row in rows]
    assert (early.left_out, early.warnings) == (whole.left_out, whole.warnings)


LATE_RACE = """
name one client 192.0.2.1:41001 server 203.0.113.80:80
name two client [2001:db8::1]:41002 server [2001:db8::80]:80
  0.000 one > S  0:0(0)
  0.250 two > S  0:0(0)
  1.100 one < S. 0:0(0) ack 1
  1.100 one > R  1:1(0)
  {answer} two < S. 0:0(0) ack 1
  {answer} two > .  1:1(0) ack 1
  {answer} two > P. 1:19(18) ack 1 http GET /
  3.000 two < P. 1:39(38) ack 19 http 200 body 0
  3.010 two > F. 19:19(0) ack 39
  3.010 two < F. 39:39(0) ack 20
  3.010 two > .  20:20(0) ack 40
"""


def test_a_race_is_waited_for_only_a_little(tmp_path: Path) -> None:
    """An attempt against which another one still runs is told within half a second; what turns out later amends it."""
    path = tmp_path / "race.pcap"
    path.write_bytes(pcap(parse(LATE_RACE.replace("{answer}", "1.900"))))
    capture = Live(path)
    kinds = []
    for row in chain.from_iterable(Reading(live=capture).told()):
        kinds.append((row.kind, row.number if isinstance(row, Fetch) else row.fetches))
        if kinds == [("fetch", 1)]:
            assert (row.verdict.cause, row.group_outcome) == ("syn-answered-late", "pending")
            assert capture.frames.clock - row.end <= SECOND // 2
        if row.kind == "amended":
            assert row.fetch.kind == "race"
            assert words.told(row) == "fetch 1 is none: 203.0.113.80:80 lost a race against another address"
    assert kinds[:2] == [("fetch", 1), ("amended", (1,))]


def test_a_race_that_is_decided_soon_has_no_row_of_the_loser(tmp_path: Path) -> None:
    """The other address said something in time."""
    path = tmp_path / "race.pcap"
    path.write_bytes(pcap(parse(LATE_RACE.replace("{answer}", "1.300"))))
    rows = list(chain.from_iterable(Reading(live=Live(path)).told()))
    assert [(row.kind, row.verdict.klass) for row in rows] == [("fetch", "ok")]


STALLED = """
server 203.0.113.44:443
  0.000 > S  0:0(0)
  0.010 < S. 0:0(0) ack 1
  0.010 > .  1:1(0) ack 1
  0.011 > P. 1:518(517) ack 1 tls client_hello sni www.example
  0.021 < .  1:1(0) ack 518
 30.000 > F. 518:518(0) ack 1
 30.010 < F. 1:1(0) ack 519
 30.010 > .  519:519(0) ack 2
"""


def test_a_stall_is_told_while_it_lasts(tmp_path: Path) -> None:
    """Beyond what the verdict itself calls a stall, every second until the client gives up; then the row settles it."""
    path = tmp_path / "stalled.pcap"
    path.write_bytes(pcap(parse(STALLED)))
    said, seconds = [], []
    for row in chain.from_iterable(Reading(live=Live(path, tail=200 * SECOND)).told()):
        said.append(row)
        if row.kind == "ongoing":
            assert row.fetch.verdict.cause == "tls-no-server-hello"
            seconds.append(row.fetch.silence_s)
    assert 3 <= seconds[0] <= 4
    assert 28.5 <= seconds[-1] <= 30
    assert all(after - before < 2 for before, after in pairwise(seconds))
    kinds = [row.kind if isinstance(row, Event) else row.verdict.cause for row in said]
    assert kinds[len(seconds) :] == ["ended", "tls-no-server-hello", "group"]


def test_those_that_wait_for_long_hold_back_nobody(tmp_path: Path) -> None:
    """More connections wait than are judged at one look: a refusal beside them is told as soon as without them."""
    count = 1600  # six times MOST_LOOKED_AT
    lines = [f"name w{i} client 192.0.2.{1 + i % 200}:{40000 + i} server 203.0.113.44:443" for i in range(count)]
    lines.append("name r client 192.0.2.250:39999 server 203.0.113.44:9")
    for i in range(count):
        lines += [f"  {i / 1000:.4f} w{i} > S  0:0(0)", f"  {i / 1000:.4f} w{i} < S. 0:0(0) ack 1"]
        lines += [f"  {i / 1000:.4f} w{i} > .  1:1(0) ack 1", f"  {i / 1000:.4f} w{i} > P. 1:19(18) ack 1 http GET /"]
    lines += [" 20.000 r > S  0:0(0)", " 20.001 r < R. 0:0(0) ack 1"]
    path = tmp_path / "waiting.pcap"
    path.write_bytes(pcap(parse("\n".join(lines) + "\n")))
    capture = Live(path, tail=5 * SECOND)
    for row in chain.from_iterable(Reading(live=capture, lean=True).told()):
        if row.kind == "fetch":
            assert (row.verdict.cause, row.number) == ("rst-refused", 1)
            assert capture.frames.clock - row.start <= SECOND // 2
            break


def test_json_lines_tell_a_stall_ever_more_seldom(tmp_path: Path) -> None:
    """A line when it is one, and when it has lasted twice as long; no line of the other kinds has a number."""
    path = tmp_path / "stalled.pcap"
    path.write_bytes(pcap(parse(STALLED)))
    out = io.StringIO()
    writer = JsonlWriter(out)
    for row in chain.from_iterable(Reading(live=Live(path, tail=200 * SECOND)).told()):
        if isinstance(row, Event):
            writer.event(row)
        else:
            writer.fetch(row)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["type"] for line in lines] == [*["ongoing"] * 4, "fetch", "group"]
    assert all(after["silence_s"] >= 2 * before["silence_s"] for before, after in pairwise(lines[:4]))
    assert lines[4]["group_outcome"] == "pending"
    assert (lines[5]["fetches"], lines[5]["group_outcome"]) == ([1], None)


def test_a_screen_shows_what_stalls_below_the_rows(tmp_path: Path) -> None:
    """The line is amended in place, and gone when the row has come."""
    path = tmp_path / "stalled.pcap"
    path.write_bytes(pcap(parse(STALLED)))
    out = io.StringIO()
    writer = TableWriter(out, 120, colour=False, files=False, hold=0, screen=True)
    for row in chain.from_iterable(Reading(live=Live(path, tail=200 * SECOND)).told()):
        if isinstance(row, Event):
            writer.event(row)
        else:
            writer.fetch(row)
    pieces = out.getvalue().split("\x1b[1A\x1b[J")
    assert len(pieces) > 20
    for piece in pieces[:-1]:
        assert re.fullmatch(
            r"ongoing: \S+ -> www.example:443, TLS handshake, silent for \d+ s, tls-stall/tls-no-server-hello so far\n",
            piece,
        )
    assert "ongoing" not in pieces[-1]
    assert "tls-no-server-hello" in pieces[-1]


def test_a_set_that_is_stopped_ends_with_the_member_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The members behind it are not opened, and nothing is said of damage."""
    monkeypatch.setattr(Reading, "_batch", lambda _: (1,))
    paths = sorted((SAMPLES / "ok" / "curl-rotated").iterdir())
    whole = Reading(paths)
    for _ in whole:
        pass
    reading = Reading(paths, progress=lambda *_: reading.stop())
    for _ in reading:
        pass
    assert 0 < reading.packets < whole.packets
    assert (reading.damaged, reading.warnings) == (False, [])


RECONSIDERED = """
server 203.0.113.80:80
  0.000 > S  0:0(0)
  0.001 < R. 0:0(0) ack 1
  2.000 > S  0:0(0)
  2.010 < S. 0:0(0) ack 1
  2.010 > .  1:1(0) ack 1
  2.011 > P. 1:82(81) ack 1 http GET /x host www.example
  2.030 < P. 1:231(230) ack 82 http 503 content-length 150
  2.031 > F. 82:82(0) ack 231
  2.041 < F. 231:231(0) ack 83
  2.041 > .  83:83(0) ack 232
"""


def test_a_row_that_turns_out_otherwise_is_amended(tmp_path: Path) -> None:
    """The client did not take the refusal for one: the row has left, and a line takes its place."""
    path = tmp_path / "reconsidered.pcap"
    path.write_bytes(pcap(parse(RECONSIDERED)))
    said = list(chain.from_iterable(Reading(live=Live(path, tail=200 * SECOND)).told()))
    rows = [row for row in said if not isinstance(row, Event)]
    (amended,) = [row for row in said if isinstance(row, Event) and row.kind == "amended"]
    assert [row.verdict.cause for row in rows] == ["rst-refused"]
    assert (amended.fetches, amended.fetch.number, amended.fetch.verdict.cause) == ((1,), 1, "http-status-503")
    assert words.told(amended).startswith("fetch 1 turned out otherwise: http-failure/http-status-503: ")
    summary = Summary()
    for row in said:
        if isinstance(row, Event):
            summary.tell(row)
        else:
            summary.add(row)
    assert summary.lines()[0] == "1 fetch: 1 http-failure"
    assert summary.counts()["causes"] == {"http-failure/http-status-503": 1}
    out = io.StringIO()
    JsonlWriter(out).event(amended)
    line = json.loads(out.getvalue())
    assert (line["type"], line["fetch"], line["status"]) == ("amended", 1, 503)


def failures(count: int) -> Timeline:
    """So many refusals by as many servers, within a second."""
    names = [f"name r{i} client 192.0.2.1:{41000 + i} server 203.0.113.{i + 1}:80" for i in range(count)]
    packets = []
    for i in range(count):
        packets += [f"  0.{i:02}0 r{i} > S  0:0(0)", f"  0.{i:02}1 r{i} < R. 0:0(0) ack 1"]
    return parse("\n".join([*names, *packets]) + "\n")


@pytest.mark.parametrize("settle", [True, False])
def test_too_many_do_not_wait_for_a_retry(settle: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the cap the oldest goes without the outcome of its group, and that is said."""
    monkeypatch.setattr("analyzer.verdict.told.MAX_WAITING" if settle else "analyzer.verdict.told.MAX_PENDING", 5)
    path = tmp_path / "failures.pcap"
    path.write_bytes(pcap(failures(12)))
    reading = Reading(live=Live(path, tail=200 * SECOND), settle=settle)
    said = list(chain.from_iterable(reading.told()))
    rows = [row for row in said if not isinstance(row, Event)]
    assert sorted(row.number for row in rows) == list(range(1, 13))
    assert len(said) == (12 if settle else 12 + 5)
    assert reading.warnings == ["too many fetches waited for a retry at once: outcomes of groups are missing"]
