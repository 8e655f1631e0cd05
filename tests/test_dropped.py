"""A ring that overflows while a fetch is under way: what was not seen is no silence, live and in the file."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest
from support import links

from analyzer.api import Reading, read
from analyzer.capture.live.capture import LiveCapture
from analyzer.capture.live.ring import RingSource
from analyzer.capture.live.source import Wanted
from analyzer.verdict.drops import FLAG
from analyzer.verdict.model import verdict_of

pytestmark = pytest.mark.skipif(bool(links.no_capture()), reason=links.no_capture())

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def exchange(listening: socket.socket, overflow: int, answered: threading.Event, go_on: threading.Event) -> None:
    """A request and its answer; in between datagrams that fill a ring. It is closed when it may go on."""
    with socket.create_connection(listening.getsockname()) as client:
        server, _ = listening.accept()
        with server:
            client.sendall(b"GET /a HTTP/1.1\r\nHost: lab.example\r\n\r\n")
            server.recv(4096)
            links.datagrams(listening.getsockname()[1], overflow, size=1000)
            server.sendall(OK)
            client.recv(4096)
            answered.set()
            go_on.wait(30)


@pytest.mark.parametrize("overflow", [0, 5000])
def test_an_answer_that_was_dropped_is_not_a_silence(tmp_path: Path, overflow: int) -> None:
    """Nobody reads while the ring overflows: the request was captured, the answer was not. Later fetches are well."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        capture = LiveCapture(RingSource(), Wanted(("lo",), f"port {listening.getsockname()[1]}", buffer=2 << 20))
        capture.write(tmp_path / "along.pcapng")
        answered, go_on = threading.Event(), threading.Event()
        first = threading.Thread(target=exchange, args=(listening, overflow, answered, go_on))
        first.start()
        assert answered.wait(30)
        reading = Reading(live=capture)

        def later() -> None:
            go_on.set()
            first.join()
            exchange(listening, 0, answered, go_on)
            threading.Timer(1.0, reading.stop).start()

        threading.Timer(1.0, later).start()
        live = sorted(reading, key=lambda fetch: fetch.start)
    stats = capture.stats()
    assert stats.seen == reading.packets + stats.kernel_drops
    assert (stats.kernel_drops > 0) == (overflow > 0)
    dropped, good = map(verdict_of, live)
    assert (good.klass, good.confidence, good.flags) == ("ok", "high", ())
    assert (FLAG in dropped.flags) == (overflow > 0)
    assert (dropped.klass, dropped.failed) == ("incomplete" if overflow else "ok", False)
    again = [verdict_of(fetch) for fetch in sorted(read(tmp_path / "along.pcapng"), key=lambda fetch: fetch.start)]
    assert [(found.klass, found.flags) for found in again] == [(found.klass, found.flags) for found in (dropped, good)]
