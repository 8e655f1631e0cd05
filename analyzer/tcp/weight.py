"""What is kept of one connection besides what every connection has: bytes, about, for a cap over all of them.

Each list and buffer of a connection has a cap of its own; an attacker fills those of all open connections at once.
"""

from __future__ import annotations

import cython

from analyzer.layer.layer import Layer
from analyzer.model.connection import Connection

EXCHANGE = 640
"""An exchange without its texts, 0.4 kB, and of what becomes of it when it is given out half a fetch."""
MILESTONE = 144
MOVED = 256
"""A packet that changed places: an entry of a dictionary, a pair, three numbers."""
FREE_MILESTONES = 8
"""So many of both sides are in the bytes that a connection costs (expiry.py MAX_OPEN)."""


def weight(connection: Connection) -> cython.longlong:
    """Bytes that are kept of the connection now."""
    layer: Layer | None = connection.content
    kept: cython.longlong = len(connection.exchanges) * EXCHANGE
    more: cython.Py_ssize_t = len(connection.milestones) - FREE_MILESTONES
    if more > 0:
        kept += more * MILESTONE
    if connection.moved is not None:
        kept += len(connection.moved) * MOVED
    return kept if layer is None else kept + layer.weight()
