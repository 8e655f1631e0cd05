"""Which fetch a line speaks of: real captures of the lab with what those clients print, and fetches made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import analyzer
from analyzer import Fetch
from analyzer.clientlog import match
from analyzer.clientlog.log import ClientLog
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SECOND = 1_000_000_000
W = "www.lab.example"


def read(tmp_path: Path, log: str, *samples: str) -> tuple[list[Fetch], ClientLog, list[str]]:
    (tmp_path / "client.log").write_text(log)
    reading = analyzer.Reading([SAMPLES / name for name in samples], client_log=tmp_path / "client.log")
    fetches = list(reading)
    return fetches, reading.client_log, reading.warnings


def said(fetches: list[Fetch]) -> dict[int, str]:
    return {fetch.number: fetch.client_said for fetch in fetches if fetch.client_said}


REAL = {
    # by host and port, where nothing but DNS could tell the name
    "rst/curl-refused.pcap": (
        f"curl: (7) Failed to connect to {W} port 4433 after 18 ms: Couldn't connect to server", [1]),
    "rst/git-refused.pcap": (
        f"fatal: unable to access 'http://{W}:8080/git/demo.git/': Failed to connect to {W} port 8080 after 0 ms: "
        "Couldn't connect to server", [1]),
    # one message for all attempts of a group
    "rst/npm-refused.pcap": (
        f"npm error code ECONNREFUSED\nnpm error syscall connect\nnpm error errno ECONNREFUSED\nnpm error FetchError: "
        f"request to http://{W}:8080/npm/labpkg failed, reason: connect ECONNREFUSED 198.51.100.20:8080", [1, 2, 3]),
    "rst/pip-refused.pcap": (
        "WARNING: Retrying (Retry(total=1, connect=None, read=None, redirect=None, status=None)) after connection "
        "broken by 'NewConnectionError('<object>: Failed to establish a new connection: [Errno 111] Connection "
        "refused')': /simple/labpkg/\n"
        "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection "
        "broken by 'NewConnectionError('<object>: Failed to establish a new connection: [Errno 111] Connection "
        "refused')': /simple/labpkg/\n"
        "ERROR: Could not find a version that satisfies the requirement labpkg (from versions: none)\n"
        "ERROR: No matching distribution found for labpkg", [1, 2, 3]),
    # by both ends of the connection
    "rst/go-reset-by-router-after-clienthello.pcap": (
        f'Get "https://{W}/ok": read tcp 192.0.2.10:40570->198.51.100.20:443: read: connection reset by peer', [1]),
    "rst/go-zip-reset.pcap": (
        'go: lab.example/hello@v1.0.0: read "http:/www.lab.example:8080/go/@v/v1.0.0.zip": read tcp '
        "192.0.2.10:34286->198.51.100.20:8080: read: connection reset by peer", [3]),
    "rst/go-refused-by-firewall-ipv6.pcap": (
        'Get "https://six.lab.example/ok": dial tcp [2001:db8:2::20]:443: connect: connection refused', [1]),
    # by kind alone
    "rst/wget-reset-mid-response.pcap": ("Read error (Connection reset by peer) in headers.", [1]),
    "rst/python-reset-after-request.pcap": (
        "requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by "
        "peer'))", [1]),
    "rst/npm-reset-then-works.pcap": (
        f"npm error code ECONNRESET\nnpm error syscall read\nnpm error network request to http://{W}:8080/npm/labpkg "
        "failed, reason: read ECONNRESET", [1]),
    # by what was asked for
    "http-failure/go-mod-download-zip-503.pcap": (
        f"go: lab.example/hello@v1.0.0: reading http://{W}/broken/lab.example/hello/@v/v1.0.0.zip: 503 Service "
        "Temporarily Unavailable", [3]),
    "http-failure/go-mod-download-second-proxy.pcap": (
        f"go: lab.example/hello@v1.0.0: reading http://{W}/none/lab.example/hello/@v/v1.0.0.mod: 404 Not Found", [3]),
    "http-failure/pip-index-404.pcap": (
        "ERROR: Could not find a version that satisfies the requirement nothing (from versions: none)\n"
        "ERROR: No matching distribution found for nothing", [1]),
    "http-failure/npm-socket-hang-up.pcap": (
        f"npm error code ECONNRESET\nnpm error errno ECONNRESET\nnpm error network request to "
        f"http://{W}:8080/npm/labpkg/-/labpkg-1.0.0.tgz failed, reason: socket hang up", [2]),
    # by host, or kind alone, in other phases
    "http-failure/git-401.pcap": (f"fatal: could not read Username for 'http://{W}': terminal prompts disabled", [1]),
    "http-failure/git-404.pcap": (
        f"remote: error 404\nfatal: repository 'http://{W}/repo.git/' not found", [1]),
    "http-failure/curl-401-then-password.pcap": ("curl: (22) The requested URL returned error: 401", [1]),
    "http-failure/curl-proxy-forbids.pcap": ("curl: (56) CONNECT tunnel failed, response 403", [1]),
    "http-failure/curl-proxy-silent.pcap": (f'Get "https://{W}/": context deadline exceeded', [1]),
    "http-failure/curl-h2c-rst-stream-internal-error.pcap": (
        "curl: (92) HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)", [1]),
    "http-failure/curl-h2c-enhance-your-calm.pcap": (
        "curl: (18) HTTP/2 stream 1 was not closed cleanly before end of the underlying stream", [1]),
    "http-failure/curl-truncated.pcap": ("curl: (18) transfer closed with 60000 bytes remaining to read", [1]),
    "http-failure/go-https-closed-without-response.pcap": (f'Get "https://{W}/ok": EOF', [1]),
    "http-failure/node-garbage-response.pcap": (
        "TypeError: fetch failed\n  [cause]: HTTPParserError: Response does not match the HTTP/1.1 protocol (Expected "
        "HTTP/)\n    code: 'HPE_INVALID_CONSTANT',", [1]),
    "http-failure/curl-https-client-gave-up.pcap": (
        "curl: (28) Operation timed out after 4001 milliseconds with 0 bytes received", [1]),
    "http-failure/wget-504.pcap": ("2026-11-23 00:10:50 ERROR 504: Gateway Time-out.", [1]),
    "syn-retransmit/go-name-known-syn-dropped.pcap": (
        'Get "https://good.lab.example/ok": dial tcp 198.51.100.20:443: i/o timeout', [1]),
    "syn-retransmit/go-syn-dropped-then-port-80-works.pcap": (
        f'Get "https://{W}/ok": dial tcp 198.51.100.20:443: i/o timeout', [2]),
    "syn-retransmit/curl-icmp-admin-prohibited.pcap": (
        f"curl: (7) Failed to connect to {W} port 443 after 1 ms: Couldn't connect to server", [1]),
    "syn-retransmit/python-no-route.pcap": (
        "urllib.error.URLError: <urlopen error [Errno 101] Network is unreachable>", [1]),
    "syn-retransmit/curl-one-syn.pcap": (
        f"curl: (28) Failed to connect to {W} port 443 after 501 ms: Timeout was reached", [1]),
    "tls-failure/go-unknown-ca.pcap": (f'Get "https://{W}/ok": x509: certificate signed by unknown authority', [1]),
    "tls-failure/node-unknown-ca.pcap": (
        "TypeError: fetch failed\n  [cause]: Error: self-signed certificate in certificate chain\n"
        "    code: 'SELF_SIGNED_CERT_IN_CHAIN'", [1]),
    "tls-failure/node-https-to-http-port.pcap": (
        "TypeError: fetch failed\n  [cause]: Error: 801C279E697F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong "
        "version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:350:", [1]),
    "tls-failure/git-tls-garbage.pcap": (
        f"fatal: unable to access 'https://{W}/git/demo.git/': gnutls_handshake() failed: An unexpected TLS packet was "
        "received.", [1]),
    "tls-failure/python-certificate-for-another-name.pcap": (
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='wrong.lab.example', port=443): Max retries exceeded "
        "with url: / (Caused by SSLError(SSLCertVerificationError(1, \"certificate verify failed: Hostname mismatch, "
        "certificate is not valid for 'wrong.lab.example'\")))", [1]),
    "tls-stall/go-server-silent-10s.pcap": (f'Get "https://{W}/ok": net/http: TLS handshake timeout', [1]),
    "tls-stall/wget-pmtu-hole.pcap": ("Unable to establish SSL connection.", [1]),
    "dns-failure/git-nxdomain.pcap": (
        "fatal: unable to access 'http://missing.lab.example/x/': Could not resolve host: missing.lab.example", [1]),
    "dns-failure/go-servfail.pcap": (
        'Get "http://broken.lab.example/": dial tcp: lookup broken.lab.example on 198.51.100.20:53: server misbehaving',
        [1]),
    "dns-failure/pip-nxdomain.pcap": (
        "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection "
        "broken by 'NewConnectionError('<object>: Failed to establish a new connection: [Errno -2] Name or service not "
        "known')': /simple/labpkg/", [1]),
}  # fmt: skip


@pytest.mark.parametrize("sample", REAL)
def test_what_the_client_of_a_sample_prints_is_tied_to_the_fetch_that_failed(sample: str, tmp_path: Path) -> None:
    """The line of the client that was captured belongs to the fetches that failed, and agrees with their verdict."""
    text, numbers = REAL[sample]
    fetches, log, warnings = read(tmp_path, text, sample)
    assert list(said(fetches)) == numbers
    assert (len(log.errors), log.unmatched, warnings) == (1, [], [])
    assert log.counts()["contradicting"] == []


@pytest.mark.parametrize("sample", list(REAL)[::7])
def test_a_log_changes_no_verdict(sample: str, tmp_path: Path) -> None:
    """All columns but `client_said` are what they are without a log."""
    with_log, _, _ = read(tmp_path, REAL[sample][0], sample)
    kept = [name != "client_said" for name in COLUMNS]
    rows = [[[value for value, keep in zip(values(f), kept, strict=True) if keep] for f in fetches]
            for fetches in (with_log, analyzer.read(SAMPLES / sample))]  # fmt: skip
    assert rows[0] == rows[1]


EXPIRED, WRONG = "tls-failure/python-certificate-expired.pcap", "tls-failure/python-certificate-for-another-name.pcap"


def test_two_hosts_and_a_line_for_each(tmp_path: Path) -> None:
    """Each line goes to the fetch of the host it names, whatever their order."""
    text = (
        'Get "https://wrong.lab.example/ok": x509: certificate is valid for other.example, not wrong.lab.example\n'
        'Get "https://expired.lab.example/ok": x509: certificate has expired or is not yet valid\n'
    )
    fetches, log, _ = read(tmp_path, text, EXPIRED, WRONG)
    assert ["expired" in fetches[0].client_said, "wrong" in fetches[1].client_said] == [True, True]
    assert log.unmatched == []


def test_a_line_about_another_host_stays_unmatched(tmp_path: Path) -> None:
    """Nothing is tied because nothing else is left."""
    fetches, log, _ = read(tmp_path, 'Get "https://else.example/ok": x509: certificate has expired', EXPIRED)
    assert said(fetches) == {}
    assert log.lines() == [
        "client log: 1 error line, 0 tied to fetches, 1 unmatched:",
        '  line 1: Get "https://else.example/ok": x509: certificate has expired',
    ]


@pytest.mark.parametrize(
    "text",
    [
        # another port, another address, another connection of the same client
        f"curl: (7) Failed to connect to {W} port 4434 after 18 ms: Couldn't connect to server",
        f'Get "https://{W}:4433/ok": dial tcp 198.51.100.21:4433: connect: connection refused',
        f'Get "https://{W}:4433/": read tcp 192.0.2.10:48001->198.51.100.20:4433: read: connection reset by peer',
        # the wrong kind, and no place
        "curl: (28) SSL connection timeout",
    ],
)
def test_whatever_the_line_says_of_the_place_must_hold(text: str, tmp_path: Path) -> None:
    """Near misses of rst/curl-refused: 192.0.2.10:48000 to 198.51.100.20:4433."""
    fetches, log, _ = read(tmp_path, text, "rst/curl-refused.pcap")
    assert said(fetches) == {}
    assert len(log.unmatched) == 1


def test_a_capture_behind_a_nat_has_another_client_address(tmp_path: Path) -> None:
    """Then the server's address and port are what is left."""
    text = f'Get "https://{W}/ok": read tcp 10.9.9.9:5555->198.51.100.20:443: read: connection reset by peer'
    fetches, _, _ = read(tmp_path, text, "rst/go-reset-by-router-after-clienthello.pcap")
    assert list(said(fetches)) == [1]


