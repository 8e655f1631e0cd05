"""A client speaks what nobody here reads; a server of HTTP would say that it is a bad request."""

from __future__ import annotations

import cython

from analyzer.layer.detection import refusal
from analyzer.layer.http1.parser import HttpParser
from analyzer.layer.kept import Waiting
from analyzer.layer.layer import Segment
from analyzer.model.connection import CLIENT, NEVER


class Unknown(Waiting):
    """Waits for the server's first bytes: an error status makes the client's bytes a request, anything else nothing."""

    def __init__(self, parent: Waiting) -> None:
        self.join(parent)
        self.take_over(parent)
        self.judge()

    def feed(self, segment: Segment) -> cython.Py_ssize_t:
        """As Layer.feed: the server's first bytes, or more of the client's."""
        if segment.lost:
            self.pass_over()
        elif segment.side.index == CLIENT:
            return NEVER
        elif not segment.fin:
            self.keep(segment)
            self.judge()
        return segment.side.skip

    def judge(self) -> None:
        """Decide, if the server said enough."""
        client, server = self.from_client, self.from_server
        if client is None or server is None:
            return
        verdict: cython.int = refusal(server.head())
        if server.pieces[0][1] < client.pieces[0][1]:
            verdict = 0  # the server spoke first
        if verdict == 0:
            self.pass_over()
        elif verdict > 0:
            self.from_client = None
            self.tell("http", b"")
            http = HttpParser(self)
            first, last = client.pieces[0], client.pieces[-1]
            http.take_for_request(client.start + len(client.data), first[1], first[2], last[1], last[2])
            self.become(http)
