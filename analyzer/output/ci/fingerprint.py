"""What makes a failure the same one in the next run."""

from __future__ import annotations

# not compiled: of failures only, once for each kind
from collections.abc import Mapping
from hashlib import sha256

PARTS = ("class", "cause", "name", "server_port", "phase")
"""Columns that stay when a job runs again. Time, client and packet numbers do not, and a server's address changes with
every answer of a balancer: without a name it is the port that is compared."""

LENGTH = 32
"""Hexadecimal digits, 128 bits: two of a million failures share them with a chance of 10^-27."""


def kind(values: Mapping[str, object]) -> tuple[str, ...]:
    """The parts of a row that its fingerprint is made of; `values` by column name, as in CSV or in JSON lines.

    Names are compared as DNS does: without regard to case (RFC 4343), and to a dot at the end.
    """
    parts = ["" if values.get(column) is None else str(values[column]) for column in PARTS]
    name = PARTS.index("name")
    parts[name] = parts[name].lower().rstrip(".")
    return tuple(parts)


def fingerprint(values: Mapping[str, object]) -> str:
    """The fingerprint of a row: hexadecimal, the same for the same kind in every run."""
    return digest(kind(values))


def digest(parts: tuple[str, ...]) -> str:
    """The fingerprint of a kind. No part holds a NUL: rows show it escaped."""
    return sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:LENGTH]
