"""What clients print, as the lab measured it: each message is understood, with its kind and what it names.

curl 7.88.1 (OpenSSL 3.0), Go 1.19.8, pip 23 of Python 3.11, git 2.39 (GnuTLS), npm 11, Node 20, wget 1.21, requests 2,
Java 17. Hosts and addresses are those for documentation.
"""

from __future__ import annotations

from io import StringIO

import pytest

from analyzer.clientlog.fits import FITTING
from analyzer.clientlog.patterns import CLIENTS, REASONS
from analyzer.clientlog.read import Error, LogReader


def errors_in(text: str) -> list[Error]:
    reader = LogReader()
    reader.read(StringIO(text))
    return reader.errors


def one(text: str) -> Error:
    (error,) = errors_in(text)
    return error


U = 'Get "https://www.example.org/ok": '
GO = 'go: example.org/hello@v1.0.0: Get "https://www.example.org/go/example.org/hello/@v/v1.0.0.info": '
GIT = "fatal: unable to access 'https://www.example.org/git/demo.git/': "
PIP = (
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken "
    "by '{}': /simple/labpkg/\n"
    "ERROR: Could not find a version that satisfies the requirement labpkg (from versions: none)\n"
    "ERROR: No matching distribution found for labpkg\n"
)
NEW = (
    "NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7fb8>: Failed to establish a new "
    "connection: {}')"
)
CONNECTED = "* Connected to www.example.org (192.0.2.7) port 443 (#0)"
NPM = (
    "npm error code {0}\nnpm error errno {0}\nnpm error network request to https://www.example.org/npm/labnpm failed, "
    "reason: {1}\nnpm error network This is a problem related to network connectivity.\n"
)
POOL = "requests.exceptions.{}: HTTPSConnectionPool(host='www.example.org', port=443): "
RETRIES = POOL + "Max retries exceeded with url: /ok (Caused by {})"
NODE = """node:internal/deps/undici/undici:14976
      Error.captureStackTrace(err);
            ^

TypeError: {}
    at node:internal/deps/undici/undici:14976:13
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {{
  [cause]: {}
      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {{
    code: '{}',
"""

