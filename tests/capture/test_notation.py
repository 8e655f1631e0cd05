"""Captures that were written as text: what is taken for one, rows as those of the capture that it means, limits."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.capture import expand, open_capture
from analyzer.cli.app import run
from analyzer.errors import CaptureError
from analyzer.pkt.build import pcap
from analyzer.pkt.laid import Laid
from analyzer.pkt.timeline import MOST_BYTES, MOST_LINE, MOST_PACKETS, MOST_TEXT, load, parse
from analyzer.pkt.words import NotationError, octets, split

CASES = Path(__file__).parents[1] / "cases"
SAMPLE = Path(__file__).parents[2] / "samples" / "rst" / "curl-refused.pcap"
REFUSED = """// A port that is closed.
0.000 > S 0:0(0)
0.010 < R. 0:0(0) ack 1
"""
HEAD = """
0.000 > S  0:0(0)
0.010 < S. 0:0(0) ack 1
0.020 > .  1:1(0) ack 1
"""


def table(paths: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The rows of these captures, without the column of the file."""
    assert run(["classify", "--format", "csv", *paths]) == 0
    return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()]


def test_rows_of_every_case_are_those_of_its_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every column, whether the text is read or the pcap file that it means."""
    (tmp_path / "captures").mkdir()
    for path in CASES.glob("*.pkt"):
        (tmp_path / "captures" / f"{path.stem}.pcap").write_bytes(pcap(load(path)))
    texts = table([str(CASES)], capsys)
    assert len(texts) > 400
    assert texts == table([str(tmp_path / "captures")], capsys)


@pytest.mark.parametrize("name", ["a.pkt", "notes.txt", "noname", "a.pkt.gz", "trace.pcap"])
@pytest.mark.parametrize("written", [REFUSED, "\ufeff" + REFUSED, REFUSED.replace("\n", "\r\n"), "ipv6\n" + REFUSED])
def test_told_by_its_lines(name: str, written: str, tmp_path: Path) -> None:
    """Whatever it is called, packed, with a mark in front, with the line ends of Windows, settings first."""
    data = written.encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    (fetch,) = analyzer.read(path)
    assert fetch.verdict.cause == "rst-refused"


def test_from_case_to_classify_through_a_pipe() -> None:
    """As docs/timelines.md shows it."""
    environment = {**os.environ, "WHYFETCH": f"{sys.executable} -m whyfetch"}
    line = f"$WHYFETCH case {SAMPLE} 1 | $WHYFETCH classify --format csv -"
    done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True)
    assert ",rst,rst-refused,high," in done.stdout, done.stderr


def test_show_and_case_take_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A timeline is read twice, as any file is."""
    path = tmp_path / "a.pkt"
    path.write_text(REFUSED)
    assert run(["show", str(path)]) == 0
    assert "rst/rst-refused" in capsys.readouterr().out
    assert run(["case", str(path)]) == 0
    assert "0.010 < R. 0:0(0) ack 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "// a comment of C\nint main(void) { return 0; }\n",
        "00:11:22.333 IP 192.0.2.1.50000 > 192.0.2.2.443: Flags [S], seq 1\n",
        "server 192.0.2.1 iburst\ndriftfile /var/lib/chrony\n",
        "// nothing but comments\n",
        "client\n",
        "1 > 2\n",
    ],
)
def test_other_texts_stay_texts(text: str, tmp_path: Path) -> None:
    """Source code, what tcpdump prints, settings of something else; in a directory they are passed over."""
    (tmp_path / "text").write_text(text)
    with pytest.raises(CaptureError, match="text, not a pcap or pcapng file"):
        list(analyzer.read(tmp_path / "text"))
    (tmp_path / "a.pkt").write_text(REFUSED)
    assert [source.name for source in expand([str(tmp_path)])] == [str(tmp_path / "a.pkt")]


def test_timelines_are_no_rotated_set(tmp_path: Path) -> None:
    """Though their names count, and none is later than the next."""
    for name in ("a.pkt", "a.pkt1", "a.pkt2"):
        (tmp_path / name).write_text(REFUSED)
    assert len(expand([str(tmp_path)])) == 3


