"""The packet ring on interfaces that tests make: what was sent is what is read, once; what got lost is counted."""

import os
import socket
import struct
import sys
import time
from itertools import pairwise

import pytest
from support import links

from analyzer.capture import expand, open_capture
from analyzer.capture.live import presence, ring
from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.ring import RingSource
from analyzer.capture.live.source import Wanted
from analyzer.errors import SourceError

pytestmark = pytest.mark.skipif(bool(links.no_capture()), reason=links.no_capture())
linked = pytest.mark.skipif(bool(links.no_links()), reason=links.no_links())
tunnelled = pytest.mark.skipif(bool(links.no_tunnels()), reason=links.no_tunnels())

UDP = bytes.fromhex("45000020000100004011 f6c8c0000202 c0000201 30393039000c0000 00000007".replace(" ", ""))
"""An IPv4 packet, 192.0.2.2 to 192.0.2.1, UDP from port 12345 to 12345, with the number 7."""


@pytest.fixture
def source():
    """A ring that is let go at the end."""
    made = RingSource()
    yield made
    made.release()


@pytest.fixture
def port():
    """A UDP port that takes what is sent to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("0.0.0.0", 0))
        yield receiver.getsockname()[1]


def test_the_loopback_shows_every_datagram_once(source, port):
    """In order, with the time of now, at full length; libpcap leaves out the outgoing half as well."""
    frames = source.open(Wanted(("lo",), f"udp port {port}"))
    before = time.time_ns()
    links.datagrams(port, 500)
    times = []
    found = links.collect(frames, 500, meanwhile=lambda: times.append(frames.time))
    assert links.numbers(found) == list(range(500))
    assert all(before <= moment <= time.time_ns() for moment in times)
    assert {len(data) for data in found} == {142}
    assert (frames.link, frames.length) == (1, 142)
    assert source.interfaces == [("lo", 1)]
    assert source.stats().seen == 500


def test_what_the_kernel_holds_comes_out_after_close(source, port):
    """Frames that came in before are not lost by closing, those that come later are not taken."""
    frames = source.open(Wanted(("lo",), f"udp port {port}"))
    links.datagrams(port, 10)
    source.close()
    links.datagrams(port, 10)
    assert links.numbers(links.collect(frames, 20)) == list(range(10))
    assert not frames.advance()
    assert not frames.idle
    assert source.stats().seen == 10


def test_a_silent_link_ticks_on_when_the_clock_is_set_back(source, port, monkeypatch):
    """Verdicts that silence decides come in their time, not when the clock is there again."""
    frames = source.open(Wanted(("lo",), f"udp port {port}"))
    assert not frames.advance()
    before, real = frames.time, time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3600 * 10**9)
    told = []
    for _ in range(5):
        assert not frames.advance()
        told.append(frames.time - before)
    assert told == sorted(told)
    assert 10**8 <= told[-1] <= 10**10


def test_a_silent_link_ticks_behind_what_the_kernel_holds(source, port):
    """The time of a tick is the clock's, and no frame that comes later is of an earlier time."""
    frames = source.open(Wanted(("lo",), f"udp port {port}"))
    told = []
    for _ in range(20):
        links.datagrams(port, 1)
        while frames.advance():
            told.append(frames.time)
        assert frames.idle
        assert time.time_ns() - 10**9 < frames.time < time.time_ns()
        told.append(frames.time)
    assert all(earlier <= later for earlier, later in pairwise(told))


def test_a_short_snap_length_keeps_the_length(source, port):
    """Bytes are cut, the length on the wire stays."""
    frames = source.open(Wanted(("lo",), f"udp port {port}", snaplen=60))
    links.datagrams(port, 1, size=9000)
    assert [len(data) for data in links.collect(frames, 1)] == [60]
    assert frames.length == 9042


def test_what_is_lost_is_counted_exactly(source, port):
    """With a small ring that nobody reads: sent = read + dropped, and what was kept is a beginning in order."""
    frames = source.open(Wanted(("lo",), f"udp port {port}", buffer=2 << 20))
    links.datagrams(port, 20_000)
    first = source.stats()
    assert first.kernel_drops > 0
    source.close()
    found = links.numbers(links.collect(frames, 20_000))
    assert found == list(range(len(found)))
    assert source.stats() == first
    assert (first.seen, len(found) + first.kernel_drops) == (20_000, 20_000)


@linked
def test_several_interfaces_and_none_else(source, port):
    """Frames carry the interface they came from; those of an interface that was not named are not there."""
    with links.pair() as (name, _):
        frames = source.open(Wanted((name, "lo"), f"udp port {port}"))
        links.datagrams(port, 3)
        links.datagrams(port, 3, address="203.0.113.2")
        seen = []
        links.collect(frames, 6, meanwhile=lambda: seen.append(source.interfaces[frames.interface][0]))
        assert seen[:6] == ["lo"] * 3 + [name] * 3
        source.release()
        other = RingSource()
        frames = other.open(Wanted((name,), f"udp port {port}"))
        links.datagrams(port, 3)
        assert links.collect(frames, 1, seconds=0.3) == []
        other.release()