MESSAGES = {
    "name": [
        "curl: (6) Could not resolve host: www.example.org",
        "fatal: unable to access 'http://www.example.org/git/demo.git/': Could not resolve host: www.example.org",
        'Get "http://www.example.org/ok": dial tcp: lookup www.example.org on 192.0.2.53:53: no such host',
        U + "dial tcp: lookup www.example.org on 192.0.2.53:53: read udp 192.0.2.1:50565->192.0.2.53:53: i/o timeout",
        U + "dial tcp: lookup www.example.org on 192.0.2.53:53: server misbehaving",
        NPM.format("ENOTFOUND", "getaddrinfo ENOTFOUND www.example.org"),
        NODE.format("fetch failed", "Error: getaddrinfo ENOTFOUND www.example.org", "ENOTFOUND"),
        NODE.format("fetch failed", "Error: getaddrinfo EAI_AGAIN www.example.org", "EAI_AGAIN"),
        PIP.format(NEW.format("[Errno -2] Name or service not known")),
        PIP.format(NEW.format("[Errno -3] Temporary failure in name resolution")),
        RETRIES.format("ConnectionError", "NameResolutionError(\"HTTPConnection(host='www.example.org', port=443): "
                       "Failed to resolve 'www.example.org' ([Errno -2] Name or service not known)\")"),
        "urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>",
        "wget: unable to resolve host address \u2018www.example.org\u2019",
        "java.net.UnknownHostException: www.example.org\n\tat java.base/java.net.Socket.connect(Socket.java:633)",
    ],
    "connect-timeout": [
        "curl: (28) Failed to connect to www.example.org port 443 after 8000 ms: Timeout was reached",
        GO + "dial tcp 192.0.2.7:443: connect: connection timed out",
        GO + "dial tcp 192.0.2.7:443: i/o timeout",
        NPM.format("ETIMEDOUT", "connect ETIMEDOUT 192.0.2.7:443"),
        PIP.format("ConnectTimeoutError(<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7fd3>, 'Connection "
                   "to www.example.org timed out. (connect timeout=8.0)')"),
        RETRIES.format("ConnectTimeout", "ConnectTimeoutError(<HTTPSConnection(host='www.example.org', port=443) at "
                       "0x7f4b>, 'Connection to www.example.org timed out. (connect timeout=8.0)')"),
        "Connecting to www.example.org (www.example.org)|192.0.2.7|:443... failed: Connection timed out.",
        "java.net.SocketTimeoutException: Connect timed out",
        "java.net.ConnectException: Connection timed out",
        "java.net.http.HttpConnectTimeoutException: HTTP connect timed out",
    ],
    "connect": [
        "curl: (7) Failed to connect to www.example.org port 443 after 1 ms: Couldn't connect to server",
        GIT + "Failed to connect to www.example.org port 443 after 15342 ms: Couldn't connect to server",
        "java.net.ConnectException\n\tat java.net.http/jdk.internal.net.http.HttpClientImpl.send(X.java:573)",
    ],
    "refused": [
        GO + "dial tcp 192.0.2.7:443: connect: connection refused",
        NODE.format("fetch failed", "Error: connect ECONNREFUSED 192.0.2.7:443", "ECONNREFUSED"),
        NPM.format("ECONNREFUSED", "connect ECONNREFUSED 192.0.2.7:443"),
        PIP.format(NEW.format("[Errno 111] Connection refused")),
        RETRIES.format("ConnectionError", 'NewConnectionError("HTTPSConnection(host=\'www.example.org\', port=443): '
                       'Failed to establish a new connection: [Errno 111] Connection refused")'),
        "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>",
        "Connecting to 192.0.2.7:443... failed: Connection refused.",
        "failed: Connection refused.",
        "java.net.ConnectException: Connection refused",
        "[ERROR] Failed to execute goal: Could not transfer artifact junit:junit:pom:4.13 from/to central "
        "(https://www.example.org/maven2): Connect to www.example.org:443 [www.example.org/192.0.2.7] failed: "
        "Connection refused",
    ],
    "unreachable": [
        U + "dial tcp 192.0.2.7:443: connect: no route to host",
        U + "dial tcp [2001:db8::7]:443: connect: permission denied",
        NODE.format("fetch failed", "Error: connect EHOSTUNREACH 192.0.2.7:443", "EHOSTUNREACH"),
        PIP.format(NEW.format("[Errno 113] No route to host")),
        "urllib.error.URLError: <urlopen error [Errno 13] Permission denied>",
        "failed: No route to host.",
        "java.net.NoRouteToHostException: No route to host",
    ],
    "reset": [
        "curl: (35) Recv failure: Connection reset by peer",
        "curl: (56) Recv failure: Connection reset by peer",
        GIT + "Send failure: Connection reset by peer",
        U + "read tcp 192.0.2.1:47654->192.0.2.7:443: read: connection reset by peer",
        "body: read tcp 192.0.2.1:45902->192.0.2.7:443: read: connection reset by peer",
        NODE.format("fetch failed", "Error: read ECONNRESET", "ECONNRESET"),
        NODE.format("terminated", "Error: read ECONNRESET", "ECONNRESET"),
        NPM.format("ECONNRESET", "read ECONNRESET"),
        PIP.format("ProtocolError('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))"),
        "requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by "
        "peer'))",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        "Read error (Connection reset by peer) in headers.",
        "java.net.SocketException: Connection reset",
    ],
    "tls-timeout": [
        "curl: (28) SSL connection timeout",
        GO + "net/http: TLS handshake timeout",
        "urllib.error.URLError: <urlopen error _ssl.c:989: The handshake operation timed out>",
    ],
    "timeout": [
        U + "context deadline exceeded",
        U + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        "curl: (28) Operation timed out after 8001 milliseconds with 0 bytes received",
        GIT + "Operation too slow. Less than 1000 bytes/sec transferred the last 3 seconds",
        "TimeoutError: The operation was aborted due to timeout",
        "npm error code FETCH_ERROR\nnpm error errno FETCH_ERROR\n"
        "npm error network timeout at: https://www.example.org/npm/labnpm",
        PIP.format("ReadTimeoutError(\"HTTPSConnectionPool(host='www.example.org', port=443): Read timed out. (read "
                   'timeout=8.0)")'),
        POOL.format("ReadTimeout") + "Read timed out. (read timeout=8.0)",
        "Read error (Connection timed out) in headers.",
        "java.net.SocketTimeoutException: Read timed out",
        "httpx.ReadTimeout: The read operation timed out",
    ],
    "closed": [
        "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to www.example.org:443",
        "curl: (52) Empty reply from server",
        GIT + "gnutls_handshake() failed: The TLS connection was non-properly terminated.",
        U + "EOF",
        NODE.format("fetch failed", "SocketError: other side closed", "UND_ERR_SOCKET"),
        NPM.format("ECONNRESET", "socket hang up"),
        NPM.format("ECONNRESET", "Client network socket disconnected before secure TLS connection was established"),
        PIP.format("ProtocolError('Connection aborted.', RemoteDisconnected('Remote end closed connection without "
                   "response'))"),
        PIP.format("SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of "
                   "protocol (_ssl.c:1006)'))"),
        "http.client.RemoteDisconnected: Remote end closed connection without response",
        "No data received.",
        "java.net.SocketException: Unexpected end of file from server",
        "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake\n"
        "\tat java.base/sun.security.ssl.SSLSocketImpl.handleEOF(SSLSocketImpl.java:1709)\n"
        "Caused by: java.io.EOFException: SSL peer shut down incorrectly\n\t... 16 more",
    ],
    "truncated": [
        "curl: (18) transfer closed with 60000 bytes remaining to read",
        "curl: (92) HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)",
        "curl: (18) HTTP/2 stream 1 was not closed cleanly before end of the underlying stream",
        U.replace("https", "http") + "http2: server sent GOAWAY and closed the connection; LastStreamID=3, "
        'ErrCode=ENHANCE_YOUR_CALM, debug="too_many_pings"',
        'go: example.org/hello@v1.0.0: read "https:/www.example.org/go/@v/v1.0.0.info": unexpected EOF',
        "body: stream error: stream ID 1; INTERNAL_ERROR; received from peer",
        "npm error code ECONNRESET\nnpm error errno ECONNRESET\nnpm error network Invalid response body while trying "
        "to fetch https://www.example.org/npm/labnpm: aborted",
        "requests.exceptions.ChunkedEncodingError: ('Connection broken: IncompleteRead(500 bytes read, 7692 more "
        "expected)', IncompleteRead(500 bytes read, 7692 more expected))",
        "http.client.IncompleteRead: IncompleteRead(4096 bytes read)",
        "java.io.IOException: Premature EOF",
    ],
    "certificate": [
        "curl: (60) SSL certificate problem: certificate has expired",
        "curl: (60) SSL: no alternative certificate subject name matches target host name 'www.example.org'",
        GIT + "server certificate verification failed. CAfile: none CRLfile: none",
        U + "x509: certificate signed by unknown authority",
        NPM.format("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain"),
        NODE.format("fetch failed", "Error: unable to verify the first certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        RETRIES.format("SSLError", "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate "
                       "verify failed: certificate has expired (_ssl.c:1006)'))"),
        "ERROR: The certificate of \u2018www.example.org\u2019 doesn't have a known issuer.",
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path",
    ],
    "tls-alert": [
        "curl: (35) OpenSSL/3.0.19: error:0A000410:SSL routines::sslv3 alert handshake failure",
        "curl: (35) OpenSSL/3.0.19: error:0A000458:SSL routines::tlsv1 unrecognized name",
        GIT + "GnuTLS recv error (-12): A TLS fatal alert has been received.",
        U + "remote error: tls: unrecognized name",
        RETRIES.format("SSLError", "SSLError(SSLError(1, '[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol "
                       "version (_ssl.c:1006)'))"),
        "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
    ],
    "not-tls": [
        "curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number",
        GIT + "gnutls_handshake() failed: An unexpected TLS packet was received.",
        U + "http: server gave HTTP response to HTTPS client",
        U + "tls: first record does not look like a TLS handshake",
        "urllib.error.URLError: <urlopen error [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)>",
        "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
    ],
    "garbage": [
        "curl: (1) Received HTTP/0.9 when not allowed",
        U + 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x00garbage"',
        "npm error code HPE_INVALID_CONSTANT\nnpm error errno HPE_INVALID_CONSTANT\nnpm error request to "
        "https://www.example.org/npm/labnpm failed, reason: Parse Error: Expected HTTP/, RTSP/ or ICE/",
        "http.client.BadStatusLine: garbage",
        "java.io.IOException: Invalid Http response",
    ],
    "redirects": [
        "curl: (47) Maximum (6) redirects followed",
        U + "stopped after 10 redirects",
        "npm error code EMAXREDIRECT\nnpm error errno EMAXREDIRECT\n"
        "npm error maximum redirect reached at: https://www.example.org/npm/labnpm",
        "requests.exceptions.TooManyRedirects: Exceeded 30 redirects.",
        "20 redirections exceeded.",
    ],
    "tls": ["GnuTLS: Error in the pull function.\nUnable to establish SSL connection."],
    "failed": [
        "ERROR: Could not find a version that satisfies the requirement labpkg (from versions: none)\n"
        "ERROR: No matching distribution found for labpkg",
    ],
}  # fmt: skip