def test_a_text_is_not_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a text means is known at its end, which a file that grows has not."""
    path = tmp_path / "a.pkt"
    path.write_text(REFUSED)
    assert run(["classify", "--follow", str(path)]) == 2
    assert "text, not a pcap or pcapng file" in capsys.readouterr().err


WRONG = {
    "0.000 > S 0:0(0)\n0.1.2 > . 1:1(0) ack 1\n": "line 2: unknown setting `0.1.2`",
    "0.000 > Q 0:0(0)\n": "line 1: `Q` are no flags of TCP",
    "0.000 > S 0:0\n": "line 1: `0:0` is no range: first:end(length)",
    "0.000 > S 0:9(0)\n": "line 1: 0:9 is not 0 bytes",
    "0.000 b > S 0:0(0)\n": "line 1: no connection is called `b`",
    "0.000 > S 0:0(0) ack 1\n": "line 1: flag `.` and `ack N` go together",
    "0.000 > S 0:0(0) win 65536\n": "line 1: 65536 is not within 0 to 65535",
    "0.000 > S 0:0(0) win\n": "line 1: something is missing",
    "0.000 > S 0:0(0) dup\n": "line 1: there is no packet before",
    "0.000 >\n": "line 1: something is missing",
    "9999999999 > S 0:0(0)\n": "line 1: `9999999999` is no time: seconds, and up to nine decimals",
    "client 192.0.2.1:99999\n": "line 1: 99999 is not within 0 to 65535",
    "client 192.0.2.1.5:1\n": "line 1: `192.0.2.1.5` is no IP address",
    "client 2001:db8::1:1\n0.000 > S 0:0(0)\n": "line 2: one end has an IPv4 address, the other an IPv6 address",
    "link token-ring\n": "line 1: unknown link type `token-ring`",
    "encap carrier-pigeon\n": "line 1: unknown tunnel `carrier-pigeon`",
    "encap gtpu\n" * 9: "line 9: more than 8 tags and tunnels",
    "0.000 icmp 3/1 quotes 1\n": "line 1: 1 is not within 1 to 0",
    "0.000 > S 0:0(0)\n0.1 icmp 3/1 quotes 1\n0.2 icmp 3/1 quotes 2\n": "line 3: an ICMP error quotes no other",
    "0.000 > P. 1:3(2) ack 1\n": "line 1: no payload given for these sequence numbers",
    '0.000 > P. 1:3(2) ack 1 text "ab\n': "line 1: a quotation mark is not closed",
    '0.000 > P. 1:3(2) ack 1 text "\\q"\n': "line 1: `\\q` stands for no byte",
    "0.000 > P. 1:3(2) ack 1 tls nonsense\n": "line 1: unknown word `nonsense`",
    "0.000 > P. 1:3(2) ack 1 text ab + tls alert 999 1\n": "line 1: 999 is not within 0 to 255",
    "0.000 > P. 1:60001(60000) ack 1 zeros\nencap gtpu 60000\n": "line 1: a number or a length does not fit its field",
    "0.000 > S 0:0(0) sack 1-2 sack 1-2 sack 1-2 sack 1-2 ts 1 2\n": "line 1: the TCP options do not fit a header",
    "0.000 > . 1:1(0) ack 1 " + "sack 1-2 " * 5: "line 1: a header has room for four `sack` blocks",
    "\0000.000 > S 0:0(0)\n": "line 1: unknown setting `\0000.000`",
    f"0.000 > P. 1:3(2) ack 1 {'x' * 900}\n": f"line 1: unknown payload `{'x' * 40}...`",
}
"""Texts with one wrong line, and what is said of it."""


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_names_its_line(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the words that are wrong, on a terminal without what a terminal would obey, and exit status 2."""
    with pytest.raises(NotationError) as raised:
        pcap(parse(text))
    assert f"line {raised.value.line}: {raised.value.why}" == WRONG[text]
    path = tmp_path / "a.pkt"
    path.write_text(text)
    assert run(["classify", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    shown = WRONG[text].replace("\0", "\\x00")
    assert printed.err.startswith(f"error: cannot read `{path}`: {shown}\n") or "\0" in text


def test_a_wrong_one_in_a_directory_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not passed over as a text is, and a script of packetdrill, whose name ends alike; the others are read."""
    (tmp_path / "close.pkt").write_text("// a script of packetdrill\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n")
    (tmp_path / "good.pkt").write_text(REFUSED)
    (tmp_path / "wrong.pkt").write_text(REFUSED + "0.3 > Q\n")
    run(["classify", "--format", "csv", str(tmp_path)])
    printed = capsys.readouterr()
    assert printed.out.count("rst-refused") == 1
    assert f"cannot read `{tmp_path / 'wrong.pkt'}`: line 4: `Q` are no flags of TCP" in printed.err
    assert "close.pkt" not in printed.err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.1 > S 0:0(0)\n" * (MOST_PACKETS + 1), f"more than {MOST_PACKETS:,} packets"),
        ("mirror 0.1\n" + "0.1 > S 0:0(0)\n" * MOST_PACKETS, f"more than {MOST_PACKETS:,} packets"),
        ("0.1 > S 0:0(0)\n//" + "x" * MOST_TEXT, f"than {MOST_TEXT:,} bytes"),
        ("0.1 > S 0:0(0)\n0.2 > P. 1:2(1) ack 1 hex " + "0" * MOST_LINE, f"than {MOST_LINE:,} characters"),
        (HEAD + "0.1 > P. 1:2(1) ack 1 zeros 16777216 ...\n" * 3, f"than {MOST_BYTES:,} bytes"),
        (HEAD + "0.1 > . 1:60001(60000) ack 1 zeros\n" * 1000, f"than {MOST_BYTES:,} bytes"),
        (HEAD + f"0.1 > . 1:2(1) ack 1 {'zeros 9999999 + ' * 9}zeros\n", "of this line is more than 16,777,216 bytes"),
        (HEAD + f"0.1 > . 1:2(1) ack 1 tls records {'23:65535 ' * 9999}\n", "is more than 16,777,216 bytes"),
        (HEAD + f"0.1 > . 1:2(1) ack 1 tls handshake {'11:9999999 ' * 9}\n", "is more than 16,777,216 bytes"),
        ("encap gtpu 999\n" + "0.1 > S 0:0(0)\n" * 18_000, "than 67,108,864 bytes"),
        ("".join(f"name c{at}\n" for at in range(16_000)) + REFUSED, "no port is left for this client"),
    ],
    ids=range(11),
)
def test_limits(text: str, why: str, tmp_path: Path) -> None:
    """Each of them is said with its line; nothing is built beyond it."""
    path = tmp_path / "a.pkt"
    path.write_text(text)
    with pytest.raises(CaptureError, match=f"line [0-9]+: .*{why}"):
        open_capture(*expand([str(path)]))


def test_a_bomb_is_unpacked_no_further(tmp_path: Path) -> None:
    """A few bytes that become a text without end."""
    path = tmp_path / "a.pkt.gz"
    path.write_bytes(gzip.compress(REFUSED.encode() + b"//" + b"x" * (MOST_TEXT * 16)))
    with pytest.raises(CaptureError, match=f"line 4: the text so far is more than {MOST_TEXT:,} bytes"):
        open_capture(*expand([str(path)]))


def test_a_packed_one_that_is_cut_is_read_as_far_as_its_lines_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As other captures are, with a warning and the status of damage."""
    path = tmp_path / "a.pkt.gz"
    text = REFUSED + "".join(f"{at / 7:.3f} > S {at}:{at}(0)\n" for at in range(2000))
    packed = gzip.compress(text.encode())
    path.write_bytes(packed[: len(packed) // 2])
    assert run(["classify", "--format", "csv", str(path)]) == 3
    printed = capsys.readouterr()
    assert "rst-refused" in printed.out
    assert "ends early after packet" in printed.err


def test_other_captures_load_none_of_it() -> None:
    """The notation costs nothing where there is none."""
    code = (
        "import sys, analyzer; list(analyzer.read(sys.argv[1]));"
        "print([name for name in sys.modules if name.startswith(('analyzer.pkt', 'analyzer.capture.not', 'hpack'))])"
    )
    done = subprocess.run([sys.executable, "-c", code, SAMPLE], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_place_may_be_laid_again() -> None:
    """The newest bytes count, where they lie over others, within them, around them or beside them."""
    laid, plain = Laid(), bytearray(64)
    given: set[int] = set()
    for at in range(400):
        start, size = at * 37 % 50, at * 11 % 14
        data = bytes([at % 251 + 1]) * size
        laid.lay(start, data)
        plain[start : start + size] = data
        given.update(range(start, start + size))
        for left, length in ((start, size), (0, 9), (start // 2, 20)):
            if given.issuperset(range(left, left + length)):
                assert laid.take(left, length) == plain[left : left + length]
            else:
                with pytest.raises(ValueError, match="no payload"):
                    laid.take(left, length)
    assert len(given) == 62


def test_words_and_bytes() -> None:
    """Quotes hold blanks together and may begin within a word; a comment ends the words."""
    assert split('a "b c" d="e f" "" // g') == ["a", "b c", "d=e f", ""]
    assert octets(r"\r\n\t\0\\\x7fé") == b"\r\n\t\0\\\x7f\xc3\xa9"
