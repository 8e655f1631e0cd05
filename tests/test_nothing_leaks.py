"""Whatever a capture or a client's log holds, only what rows are for is shown of it (docs/content.md)."""

from __future__ import annotations

import importlib.util
import re
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hpack import Encoder
from support.planted import Planted, conversation, leaks

import analyzer
from analyzer.cli.app import run
from analyzer.pkt import h2
from analyzer.pkt.build import frames, pcap
from analyzer.pkt.timeline import parse
from analyzer.pkt.tls import CERTIFICATE, record

Scenario = Callable[[Planted], str]


# -- what is planted ---------------------------------------------------------------------------------------------------


def request(words: Planted, method: bytes = b"POST", target: bytes | None = None) -> bytes:
    """A request with a word in everything that it has."""
    secret, host = words.secret, words.shown("host") + b".example"
    if target is None:
        target = b"http://%b:%b@%b/%b;%b=1/x?%b=%b#%b" % (
            secret("user"), secret("password"), host, words.shown("path"), secret("parameter"), secret("query name"),
            secret("query value"), secret("fragment"),
        )  # fmt: skip
    body = b"q=" + secret("request body")
    return (
        b"%b %b HTTP/1.1\r\nHost: %b:%b@%b\r\nAuthorization: Bearer %b\r\nProxy-Authorization: Basic %b\r\n"
        b"Cookie: a=%b\r\nReferer: http://h.example/?%b\r\nUser-Agent: %b\r\nX-%b: %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (
        method, target, secret("user in Host"), secret("password in Host"), host, secret("bearer"), secret("basic"),
        secret("cookie"), secret("referer"), secret("user agent"), secret("field name"), secret("field value"),
        len(body), body,
    )  # fmt: skip


def response(words: Planted, status: int, *, whole: bool = True) -> bytes:
    """A chunked response with a word in everything that it has."""
    secret = words.secret
    data = (
        b"HTTP/1.1 %d %b\r\nServer: %b\r\nSet-Cookie: s=%b\r\nLocation: http://u:%b@h.example/?%b\r\n"
        b'WWW-Authenticate: Basic realm="%b"\r\nX-%b: 1\r\nTransfer-Encoding: chunked\r\n\r\nc;%b\r\n%b'
    ) % (
        status, words.shown("reason"), secret("server"), secret("set-cookie"), secret("location user"),
        secret("location query"), secret("realm"), secret("response field name"), secret("chunk extension"),
        secret("response body"),
    )  # fmt: skip
    return data + (b"\r\n0\r\nX-%b: %b\r\n\r\n" % (secret("trailer name"), secret("trailer")) if whole else b"")


def plain(status: int, **options: bool) -> Scenario:
    return lambda words: conversation((">", request(words)), ("<", response(words, status, **options)))


def silent(words: Planted) -> str:
    return conversation((">", request(words)))


def odd_chunks(words: Planted) -> str:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return conversation(
        (">", request(words)), ("<", head + b"2\r\nab" + words.secret("where CRLF should be") + b"\r\n")
    )


def unknown_method(words: Planted) -> str:
    method = words.shown("method").upper()
    return conversation((">", request(words, method)), ("<", response(words, 405)))


def tunnel(*answer: bytes) -> Scenario:
    def made(words: Planted) -> str:
        target = b"%b:%b@%b.example:443" % (words.secret("user"), words.secret("password"), words.shown("host"))
        inside = [("<", part) for part in answer]
        if answer and answer[0].startswith(b"HTTP/1.1 200"):
            inside += [(">", hello(words)), ("<", record(21, b"\2\x28"))]
        return conversation((">", request(words, b"CONNECT", target)[:-14]), *inside, port=3128)

    return made


def pipelined_and_cut(words: Planted) -> str:
    return conversation(
        (">", request(words) + b"GET /a?" + words.secret("query of a cut line")),
        ("<", response(words, 200) + b"HTTP/1.1 5" + words.secret("cut status line")),
    )


def garbage(words: Planted) -> str:
    answer = b"no http: %b%b\r\n" % (b"." * 40, words.secret("garbage behind its beginning"))
    return conversation((">", request(words)), ("<", answer))


