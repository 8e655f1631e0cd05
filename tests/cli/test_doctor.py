"""`whyfetch doctor` says what works here, what does not, and how to get it."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from analyzer.capture.live import choose
from analyzer.capture.live.interfaces import Interface
from analyzer.cli import checks
from analyzer.cli.app import run
from analyzer.cli.checks import Check
from analyzer.cli.doctor import COLUMNS, check_lines, interface_lines


@pytest.fixture
def lacking(monkeypatch):
    """Take away what a machine may lack: sources, programs, packages."""

    def take(sources=(), programs=(), packages=()):
        there = checks.find_spec
        monkeypatch.setattr(checks, "find_spec", lambda name: None if name in packages else there(name))
        which = shutil.which
        monkeypatch.setattr(checks.shutil, "which", lambda name: None if name in programs else which(name))
        for name in choose.SOURCES:
            answer = ("not here", f"get {name}", False) if name in sources else ("", "", False)
            monkeypatch.setitem(choose.SOURCES, name, (f"source {name}", lambda answer=answer: answer))

    return take


def report(capsys):
    """The status, and the report as JSON: the checks by their name."""
    status = run(["doctor", "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    return status, {check["name"]: check for check in told["checks"]}, told


def test_all_areas_are_there(capsys, lacking):
    """Engine, rights, kernel, sources, cgroup, formats, programs, packages, and the interfaces with their counters."""
    lacking()
    status, found, told = report(capsys)
    assert status == 0
    names = "engine python kernel rights ring dumpcap tcpdump scapy cgroup pcap pcapng gz bz2 xz zst lz4 tshark nft"
    assert set(f"{names} pandas pyarrow cryptography hpack scapy pyshark jinja2".split()) <= set(found)
    assert {interface["name"] for interface in told["interfaces"]} == {name for _, name in socket.if_nameindex()}
    lo = next(interface for interface in told["interfaces"] if interface["name"] in ("lo", "lo0"))
    assert {"up", "received", "sent", "dropped", "link"} <= set(lo)
    assert told["engine"] in ("compiled", "interpreted")


@pytest.mark.parametrize(("name", "package"), [("zst", checks.ZSTD), ("lz4", "lz4"), ("pyarrow", "pyarrow")])
def test_a_missing_package_is_said_with_how_to_get_it(capsys, lacking, name, package):
    """What it is for, or what cannot be read without; the rest works, so the status is 0."""
    lacking(packages=[package])
    status, found, _ = report(capsys)
    assert (status, found[name]["works"]) == (0, False)
    assert "pip install" in found[name]["hint"]


def test_a_missing_program_is_said_with_its_package(capsys, lacking):
    """No error: it only helps."""
    lacking(programs=["tshark", "nft"])
    status, found, _ = report(capsys)
    assert (status, found["tshark"]["works"], found["nft"]["works"]) == (0, False, False)
    assert "apt-get install tshark" in found["tshark"]["hint"]


def test_one_source_is_enough(capsys, lacking):
    """The others are said with their reasons."""
    lacking(sources=["ring", "dumpcap", "tcpdump"])
    status, found, _ = report(capsys)
    assert status == 0
    assert (found["ring"]["detail"], found["ring"]["hint"]) == ("not here", "get ring")


def test_without_a_source_the_status_says_so(capsys, lacking):
    """A script can ask; the report comes all the same."""
    lacking(sources=list(choose.SOURCES))
    status, found, _ = report(capsys)
    assert status == 2
    assert found["pcap"]["works"]


def test_the_text_fits_into_80_columns(capsys, lacking, monkeypatch):
    """Aligned, and no line is longer, but for a command that must stay whole."""
    monkeypatch.setattr(sys, "argv", ["/usr/bin/whyfetch", "doctor"])
    lacking(sources=["dumpcap"], programs=["tshark"], packages=["lz4", "pyarrow"])
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= COLUMNS
    marks = [line for line in lines if line[:2] == "  " and line[2] != " " and line[15:18].strip() in ("yes", "no")]
    assert len(marks) >= 20
    assert "  dumpcap      no   not here" in lines
    assert "                    -> get dumpcap" in lines


def test_a_command_can_be_copied():
    """No line ends within one."""
    long = "x" * 50
    lines = list(check_lines([Check("sources", "dumpcap", False, "no right", f"`sudo {long}`, then `a b`")]))
    assert lines[3:] == [f"                    -> `sudo {long}`,", "                       then `a b`"]
    (line,) = list(check_lines([Check("sources", "dumpcap", False, "no right", f"`sudo {'x ' * 50}`")]))[3:]
    assert line.endswith("x x `")


def test_interfaces_are_shown_with_state_and_traffic():
    """Of very many only the busiest; a name that a terminal would obey is shown escaped."""
    many = [Interface(f"veth{i}", i, received=i) for i in range(100)]
    lines = list(interface_lines(many))
    assert len(lines) == 23
    assert "veth99" in lines[-2]
    assert lines[-1] == "  and 80 more, less busy (`--format json` has them)"
    lines = list(interface_lines([Interface("e\x1b0", 1, 65534, up=True, running=False, received=1234, dropped=5)]))
    assert lines[2].split() == ["e\\x1b0", "no", "carrier", "raw", "IP", "1,234", "0", "5"]
    assert max(map(len, lines)) <= COLUMNS


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: run the tests with sudo")
def test_a_process_without_rights_is_told_what_it_lacks():
    """As in a container: NET_RAW is gone, so ring and scapy are out, and each says how to get them."""
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv: `apt-get install util-linux`")
    command = [sys.executable, "-c", "from analyzer.cli import main; main()", "doctor", "--format", "json"]
    done = subprocess.run(["setpriv", "--bounding-set=-net_raw", *command], capture_output=True, text=True)
    found = {check["name"] + check["area"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["rightshere"]["detail"] == "root; NET_RAW no, NET_ADMIN yes"
    assert found["ringsources"]["detail"] == found["scapysources"]["detail"] == "no right to capture"
    assert found["ringsources"]["hint"]
    assert done.returncode == (0 if found["dumpcapsources"]["works"] or found["tcpdumpsources"]["works"] else 2)
