"""What the program says of a capture, in cells that can be held against those of its TLS twin."""

from __future__ import annotations

import tempfile
from pathlib import Path

from support import recording
from support.recording import Recording
from support.rows import scratch

from analyzer.api import Reading
from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS
from analyzer.output.row import values

OF_TLS = {
    "file", "protocol", "tls_s", "tls_version", "alpn", "sni", "cert_subject", "cert_issuer", "cert_names",
    "cert_not_before", "cert_not_after", "cert_sha256", "decrypted", "keys",
}  # fmt: skip
"""What the twin has and the plain capture has not."""
COUNTED = {"client_bytes", "server_bytes"}
"""What is longer by TLS."""
TCP_COUNTS = "bytes that were lost on the way are counted as TCP counts them, with what records add"
IN_RECORDS = {
    "capture-loss-of-a-response-and-the-next-request": ("name summary", "SNI names the host of a lost request too"),
    "http-answer-lost-second-request-and-the-fin-arrives": ("summary", TCP_COUNTS),
    "http-answer-tail-lost-chunked-seen-at-the-server": ("summary", TCP_COUNTS),
    "http-upload-acknowledged-in-part": ("summary", TCP_COUNTS),
    "http-neighbours-swapped-and-cut-by-the-snap-length": (
        "duration_s summary flags last_packet response_s",
        "the header of a record was cut: how long that was is known when the next one opens",
    ),
    "http-proxy-connect-no-reply": ("summary timer", "the ClientHello is not Go's, so the timer is not either"),
}
"""Columns that differ inside any TLS, and why."""
Cells = dict[str, object]


def fetches(capture: Recording, key_log: bytes = b"") -> list[Fetch]:
    """All that the program finds, connections without a fetch too."""
    path = Path(scratch())
    path.write_bytes(recording.pcap(capture))
    if not key_log:
        return list(Reading(str(path), kinds=True))
    with tempfile.NamedTemporaryFile() as log:
        log.write(key_log)
        log.flush()
        return list(Reading(str(path), kinds=True, keylogs=[log.name]))


def cells(capture: Recording, found: list[Fetch]) -> list[Cells]:
    """The cells of all rows; packets by their numbers in the capture as it was recorded."""
    rows = []
    for fetch in found:
        row: Cells = dict(zip(COLUMNS, values(fetch), strict=True))
        for name in OF_TLS | COUNTED:
            row.pop(name, None)
        row["evidence"] = [(origin(capture, item.packet), item.what) for item in fetch.verdict.evidence]
        for name in ("first_packet", "last_packet"):
            row[name] = origin(capture, int(str(row[name])))
        row["flags"] = str(row["flags"]).replace("keys-missing", "").split()  # of a TLS connection beside it
        row["wireshark_filter"] = str(row["wireshark_filter"]).partition(" and frame.number")[0]
        rows.append(row)
    return rows


def origin(capture: Recording, packet: int) -> int:
    """The number of a packet in the capture as it was recorded, 0 = it came with the handshake."""
    return capture.frames[packet - 1].origin if packet else 0


def differences(plain: list[Cells], twin: list[Cells]) -> dict[str, list[str]]:
    """What is not the same, by column; `rows` when there are not as many."""
    if len(plain) != len(twin):
        return {"rows": [_short(plain), _short(twin)]}
    found: dict[str, list[str]] = {}
    for number, (one, other) in enumerate(zip(plain, twin, strict=True), 1):
        for name in one:
            if one[name] != other[name]:
                found.setdefault(name, []).append(f"row {number}: {one[name]!r} -> {other[name]!r}")
    return found


def _short(rows: list[Cells]) -> str:
    return ", ".join(f"{row['class']}/{row['cause']} ({row['kind']})" for row in rows)