def test_lines_that_fit_several_fetches_equally_are_not_guessed(tmp_path: Path) -> None:
    """One line, two captures of the same failure: told, not tied."""
    reset = "rst/curl-reset-after-clienthello.pcap"
    text = "curl: (35) Recv failure: Connection reset by peer"
    fetches, log, _ = read(tmp_path, text, reset, "rst/git-reset-after-clienthello.pcap")
    assert said(fetches) == {}
    assert log.lines()[1] == f"  line 1 (fits 2 fetches equally): {text}"


def test_as_many_lines_as_fetches_are_tied_in_order(tmp_path: Path) -> None:
    """Two equal fetches, two lines that fit both: the first to the first."""
    text = f'Get "https://{W}/1": EOF\nGet "https://{W}/2": EOF\n'
    samples = ("tls-failure/curl-server-hangs-up.pcap", "tls-failure/node-tls-hangs-up.pcap")
    fetches, _, _ = read(tmp_path, text, *samples)
    assert [fetch.client_said for fetch in fetches] == text.splitlines()


def test_a_contradiction_is_told_and_changes_nothing(tmp_path: Path) -> None:
    """The log says refused, the packets say that all went well."""
    text = f"curl: (7) Failed to connect to {W} port 80 after 18 ms: Couldn't connect to server"
    fetches, log, _ = read(tmp_path, text, "ok/curl-segments-lost.pcap")
    assert said(fetches) == {1: text}
    assert fetches[0].verdict.klass == "ok"
    assert log.lines()[-1] == "1 error line fits no verdict of its fetch: line 1, fetch 1 is ok"