def other(words: Planted) -> str:
    return conversation(
        ("<", b"220 mail %b ESMTP\r\n" % words.secret("banner")),
        (">", b"AUTH PLAIN %b\r\n" % words.secret("SMTP password")),
        ("<", b"535 %b\r\n" % words.secret("SMTP answer")),
        port=25,
    )


def websocket(words: Planted) -> str:
    up = b"GET /chat?%b HTTP/1.1\r\nHost: %b.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    granted = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    frame = b"\x81\x8c" + words.secret("masking key")[:4] + words.secret("message")
    lost = b"\xf1" + words.secret("behind a frame that is none")
    return conversation(
        (">", up % (words.secret("query"), words.shown("host"))), ("<", granted), (">", frame + frame[:4]), ("<", lost)
    )


def http2(words: Planted) -> str:
    secret = words.secret
    fields = [
        (b":method", b"GET"), (b":scheme", b"http"),
        (b":authority", b"%b:%b@%b.example" % (secret("user"), secret("password"), words.shown("host"))),
        (b":path", b"/%b?%b#%b" % (words.shown("path"), secret("query"), secret("fragment"))),
        (b"authorization", secret("bearer")), (b"cookie", secret("cookie")), (secret("field name"), secret("value")),
    ]  # fmt: skip
    answer = [(b":status", b"503"), (b"server", secret("server")), (b"set-cookie", secret("set-cookie"))]
    client = h2.PREFACE + h2.frame(4, 0, 0, secret("settings")) + h2.frame(1, 5, 1, Encoder().encode(fields))
    client += h2.frame(6, 0, 0, secret("ping")[:8]) + h2.frame(0x67, 0x67, 0x67686A6B, secret("extension frame"))
    client += secret("cut frame header")[:8]
    server = h2.frame(4, 0, 0, b"") + h2.frame(1, 4, 1, Encoder().encode(answer)) + h2.frame(0, 1, 1, secret("body"))
    server += h2.frame(7, 0, 0, struct.pack("!II", 1, 2) + secret("debug data"))
    return conversation((">", client), ("<", server + secret("frames that are none") * 3))


def hello(words: Planted) -> bytes:
    """A ClientHello with a word in everything that it has."""
    secret = words.secret

    def extension(kind: int, body: bytes) -> bytes:
        return struct.pack("!HH", kind, len(body)) + body

    name = words.shown("server name") + b".example"
    protocol = secret("offered protocol")
    extensions = extension(0, struct.pack("!HBH", len(name) + 3, 0, len(name)) + name)
    extensions += extension(16, struct.pack("!HB", len(protocol) + 1, len(protocol)) + protocol)
    extensions += extension(35, secret("ticket")) + extension(0xFE0D, secret("unknown extension"))
    fields = b"\3\3" + (secret("random") * 3)[:32] + b"\x0c" + secret("session id") + b"\0\2\xc0\x2f\1\0"
    fields += struct.pack("!H", len(extensions)) + extensions
    return record(22, b"\1" + len(fields).to_bytes(3, "big") + fields)


def tls(words: Planted) -> str:
    secret = words.secret
    certificate = CERTIFICATE.replace(b"example.org", words.shown("certificate")[:11])
    listed = len(certificate).to_bytes(3, "big") + certificate
    chain = len(listed).to_bytes(3, "big") + listed
    chosen = words.shown("chosen protocol")
    alpn = struct.pack("!HHHB", 16, len(chosen) + 3, len(chosen) + 1, len(chosen)) + chosen
    fields = b"\3\3" + (secret("server random") * 3)[:32] + b"\x0c" + secret("server session") + b"\xc0\x2f\0"
    fields += struct.pack("!H", len(alpn)) + alpn
    server = b"\2" + len(fields).to_bytes(3, "big") + fields + b"\x0b" + len(chain).to_bytes(3, "big") + chain
    server += b"\x04\0\0\x0c" + secret("session ticket") + b"\x67\0\0\x0c" + secret("unknown message")
    rest = record(22, server) + record(23, secret("record")) + record(21, b"\2\x2a") + secret("record that is none")
    return conversation((">", hello(words)), ("<", rest), port=443)


def tls_banner(words: Planted) -> str:
    return conversation((">", hello(words)), ("<", b"220 " + b"." * 40 + words.secret("banner")), port=443)