STATUSES = {
    503: [
        "curl: (22) The requested URL returned error: 503",
        "go: example.org/hello@v1.0.0: reading https://www.example.org/x/@v/v1.0.0.info: 503 Service Unavailable",
        "npm error code E503\nnpm error 503 Service Unavailable - GET https://www.example.org/npm/labnpm",
        "requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://www.example.org/ok",
        "urllib.error.HTTPError: HTTP Error 503: Service Unavailable",
        "2026-01-02 03:04:05 ERROR 503: Service Unavailable.",
        "java.io.IOException: Server returned HTTP response code: 503 for URL: https://www.example.org/x",
        "httpx.HTTPStatusError: Server error '503 Service Unavailable' for url 'https://www.example.org/ok'\n"
        "For more information check: https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/503",
        "curl: (56) CONNECT tunnel failed, response 503",
    ],
    504: ["go: example.org/hello@v1.0.0: reading https://www.example.org/x/@v/v1.0.0.info: 504 Gateway Timeout"],
    404: [
        "remote: error 404\nfatal: repository 'https://www.example.org:9404/git/demo.git/' not found",
        "java.io.FileNotFoundException: https://www.example.org/x",
    ],
    401: ["fatal: could not read Username for 'https://www.example.org:9401': terminal prompts disabled"],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in MESSAGES.items() for text in texts])