def test_a_fetch_without_a_name_that_fits_goes_before_one_with_the_name_that_does_not(tmp_path: Path) -> None:
    """A SYN has no name; the line about it is not given to the later fetch that went well at the same port."""
    text = f"curl: (28) Failed to connect to {W} port 443 after 501 ms: Timeout was reached"
    samples = ("ok/curl-slow-tls-handshake.pcap", "syn-retransmit/curl-one-syn.pcap")
    fetches, log, _ = read(tmp_path, text, *samples)
    assert [(fetch.verdict.klass, fetch.client_said) for fetch in fetches] == [
        ("ok", ""),
        ("syn-retransmit", text),
        ("ok", ""),
    ]
    assert log.unmatched == []


def test_the_connection_itself_counts_whatever_its_verdict(tmp_path: Path) -> None:
    """Both ends are printed: another fetch that fits the words is not taken instead."""
    ports = "192.0.2.10:40570->198.51.100.20:443"
    text = f'Get "https://{W}/ok": read tcp {ports}: i/o timeout'
    fetches, log, _ = read(
        tmp_path, text, "rst/go-reset-by-router-after-clienthello.pcap", "tls-stall/go-server-silent-10s.pcap"
    )
    assert [fetch.client_said for fetch in fetches] == [text, ""]
    assert log.counts()["contradicting"] == [1]


