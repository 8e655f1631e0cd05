"""What Wireshark and the program read inside TLS, in one form: methods, statuses, errors and alerts of a stream."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from analyzer.api import Reading
from analyzer.model.connection import Connection

FIELDS = {
    "methods": ("http.request.method", "http2.headers.method"),
    "statuses": ("http.response.code", "http2.headers.status"),
    "resets": ("http2.rst_stream.error",),
    "goaways": ("http2.goaway.error",),
    "alerts": ("tls.alert_message.desc",),
}
CLOSING = {"0", "90"}
"""close_notify and user_canceled, of which the program needs no note."""


class Said(NamedTuple):
    """Of one connection, each sorted."""

    methods: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    resets: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


def by_wireshark(path: Path, key_log: Path | None = None) -> dict[int, Said]:
    """What tshark decrypts, and what was said to a proxy before, by tcp.stream."""
    command = ["tshark", "-n", "-r", str(path), "-T", "json", "--no-duplicate-keys", "-Y", "tls or http"]
    command += ["-o", f"tls.keylog_file:{key_log or '/dev/null'}", "-J", "tcp tls http http2"]
    command += ["-o", "http.desegment_body:FALSE", "-o", "tcp.reassemble_out_of_order:TRUE"]
    done = subprocess.run(command, capture_output=True, check=True)
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    inside = set()
    for packet in json.loads(done.stdout or "[]"):
        layers = packet["_source"]["layers"]
        tcp = layers["tcp"]
        stream = int((tcp[0] if isinstance(tcp, list) else tcp)["tcp.stream"])
        if "tls" in layers:
            inside.add(stream)
        for field, value in pairs(layers):
            for what, names in FIELDS.items():
                if field in names:
                    found[stream][what].append(value)
    return {stream: said(**kinds) for stream, kinds in found.items() if stream in inside}


def pairs(node: object) -> Iterable[tuple[str, str]]:
    """All fields of a tree."""
    if isinstance(node, dict):
        for name, value in node.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    yield name, one
                else:
                    yield from pairs(one)
    elif isinstance(node, list):
        for one in node:
            yield from pairs(one)


def said(
    methods: Iterable[str] = (),
    statuses: Iterable[str] = (),
    resets: Iterable[str] = (),
    alerts: Iterable[str] = (),
    goaways: Iterable[str] = (),
) -> Said:
    """In order."""
    own = tuple(sorted(alert for alert in alerts if alert not in CLOSING))
    return Said(tuple(sorted(methods)), tuple(sorted(statuses)), tuple(sorted(resets)), own)


def by_program(path: Path, key_log: Path | None = None) -> dict[int, Said]:
    """What the program reads of each TLS connection."""
    found: dict[int, Connection] = {}
    for fetch in Reading(str(path), kinds=True, keylogs=[str(key_log)] if key_log else []):
        connection = fetch.connection
        if connection.tls is not None:
            found[connection.stream] = connection
    return {stream: of_connection(connection) for stream, connection in found.items()}


def of_connection(connection: Connection) -> Said:
    """The same of one of the program's connections."""
    assert connection.tls is not None
    exchanges = connection.exchanges
    if connection.connect is not None:
        exchanges = [connection.connect, *exchanges]
    statuses = [code for one in exchanges for code in (*one.interim, one.status) if code]
    resets = [str(one.h2.reset_code) for one in exchanges if one.h2 is not None and one.h2.reset_packet]
    return said(
        [one.method for one in exchanges if one.method and one.request_packet],
        map(str, statuses),
        resets,
        [str(alert.code) for alert in connection.tls.alerts if alert.code >= 0],
    )
