"""`whyfetch case` prints a timeline that gets the verdict of the capture, and tells nothing about who it was."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from support.expected import expected
from support.judge import judge
from support.planted import conversation

import analyzer
from analyzer.capture import expand, open_capture
from analyzer.cli.app import run
from analyzer.output.words import address
from analyzer.pkt.build import pcap
from analyzer.pkt.payload import payload
from analyzer.pkt.timeline import load, parse
from analyzer.tcp.trace import Trace

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "cases").glob("*.pkt"))
SAMPLES = sorted(path for path in (ROOT / "samples").glob("*/*") if path.parent.name not in ("lab", "__pycache__"))

REFUSED = {
    "capture-lacks-its-middle",
    "capture-lacks-its-middle-both-ways",
    "capture-lacks-its-middle-data-first",
    "ignored-bytes-far-ahead",
}
"""Streams of gigabytes that were not captured."""
BEYOND_WORDS = {
    "http-connect-not-captured-tunnel-is-read": "the words of a proxy are not kept",
    "http-head-cut-and-less-than-announced": "a head that the snap length cut becomes text and zeros",
    "http-head-cut-behind-content-length": "a head that the snap length cut becomes text and zeros",
    "http-heads-cut-on-a-kept-connection": "a head that the snap length cut becomes text and zeros",
    "port-refused-reuse-both-syns-not-captured": "two connections with one number of Wireshark's count",
    "port-reuse-both-syns-not-captured": "two connections with one number of Wireshark's count",
    "port-reuse-syn-not-captured": "two connections with one number of Wireshark's count",
    "port-reuse-without-fin-syn-not-captured": "two connections with one number of Wireshark's count",
}
"""What `whyfetch case` prints with another verdict, or in part, and why."""


def verdicts(fetches: list[analyzer.Fetch]) -> list[tuple[str, str, str]]:
    return [(fetch.verdict.klass, fetch.verdict.cause, fetch.verdict.missing) for fetch in fetches]


def connected(path: Path) -> list[analyzer.Fetch]:
    """The fetches that have a connection; a name that failed has none, and is refused.

    Without the keys that a capture brings: a case has records, not what is in them.
    """
    return [fetch for fetch in analyzer.Reading(path, sealed=True) if fetch.resolution is None]


def reproduced(path: Path, stream: int, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str]]:
    """The verdicts of what `case` prints for one connection; they must be those that it prints below."""
    assert run(["--debug", "case", str(path), "--stream", str(stream)]) == 0
    text = capsys.readouterr().out
    case = parse(text, path.name)
    found = verdicts(judge(text.encode()))
    assert [(wanted.klass, wanted.cause, wanted.missing or "") for wanted in expected(case)] == found, text
    return found


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_keeps_its_verdicts(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every connection with a fetch, printed as a case and run as one, gets class, cause and what is missing again."""
    fetches = connected(path)
    for stream in sorted({fetch.connection.stream for fetch in fetches if not opened(fetch)}):
        own = [fetch for fetch in fetches if fetch.connection.stream == stream]
        assert reproduced(path, stream, capsys) == verdicts(own)


def opened(fetch: analyzer.Fetch) -> bool:
    """Whether keys in the capture told something of it."""
    return fetch.connection.tls is not None and fetch.connection.tls.decrypted > 0


