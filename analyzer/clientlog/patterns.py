# not compiled: regular expressions take most of its time
"""How clients report that a fetch failed: three tables, by which a line of a log is understood.

CLIENTS  how a message begins, which tells the client
REASONS  words in it, which tell the kind of failure; the first that fits counts, so the special ones come first
PLACES   what it names: URL, host, port, addresses, status

Words measured with curl 7.88, Go 1.19, pip of Python 3.11, git 2.39 (GnuTLS), npm 11, Node 20, wget 1.21, requests 2
and Java 17. Lines are cut and repetitions bounded, so no line costs more than a bounded time.
"""

from __future__ import annotations

# not compiled: regular expressions, run with a client log only
import re
from typing import NamedTuple

EXCEPTION = (
    r"(?:[a-z_][\w.]{0,120}\.)?\w{0,80}(?:Error|Exception|Timeout|Disconnected|IncompleteRead|StatusLine|Redirects)\b"
)

CLIENTS = {
    "curl": r"curl: \(\d{1,3}\) ",
    "git": r"(?:fatal|error): |remote: ",
    "npm": r"npm (?:error|ERR!|WARN|warn) ",
    "pip": r"(?:WARNING: Retrying \(Retry\(|ERROR: (?:Could not|No matching|HTTP error|Exception)|pip\._vendor\.)",
    "wget": r"wget: |ERROR \d{3}: |failed: \w|Read error \(|Unable to establish SSL|No data received|GnuTLS: "
    r"|ERROR: The certificate|The certificate(?:'s owner)? (?:has|does)|\d+ redirections exceeded"
    r"|Connecting to [^\n]{1,600}?\.\.\. failed: ",
    "node": r"TypeError: (?:fetch failed|terminated)|TimeoutError: The operation"
    r"|(?:Uncaught )?(?:\w{1,40}Error: )?Error: (?:connect|read|write|get|socket|Client)"
    r"|\[?cause\]?: \[?\w*Error: |status \d{3}$",
    "java": r"(?:Exception in thread \"[^\"]{0,200}\" |Caused by: )?(?:javax?|sun|org|com|io)\.[\w.$]{3,200}"
    r"(?:Exception|Error)\b|\[(?:ERROR|WARNING)\] .{0,1000}?Could not transfer ",
    "go": r"go: |# get https?:|body: |status: \d{3} [A-Z]"
    r"|(?:[\w/.@: -]{0,300}: )?(?:Get|Head|Post|Put|Patch|Delete) \\?\"https?:",
    "python": EXCEPTION + r"(?:: |$)|For more information check: ",
}
"""Client -> how its message begins, once times and colours are off; the first that fits counts.

`body: ` and `status` are not words of net/http and fetch but of small programs that use them.
"""

CLIENT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in CLIENTS.items()))
GO_INSIDE = re.compile(r"(?:Get|Head|Post|Put|Patch|Delete) \\?\"https?:|(?:dial|read|write) (?:tcp|udp)[46]? [\[\d]")
"""Go programs put the message of net/http into lines of their own."""

