"""Which response answers which request: in order (RFC 9112 9.3.2), as far as the capture's own order tells."""

from __future__ import annotations

import cython

from analyzer.layer.http1.notes import forget
from analyzer.layer.http1.reader import HttpReader
from analyzer.layer.http1.states import BODY, LOST
from analyzer.layer.http1.stream import Http1Side
from analyzer.layer.layer import place
from analyzer.model.http import Exchange

MAX_EXCHANGES = 4096
"""Exchanges kept a connection. At the cap an exchange that ended well is dropped and counted when it ends, a failed one
is kept until there are twice as many; so many unanswered ones end the reading. The flag is `exchanges-capped`."""
MAX_ORPHANS = 64
"""Responses that wait for their requests; a capture that is so far out of order is not put right."""


class Pairing(HttpReader):
    """The exchanges of one connection.

    waiting   requests without a final response, oldest first
    orphans   None, or responses whose segments acknowledge requests that come only after them, each with that offset
    interim   an exchange without a known request that got an interim response and no other yet
    count     exchanges so far; dropped: those not kept (see MAX_EXCHANGES); text: characters of those that are kept
    """

    def begin_pairing(self) -> None:
        """Exchanges of an earlier parser on the same connection count."""
        self.dropped = self.text = 0
        self.count = len(self.connection.exchanges)
        self.waiting: list[Exchange] = []
        self.interim: Exchange | None = None
        self.orphans: list[tuple[int, Exchange]] | None = None

    def new_exchange(self) -> Exchange:
        """The connection's next exchange."""
        exchange = Exchange(self.count)
        self.count += 1
        self.connection.exchanges.append(exchange)
        self.connection.heeded = 1
        return exchange

    def later(self, exchange: Exchange, stream: Http1Side) -> bool:
        """Whether the request was captured after the response, whose segment does not acknowledge it either."""
        return exchange.request_packet > stream.start_packet and 0 <= stream.start_ack <= exchange.request_start

    def unasked(self, stream: Http1Side) -> Exchange:
        """An exchange for a response whose request was not seen: before the capture, lost, or captured later."""
        exchange = self.new_exchange()
        if stream.start_ack > place(self.up, self.up.next):
            if self.orphans is None:
                self.orphans = []
            if len(self.orphans) < MAX_ORPHANS:
                self.orphans.append((stream.start_ack, exchange))
        elif self.client.state == LOST:
            exchange.lost = 1
        return exchange

    def claim_orphan(self, stream: Http1Side) -> Exchange | None:
        """The response that was captured before this request and answers it: the client had received all before it."""
        orphans = self.drop_orphans(stream.start)
        alone = len(orphans) == 1
        for i, (_, exchange) in enumerate(orphans):
            if alone or stream.start_ack in (-1, exchange.response_start):
                del orphans[i]
                return exchange
        return None

    def drop_orphans(self, position: cython.longlong) -> list[tuple[int, Exchange]]:
        """Forget responses whose requests ended before this offset of the client's stream: they were never seen."""
        self.orphans = [orphan for orphan in self.orphans or () if orphan[0] > position]
        return self.orphans

    def find_asker(self, stream: Http1Side) -> None:
        """After a loss: the request that this response answers is the one that was sent when all before it had come.

        A client that does not pipeline asks again only after the whole answer (RFC 9112 9.3.2). With any other
        request as the asker, a lost response would make the next one answer the wrong request.
        """
        exchange: Exchange
        here: cython.longlong = place(stream.side, stream.position)
        for exchange in self.waiting:
            if exchange.request_ack in (-1, here) and exchange.request_packet < stream.packet:
                del self.waiting[: self.waiting.index(exchange)]
                exchange.lost = 0
                return
        if len(self.waiting) == 1 and self.only_asker(self.waiting[0], stream):
            self.waiting[0].lost = 0
            return
        self.waiting = [exchange for exchange in self.waiting if exchange.request_packet > stream.packet]

    def only_asker(self, exchange: Exchange, stream: Http1Side) -> bool:
        """The server has acknowledged nothing behind this request, so that it cannot answer a later one."""
        client = self.client
        end: cython.longlong = exchange.request_end
        if client.exchange is exchange and client.state == BODY:
            end = place(client.side, client.body_end)
        elif not exchange.request_complete or exchange.request_unframed:
            return False
        return exchange.request_packet < stream.packet and stream.ack <= end

    def drop(self, exchange: Exchange) -> None:
        """Keep the list within its cap once an exchange is over."""
        limit = MAX_EXCHANGES if exchange.status < 400 else 2 * MAX_EXCHANGES
        if len(self.connection.exchanges) > limit and (exchange.request_complete or exchange.request_packet == 0):
            forget(self.connection, exchange)
            self.dropped += 1
            self.text -= text_of(exchange)
            self.connection.flag("exchanges-capped")


def text_of(exchange: Exchange) -> cython.Py_ssize_t:
    """Characters that are kept of it, but for short words."""
    return len(exchange.target) + len(exchange.host) + len(exchange.user_agent) + len(exchange.raw_fields)