def socks5(words: Planted) -> str:
    user, password, name = words.secret("user"), words.secret("password"), words.secret("target") + b".example"
    return conversation(
        (">", b"\5\1\2"), ("<", b"\5\2"), (">", b"\1\x0c" + user + b"\x0c" + password), ("<", b"\1\0"),
        (">", b"\5\1\0\3" + bytes([len(name)]) + name + b"\0\x50"), ("<", b"\5\0\0\1" + bytes(6)),
        (">", request(words)), ("<", response(words, 500)), port=1080,
    )  # fmt: skip


def socks4(words: Planted) -> str:
    ask = b"\4\1\0\x50\0\0\0\1" + words.secret("user") + b"\0" + words.secret("target") + b".example\0"
    return conversation((">", ask), ("<", b"\0\x5a" + bytes(6)), (">", request(words)), port=1080)


def proxy_v1(words: Planted) -> str:
    line = b"PROXY UNKNOWN %b.%b 10.11.12.13\r\n" % (words.secret("source"), words.secret("destination"))
    return conversation((">", line + request(words)), ("<", response(words, 503)))


def proxy_v2(words: Planted) -> str:
    tlv = b"\xe0\0\x0c" + words.secret("TLV")
    head = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12 + len(tlv)) + bytes(12) + tlv
    return conversation((">", head + request(words)), ("<", response(words, 503)))


def icmp(words: Planted) -> str:
    lines = conversation((">", request(words))).splitlines()[:-2]
    return "\n".join([*lines, "3.0 icmp 3/1 from 203.0.113.9 quotes 4"])


def dns(words: Planted) -> str:
    name = words.shown("name").decode()
    place = "name r client 192.0.2.10:40000 server 192.0.2.53:53"
    return f"{place}\n0.000 r > dns A {name}.example\n0.010 r < dns A {name}.example nxdomain"


SCENARIOS: dict[str, Scenario] = {
    "answered": plain(200), "unauthorized": plain(401), "unavailable": plain(503), "torn": plain(200, whole=False),
    "moved": plain(302), "silent": silent, "odd chunks": odd_chunks, "unknown method": unknown_method,
    "tunnel refused": tunnel(b"HTTP/1.1 407 No\r\n\r\n"), "tunnel unanswered": tunnel(),
    "tunnel": tunnel(b"HTTP/1.1 200 OK\r\n\r\n"), "pipelined and cut": pipelined_and_cut, "garbage": garbage,
    "another protocol": other, "websocket": websocket, "HTTP/2": http2, "TLS": tls, "TLS banner": tls_banner,
    "SOCKS 5": socks5, "SOCKS 4": socks4, "PROXY 1": proxy_v1, "PROXY 2": proxy_v2, "ICMP": icmp, "DNS": dns,
}  # fmt: skip


# -- what is printed ---------------------------------------------------------------------------------------------------


