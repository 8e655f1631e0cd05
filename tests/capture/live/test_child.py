"""dumpcap and tcpdump as children: what they capture is read, and they are never left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.capture.frame import TICK_NS
from analyzer.capture.live import child
from analyzer.capture.live.child import HELD_NS, ChildSource, dumpcap_counts, tcpdump_counts
from analyzer.capture.live.source import Stats, Wanted
from analyzer.errors import SourceError

PACKAGE = {"dumpcap": "wireshark-common", "tcpdump": "tcpdump"}


@pytest.fixture(params=["dumpcap", "tcpdump"])
def name(request):
    """Both programs; a machine that lacks one or the right to use it says so."""
    if shutil.which(request.param) is None:
        pytest.skip(f"needs {request.param}: `apt-get install {PACKAGE[request.param]}`")
    if os.geteuid() != 0:
        pytest.skip("needs the right to capture: run the tests with sudo")
    return request.param


@pytest.fixture
def start():
    """Open a source; nothing of it is left in the end."""
    opened = []

    def run(name, *interfaces, **wanted):
        source = ChildSource(name)
        opened.append(source)
        return source, source.open(Wanted(interfaces or ("lo",), **wanted))

    yield run
    for source in opened:
        source.release()
        assert source.keeper is None or not Path(f"/proc/{source.keeper.pid}").exists()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a script of the given name in front of the real program."""

    def run(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return run


def children(pid):
    """The children of a process."""
    return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid):
    """Whether the process ends within seconds."""
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    return not Path(f"/proc/{pid}").exists()


def test_what_was_sent_is_read(start, name, port, send, collect):
    """In order, whole, with the time of now; what comes last before `close` as well."""
    source, frames = start(name, bpf=f"udp port {port}")
    before = time.time_ns()
    send(port, 20)
    found, _ = collect(frames, 10)
    send(port, 10)
    source.close()
    more, _ = collect(frames, 99)
    numbers = [int.from_bytes(frame.data[42:46], "big") for frame in found + more]
    assert numbers == [*range(20), *range(10)]
    assert all(before - 10**6 <= frame.time <= time.time_ns() for frame in found + more)
    assert {(frame.captured, frame.length, frame.link) for frame in found} == {(142, 142, 1)}
    assert source.stats() == Stats(30, 0, 0)
    assert not source.failed
    assert not source.warnings


def test_tcpdump_tells_what_it_lost_while_it_runs(start, port, send, collect):
    """It is asked now and then, however often its counters are wanted."""
    if shutil.which("tcpdump") is None or os.geteuid() != 0:
        pytest.skip("needs tcpdump and root: `apt-get install tcpdump`, and run the tests with sudo")
    source, frames = start("tcpdump", bpf=f"udp port {port}")
    send(port, 3)
    collect(frames, 3)
    until = time.monotonic() + 10
    while source.stats() != Stats(3, 0, 0) and time.monotonic() < until:
        time.sleep(0.001)
    assert source.stats() == Stats(3, 0, 0)
    assert source.said.count("packets captured") < 20


def test_a_silent_link_ticks(start, name, port, send, collect):
    """Before the first packet and after one, never ahead of what the child may still hold back."""
    _, frames = start(name, bpf=f"udp port {port}")
    _, before = collect(frames, 1, seconds=0.5)
    send(port, 1)
    found, _ = collect(frames, 1)
    _, after = collect(frames, 1, seconds=0.5)
    assert len(before) >= 2
    assert len(after) >= 2
    ticks = before + after
    assert ticks == sorted(ticks)
    assert ticks[-1] <= time.time_ns() - HELD_NS[name] + TICK_NS
    assert found[0].time >= before[-1]


def test_a_short_snap_length_keeps_the_length(start, name, port, send, collect):
    """Bytes are cut, the length on the wire stays."""
    _, frames = start(name, bpf=f"udp port {port}", snaplen=100)
    send(port, 1, size=9000)
    found, _ = collect(frames, 1)
    assert (found[0].captured, found[0].length) == (100, 9042)


