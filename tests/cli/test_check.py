"""`classify --check` and `show --second-opinion`: Wireshark's word beside ours."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.cli.app import run
from analyzer.opinion import check, compare, cutout
from analyzer.opinion.words import shown
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import parse

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
ALERT = str(SAMPLES / "tls-failure" / "curl-unknown-ca.pcap")
FORGED = str(SAMPLES / "ok" / "curl-forged-reset-survived.pcap")
REFUSED = str(SAMPLES / "rst" / "curl-refused.pcap")

GET = """
  0.000 > S  0:0(0)
  0.010 < S. 0:0(0) ack 1
  0.010 > .  1:1(0) ack 1
  0.011 > P. 1:82(81) ack 1 http GET /a host server.example
  0.031 < P. 1:231(230) ack 82 http 503 content-length 150
  0.032 > F. 82:82(0) ack 231
  0.042 < F. 231:231(0) ack 83
  0.042 > .  83:83(0) ack 232
"""

pytestmark = [
    pytest.mark.tshark,
    pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (apt-get install tshark)"),
]

Capture = pytest.CaptureFixture[str]


def said(capsys: Capture, *arguments: object, status: int = 0) -> tuple[str, str]:
    assert run([*map(str, arguments)]) == status, capsys.readouterr()
    captured = capsys.readouterr()
    return captured.out, captured.err


def made(folder: Path, text: str, name: str = "made.pcap") -> Path:
    path = folder / name
    path.write_bytes(pcap(parse(text)))
    return path


def test_rows_are_what_they_are_without_it(capsys: Capture) -> None:
    """What Wireshark says is on standard error, below the summary, and counts the facts of all fetches."""
    without, _ = said(capsys, "classify", "--format", "csv", ALERT, REFUSED)
    rows, err = said(capsys, "classify", "--format", "csv", "--check", ALERT, REFUSED)
    assert rows == without
    assert err.splitlines()[1].endswith(" agrees 31/31 on 2 fetches")


def test_known_differences_are_counted_and_change_no_status(capsys: Capture) -> None:
    """With their names, which the document has."""
    _, err = said(capsys, "classify", "--check", FORGED)
    assert "1 known difference (docs/second-opinion.md): 1 ignored-segment\n" in err


def test_a_difference_that_nobody_knows_is_shown_with_both_names(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is 1, as with `diff`; also when nothing else is to be printed."""
    monkeypatch.setattr(compare, "KNOWN", ())
    for quiet in ([], ["--quiet"]):
        _, err = said(capsys, "classify", "--check", *quiet, FORGED, status=1)
        assert "fetch 1: Wireshark says otherwise\n  packet  fact   whyfetch        Wireshark\n" in err
        assert "       8  again  new (evidence)  out-of-order (tcp.analysis.out_of_order)\n" in err
    out, _ = said(capsys, "show", FORGED, 1, "--second-opinion", status=1)
    assert out.endswith("  8  again  new (evidence)  out-of-order (tcp.analysis.out_of_order)\n")


def test_show_says_it_below_the_page(capsys: Capture) -> None:
    """The page itself is as without; known differences come with their reason."""
    without, _ = said(capsys, "show", FORGED, 1)
    out, _ = said(capsys, "show", FORGED, 1, "--second-opinion")
    assert out.startswith(without)
    assert " agrees 13/14\nknown difference ignored-segment, packet 8: " in out.removeprefix(without)


def test_a_name_that_was_not_resolved(capsys: Capture) -> None:
    """DNS has no connection: id, question or answer, and code are compared."""
    out, _ = said(capsys, "show", SAMPLES / "dns-failure" / "curl-nxdomain.pcap", 1, "--second-opinion")
    assert " agrees " in out.splitlines()[-1]
    assert not out.splitlines()[-1].endswith(" agrees 0/0")


def test_selected_rows_only_and_connections_without_fetch(capsys: Capture) -> None:
    """What has no row is not asked about; with `--all` what carried no fetch has one."""
    _, err = said(capsys, "classify", "--check", "--select", "rst", ALERT, REFUSED)
    assert " on 1 fetch\n" in err
    race = SAMPLES / "ok" / "curl-ipv6-dropped.pcap"
    _, err = said(capsys, "classify", "--check", race)
    assert " on 1 fetch\n" in err
    _, err = said(capsys, "classify", "--check", "--all", race)
    assert " on 2 fetches\n" in err


def test_what_cannot_be_read_twice(capsys: Capture, tmp_path: Path) -> None:
    """Standard input, a pipe, and a file that is followed: a usage error before anything is read."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for arguments in (["-"], [pipe], ["--follow", ALERT]):
        out, err = said(capsys, "classify", "--check", *arguments, status=2)
        assert out == ""
        assert err.startswith("error: `--check` reads captures twice, which ")
        assert "hint: save it first" in err


@pytest.mark.parametrize(
    "tunnel", ["ipv6", "encap vxlan", "encap gre", "encap geneve", "encap gtpu", "vlan 7", "link sll2"]
)
def test_tunnels_and_links(capsys: Capture, tmp_path: Path, tunnel: str) -> None:
    """The inner packets are compared, whatever carries them."""
    _, err = said(capsys, "classify", "--check", made(tmp_path, tunnel + GET))
    assert " agrees 14/14 on 1 fetch\n" in err


def test_a_snap_length(capsys: Capture, tmp_path: Path) -> None:
    """Headers are compared; what depends on bytes that were cut is not asked for, and counted."""
    _, err = said(capsys, "classify", "--check", made(tmp_path, "snaplen 96" + GET))
    assert "differs" not in err
    assert "not asked for: the capture, or what of it is given to Wireshark, has not all that came before" in err


def test_pcapng_and_damage(capsys: Capture, tmp_path: Path) -> None:
    """A capture that is cut short is checked as far as it goes; its status stays 3."""
    whole = Path(ALERT).read_bytes()
    (tmp_path / "short.pcap").write_bytes(whole[:-10])
    _, err = said(capsys, "classify", "--check", tmp_path / "short.pcap", status=3)
    assert " agrees " in err


def test_long_connections_are_cut_out_in_part(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind MOST_FRAMES only headers are compared."""
    monkeypatch.setattr(cutout, "MOST_FRAMES", 4)
    _, err = said(capsys, "classify", "--check", made(tmp_path, GET))
    assert " agrees 12/12 on 1 fetch\n2 facts not asked for" in err