REASONS = (
    # -- what has a word of its own ---------------------------------------------------------------------------------
    ("name", r"could not resolve (?:host|proxy)|no such host|unable to resolve host|name or service not known"
     r"|failure in name resolution|failed to resolve|getaddrinfo|\benotfound|eai_again|unknownhostexception"
     r"|no address associated with hostname|server misbehaving|dial \w+: lookup|nodename nor servname"),
    ("tls-timeout", r"tls handshake timeout|ssl connection timeout|handshake operation timed out"),
    ("certificate", r"x509:|certificate verif|certificate problem|certificate subject name|target host name"
     r"|cert_has_expired|self[-_]signed[-_]cert|unable_to_(?:verify|get)|cert\w*_altname|cert's altnames|pkix path"
     r"|certpath|certificateerror|certificateexception|certificate has expired|certificate of ['\u2018]"
     r"|certificate's owner|unable to (?:verify|get)"
     r"|doesn't match '"),
    ("not-tls", r"does not look like a tls handshake|http response to https client|wrong[ _]version[ _]number"
     r"|unexpected tls packet|unrecognized ssl message"),
    ("closed", r"ssl_error_syscall|non-properly terminated|unexpected_eof_while_reading|eof occurred in violation"
     r"|before secure tls connection|terminated the handshake|empty reply from server|remotedisconnected"
     r"|remote end closed|socket hang up|unexpected end of file|header parser received no bytes"
     r"|no data received|server closed idle connection|server disconnected without"),
    ("tls-alert", r"remote error: tls|alert number|[_ ]alert[_ ]|unrecognized[_ ]name|fatal alert"
     r"|name sent was not recognized|handshake[ _]fail|legacy sigalg|tls connection was refused"),
    ("garbage", r"malformed (?:http|mime)|http/0\.9 when not allowed|badstatusline|hpe_[a-z]|parse error: "
     r"|invalid http response|does not match the http/1\.1 protocol"),
    ("redirects", r"redirects? (?:followed|count)|stopped after \d+ redirects|maximum redirect|toomanyredirects"
     r"|emaxredirect|redirections? exceeded|exceeded \d+ redirects|redirected too many times"),
    ("truncated", r"unexpected eof|transfer closed with|incompleteread|response ended prematurely|premature eof"
     r"|terminated <- und_err_socket|invalid response body[^|]{1,2000}: aborted|stream error: |http/2 stream"
     r"|streamreset|server sent goaway|err_http2_(?:stream|goaway|session)|incomplete chunked read|premature end of"),
    ("closed", r"other side closed|und_err_socket"),
    ("refused", r"connection refused|econnrefused|errno (?:111|61)\]|actively refused|winerror 10061\]"),
    ("unreachable", r"no route to host|network is unreachable|ehostunreach|enetunreach|errno (?:113|101)\]"
     r"|connect: permission denied|(?:urlopen error|connection:) \[errno 13\]|connect eacces"),
    ("reset", r"connection reset|econnreset|errno (?:104|54)\]|connectionreseterror|forcibly closed|broken pipe"
     r"|epipe|(?:send|recv) failure"),
    ("connect-timeout", r"connect: connection timed out|ms: timeout was reached|connect ?timeout|connect timed out"
     r"|connect etimedout|und_err_connect_timeout|errno 110\]|dial tcp [^ ]{1,300} i/o timeout"
     r"|failed: connection timed out|connectexception: connection timed out"),
    ("connect", r"couldn't connect to server|could not connect to|connectexception"),
    ("status", r"returned error: \d{3}|http error \d{3}|\d{3} (?:client|server) error|(?:client|server) error '\d{3}"
     r"|\bstatus(?: code)?:? ?\d{3}\b|error \d{3}: |code: ?\d{3} for url|: [345]\d\d [a-z][a-z -]{1,40}(?: \(|$)"
     r"|\d{3} [\w -]{1,60} - [a-z]{3,7} https?:|code e\d{3}\b|http/status/\d{3}$|connect tunnel failed"
     r"|repository '[^']{1,2000}' not found|could not read username|filenotfoundexception: https?:"
     r"|http code \d{3} from proxy"),
    # -- what is said of several things -----------------------------------------------------------------------------
    ("timeout", r"deadline exceeded|client\.timeout|timed out|timeout|too slow\. less than|time limit"),
    ("closed", r": eof(?:$|[\"'|)])|eofexception"),
    ("tls", r"unable to establish ssl|ssl_connect|ssl_read|gnutls|sslerror|sslexception|sslhandshake|ssl routines"),
)  # fmt: skip
"""(kind, words), upper and lower case alike. `closed` stands three times: what is told before, counts more."""

REASON = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in REASONS)

CURL_EXIT = {
    1: "garbage", 5: "name", 6: "name", 7: "connect", 8: "garbage", 16: "truncated", 18: "truncated", 22: "status",
    28: "timeout", 35: "tls", 47: "redirects", 52: "closed", 55: "reset", 56: "reset", 60: "certificate",
    92: "truncated", 97: "connect",
}  # fmt: skip
"""curl's exit code (libcurl-errors(3)) -> kind, for words that REASONS does not know."""

