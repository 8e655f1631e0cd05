"""Asks for memory before it is read: a processor waits for many places as long as for one.

A connection is judged seconds after its last packet, when nothing of it is in the caches any more.
"""

from __future__ import annotations

import cython

from analyzer.wire.model import Connection


def connections(batch: list[Connection], begin: cython.Py_ssize_t, end: cython.Py_ssize_t) -> None:
    """Some connections will be looked at."""
    if cython.compiled:
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        one: Connection
        for i in range(begin, end):
            ask(cython.cast(cython.p_void, batch[i]), 368)
        for i in range(begin, end):
            if isinstance(batch[i], Connection):
                one = batch[i]
                ask(cython.cast(cython.p_void, one.client), 512)
                ask(cython.cast(cython.p_void, one.server), 512)
                ask(cython.cast(cython.p_void, one.tls), 456)
                ask(cython.cast(cython.p_void, one.milestones), 64)
                ask(cython.cast(cython.p_void, one.exchanges), 64)
        for i in range(begin, end):
            if isinstance(batch[i], Connection):
                one = batch[i]
                for k in range(len(one.milestones)):
                    ask(cython.cast(cython.p_void, one.milestones[k]), 112)
                for k in range(len(one.exchanges)):
                    ask(cython.cast(cython.p_void, one.exchanges[k]), 360)
