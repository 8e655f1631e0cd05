"""Fetches made by hand, so that what is written does not depend on how it was found out."""

import pytest

from analyzer.fetch.flow import Flow
from analyzer.fetch.model import Fetch
from analyzer.model.connection import Connection
from analyzer.model.tls import Tls
from analyzer.verdict.model import Evidence, Verdict

SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND


def make_fetch(**changes):
    """A reset after the ClientHello, complete in every column it can have; `changes` set attributes of the fetch."""
    connection = Connection(3)
    connection.client.address, connection.client.port = b"\xc0\x00\x02\x0a", 40000
    connection.server.address, connection.server.port = b"\xcb\x00\x71\x50", 443
    connection.client.syns, connection.client.bytes = 1, 517
    connection.tls = Tls()
    connection.tls.sni = "example.org"
    fetch = Fetch(connection, None)
    fetch.file, fetch.number, fetch.name, fetch.protocol = "trace.pcap", 1, "example.org", "tls"
    fetch.start, fetch.end = BEGIN + 123_456_789, BEGIN + 123_456_789 + 24_000_000
    fetch.first_packet, fetch.last_packet, fetch.phase, fetch.connect_s = 1, 5, "tls", 0.02
    verdict = Verdict("rst", "rst-after-clienthello", "high")
    verdict.flags = ("late",)
    verdict.evidence = (Evidence(4, BEGIN, "client-hello", 0), Evidence(5, BEGIN + 3_000_000, "rst", 1))
    verdict.summary = "The server reset the connection 3 ms after the ClientHello for example.org, before any answer."
    verdict.blame, verdict.rst_origin, verdict.advice = "network", "injected-suspected", "Compare the TTLs"
    fetch.verdict = verdict
    for name, value in changes.items():
        setattr(fetch, name, value)
    fetch.flow = Flow(fetch.connection)
    return fetch


@pytest.fixture
def fetch():
    return make_fetch()


@pytest.fixture
def make():
    return make_fetch