def test_a_message_tells_its_kind(kind: str, text: str) -> None:
    """One message of one or several lines is one failure of the right kind."""
    assert one(text).kind == kind


@pytest.mark.parametrize(("status", "text"), [(status, text) for status, texts in STATUSES.items() for text in texts])
def test_a_status_is_read(status: int, text: str) -> None:
    """What a client says of a response names its status."""
    error = one(text)
    assert (error.kind, error.status) == ("status", status)


@pytest.mark.parametrize("text", [text for texts in MESSAGES.values() for text in texts if "example.org" in text])
def test_a_host_in_a_message_is_read(text: str) -> None:
    """Whatever names the host names it right, and port 443 where a port shows."""
    error = one(text)
    assert error.host in ("www.example.org", "") if error.server else error.host == "www.example.org"
    assert error.port in (443, 80, 0)


def test_every_kind_has_verdicts_it_fits() -> None:
    """The tables name the same kinds, and every one of them was measured."""
    assert {kind for kind, _ in REASONS} | {"failed"} == set(FITTING)
    assert set(MESSAGES) | {"status"} == set(FITTING)


def test_every_client_is_recognised() -> None:
    """Each row of CLIENTS is the one that understands some message."""
    texts = [text for texts in [*MESSAGES.values(), *STATUSES.values()] for text in texts]
    assert {one(text).client for text in texts} == set(CLIENTS)


def test_both_ends_of_a_connection_are_read() -> None:
    """Go prints them; IPv6 in brackets."""
    error = one(U + "read tcp [2001:db8::1]:47654->[2001:db8::7]:8443: read: connection reset by peer")
    assert (error.source.hex(), error.source_port) == ("20010db8000000000000000000000001", 47654)
    assert (error.server.hex(), error.port) == ("20010db8000000000000000000000007", 8443)