@tunnelled
def test_any_reads_interfaces_of_several_link_types(source, port):
    """A tunnel has IP packets, the loopback Ethernet frames, and a filter holds on both."""
    with links.tun(0xFFFE) as (name, device):
        frames = source.open(Wanted(("any",), f"udp port 12345 or udp port {port}"))
        os.write(device, UDP)
        os.write(device, UDP.replace(b"\x30\x39", b"\x30\x38"))
        links.datagrams(port, 1)
        seen = []
        found = links.collect(frames, 3, 0.5, lambda: seen.append((source.interfaces[frames.interface], frames.link)))
    assert seen[:2] == [((name, 101), 101), (("lo", 1), 1)]
    assert found[0] == UDP
    assert len(found) == 2


@tunnelled
def test_an_unknown_link_type_is_read_cooked(source):
    """Of an interface whose headers nobody promises anything of, packets are read behind a LINUX_SLL2 header."""
    with links.tun(512) as (name, device):  # ARPHRD_PPP
        frames = source.open(Wanted((name,), "udp port 12345"))
        os.write(device, UDP)
        found = links.collect(frames, 1)
        index = socket.if_nametoindex(name)
    assert frames.link == 276
    assert found == [struct.pack(">HHiHBB8x", 0x0800, 0, index, 512, 0, 0) + UDP]
    assert frames.length == frames.captured == 20 + len(UDP)


@pytest.mark.parametrize("refused", [0, 6], ids=["ring", "plain"])
@linked
def test_a_vlan_tag_is_where_it_was(source, monkeypatch, refused):
    """The kernel takes tags out of frames; they are put back, of the kind they were, and a filter can ask for them."""
    if refused:
        refuse(monkeypatch, refused)
    with links.pair() as (name, namespace):
        names = (name,) if refused else (name, "lo")
        frames = source.open(Wanted(names, "vlan 7 and udp port 12345"))
        sent = []
        for kind in (b"\x81\x00", b"\x88\xa8"):
            sent.append(b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x07" + kind + b"\x60\x07" + b"\x08\x00" + UDP)
            links.inside(namespace, sys.executable, links.__file__, sent[-1].hex())
        found = links.collect(frames, 2)
    assert found == sent
    assert frames.length == len(sent[1])


def refuse(monkeypatch, times):
    """Let the kernel refuse a ring so often."""
    real, left = ring.mapped, [times]

    def mapped(taken, blocks):
        if left[0]:
            left[0] -= 1
            raise OSError(12, "Cannot allocate memory")
        return real(taken, blocks)

    monkeypatch.setattr(ring, "mapped", mapped)


@pytest.mark.parametrize(("times", "said"), [(2, "the ring has 8 MB and not 32"), (9, "frames are read one by one")])
def test_a_refused_ring_is_smaller_or_none(source, port, monkeypatch, times, said):
    """Half as large as often as the kernel refuses, then frames are read one by one: the same ones, counted alike."""
    refuse(monkeypatch, times)
    frames = source.open(Wanted(("lo",), f"udp port {port}", snaplen=60))
    assert [said in text for text in source.warnings] == [True]
    links.datagrams(port, 50)
    found = links.collect(frames, 50)
    assert links.numbers(found) == list(range(50))
    assert (frames.captured, frames.length, frames.link) == (60, 142, 1)
    assert source.stats().seen == 50
    assert not frames.advance()
    assert frames.idle
    source.close()
    assert not links.collect(frames, 1)
    assert not frames.idle


@linked
def test_down_and_up_again(source, port):
    """An interface that goes down is told of, and frames come again when it is back."""
    with links.pair() as (name, _):
        frames = source.open(Wanted((name,), f"udp port {port}"))
        for _ in range(3):
            links.run("ip", "link", "set", name, "down")
            assert links.collect(frames, 1, 0.3) == []
            links.run("ip", "link", "set", name, "up")
            links.datagrams(port, 5, address="203.0.113.2")
            assert len(links.collect(frames, 5)) == 5
    assert len(source.warnings) == 1
    assert source.warnings[0].startswith(f"`{name}` went away 3 times")
    assert not source.failed


@linked
def test_removed_and_made_anew(source, port):
    """An interface of the same name is another one for the kernel; for us it is the one that was named."""
    with links.pair() as (name, namespace):
        frames = source.open(Wanted((name,), f"udp port {port}"))
        links.run("ip", "link", "del", name)
        assert links.collect(frames, 1, 0.3) == []
        links.connect(name, namespace)
        links.collect(frames, 1, 0.3)
        links.datagrams(port, 5, address="203.0.113.2")
        assert len(links.collect(frames, 5)) == 5
    assert source.warnings == [f"`{name}` was removed; nothing is captured there until it is back"]
    assert not source.failed


@linked
def test_renamed(source, port):
    """It is captured on, and what becomes of it later is told by the new name."""
    with links.pair() as (name, _):
        frames = source.open(Wanted((name,), f"udp port {port}"))
        new = f"{name}x"
        for command in (("down",), ("name", new), ("up",)):
            links.run("ip", "link", "set", new if command == ("up",) else name, *command)
            links.collect(frames, 1, 0.2)
        links.datagrams(port, 5, address="203.0.113.2")
        assert len(links.collect(frames, 5)) == 5
        links.run("ip", "link", "set", new, "name", name)
        links.collect(frames, 1, 0.2)
    assert source.warnings[1:3] == [
        f"`{name}` is called `{new}` now; it is captured on",
        f"`{new}` is called `{name}` now; it is captured on",
    ]
    assert source.warnings[0].startswith(f"`{name}` went down")
    assert not source.failed


@linked
def test_removed_for_good(source, port, monkeypatch):
    """When no interface comes back the capture ends, as failed, after what was read."""
    monkeypatch.setattr(presence, "PATIENCE_NS", 300_000_000)
    with links.pair() as (name, _):
        frames = source.open(Wanted((name,), f"udp port {port}"))
        links.datagrams(port, 5, address="203.0.113.2")
        links.run("ip", "link", "del", name)
        assert len(links.collect(frames, 6)) == 5
    assert not frames.idle
    assert source.failed
    assert source.warnings[-1].startswith("the capture ended")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(("lp",)), "no interface is called `lp`"),
        (Wanted(("lo",), "tcp prt 80"), "cannot use the filter `tcp prt 80`: syntax error at character 5 (`prt`)"),
    ],
)
def test_what_cannot_be_captured(source, wanted, message):
    """An error before anything is opened, with what to do."""
    with pytest.raises(SourceError) as error:
        source.open(wanted)
    assert error.value.message == message
    assert error.value.hint


