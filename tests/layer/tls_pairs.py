"""Real TLS bytes, made by OpenSSL in memory: a client and a server exchange their flights."""

from __future__ import annotations

import contextlib
import functools
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.layer.layer import Layer, Segment
from analyzer.layer.midstream import Midstream
from analyzer.layer.next import Next
from analyzer.model.connection import CLIENT, NEVER, Connection, Side

FOLDER = tempfile.TemporaryDirectory(prefix="whyfetch-tls-")
MS = 1_000_000


@functools.cache
def certificate() -> tuple[str, str]:
    """Paths of a self-signed certificate for shop.example (also 192.0.2.1) and of its key."""
    folder = Path(FOLDER.name)
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30"
    names = ["-subj", "/O=Shop/CN=shop.example"]
    names += ["-addext", "subjectAltName=DNS:shop.example,DNS:www.shop.example,IP:192.0.2.1"]
    subprocess.run([*command.split(), *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


@dataclass
class Flights:
    """What each side sent, in order: (CLIENT or SERVER, bytes)."""

    sent: list[tuple[int, bytes]] = field(default_factory=list)
    error: str = ""

    def stream(self, side: int) -> bytes:
        return b"".join(data for who, data in self.sent if who == side)


class Pair:
    """A client and a server; `step` moves what one has written to the other."""

    def __init__(
        self, client: ssl.SSLContext, server: ssl.SSLContext, name: str = "shop.example", session=None
    ) -> None:
        self.inputs = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.outputs = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(self.inputs[0], self.outputs[0], server_hostname=name, session=session)
        self.server = server.wrap_bio(self.inputs[1], self.outputs[1], server_side=True)
        self.flights = Flights()

    def move(self, side: int) -> None:
        data = self.outputs[side].read()
        if data:
            self.flights.sent.append((side, data))
            self.inputs[1 - side].write(data)

    def handshake(self) -> Flights:
        done = [False, False]
        for _ in range(10):
            for side, end in ((0, self.client), (1, self.server)):
                try:
                    if not done[side]:
                        end.do_handshake()
                        done[side] = True
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    self.flights.error = self.flights.error or str(error)
                    done[side] = True
                self.move(side)
        return self.flights

    def say(self, side: int, data: bytes) -> None:
        (self.client, self.server)[side].write(data)
        self.move(side)
        with contextlib.suppress(ssl.SSLWantReadError):
            (self.client, self.server)[1 - side].read(1 << 20)
        self.move(1 - side)

    def close(self, side: int) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            (self.client, self.server)[side].unwrap()
        self.move(side)


def contexts(version: ssl.TLSVersion, trust: bool = True) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client and a server that speak just this version."""
    cert, key = certificate()
    client = ssl.create_default_context(cafile=cert if trust else None)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    for context in (client, server):
        context.minimum_version = context.maximum_version = version
    return client, server


def connection(midstream: int = 0) -> Connection:
    """A connection established in 10 ms."""
    made = Connection(0)
    made.midstream = midstream
    made.client.syn_time = MS
    made.established_time = 11 * MS
    return made


def first(made: Connection, lookups: object = None) -> Layer:
    """The layer that reads a connection first."""
    layer = Midstream(None) if made.midstream else Next(None)
    layer.begin(made, made.client, made.server, lookups)
    return layer


class Feeder:
    """Plays the connection tracker: obeys `side.skip`, moves `side.next`, numbers the packets."""

    def __init__(self, made: Connection, layer: Layer | None = None) -> None:
        self.connection = made
        self.layer = layer or first(made)
        made.content = self.layer
        self.packet = 3
        self.calls = 0

    def send(self, who: int, data: bytes, step: int = 0) -> None:
        """Deliver bytes of one side in segments of `step` bytes, 0 = in one."""
        side = self.connection.client if who == CLIENT else self.connection.server
        peer = self.connection.server if who == CLIENT else self.connection.client
        for at in range(0, len(data), step or max(1, len(data))):
            self.segment(side, peer, data[at : at + step] if step else data)

    def segment(self, side: Side, peer: Side, data: bytes) -> None:
        self.packet += 1
        time = self.packet * MS
        side.end += len(data)
        side.last_data_packet, side.last_data_time = self.packet, time
        if side.skip > len(data):
            side.skip -= len(data)
            side.next += len(data)
            return
        data = data[side.skip :]
        side.next += side.skip
        side.skip = 0
        self.calls += 1
        self.feed(Segment(side).fill(side, self.packet, time, peer.end, data, 0, len(data)))
        side.next += len(data)

    def feed(self, segment: Segment) -> None:
        """What the reassembly does with a segment."""
        segment.side.skip = self.layer.feed(segment)
        self.layer = self.connection.content = self.layer.heir or self.layer

    def gap(self, who: int, length: int) -> None:
        side = self.connection.client if who == CLIENT else self.connection.server
        side.end += length
        if side.skip >= NEVER // 2:
            return
        passed = min(side.skip, length)
        side.skip -= passed
        side.next += passed
        if length > passed:
            segment = Segment(side).fill(side, self.packet, self.packet * MS, -1, b"", 0, 0)
            segment.lost = length - passed
            self.feed(segment)
            side.next += length - passed

    def end(self, who: int) -> None:
        side = self.connection.client if who == CLIENT else self.connection.server
        side.fin_offset = side.end
        segment = Segment(side).fill(side, self.packet, self.packet * MS, -1, b"", 0, 0)
        segment.fin = 1
        skip = side.skip
        self.feed(segment)
        side.skip = skip


def play(flights: Flights, step: int = 0, junk: bytes = b"") -> Connection:
    """The facts of a conversation, whole, in pieces of `step` bytes, or with junk behind the server's last byte."""
    feeder = Feeder(connection())
    for who, data in flights.sent:
        feeder.send(who, data, step)
    if junk:
        feeder.send(1, junk, step)
    feeder.layer.finish()
    return feeder.connection