def test_node_prints_the_connection_line_by_line() -> None:
    """The properties of a SocketError belong to it."""
    error = one(
        NODE.format("fetch failed", "SocketError: other side closed", "UND_ERR_SOCKET")
        + "    socket: {\n      localAddress: '192.0.2.1',\n      localPort: 55084,\n"
        "      remoteAddress: '192.0.2.7',\n      remotePort: 18001,\n      remoteFamily: 'IPv4',\n"
    )
    assert (error.source, error.source_port) == (bytes([192, 0, 2, 1]), 55084)
    assert (error.server, error.port) == (bytes([192, 0, 2, 7]), 18001)


def test_a_chained_traceback_is_one_failure() -> None:
    """The last exception says most; those it came from are no failures of their own."""
    error = one(
        "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n"
        "ConnectionRefusedError: [Errno 111] Connection refused\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n  File \"y.py\", line 2, in f\n"
        + RETRIES.format("ConnectionError", "NewConnectionError('[Errno 111] Connection refused')")
    )  # fmt: skip
    assert (error.host, error.port, error.kind) == ("www.example.org", 443, "refused")
    assert error.text.startswith("requests.exceptions.ConnectionError")


def test_a_trace_of_the_go_command_is_not_counted_twice() -> None:
    """`go mod download -x` tells a failure as it happens, and again at the end; what went well is passed over."""
    url = "https://www.example.org/go/example.org/hello/@v/v1.0.0"
    failure = f'Get "{url}.mod": dial tcp 192.0.2.7:443: connect: connection refused'
    trace = f"# get {url}.info\n# get {url}.info: 200 OK (0.012s)\n# get {url}.mod: {failure}\n"
    error = one(f"{trace}go: example.org/hello@v1.0.0: {failure}\n")
    assert (error.number, error.kind, error.target) == (3, "refused", "/go/example.org/hello/@v/v1.0.0.mod")
    gone = one(f"# get {url}.info: 404 Not Found (0.012s)")
    assert (gone.kind, gone.status) == ("status", 404)


def test_runs_of_npm_are_told_apart() -> None:
    """`code` begins a message."""
    text = NPM.format("ECONNREFUSED", "connect ECONNREFUSED 192.0.2.7:443")
    assert len(errors_in(text + text)) == 2


@pytest.mark.parametrize(
    ("before", "message", "host", "port"),
    [
        ("Looking in indexes: https://pypi.example.org/simple/", PIP.format("[Errno 111] Connection refused"),
         "pypi.example.org", 443),
        ("--2026-01-02 03:04:05--  http://www.example.org:8080/x", "2026-01-02 03:04:05 ERROR 503: No.",
         "www.example.org", 8080),
        (CONNECTED, "curl: (35) Recv failure: Connection reset by peer", "www.example.org", 443),
        (f"{CONNECTED}\n* Connection #0 to host www.example.org left intact",
         "curl: (35) Recv failure: Connection reset by peer", "", 0),
    ],
)  # fmt: skip
def test_lines_before_tell_the_place(before: str, message: str, host: str, port: int) -> None:
    """pip, wget and `curl -v` say first where they go."""
    error = one(f"{before}\n{message}")
    assert (error.host, error.port) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "go: example.org/hello@v1.0.0: module lookup disabled by GOPROXY=off",
        "fatal: not a git repository (or any of the parent directories): .git",
        "curl: (3) URL rejected: No host part in the URL",
        "npm warn deprecated inflight@1.0.6: This module is not supported",
        "ValueError: invalid literal for int() with base 10: 'x'",
        "EOFError: EOF when reading a line",
        "GET /ok HTTP/1.1 200",
    ],
)
def test_other_errors_are_none_of_ours(text: str) -> None:
    """Messages about no fetch are passed over."""
    assert errors_in(text) == []


def test_secrets_in_urls_are_not_repeated() -> None:
    """A user name and password are left out."""
    error = one("fatal: unable to access 'https://ann:secret@www.example.org/x/': Empty reply from server")
    assert "secret" not in error.text
    assert "ann" not in error.text
    assert (error.host, error.port) == ("www.example.org", 443)