@pytest.mark.parametrize("path", [path for path in SAMPLES if "inside" in path.name], ids=lambda path: path.name)
def test_a_verdict_by_keys_is_called_so(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A timeline has no keys: the reader is told, and sees nothing of what they opened, but what a proxy was told."""
    fetch = next(fetch for fetch in analyzer.read(path) if opened(fetch))
    assert run(["case", str(path), str(fetch.number)]) == 0
    text = capsys.readouterr().out
    assert "// Keys opened it" in text
    assert text.count(" http ") == (2 if fetch.connection.connect else 0)


PRINTED = [path for path in CASES if path.stem not in REFUSED and path.stem not in BEYOND_WORDS]


@pytest.mark.parametrize("path", PRINTED, ids=lambda path: path.stem)
def test_a_case_keeps_its_verdicts(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The notation, compiled and printed again, says the same."""
    capture = tmp_path / "case.pcap"
    capture.write_bytes(pcap(load(path)))
    fetches = connected(capture)
    for stream in sorted({fetch.connection.stream for fetch in fetches}):
        own = [fetch for fetch in fetches if fetch.connection.stream == stream]
        assert reproduced(capture, stream, capsys) == verdicts(own)


@pytest.mark.parametrize("path", [path for path in CASES if path.stem in REFUSED], ids=lambda path: path.stem)
def test_a_stream_of_gigabytes_is_refused(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What lies beyond the notation is said to, and nothing is printed."""
    capture = tmp_path / "case.pcap"
    capture.write_bytes(pcap(load(path)))
    assert run(["case", str(capture), "1"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "cannot express a stream of this length" in printed.err


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_nothing_tells_who_it_was(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No name, address or path of the capture is in the output."""
    for fetch in connected(path):
        connection = fetch.connection
        assert run(["case", str(path), str(fetch.number)]) == 0
        text = capsys.readouterr().out.lower()
        secrets = {fetch.name, fetch.target.rpartition("/")[2].partition("?")[0]}
        assert [secret for secret in secrets if len(secret) > 3 and secret.lower() in text] == []
        for side in (connection.client, connection.server):
            shown = {"192.0.2.10", "198.51.100.20", "203.0.113.9"}  # the notation's own
            assert address(side.address) in shown or address(side.address) not in text


def test_names_and_paths_keep_their_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same name is the same host; separators of a path stay, so that a reader sees what kind of request it was."""
    text = """
      server 198.51.100.20:80
      0.000 > S  0:0(0)
      0.010 < S. 0:0(0) ack 1
      0.020 > P. 1:101(100) ack 1 http GET /private/@v/v1.info?token=abc host secret.test
      0.030 < P. 1:101(100) ack 101 http 302 location http://secret.test/x content-length 0
      0.040 > P. 101:201(100) ack 101 http GET /x host SECRET.test
      0.050 < P. 101:201(100) ack 201 http 200 server secret content-length 5
      0.060 > F. 201:201(0) ack 201
    """
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(parse(text)))
    assert run(["case", str(path), "1"]) == 0
    out = capsys.readouterr().out
    assert "http GET /xxxxxxx/@x/xx.xxxx?xxxxx=xxx host host1.example head 100" in out
    assert out.count("host host1.example") == 2
    assert "secret" not in out.lower()


def test_a_name_that_failed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It has no connection; the error says what shows its lookups."""
    path = next(path for path in SAMPLES if path.parent.name == "dns-failure")
    (number, *_) = [fetch.number for fetch in analyzer.read(path) if fetch.resolution is not None]
    assert run(["case", str(path), str(number)]) == 2
    assert "`whyfetch show` shows its lookups" in capsys.readouterr().err


def test_what_the_notation_cannot_say_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A connection of thousands of packets is no case for reading."""
    head = "0.000 > S 0:0(0)\n0.001 < S. 0:0(0) ack 1\n0.002 > . 1:1(0) ack 1\n"
    head += "0.003 > P. 1:101(100) ack 1 http GET / host a.example\n"
    again = "".join(f"{1 + at / 100:.3f} > P. 1:101(100) ack 1\n" for at in range(3000))
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(parse(head + again)))
    assert run(["case", str(path), "1"]) == 2
    assert "cannot express a connection of more than 2,000 packets" in capsys.readouterr().err


def test_a_flood_of_records_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A hundred thousand records are no case for reading either, in however few packets."""
    hello = payload(["tls", "client_hello", "sni", "a.example"], 517)
    path = tmp_path / "made.pcap"
    flood = [("<", bytes.fromhex("170303000100") * 10_000)] * 11
    path.write_bytes(pcap(parse(conversation((">", hello), *flood))))
    assert run(["case", str(path), "--stream", "0"]) == 2
    assert "more than 100,000 records, messages and frames" in capsys.readouterr().err


def test_packets_that_changed_places_are_all_there() -> None:
    """In a damaged capture the last packet of a connection may stand before its first."""
    (source,) = expand([str(ROOT / "samples" / "rst" / "curl-refused.pcap")])
    (fetch,) = analyzer.read(source.paths[0])
    connection = fetch.connection
    connection.first_packet, connection.last_packet = connection.last_packet, connection.first_packet
    with closing(open_capture(source)) as capture:
        assert [seen.number for seen in Trace(connection).packets(capture.frames)] == [1, 2]


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113 3.4."""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"PROXY UNKNOWN worm-hosting tokyo\r\nGET / HTTP/1.1\r\n\r\n", r"PROXY UNKNOWN 111111111111 11111\r\n"),
        (b"PROXY TCP4 192.0.2.1 grunts 1 2\r\nGET / HTTP/1.1\r\n\r\n", r"PROXY TCP4 111111111 111111 1 1\r\n"),
        (PREFACE + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)) + b"grunts", "h2 SETTINGS + zeros 6"),
        (PREFACE + b"\0\0\2\x67\0worm" + b"xy", "h2 preface + h2 255 length 2"),
        (b"NMTOKENS /x HTTP/1.1\r\nHost: grunts.example\r\n\r\n", "http XXXXXXXX /x host host1.example"),
        (b"GET / HTTP/1.1\r\nHost: grunts.example:123456789\r\n\r\n", "host host1.example head"),
        (b"GET /trust?no=one", 'text "GET /xxxxxxxxxxxx"'),
        (b"rust, 2 mouths!", 'text "xxxxx x xxxxxxx"'),
        (bytes(range(8)) * 2, "hex " + "00" * 16),
        (b"\x17\3\3\1\0\xff\xfe", "hex 17030301000000"),
    ],
)
def test_what_has_no_word_becomes_its_length(
    said: bytes, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it is written, whatever it was."""
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(parse(conversation((">", said)))))
    assert run(["case", str(path), "--stream", "0"]) == 0
    assert shown in capsys.readouterr().out


def test_a_reset_may_carry_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are of no stream (RFC 9293 3.5.2): their length is all that is said."""
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(parse('0.000 < R. 1:9(8) ack 1 text "go away!"')))
    assert run(["case", str(path), "--stream", "0"]) == 0
    assert "< R. 1:9(8) ack 1 zeros 8" in capsys.readouterr().out
