"""The columns of a row in their order: the schema of CSV, data frame and JSON lines, and its documentation."""

from __future__ import annotations

# not compiled: the docstrings of the fields are read from this source
import ast
from functools import cache
from itertools import pairwise
from pathlib import Path

SCHEMA = 1
"""Counts up when a column changes its meaning or goes; a new column at the end does not count."""


class Row:
    """One fetch: what the columns are called, what they hold, and of which type it is.

    No dataclass: nothing makes one, and that of sixty fields takes as long as a tenth of a small capture.
    Unknown is None or "" here, an empty cell in the CSV, null in JSON and missing in the data frame; never 0 or `-`.
    """

    file: str
    """Name of the capture; of the first file for a rotated set."""
    fetch: int | None
    """Number of the fetch within its capture, 1-based, in the order of first packets; empty for a connection that carried no fetch (`--all`)."""
    klass: str
    """Class of the verdict: `syn-retransmit`, `rst`, `tls-stall`, `tls-failure`, `http-failure`, `dns-failure`, `ok` or `incomplete`."""
    cause: str
    """Id of the signature that decided; empty for `ok`, and for `incomplete` without a cause."""
    confidence: str
    """How sure class and cause are: `low`, `medium` or `high`."""
    name: str
    """Name the client wanted: SNI, or Host; else the name for which DNS last gave the client this address (flag `name-from-dns`), asked over IPv4 or IPv6; empty when none was seen."""
    client: str
    """Address of the client."""
    client_port: int
    """TCP port of the client; its first UDP port for `dns-failure`."""
    server: str
    """Address of the server the client connected to, which is the proxy when there is one; of the first resolver asked for `dns-failure`."""
    server_port: int
    """TCP port of the server; 53 for `dns-failure`."""
    protocol: str
    """`tls`, `http`, `h2c`, `dns` when the name did not resolve, or `tcp` when nothing was said or it was not understood; decided by content, never by port."""
    start: int
    """Capture time of the fetch's first packet, RFC 3339 in UTC with nanoseconds (a nanosecond timestamp in the data frame)."""
    duration_s: float | None
    """Seconds from the first packet of the fetch to its last."""
    status: int | None
    """HTTP status of the final response."""
    method: str
    """HTTP method."""
    target: str
    """HTTP request target: its scheme, host and path. Query, fragment, path parameters, user and password are left out, each with a `…` behind its delimiter, as in `/path?…`; `--show-queries` shows the target as sent."""
    summary: str
    """What happened, in one sentence; targets in it are shown as in `target`."""
    evidence: str
    """Packets that prove the verdict, as `packet:what` separated by blanks; packet numbers are those of the capture, as in Wireshark."""
    flags: str
    """Words about the fetch that do not change its class, separated by blanks. `rst-ignored` and `segments-ignored`: a reset, or other segments, came that their receiver must ignore (RFC 9293 3.10.7, RFC 5961), and were left out of account; `rst-survived`: a reset that it could have taken, and did not. `packets-dropped`: the capture dropped packets meanwhile, so that the verdict is less sure; what would rest on a silence is `incomplete`."""
    tcp_stream: int | None
    """Number of the connection, equal to the `tcp.stream` of Wireshark 4.0 for the same file; newer versions count a SYN or SYN-ACK that is sent again behind a reset or FIN, or a SYN-ACK with another number, as a stream more, and all later ones are moved. Empty for `dns-failure`, which has none."""
    first_packet: int
    """Number of the fetch's first packet."""
    last_packet: int
    """Number of the fetch's last packet."""
    phase: str
    """Phase in which the fetch ended: `dns`, `connect`, `proxy`, `tls`, `request`, `response`, or `done` when it was complete."""
    dns_s: float | None
    """Seconds from the client's first DNS question for the name to the last answer before the SYN; the last question at most 6 s before the SYN, and those before it that had no answer; for `dns-failure` to the last answer."""
    connect_s: float | None
    """Seconds from the first SYN to the client's ACK of the SYN-ACK."""
    tls_s: float | None
    """Seconds from the ClientHello to the end of the handshake, as far as it shows from outside."""
    ttfb_s: float | None
    """Seconds from the end of the request to the first byte of the response."""
    response_s: float | None
    """Seconds from the first byte of the response to its last."""
    silence_s: float | None
    """Seconds of silence that the verdict is about."""
    tls_version: str
    """Negotiated version: `1.3`, `1.2`, `1.1`, `1.0`, `ssl3.0`; a number in hexadecimal when unknown to us."""
    alpn: str
    """Protocol the server chose by ALPN; in TLS 1.3 that is encrypted, and the cell empty."""
    sni: str
    """Server name of the ClientHello; with Encrypted ClientHello the outer name."""
    cert_subject: str
    """Subject of the server's certificate, where it is readable (TLS 1.2 and older)."""
    cert_issuer: str
    """Issuer of the server's certificate."""
    cert_names: str
    """DNS names and addresses the certificate is for, separated by blanks."""
    cert_not_before: str
    """Start of the certificate's validity."""
    cert_not_after: str
    """End of the certificate's validity."""
    cert_sha256: str
    """SHA-256 of the certificate, hexadecimal."""
    syn_count: int
    """SYNs the client sent on this connection, retransmissions included."""
    client_bytes: int
    """TCP payload bytes the client sent on this connection, without retransmissions."""
    server_bytes: int
    """TCP payload bytes the server sent on this connection, without retransmissions."""
    client_retransmissions: int
    """Segments the client sent again on this connection."""
    server_retransmissions: int
    """Segments the server sent again on this connection."""
    blame: str
    """Whose side the cause is on: `client`, `server` or `network`; empty when that cannot be told."""
    rst_origin: str
    """Who sent the reset: `injected-suspected`, `endpoint-consistent` or `undetermined`."""
    timer: str
    """Known timers that the wait before the end is consistent with, most specific first, separated by `; `."""
    vantage: str
    """Where the capture was made, by delays and TTL: `client`, `server`, `local` (both ends within a millisecond) or `midpoint`."""
    attempt: int | None
    """Place of the fetch in its retry group, 1-based; empty when it was tried only once."""
    wait_s: float | None
    """Seconds from the end of the attempt before it to its first packet."""
    group: int | None
    """Number of the retry group within its capture: fetches of one client for the same thing, each begun after the one before it had failed."""
    group_outcome: str
    """What became of the group: `recovered`, `fallback` (another entry of GOPROXY had it) or `failed`; empty when the capture does not show it. While a capture goes on `pending`: what becomes of it is told later (docs/streams.md)."""
    ecosystem: str
    """Package registry the request speaks to, where that is readable: `go`, `pypi`, `npm`, `oci` or `git`."""
    package: str
    """Module, project, package, image or repository it asks for."""
    package_version: str
    """Version, tag or digest it asks for."""
    missing: str
    """What the capture lacks, for `incomplete`: `head`, `tail`, `direction`, `bytes` or `snaplen`."""
    kind: str
    """`fetch`; with `--all` also `speculative`, `probe`, `race` (lost against another address of the same name), `other` or `subflow` for connections that carried none."""
    advice: str
    """What to do next."""
    client_errors: str
    """What common clients print for this."""
    client_said: str
    """What the client's own log says of this fetch (`--client-log`), at most 500 characters, with `…` for credentials, tokens and queries of URLs (docs/content.md); the verdict never comes from it."""
    process: str
    """Process that made the fetch, as `NAME[PID]`, with `+` behind it when it was that one or one of its descendants; only from `whyfetch run`, empty when unknown."""
    process_how: str
    """How that is known: `cgroup` (the kernel logged it as begun by COMMAND or a descendant, for certain), `poll` (the socket was seen in the hands of one) or `time` (it was captured while COMMAND ran, and may be somebody else's); empty in files."""
    wireshark_filter: str
    """Display filter that shows this connection, or these DNS messages, in Wireshark, in any version: by its stream, several where a SYN that changed nothing made Wireshark count on; by addresses, ports and packet numbers where the number of the stream depends on the version (`tcp_stream`)."""
    decrypted: str
    """What keys opened of the TLS connection: `no`, `handshake` (alerts and certificates as they are) or `heads` (requests and responses, read as in plain HTTP); empty without TLS."""
    keys: str
    """Where those keys are from: `log` (`--keylog`, or COMMAND's own with `whyfetch run`) or `file` (the capture brings them); empty where nothing was opened."""


RENAMED = {"klass": "class"}
"""`class` is a keyword in Python, and the right word everywhere else."""

FIELDS = tuple(Row.__annotations__)
COLUMNS = tuple(RENAMED.get(name, name) for name in FIELDS)
TYPES = {RENAMED.get(name, name): str(kind) for name, kind in Row.__annotations__.items()}
"""Column -> `str`, `int`, `float`, with ` | None` where the value can be unknown. A str is empty when unknown."""


@cache
def documentation() -> dict[str, str]:
    """Column -> its documentation, as it stands under the field."""
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Row")
    found = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[RENAMED.get(field.target.id, field.target.id)] = str(ast.literal_eval(text.value))
    return found