def test_a_child_that_is_killed_is_said(start, name, port, send, collect):
    """What it had captured is read, the end is no silent one."""
    source, frames = start(name, bpf=f"udp port {port}")
    send(port, 3)
    found, _ = collect(frames, 3)
    (pid,) = children(source.keeper.pid)
    os.kill(pid, signal.SIGKILL)
    more, _ = collect(frames, 99)
    assert (len(found), more) == (3, [])
    assert source.failed
    assert source.warnings == [f"`{name}` ended: killed by signal 9; what it captured was read"]


def test_the_child_does_not_outlive_us(name):
    """When we are killed it ends, also on a link where nothing ever comes."""
    script = (
        "import sys, time; from analyzer.capture.live.child import ChildSource, Wanted\n"
        "source = ChildSource(sys.argv[1]); source.open(Wanted(('lo',), bpf='udp port 1'))\n"
        "print(source.keeper.pid, flush=True); time.sleep(60)"
    )
    ours = subprocess.Popen([sys.executable, "-c", script, name], stdout=subprocess.PIPE, text=True)
    keeper = int(ours.stdout.readline())
    (pid,) = children(keeper)
    assert os.getsid(pid) == keeper, "Ctrl-C on our terminal does not reach it"
    ours.kill()
    ours.wait()
    ours.stdout.close()
    assert gone(pid)
    assert gone(keeper)


def test_an_interface_that_goes_away_is_said(start, name, veth):
    """The child's own words are passed on."""
    source, frames = start(name, veth[0])
    frames.advance()
    subprocess.run(["ip", "link", "del", veth[0]], check=True)
    until = time.monotonic() + 10
    while (frames.advance() or frames.idle) and time.monotonic() < until:
        pass
    assert source.failed
    assert source.warnings[0].startswith(f"`{name}` ended: ")


def test_a_bad_filter_is_an_error_in_the_childs_words(start, name):
    """Whatever it says about it."""
    with pytest.raises(SourceError, match=f"`{name}` does not capture: .*(filter|syntax)"):
        start(name, bpf="nonsense here")


def test_an_unknown_interface_is_an_error(start, name):
    """The same error as everywhere."""
    with pytest.raises(SourceError, match="no interface is called `nosuch0`"):
        start(name, "nosuch0")


def test_tcpdump_knows_one_interface():
    """Several are an error that names the way out."""
    with pytest.raises(SourceError, match="captures on one interface"):
        ChildSource("tcpdump").open(Wanted(("lo", "eth0")))


def test_without_the_right_the_line_to_type_is_said(program, start):
    """The child's complaint becomes a command."""
    program("tcpdump", 'echo "tcpdump: lo: You don\'t have permission to capture on that device" >&2; exit 1')
    with pytest.raises(SourceError, match="no right to capture on lo") as error:
        start("tcpdump")
    assert "sudo" in error.value.hint or "NET_RAW" in error.value.hint


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "it wrote nothing"),
        ("echo 'tcpdump: the moon is full' >&2; exit 1", "the moon is full"),
        ("echo this is no capture", "it wrote nothing"),
        ("printf '\\324\\303\\262\\241'", "it wrote nothing"),
    ],
)
def test_a_child_that_does_not_start_is_an_error(program, start, script, why):
    """Whatever it wrote instead of a file header."""
    program("tcpdump", script)
    with pytest.raises(SourceError, match=f"`tcpdump` does not capture: {why}"):
        start("tcpdump")


HEADER = "printf '\\324\\303\\262\\241\\2\\0\\4\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\4\\0\\1\\0\\0\\0'"
RECORD = "printf '\\1\\0\\0\\0\\0\\0\\0\\0\\4\\0\\0\\0\\4\\0\\0\\0'"


def test_a_child_that_does_not_obey_is_killed(program, start, monkeypatch, collect):
    """It has its time to write out what it has; then it is killed."""
    monkeypatch.setattr(child, "END_S", 0.3)
    program("tcpdump", f"trap '' TERM; {HEADER}; {RECORD}; printf abcd; while :; do sleep 1; done")
    source, frames = start("tcpdump")
    (pid,) = children(source.keeper.pid)
    source.close()
    assert [frame.data for frame in collect(frames, 9)[0]] == [b"abcd"]
    assert gone(pid)
    assert not source.failed


