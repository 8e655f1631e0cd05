"""Which source captures, and why another does not."""

import os
import shutil
import subprocess
import sys

import pytest

from analyzer.capture.live import choose as choosing
from analyzer.capture.live.choose import SOURCES, choose, probe
from analyzer.errors import SourceError, UsageError


@pytest.fixture
def working(monkeypatch):
    """Let only some sources work; the others lack something, or a right."""

    def run(*names, forbidden=()):
        for name in SOURCES:
            answer = ("", "", False) if name in names else ("not here", f"get {name}", name in forbidden)
            monkeypatch.setitem(choosing.SOURCES, name, (name, lambda answer=answer: answer))
        monkeypatch.setattr(choosing, "_make", lambda name: name)

    return run


@pytest.mark.parametrize("first", range(4))
def test_the_first_that_works_is_taken(working, first):
    """The order is ring, dumpcap, tcpdump, scapy."""
    names = ["ring", "dumpcap", "tcpdump", "scapy"]
    working(*names[first:])
    assert choose() == names[first]


def test_one_can_be_named(working):
    """Also when a better one works; one that does not work is an error with what to do."""
    working("ring", "scapy")
    assert choose("scapy") == "scapy"
    with pytest.raises(SourceError, match="`tcpdump` cannot capture here: not here") as error:
        choose("tcpdump")
    assert error.value.hint == "get tcpdump"


def test_an_unknown_name_lists_the_names(working):
    """That is a wrong command line."""
    working("ring")
    with pytest.raises(UsageError, match="no source is called `libpcap`") as error:
        choose("libpcap")
    assert error.value.hint == "`--source` takes ring, dumpcap, tcpdump, scapy"


def test_several_interfaces_are_not_for_tcpdump(working):
    """It is passed over."""
    working("tcpdump", "scapy")
    assert choose(several=True) == "scapy"


def test_a_lacking_right_is_what_is_said_first(working):
    """The line to type of the best source that lacks nothing else."""
    working(forbidden=("ring", "scapy"))
    with pytest.raises(SourceError, match="no right to capture") as error:
        choose()
    assert error.value.hint == "get ring"


def test_where_nothing_can_work_every_reason_is_said(working):
    """A name and a reason each."""
    working()
    with pytest.raises(SourceError, match="ring: not here; dumpcap: not here; tcpdump: not here; scapy: not here"):
        choose()


@pytest.mark.parametrize("name", ["dumpcap", "tcpdump"])
def test_a_program_that_is_not_there_is_said(name, monkeypatch, tmp_path):
    """With the package that has it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe(name).reason == "not installed"
    assert "apt-get install" in probe(name).hint


@pytest.mark.parametrize("name", ["dumpcap", "tcpdump"])
@pytest.mark.parametrize(
    ("script", "reason", "forbidden"),
    [
        ("exit 0", "", False),
        ('echo "You don\'t have permission to capture on that device" >&2; exit 1', "no right to capture", True),
        ("echo 'it is broken' >&2; exit 1", "it does not capture: it is broken", False),
    ],
)
def test_a_program_is_asked(name, script, reason, forbidden, monkeypatch, tmp_path):
    """Whether it may open an interface, by letting it do so."""
    (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = probe(name)
    assert (found.reason, found.forbidden) == (reason, forbidden)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: run the tests with sudo")
def test_root_without_the_capability_is_told(tmp_path):
    """As in a container that lacks NET_RAW: ring and scapy are out for want of a right, with the line to type."""
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv: `apt-get install util-linux`")
    script = "from analyzer.capture.live.choose import probe\n"
    script += (
        "for name in ('ring', 'scapy'): found = probe(name); print(found.reason, found.forbidden, bool(found.hint))"
    )
    command = ["setpriv", "--bounding-set=-net_raw", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["no right to capture True True"] * 2


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: run the tests with sudo")
def test_root_may_capture():
    """Ring and scapy work for root."""
    assert [probe(name).reason for name in ("ring", "scapy")] == ["", ""]