ABOUT_A_FETCH = re.compile(
    r"(?:Get|Head|Post|Put|Patch|Delete) \\?\"https?:|reading https?:|unable to access '|request to https?:"
    r"|requests\.exceptions\.|connection broken by|urlopen error |TypeError: (?:fetch failed|terminated)"
    r"|Could not find a version that satisfies|Could not transfer "
)
"""A message that certainly speaks of a fetch that failed, whatever its reason: kind `failed`."""

DETAIL = re.compile(
    r"npm (?:error|ERR!|WARN|warn) "
    r"|remote: |WARNING: Retrying \("
    r"|ERROR: (?:Could not find|No matching)|Caused by: |\[?cause\]?: |GnuTLS: |Unable to establish|The certif"
    r"|ERROR: The certificate|For more information"
)
"""Lines that may belong to the message right before them by the same client: several lines, one failure."""

BEGINS = re.compile(r"npm (?:error|ERR!) code ")
"""The first line of a message that looks like one of its others."""

TRACED = ("# get ", "go: ")
"""`go mod download -x` tells a failure twice, as it happens and at the end."""

CHAINED = re.compile(r"During handling of the above exception|The above exception was the direct cause")
"""Between the tracebacks of one failure (Python's traceback module)."""

CONTEXT = (
    # pip: where it goes from here on; most of its messages do not say
    ("pip", re.compile(r"Looking in indexes: (?P<url>https?://[^\s,]{1,2000})")),
    # wget: what it fetches from here on, `--2026-01-02 03:04:05--  http://HOST/`
    ("wget", re.compile(r"--  ?(?P<url>https?://\S{1,2000})$")),
    # curl -v: `*   Trying 192.0.2.1:443...`, `* Connected to HOST (192.0.2.1) port 443 (#0)`
    ("curl", re.compile(r"\* +Trying \[?(?P<server>[0-9A-Fa-f:.]{2,60}?)\]?:(?P<server_port>\d{1,5})\.\.\.")),
    (
        "curl",
        re.compile(
            r"\* Connected to (?P<host>[\w.-]{1,255}) \(\[?(?P<server>[0-9A-Fa-f:.]{2,60}?)\]?(?:\)|:)"
            r" port (?P<server_port>\d{1,5})"
        ),
    ),
)
"""Lines that tell where a client is going, for the messages after them which do not."""

OVER = re.compile(r"\* Connection #\d+ to host \S{1,255} left intact")
"""curl -v: that transfer went well, so what follows is about another."""

FRAME = re.compile(r"at |\.\.\. \d+ more|File \"|[}^~]")
"""Lines between those of one message: stack frames."""

SOCKET = re.compile(r"(?P<what>localAddress|localPort|remoteAddress|remotePort): '?(?P<value>[0-9A-Fa-f:.]{1,60})'?,?$")
"""Node prints the connection of a SocketError, a line for each property."""

