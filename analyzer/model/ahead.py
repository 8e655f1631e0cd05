"""Asks for memory before it is read: a processor waits for many places as long as for one.

A connection is judged seconds after its last packet, and a fetch may wait a minute for its retry: nothing of them is in
a cache by then, and one place after the other would be waited for. Interpreted, nothing of this is done.
"""

from __future__ import annotations

from typing import Any

import cython

from analyzer.model.connection import Connection, Event
from analyzer.model.http import Exchange

CONNECTION, SIDE, TLS, EXCHANGE, EVENT = 384, 512, 512, 384, 128
"""Bytes of each, in whole cache lines of 64."""
LIST = 64
"""What a list or a tuple says of itself, and where its items are."""


if not cython.compiled:

    def ask(place: object, size: int) -> None:
        """Begin to load so many bytes from there; compiled it is in ahead.pxd."""


def connections(batch: list[Any], begin: cython.Py_ssize_t, end: cython.Py_ssize_t) -> None:
    """What ended, batch[begin:end], will be judged: connections, what they refer to, and what that refers to."""
    if cython.compiled:
        i: cython.Py_ssize_t
        one: Connection
        milestone: Event
        exchange: Exchange
        for i in range(begin, end):
            ask(cython.cast(cython.p_void, batch[i]), CONNECTION)
        for i in range(begin, end):
            if isinstance(batch[i], Connection):
                one = batch[i]
                ask(cython.cast(cython.p_void, one.client), SIDE)
                ask(cython.cast(cython.p_void, one.server), SIDE)
                ask(cython.cast(cython.p_void, one.tls), TLS)
                ask(cython.cast(cython.p_void, one.milestones), LIST)
                ask(cython.cast(cython.p_void, one.exchanges), LIST)
        for i in range(begin, end):
            if isinstance(batch[i], Connection):
                one = batch[i]
                for milestone in one.milestones:
                    ask(cython.cast(cython.p_void, milestone), EVENT)
                for exchange in one.exchanges:
                    ask(cython.cast(cython.p_void, exchange), EXCHANGE)