def test_many_fetches(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond MOST_FETCHES of one capture a warning says how many were left out."""
    monkeypatch.setattr(check, "MOST_FETCHES", 1)
    text = "name b client 192.0.2.10:50001\n" + GET + GET.replace(" > ", " b > ").replace(" < ", " b < ")
    _, err = said(capsys, "classify", "--check", made(tmp_path, text))
    assert " on 1 fetch\n" in err
    assert "warning: 1 fetch was not checked: too many in one capture\n" in err


def test_one_run_of_tshark_a_capture(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of fetches; and an error of one capture is told when the others were asked about."""
    folder, real = tmp_path / "bin", shutil.which("tshark")
    folder.mkdir()
    second = f"echo x >> {tmp_path}/runs; [ $(wc -l < {tmp_path}/runs) = 2 ] && exit 3"
    (folder / "tshark").write_text(f'#!/bin/sh\ncase "$*" in *pdml*) {second};; esac\nexec {real} "$@"\n')
    (folder / "tshark").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    several = SAMPLES / "http-failure" / "go-mod-download-zip-503.pcap"
    _, err = said(capsys, "classify", "--check", several, ALERT, REFUSED, status=2)
    assert (tmp_path / "runs").read_text().count("x") == 3
    assert f"error: `{ALERT}`: tshark" in err
    assert " agrees " in err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_wireshark_is_asked(tmp_path: Path, number: int, status: int) -> None:
    """The rows are there, all that was begun is stopped, and no file is left."""
    folder, temporary = tmp_path / "bin", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    asking = f"touch {tmp_path}/asking; exec sleep 600"
    (folder / "tshark").write_text(
        f'#!/bin/sh\ncase "$*" in *pdml*) {asking};; esac\nexec {shutil.which("tshark")} "$@"\n'
    )
    (folder / "tshark").chmod(0o755)
    places = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "analyzer", "classify", "--check", ALERT]
    with subprocess.Popen(command, env={**os.environ, **places}, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if (tmp_path / "asking").exists():
                break
            time.sleep(0.1)
        process.send_signal(number)
        out, _ = process.communicate()
    assert (process.returncode, out.count("tls-alert-unknown-ca")) == (status, 1)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["ipv4", "ipv6"])
def test_fragments(capsys: Capture, tmp_path: Path, name: str) -> None:
    """The fragments that a cited packet was put together from are cut out with it."""
    whole = made(tmp_path, ("ipv6" if name == "ipv6" else "") + GET).read_bytes()
    out, at, number = [whole[:24]], 24, 0
    while at < len(whole):
        seconds, rest, size, _ = struct.unpack_from("<IIII", whole, at)
        frame, number = whole[at + 16 : at + 16 + size], number + 1
        at += 16 + size
        pieces = split(frame) if number == 5 else [frame]
        out += [struct.pack("<IIII", seconds, rest, len(piece), len(piece)) + piece for piece in pieces]
    path = tmp_path / "fragments.pcap"
    path.write_bytes(b"".join(out))
    _, err = said(capsys, "classify", "--check", path)
    assert " agrees 14/14 on 1 fetch\n" in err


def split(frame: bytes) -> list[bytes]:
    """An Ethernet frame as two fragments of its datagram (RFC 791 3.2, RFC 8200 4.5)."""
    four = frame[12:14] == b"\x08\x00"
    head, body = (frame[:34], frame[34:]) if four else (frame[:54], frame[54:])
    pieces = []
    for start, part, more in ((0, body[:64], 1), (64, body[64:], 0)):
        if four:
            fixed = bytearray(head)
            fixed[16:18] = struct.pack("!H", 20 + len(part))
            fixed[20:22] = struct.pack("!H", more << 13 | start // 8)
            fixed[24:26] = bytes(2)
            fixed[24:26] = struct.pack("!H", checksum(bytes(fixed[14:34])))
            pieces.append(bytes(fixed) + part)
        else:
            fixed = bytearray(head)
            fixed[18:20] = struct.pack("!H", 8 + len(part))
            fixed[20] = 44
            pieces.append(bytes(fixed) + struct.pack("!BBHI", 6, 0, start | more, 7) + part)
    return pieces


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def test_what_packets_say_is_escaped() -> None:
    """Whatever Wireshark read in a packet cannot speak to the terminal, nor fill it."""
    assert shown("sni", "a\x1b[31mb") == "a\\x1b[31mb"
    assert len(shown("method", frozenset("x" * 300))) <= 60
    assert shown("sni", "x" * 300).endswith("…")
    assert (shown("records", ()), shown("seq", -1), shown("flags", 2)) == ("none", "none", "0x02")