@linked
def test_an_interface_that_is_down(source):
    """It is said at once, and how to set it up."""
    with links.pair() as (name, _):
        links.run("ip", "link", "set", name, "down")
        with pytest.raises(SourceError, match="it is down") as error:
            source.open(Wanted((name,)))
        assert error.value.hint == f"`ip link set {name} up`"


@pytest.mark.parametrize("refused", [0, 9], ids=["ring", "plain"])
def test_losses_are_where_they_were(source, port, monkeypatch, refused):
    """Between the frame before and the one that says so; so many as the numbers that are not there."""
    refuse(monkeypatch, refused)
    frames = source.open(Wanted(("lo",), f"udp port {port}", buffer=3 << 20))
    if refused:
        source.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    gaps, before, last, total, first = [], -1, 0, 0, 0
    for turn in range(12):
        for number in range(turn * 4000, turn * 4000 + 4000, 500):
            links.datagrams(port, 500, size=400, first=number)
        for _ in range(2000 if turn % 3 else 100_000):
            if not frames.advance():
                break
            number = links.numbers([frames.data[frames.start : frames.start + frames.captured]])[0]
            assert (frames.missed > 0) == (number != before + 1) or not refused
            if number != before + 1 or frames.missed:
                gaps.append((last, frames.time, number - before - 1, frames.missed))
            total += 1
            before, last = number, frames.time
            first = first or frames.time
    lost = source.stats().kernel_drops
    assert lost > 1000
    real = [gap for gap in gaps if gap[2] > 10]  # a few are dropped while the kernel turns to the next block
    assert len(real) >= 2
    assert all(told > 0 and source.losses.within(start, end) for start, end, _, told in real)
    assert len(gaps) <= len(real) + 3, "few other places are suspected"
    assert not source.losses.within(first, real[0][0] - 1)


def test_losses_are_in_the_file(source, port, tmp_path):
    """Written along, a file says of the same frames that others were dropped before them."""
    capture = LiveCapture(source, Wanted(("lo",), f"udp port {port}", buffer=2 << 20))
    capture.write(tmp_path / "along.pcapng")
    links.datagrams(port, 20_000)
    links.collect(capture.frames, 4000)
    links.datagrams(port, 3000)
    capture.stop()
    links.collect(capture.frames, 100_000)
    live = capture.losses
    capture.close()
    assert live.times
    with open_capture(expand([tmp_path / "along.pcapng"])[0]) as written:
        while written.frames.advance():
            pass
        told = written.losses
        assert told.times
        assert all(any(a <= start and end <= b for a, b, _ in live.times) for start, end, _ in told.times)
        assert written.dropped == capture.stats().kernel_drops
        assert told.packets == live.packets
        assert written.dropped - told.packets <= 1, "one may have been lost behind the last frame"
