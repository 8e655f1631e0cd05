"""scapy's sockets on the loopback interface: what was sent is what is read."""

import os
import socket
import subprocess
import threading
import time

import pytest

from analyzer.capture.live import raw
from analyzer.capture.live.raw import ScapySource
from analyzer.capture.live.source import Wanted
from analyzer.errors import SourceError

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs the right to capture: run the tests with sudo"
)


def test_every_datagram_comes_once(port, send, collect):
    """With a filter, in order, with the time of now, at its full length; the loopback shows it twice, we do not."""
    source = ScapySource()
    frames = source.open(Wanted(("lo",), bpf=f"udp port {port}"))
    before = time.time_ns()
    send(port, 50)
    found, _ = collect(frames, 50)
    assert [int.from_bytes(frame.data[42:46], "big") for frame in found] == list(range(50))
    assert all(before - 10**6 <= frame.time <= time.time_ns() for frame in found)
    assert {(frame.captured, frame.length, frame.link) for frame in found} == {(142, 142, 1)}
    stats = source.stats()
    assert (stats.seen, stats.kernel_drops) == (50, 0)
    send(port, 3)
    source.close()
    found, ticks = collect(frames, 99)
    assert (len(found), ticks) == (3, []), "what came before the end is read, and then it is the end"
    assert source.stats().seen == 53, "also after the end"


def test_a_short_snap_length_keeps_the_length(port, send, collect):
    """Bytes are cut, the length on the wire stays."""
    source = ScapySource()
    frames = source.open(Wanted(("lo",), bpf=f"udp port {port}", snaplen=60))
    send(port, 1, size=9000)
    found, _ = collect(frames, 1)
    assert (found[0].captured, found[0].length) == (60, 9042)
    source.release()


def test_a_silent_link_ticks(port, send, collect):
    """Time goes on by the clock while nothing comes, and is not ahead of it."""
    source = ScapySource()
    frames = source.open(Wanted(("lo",), bpf=f"udp port {port}"))
    _, ticks = collect(frames, 1, seconds=0.3)
    assert ticks == sorted(ticks)
    assert ticks[-1] <= time.time_ns()
    assert ticks[-1] - ticks[0] >= raw.TICK_NS
    source.release()


def test_what_was_lost_is_counted(port, send, collect):
    """Sent is seen, and seen is read and dropped, however small the buffer."""
    source = ScapySource()
    frames = source.open(Wanted(("lo",), bpf=f"udp port {port}", buffer=1))
    send(port, 500, size=1000)
    found, _ = collect(frames, 500, seconds=0.5)
    stats = source.stats()
    assert stats.seen == 500
    assert stats.kernel_drops > 0
    assert len(found) == stats.seen - stats.kernel_drops
    source.release()


def test_several_interfaces(port, send, collect):
    """`any` is every interface that is up, and each frame says which it is of."""
    source = ScapySource()
    frames = source.open(Wanted(("any",), bpf=f"udp port {port}"))
    index = [name for name, _ in source.interfaces].index("lo")
    sender = threading.Thread(target=send, args=(port, 3), kwargs={"pause": 0.01})
    sender.start()
    found = []
    while len(found) < 3:
        if frames.advance():
            found.append(frames.interface)
    sender.join()
    assert found == [index] * 3
    source.release()


def test_an_interface_goes_down_and_away(veth, collect):
    """Down is said, and what comes afterwards is read; gone is the end, said as a failure."""
    source = ScapySource()
    frames = source.open(Wanted((veth[0],), bpf="ether proto 0x88b5"))
    frame = b"\xff" * 6 + b"\2" + bytes(5) + b"\x88\xb5" + b"w" * 50
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((veth[1], 0))
        for state in ("down", "up"):
            subprocess.run(["ip", "link", "set", veth[0], state], check=True)
            frames.advance()
        sender.send(frame)
        found, _ = collect(frames, 1)
    assert found[0].data == frame
    assert source.warnings == [f"`{veth[0]}` went down; capturing goes on when it is up again"]
    assert not source.failed
    subprocess.run(["ip", "link", "del", veth[0]], check=True)
    until = time.monotonic() + 10
    while (frames.advance() or frames.idle) and time.monotonic() < until:
        pass
    assert source.failed
    assert source.warnings[1].startswith(f"`{veth[0]}` is gone")
    source.release()


def test_an_unknown_interface_is_an_error():
    """It is named, and nothing is left open."""
    with pytest.raises(SourceError, match="no interface is called `nosuch0`"):
        ScapySource().open(Wanted(("lo", "nosuch0")))


def test_a_bad_filter_is_an_error():
    """What scapy says of it is passed on."""
    with pytest.raises(SourceError, match="filter"):
        ScapySource().open(Wanted(("lo",), bpf="nonsense here"))


def test_without_the_right_the_line_to_type_is_said(monkeypatch):
    """The error of the system becomes a command."""

    class Forbidden:
        def __init__(self, **_):
            raise PermissionError(1, "Operation not permitted")

    conf, _ = raw.scapy()
    monkeypatch.setattr(conf, "L2listen", Forbidden)
    with pytest.raises(SourceError, match="no right to capture on `lo`") as error:
        ScapySource().open(Wanted(("lo",)))
    assert "sudo" in error.value.hint or "NET_RAW" in error.value.hint


def test_what_passed_before_the_filter_was_there_does_not_count(port, send, collect):
    """Others send while the socket is opened: none of that is a loss of ours."""
    stop = threading.Event()

    def others():
        while not stop.is_set():
            send(port, 100)

    sender = threading.Thread(target=others)
    sender.start()
    try:
        for _ in range(20):
            source = ScapySource()
            source.open(Wanted(("lo",), bpf="udp port 9"))
            assert source.stats().kernel_drops == 0
            source.release()
    finally:
        stop.set()
        sender.join()