def test_what_tls_hides_is_no_contradiction(tmp_path: Path) -> None:
    """A 404 inside TLS looks fine from outside."""
    text = f"go: x@v1: reading https://{W}/x: 404 Not Found"
    fetches, log, _ = read(tmp_path, text, "ok/curl-slow-tls-handshake.pcap")
    assert said(fetches) == {1: text}
    assert log.counts()["contradicting"] == []


# -- time ----------------------------------------------------------------------------------------------------------

GAVE_UP = ("http-failure/curl-https-client-gave-up.pcap", "http-failure/curl-http2-client-gave-up.pcap")
GIVING_UP = "curl: (28) Operation timed out after 4001 milliseconds with 0 bytes received"


def ends(names: tuple[str, ...]) -> list[datetime]:
    return [datetime.fromtimestamp(next(iter(analyzer.read(SAMPLES / n))).end / 1e9, UTC) for n in names]


STAMPS = {
    "github": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%f0Z ##[error]"),
    "gitlab": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%fZ 00E "),
    "jenkins": lambda t: t.strftime("[%Y-%m-%dT%H:%M:%S.000Z] "),
    "date": lambda t: t.strftime("%a %b %e %H:%M:%S UTC %Y "),
    "go log": lambda t: t.strftime("%Y/%m/%d %H:%M:%S "),
    "logging": lambda t: t.strftime("%Y-%m-%d %H:%M:%S,%f "),
    "zone": lambda t: (t + timedelta(hours=5.5)).strftime("%Y-%m-%dT%H:%M:%S+05:30 "),
}