def test_what_nobody_reads_does_not_keep_it(program, start, monkeypatch):
    """A child that waits for us to read is ended all the same."""
    program("tcpdump", f"{HEADER}; cat /dev/zero")
    source, _ = start("tcpdump")
    keeper = source.keeper.pid
    source.release()
    assert gone(keeper)


def test_the_end_may_come_from_a_signal(name, port, send, start, collect):
    """While the reader waits: what was captured before is read to its end."""
    source, frames = start(name, bpf=f"udp port {port}")
    before = signal.signal(signal.SIGALRM, lambda *_: source.close())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        send(port, 5)
        found, _ = collect(frames, 99)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(found) == 5
    assert (source.failed, source.warnings) == (False, [])


def test_a_packet_that_comes_in_pieces_is_waited_for(program, start, collect):
    """Half a file header is none, half a record is no end, and no tick loses it."""
    header = f"{HEADER[:40]}'; sleep 0.2; printf '{HEADER[40:]}"
    program("tcpdump", f"{header}; {RECORD}; printf ab; sleep 0.4; printf cd; {RECORD}; printf efgh; exec sleep 5")
    _, frames = start("tcpdump")
    assert [frame.data for frame in collect(frames, 2)[0]] == [b"abcd", b"efgh"]


def test_a_packet_that_the_end_cuts_is_said(program, start, collect):
    """What came before it is read."""
    program("tcpdump", f"{HEADER}; {RECORD}; printf abcd; {RECORD}; printf ef; echo 'tcpdump: it burns' >&2; exit 1")
    source, frames = start("tcpdump")
    assert [frame.data for frame in collect(frames, 9)[0]] == [b"abcd"]
    assert source.failed
    assert source.warnings == [
        "`tcpdump` is cut short after packet 1; the last packet was ignored",
        "`tcpdump` ended: it burns; what it captured was read",
    ]


def test_a_chatty_child_does_not_stop(program, start, collect):
    """Its standard error is read along: more of it than a pipe holds, and none of it is kept for ever."""
    program("tcpdump", f"{HEADER}; head -c 3000000 /dev/zero | tr '\\0' 'e' >&2; {RECORD}; printf abcd; exec sleep 5")
    source, frames = start("tcpdump")
    assert [frame.data for frame in collect(frames, 1)[0]] == [b"abcd"]
    assert len(source.said) <= child.MOST_SAID


def test_counts_are_read_from_what_children_say():
    """The last of tcpdump's reports, the sum over dumpcap's interfaces, nothing of what says nothing."""
    assert tcpdump_counts("") == dumpcap_counts("Capturing on 'lo'\n") == Stats()
    said = "tcpdump: 3 packets captured, 6 packets received by filter, 0 packets dropped by kernel\n"
    said += (
        "1 packet captured\n8 packets received by filter\n2 packets dropped by kernel\n5 packets dropped by interface\n"
    )
    assert tcpdump_counts(said) == Stats(3, 2, 5)
    said = "Packets received/dropped on interface 'a': 7/3 (pcap:2/dumpcap:1/flushed:0/ps_ifdrop:4) (70.0%)\n"
    said += "Packets received/dropped on interface 'b': 1/0 (pcap:0/dumpcap:0/flushed:0/ps_ifdrop:1) (100.0%)\n"
    assert dumpcap_counts(said) == Stats(11, 3, 5)


def test_dumpcap_captures_on_several(start, port, send, veth):
    """Each frame says which interface it is of."""
    if shutil.which("dumpcap") is None or os.geteuid() != 0:
        pytest.skip("needs dumpcap and root: `apt-get install wireshark-common`, and run the tests with sudo")
    _, frames = start("dumpcap", veth[0], "lo", bpf=f"udp port {port}")
    send(port, 1)
    until = time.monotonic() + 5
    while not frames.advance() and time.monotonic() < until:
        pass
    assert (frames.number, frames.interface) == (1, 1)
