"""`whyfetch show` prints one fetch: its packets, what proves the verdict, and why it is no other."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.cli.app import run
from analyzer.pkt.build import pcap
from analyzer.pkt.timeline import load, parse

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
SILENT = str(SAMPLES / "tls-stall" / "go-server-silent-10s.pcap")
OK = str(SAMPLES / "ok" / "curl-head.pcap")
RETRIED = str(SAMPLES / "http-failure" / "npm-503-then-works.pcap")
SEVERAL = str(SAMPLES / "http-failure" / "go-mod-download-zip-503.pcap")
EVERY = sorted(path for path in SAMPLES.glob("*/*") if path.parent.name not in ("lab", "__pycache__"))

Capture = pytest.CaptureFixture[str]


def show(capsys: Capture, *arguments: object) -> str:
    assert run(["--debug", "show", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def said(capsys: Capture, *arguments: object) -> str:
    assert run(list(map(str, arguments))) == 0
    return capsys.readouterr().out


def run_refused(capsys: Capture, *arguments: object) -> str:
    assert run(list(map(str, arguments))) == 2
    return capsys.readouterr().err


def refused(capsys: Capture, command: str, *arguments: object) -> str:
    assert run([command, *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    return err


def made(folder: Path, text: str) -> Path:
    path = folder / "made.pcap"
    path.write_bytes(pcap(parse(text)))
    return path


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_every_fetch_can_be_shown_and_its_proof_is_marked(path: Path, capsys: Capture) -> None:
    """The packets with a star are exactly the evidence."""
    for fetch in analyzer.read(path):
        lines = show(capsys, path, fetch.number).splitlines()
        marked = {int(line.split()[1]) for line in lines if line.startswith("* ")}
        assert marked == {proof.packet for proof in fetch.verdict.evidence}


def test_the_page_says_all_there_is(capsys: Capture) -> None:
    """Verdict, endpoints, phases, silence, the rule, its neighbours, advice, filter, and the next command."""
    out = show(capsys, SILENT, 1)
    assert out.startswith("tls-stall/tls-no-server-hello (confidence high)\n")
    for text in (
        "between    192.0.2.10:45900 and 198.51.100.20:443",
        "\n-- connect\n",
        "\n-- tls\n",
        "> P. 1:264(263) ack 1              [client-hello] ClientHello www.lab.example\n",
        "    ... 10.01 s of silence\n-- close\n",
        "fired      tls-no-server-hello: The server takes the ClientHello",
        "tls-client-fin: a second and more of silence came before the end",
        "clients    Go: `net/http: TLS handshake timeout`",
        "Wireshark  tcp.stream eq 0\n",
        "next       whyfetch signatures tls-no-server-hello\n",
    ):
        assert text in out


def test_other_fetches_of_the_connection_are_folded(capsys: Capture) -> None:
    """A kept-alive connection: one fetch is shown, the packets of the others are counted."""
    out = show(capsys, SEVERAL, 3)
    assert out.count(" GET /") == 2  # the summary and the packet
    assert "503 Service" in out
    assert "packets, " in out.split("-- request")[0].split("\n\n")[-1]


def test_bulk_data_is_one_line(capsys: Capture) -> None:
    """A download is no page of numbers."""
    out = show(capsys, SAMPLES / "ok" / "curl-segments-lost.pcap", 1)
    assert "... 44 packets, 38 kB from the server in " in out
    assert "  again" in out
    assert len(out.splitlines()) < 50


def test_the_stream_of_wireshark_finds_connections_without_a_fetch(tmp_path: Path, capsys: Capture) -> None:
    """A probe has no number, but a tcp.stream."""
    case = load(ROOT / "tests" / "cases" / "syn-answered-at-once-by-client-rst-is-a-probe.pkt")
    path = tmp_path / "probe.pcap"
    path.write_bytes(pcap(case))
    assert "no fetch: probe" in show(capsys, path, "--stream", 0)
    assert "fetch 1\n" in show(capsys, SILENT, "--stream", 0)


def test_an_icmp_error_is_shown(capsys: Capture) -> None:
    """With its type, code and sender."""
    out = show(capsys, SAMPLES / "syn-retransmit" / "curl-icmp-admin-prohibited.pcap", 1)
    assert "icmp 3/13 from 192.0.2.1 " in out


def test_copies_and_retransmissions_are_named(tmp_path: Path, capsys: Capture) -> None:
    """What a mirror port doubles is no retransmission."""
    text = """
      0.000 > S 0:0(0)
      0.00004 > S 0:0(0) dup
      1.000 > S 0:0(0)
    capture ends 9.0
    """
    out = show(capsys, made(tmp_path, text), 1)
    assert [line.split("0(0)")[1].replace("[syn]", "").strip() for line in out.splitlines() if " S  0:0" in line] == [
        "", "copy of a packet", "again"
    ]  # fmt: skip


def test_what_packets_say_is_escaped(tmp_path: Path, capsys: Capture) -> None:
    """Terminal escapes in a request and in garbage are shown, not obeyed."""
    text = r"""
      server 198.51.100.20:80
      0.000 > S  0:0(0)
      0.010 < S. 0:0(0) ack 1
      0.020 > .  1:1(0) ack 1
      0.030 > P. 1:47(46) ack 1 text "GET /\x1b[31m\x9b HTTP/1.1\r\nHost: \x1b]0;x\x07.example\r\n\r\n"
      0.040 < P. 1:9(8) ack 47 text "\x1b[2J\x07\x00\r\n"
      0.050 < F. 9:9(0) ack 47
    """
    path = made(tmp_path, text)
    for command in ("show", "case"):
        assert run(["--debug", command, str(path), "1"]) == 0
        out = capsys.readouterr().out
        assert not any((ord(character) < 32 and character != "\n") or 126 < ord(character) < 160 for character in out)


def test_a_long_story_is_cut(tmp_path: Path, capsys: Capture) -> None:
    """Thousands of retransmissions do not make thousands of lines."""
    head = "0.000 > S 0:0(0)\n0.001 < S. 0:0(0) ack 1\n0.002 > . 1:1(0) ack 1\n"
    again = "".join(f"{1 + at / 100:.3f} > P. 1:101(100) ack 1\n" for at in range(3000))
    out = show(capsys, made(tmp_path, f"{head}0.003 > P. 1:101(100) ack 1 http GET / host a.example\n{again}"), 1)
    assert len(out.splitlines()) < 500


@pytest.mark.parametrize("command", ["show", "case"])
def test_what_cannot_be_shown_is_an_error_with_a_hint(command: str, tmp_path: Path, capsys: Capture) -> None:
    """No such file, no such fetch, standard input, several captures, nothing said: exit 2 and what to do."""
    assert "no such file" in refused(capsys, command, tmp_path / "none.pcap", 1)
    assert "has one fetch, and no number 7" in refused(capsys, command, SILENT, 7)
    assert "`whyfetch classify " in refused(capsys, command, SILENT, 7)
    assert "no fetch on tcp.stream 99" in refused(capsys, command, SILENT, "--stream", 99)
    assert "reads the capture twice" in refused(capsys, command, "-", 1)
    assert "captures, whose fetches are numbered separately" in refused(capsys, command, SAMPLES, 1)
    assert "two ways" in refused(capsys, command, SILENT, 1, "--stream", 0)
    refused(capsys, command, SILENT, 0)
    refused(capsys, command)
    (tmp_path / "text.pcap").write_text("not a capture")
    assert "not a pcap" in refused(capsys, command, tmp_path / "text.pcap", 1)


@pytest.mark.parametrize("command", ["show", "case"])
def test_the_only_failed_fetch_needs_no_number(command: str, capsys: Capture) -> None:
    """Nor does the only fetch of a capture; where several failed, they are listed, and the hint works as it stands."""
    for path, number in ((SILENT, 1), (OK, 1), (SEVERAL, 3)):
        assert run([command, str(path)]) == 0
        assert capsys.readouterr().out == said(capsys, command, path, number)
    assert run([command, RETRIED]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    listed, _, error = err.partition("error: ")
    assert len(listed.splitlines()) == 1 + len([one for one in analyzer.read(RETRIED) if one.verdict.failed])
    hint = error.split("hint: ")[1].strip().strip("`")
    assert run(shlex.split(hint)[1:]) == 0


@pytest.mark.parametrize("count", [2, 25])
def test_of_many_failed_fetches_the_first_are_listed(count: int, tmp_path: Path, capsys: Capture) -> None:
    """With how many more there are."""
    talks = "".join(f"name t{at} client 192.0.2.10:{50100 + at} server 198.51.100.20:81\n" for at in range(count))
    packets = "".join(f"{at}.000 t{at} > S 0:0(0)\n{at}.001 t{at} < R. 0:0(0) ack 1\n" for at in range(count))
    err = run_refused(capsys, "show", made(tmp_path, talks + packets))
    assert err.count("198.51.100.20:81  rst/rst-refused") == min(count, 20)
    assert ("and 5 more\n" in err) == (count == 25)
    assert f"error: {count} fetches of " in err


def test_where_nothing_failed_that_is_said(tmp_path: Path, capsys: Capture) -> None:
    """And where there is no fetch at all."""
    two = "".join(
        f"name t{at} client 192.0.2.10:{50100 + at} server 198.51.100.20:80\n{at}.000 t{at} > S 0:0(0)\n"
        f"{at}.001 t{at} < S. 0:0(0) ack 1\n{at}.002 t{at} > . 1:1(0) ack 1\n"
        f"{at}.003 t{at} > P. 1:101(100) ack 1 http GET / host a.example\n"
        f"{at}.004 t{at} < P. 1:201(200) ack 101 http 200 body 0\n"
        for at in range(2)
    )
    assert "none of the 2 fetches of " in refused(capsys, "show", made(tmp_path, two))
    probe = load(ROOT / "tests" / "cases" / "syn-answered-at-once-by-client-rst-is-a-probe.pkt")
    (tmp_path / "probe.pcap").write_bytes(pcap(probe))
    assert "has no fetch" in refused(capsys, "show", tmp_path / "probe.pcap")


@pytest.mark.parametrize("command", ["show", "case"])
def test_damage_is_told_as_by_classify(command: str, tmp_path: Path, capsys: Capture) -> None:
    """Exit 3 with a warning, wherever it is in the capture, and what could be read is shown."""
    whole = Path(SILENT).read_bytes()
    damaged = tmp_path / "damaged.pcap"
    damaged.write_bytes(whole + b"\xff" * 200)
    assert run([command, str(damaged), "1"]) == run(["classify", str(damaged)]) == 3
    out, err = capsys.readouterr()
    assert "tls-no-server-hello" in out
    assert err.count("warning: ") == 2


def test_the_page_may_be_cut_by_head() -> None:
    """A pipe whose reader leaves is no failure."""
    command = f"{sys.executable} -m analyzer show {SILENT} 1 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")