PLACES = (
    # Go: the connection's two ends, as net.OpError prints them
    r"(?:read|write) tcp[46]? (?P<client>\[[0-9A-Fa-f:.%\w]{2,60}\]|[\d.]{7,15}):(?P<client_port>\d{1,5})"
    r"->(?P<server>\[[0-9A-Fa-f:.%\w]{2,60}\]|[\d.]{7,15}):(?P<server_port>\d{1,5})",
    r"dial tcp[46]? (?P<server>\[[0-9A-Fa-f:.%\w]{2,60}\]|[\d.]{7,15}):(?P<server_port>\d{1,5})",
    # Node: `connect ECONNREFUSED 192.0.2.1:443`, `connect ETIMEDOUT 2001:db8::1:443`
    r"connect E[A-Z]{3,20} (?P<server>[0-9A-Fa-f:.]{2,60}):(?P<server_port>\d{1,5})\b",
    # wget: `Connecting to HOST (HOST)|192.0.2.1|:443... failed`
    r"Connecting to \[?(?P<server>[0-9A-Fa-f:.]{2,60}?)\]?:(?P<server_port>\d{1,5})\.\.\. failed",
    r"Connecting to (?P<host>[\w.-]{1,255}) [^|]{0,260}\|(?P<server>[0-9A-Fa-f:.]{2,60})\|:(?P<server_port>\d{1,5})",
    # Apache HttpClient, Maven: `Connect to HOST:443 [HOST/192.0.2.1] failed`
    r"Connect to (?P<host>[\w.-]{1,255}):(?P<port>\d{1,5}) \[[^/\]]{0,255}/(?P<server>[0-9A-Fa-f:.]{2,60})\] failed",
    r"\bhost='(?P<host>[\w.:-]{1,255})', port=(?P<port>\d{1,5})",
    r"onnect to (?P<host>[\w.-]{1,255}) port (?P<port>\d{1,5})",
    r"'Connection to (?P<host>[\w.-]{1,255}) timed out",
    r"in connection to (?P<host>[\w.-]{1,255}):(?P<port>\d{1,5})",
    r"(?:resolve (?:host|proxy): |resolve host address |resolve |lookup |getaddrinfo E[A-Z_]{3,20} "
    r"|UnknownHostException: )['\"\u2018]?(?P<host>[\w.-]{1,255})",
    r"(?:target host name|is not valid for|certificate of|owner does not match hostname|hostname) "
    r"['\"\u2018](?P<host>[\w.-]{1,255})",
)
PLACE = tuple(map(re.compile, PLACES))

URL = re.compile(r"(?P<scheme>https?):/{1,2}(?P<host>\[[0-9A-Fa-f:.]{2,60}\]|[^\s/?#:\"'<>\\,()]{1,255})"
                 r"(?::(?P<port>\d{1,5}))?(?P<target>[/?][^\s\"'<>\\|)]{0,2000})?")  # fmt: skip
"""With one slash as well: the go command joins URLs like paths, `read "https:/HOST/..."`."""

DOCUMENTATION = ("developer.mozilla.org",)
"""Hosts whose URL in a message is a hint for reading (httpx)."""

TARGET = re.compile(r"(?:with url: |': )(?P<target>/\S{0,2000})|satisfies the requirement (?P<package>[\w.-]{1,200})")
"""urllib3 and pip: what was asked for."""

STATUS = re.compile(
    r"(?:returned error: |http error |error '|status(?: code)?[:/]? ?|error |code: ?|code e"
    r"|connect tunnel failed, response |http code |: |^)(?P<status>[3-5]\d\d)\b"
    r"|\b(?P<before>[45]\d\d) (?:client|server) error|(?P<npm>[45]\d\d) [\w -]{1,60} - [a-z]{3,7} https?:",
    re.IGNORECASE,
)
MEANT = (("not found", 404), ("filenotfoundexception", 404), ("could not read username", 401))
"""Statuses that git and Java tell in words."""

USER = re.compile(r"(?<=://)[^\s/@\"']{1,500}@")
"""User name and password in a URL: not a part of the host that it names."""


class LogLine(NamedTuple):
    """How one line reads: who says it, and what kind of failure it is, "" = nothing of interest."""

    client: str
    kind: str


def understood(text: str) -> LogLine:
    """The client and the kind of failure of a line without time and colour."""
    found = CLIENT.match(text)
    client = str(found.lastgroup) if found is not None else ""
    if not client and GO_INSIDE.search(text):
        client = "go"
    return LogLine(client, kind_of(text, client) if client else "")


def kind_of(text: str, client: str) -> str:
    """The kind of failure that a client's message tells."""
    for kind, words in REASON:
        if words.search(text):
            return kind
    if client == "curl":
        return CURL_EXIT.get(int(text[len("curl: (") :].split(")", 1)[0]), "")
    return "failed" if ABOUT_A_FETCH.search(text) else ""