@pytest.mark.parametrize("form", STAMPS)
def test_the_time_chooses_between_equal_fetches(form: str, tmp_path: Path) -> None:
    """Two fetches fail alike; each line goes to the one that had just ended, however the log tells the time."""
    _, second = ends(GAVE_UP)
    stamp = STAMPS[form]
    fetches, log, warnings = read(tmp_path, f"\x1b[31m{stamp(second)}{GIVING_UP}\x1b[0m\n", *GAVE_UP)
    by_file = {Path(fetch.file).name: fetch.client_said for fetch in fetches}
    assert by_file == {Path(GAVE_UP[0]).name: "", Path(GAVE_UP[1]).name: GIVING_UP}
    assert (log.unmatched, warnings) == ([], [])


@pytest.mark.parametrize("hours", [2, -7, 5.75])
def test_a_time_zone_is_found(hours: float, tmp_path: Path) -> None:
    """Local time without a zone: the offset is found, used, and told."""
    times = [time + timedelta(hours=hours) for time in ends(GAVE_UP)]
    text = "".join(f"{time:%Y-%m-%d %H:%M:%S} {GIVING_UP} #{at}\n" for at, time in enumerate(times))
    fetches, log, warnings = read(tmp_path, text, *GAVE_UP)
    assert [fetch.client_said[-2:] for fetch in fetches] == ["#0", "#1"]
    way = "ahead of" if hours > 0 else "behind"
    assert log.lines()[-1] == f"client log: its clock is {abs(hours):g} h {way} the capture's"
    assert warnings == []


def test_a_foreign_clock_is_told_and_not_used(tmp_path: Path) -> None:
    """A log of another year: the place decides alone."""
    text = f"2019-01-02T03:04:05Z curl: (7) Failed to connect to {W} port 4433 after 1 ms: Couldn't connect to server"
    fetches, _, warnings = read(tmp_path, text, "rst/curl-refused.pcap")
    assert list(said(fetches)) == [1]
    assert len(warnings) == 1
    assert warnings[0].endswith("its times lie outside the capture, in every time zone: not used")


def test_a_line_from_before_the_fetch_is_not_about_it(tmp_path: Path) -> None:
    """Once the clocks agree, a line of an earlier run stays unmatched."""
    end = ends(("rst/curl-refused.pcap",))[0]
    message = f"curl: (7) Failed to connect to {W} port 4433 after 1 ms: Couldn't connect to server"
    earlier = (end - timedelta(minutes=7)).strftime("%Y-%m-%dT%H:%M:%SZ ")
    text = f"{earlier}{message} earlier\n{end:%Y-%m-%dT%H:%M:%SZ} {message}\n"
    fetches, log, _ = read(tmp_path, text, "rst/curl-refused.pcap")
    assert said(fetches) == {1: message}
    assert [error.number for error in log.unmatched] == [1]


# -- caps ----------------------------------------------------------------------------------------------------------


def test_fetches_beyond_the_cap_leave_with_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are not held for ever: the lines are tied to what has come, and that is told."""
    monkeypatch.setattr(match, "MAX_WAITING", 1)
    text = f'Get "https://{W}/1": EOF'
    samples = ("tls-failure/curl-server-hangs-up.pcap", "tls-failure/node-tls-hangs-up.pcap")
    fetches, _, warnings = read(tmp_path, text, *samples)
    assert [bool(fetch.client_said) for fetch in fetches] == [True, False]
    assert "fetches waited for it" in warnings[0]


def test_a_line_that_too_many_fetches_fit_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best of some is not the best of all."""
    monkeypatch.setattr(match, "MAX_CANDIDATES", 1)
    samples = ("tls-failure/curl-server-hangs-up.pcap", "tls-failure/node-tls-hangs-up.pcap")
    fetches, log, _ = read(tmp_path, f'Get "https://{W}/1": EOF', *samples)
    assert said(fetches) == {}
    assert "(fits too many fetches)" in log.lines()[1]


def test_no_log_costs_nothing() -> None:
    """Without a log, fetches pass as they are."""
    reading = analyzer.Reading(SAMPLES / "rst/curl-refused.pcap")
    assert reading.client_log is None
    assert [fetch.client_said for fetch in reading] == [""]