def printed(capture: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Everything that `classify`, `show` and `report` print of a capture, in every format."""
    named = ["csv", "jsonl", "github", "gitlab", "junit", "markdown", "sarif"]
    formats = [*(("--format", name) for name in named), ("--color", "always"), ()]
    formats += [(*one, "--group-by", "class,target") for one in (("--format", "jsonl"), ("--color", "always"), ())]
    text = ""
    for chosen in formats:
        run(["classify", "--all", *chosen, *options, str(capture)])
        text += "".join(capsys.readouterr())
    text += analyzer.classify(capture, kinds=True, show_queries="--show-queries" in options).to_csv()
    for which in chosen_ones(capture):
        run(["show", *options, str(capture), *which])
        text += "".join(capsys.readouterr())
    if importlib.util.find_spec("pyarrow") is not None:
        with TemporaryDirectory() as folder:  # the capture may be a sample
            rows = Path(folder) / "rows.parquet"
            run(["classify", "--all", *options, "-o", str(rows), str(capture)])
            text += rows.read_bytes().decode("latin-1") + "".join(capsys.readouterr())
    if importlib.util.find_spec("jinja2") is not None:
        run(["report", *options, "-o", "-", str(capture)])
        text += "".join(capsys.readouterr())
    return text.replace(str(capture), "")


def cases(capture: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Everything that `case` prints, and an anonymous page."""
    text = ""
    if importlib.util.find_spec("jinja2") is not None:
        run(["report", "--anonymise", "-o", "-", str(capture)])
        text += "".join(capsys.readouterr())
    for which in chosen_ones(capture):
        run(["case", str(capture), *which])
        text += "".join(capsys.readouterr())
    return text.replace(str(capture), "")


def chosen_ones(capture: Path) -> list[list[str]]:
    """How to ask for each fetch, and for each connection."""
    found = list(analyzer.read(capture, kinds=True))
    numbers = [[str(fetch.number)] for fetch in found if fetch.number]
    streams = {fetch.flow.stream for fetch in found if fetch.flow.stream >= 0}
    return numbers + [["--stream", str(stream)] for stream in sorted(streams)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_secret_is_in_any_output(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of fields that rows are not for nothing is shown, in no format; those that they are for are all there."""
    words, capture = Planted(), tmp_path / "x.pcap"
    capture.write_bytes(pcap(parse(SCENARIOS[name](words))))
    text = printed(capture, capsys)
    assert leaks(words.secrets, text) == []
    if name not in ("silent", "torn", "moved", "answered", "ICMP"):  # some of these never say the path
        assert words.open.keys() - set(leaks(words.open, text)) <= {"path", "reason", "host"}
    case = cases(capture, capsys)
    assert case
    assert leaks({**words.secrets, **words.open}, case) == []


@pytest.mark.parametrize("name", ["unavailable", "HTTP/2"])
def test_queries_are_shown_on_request_and_nothing_else(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--show-queries` shows the target as it was sent, in rows, sentences and on pages."""
    words, capture = Planted(), tmp_path / "x.pcap"
    capture.write_bytes(pcap(parse(SCENARIOS[name](words))))
    found = set(leaks(words.secrets, printed(capture, capsys, "--show-queries")))
    target = {"user", "password", "parameter", "query name", "query value", "query", "fragment"}
    assert found == target & words.secrets.keys() - ({"user", "password"} if name == "HTTP/2" else set())
    run(["classify", "--show-queries", "-q", str(capture)])
    assert leaks(words.secrets, capsys.readouterr().out)


@pytest.mark.parametrize("name", ["unavailable", "tunnel", "HTTP/2", "TLS", "PROXY 1", "websocket", "SOCKS 5"])
def test_a_snap_length_opens_nothing(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever the packets are cut, rows and cases hold no secret."""
    words, capture = Planted(), tmp_path / "x.pcap"
    text = SCENARIOS[name](words)
    for snaplen in [*range(60, 420, 12), *range(420, 1400, 140)]:
        capture.write_bytes(pcap(parse(f"snaplen {snaplen}\n{text}")))
        run(["classify", "--all", "--format", "csv", str(capture)])
        assert leaks(words.secrets, "".join(capsys.readouterr())) == [], snaplen
        assert leaks({**words.secrets, **words.open}, cases(capture, capsys)) == [], snaplen


@pytest.mark.parametrize("name", ["unavailable", "HTTP/2", "TLS", "odd chunks", "websocket"])
def test_a_lost_packet_opens_nothing(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever packet is missing, and wherever a segment begins, rows and cases hold no secret."""
    words, capture = Planted(), tmp_path / "x.pcap"
    lines = SCENARIOS[name](words).splitlines()
    for lost in range(1, len(lines)):
        capture.write_bytes(pcap(parse("\n".join(lines[:lost] + lines[lost + 1 :]))))
        run(["classify", "--all", "--format", "csv", str(capture)])
        assert leaks(words.secrets, "".join(capsys.readouterr())) == [], lost
        assert leaks({**words.secrets, **words.open}, cases(capture, capsys)) == [], lost


def test_what_pcapng_says_besides_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Comments, names of interfaces, hosts and machines, keys and blocks of unknown kinds."""
    words, capture = Planted(), tmp_path / "x.pcapng"

    def option(code: int, field: str) -> bytes:
        return struct.pack("<HH", code, 12) + words.secret(field)

    def block(kind: int, body: bytes) -> bytes:
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + option(1, "comment") + option(2, "hardware")
    content = block(0x0A0D0D0A, section + option(3, "system") + option(4, "program"))
    interface = struct.pack("<HHI", 1, 0, 0) + option(2, "interface") + option(3, "description") + option(11, "filter")
    content += block(1, interface + option(12, "interface's system") + option(15, "hardware of the interface"))
    content += block(4, struct.pack("<HH", 1, 17) + b"\xc6\x33\x64\x14" + words.secret("host name") + bytes(8))
    content += block(10, struct.pack("<II", 0x544C534B, 12) + words.secret("keys"))
    content += block(0x0BAD, struct.pack("<I", 1) + words.secret("custom block")) + block(0x7777, words.secret("block"))
    for time, frame, length in frames(parse(plain(503)(words))):
        head = struct.pack("<IIIII", 0, time // 1000 >> 32, time // 1000 & 0xFFFFFFFF, len(frame), length)
        content += block(6, head + frame + bytes(-len(frame) % 4) + option(1, "packet comment"))
    content += block(5, struct.pack("<III", 0, 0, 0) + option(1, "statistics")) + words.secret("damaged end")
    capture.write_bytes(content)
    text = printed(capture, capsys)
    assert "http-status-503" in text
    assert leaks(words.secrets, text + cases(capture, capsys)) == []


LOG = """curl: (7) Failed to connect to www.lab.example port 4433 after 1 ms: Couldn't connect to server
curl: (22) The requested URL returned error: 401 https://%s:%s@www.lab.example:4433/x?%s=%s#%s
Get "https://www.lab.example:4433/a;%s=1/b?token=%s": dial tcp 198.51.100.20:4433: connect: connection refused
requests.exceptions.ConnectionError: Max retries exceeded with url: /simple/x/?sig=%s (Connection refused)
npm error 401 Unauthorized - GET https://www.lab.example:4433/x - Authorization: Bearer %s
npm error network request to https://www.lab.example:4433/x failed, {"cookie":"a=%s; b=%s","x-api-key":"%s"}
npm error refused {'Proxy-Authorization': 'Basic %s', 'Set-Cookie': 's=%s'}
fatal: unable to access 'https://www.lab.example:4433/x/': Failed password=%s token: %s key=%s "secret":"%s"
fatal: unable to access 'www.lab.example:4433': proxy %s:%s@proxy.example:3128 refused
fatal: unable to access 'x': Failed ghp_%s glpat-%s npm_%s eyJ%s.%s.%s xoxb-%s --token %s -u me:%s
java.net.ConnectException: Connection refused Private-Token: %s"""


def test_client_logs_lose_what_gives_access(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Credentials of every usual form, and queries of URLs, are in no output of `--client-log`; the messages are.

    With `--show-queries` queries and path parameters of the lines that stand below rows are there, and no credentials.
    """
    words = Planted()
    log, sample = tmp_path / "x.log", tmp_path / "x.pcap"
    sample.write_bytes((Path(__file__).parent.parent / "samples" / "rst" / "curl-refused.pcap").read_bytes())
    text = re.sub("%s", lambda found: words.secret(f"at {found.start()}").decode(), LOG)
    log.write_text(text)
    shown = printed(sample, capsys, "--client-log", str(log))
    assert "9 error lines" in shown
    assert "Couldn't connect to server" in shown
    assert "https://…@www.lab.example:4433/x?…" in shown
    assert leaks(words.secrets, shown) == []
    run(["classify", "--show-queries", "--client-log", str(log), str(sample)])
    found = leaks(words.secrets, "".join(capsys.readouterr()))
    query = LOG.index("?%s=%s#%s")
    assert found == [*(f"at {query + at}" for at in (1, 4, 7)), f"at {LOG.index(';%s=1') + 1}"]


def test_showing_queries_changes_nothing_else() -> None:
    """Targets are cut when they are shown, never before: verdicts, groups and packages of all samples stay the same."""
    samples = [path for path in (Path(__file__).parent.parent / "samples").glob("*/*.pcap*") if path.is_file()]
    cut = analyzer.classify(samples)
    whole = analyzer.classify(samples, show_queries=True)
    changed = [name for name in cut.columns if not cut[name].equals(whole[name])]
    assert changed == ["target", "summary"]
    assert cut["target"][cut["target"] != whole["target"]].str.endswith("?…").all()
