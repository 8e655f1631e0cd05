# not compiled: a call a fetch
"""Which fetches are COMMAND's: the question that a reading asks of each, answered by an attribution."""

from __future__ import annotations

from analyzer.fetch.model import Fetch
from analyzer.process.attribution import Attribution
from analyzer.process.log import TCP, UDP, FiveTuple


class Mine:
    """True for a fetch of COMMAND, in which it then writes whose it is."""

    def __init__(self, attribution: Attribution) -> None:
        self.attribution = attribution

    def __call__(self, fetch: Fetch) -> bool:
        flow = fetch.flow
        protocol, began, isn = TCP, flow.last_syn, fetch.connection.client.isn
        if fetch.protocol == "dns":
            protocol, began, isn = UDP, fetch.start, -1
        five = FiveTuple(protocol, flow.client, flow.client_port, flow.server, flow.server_port)
        owner = self.attribution.owner(five, began, isn)
        if owner is not None:
            fetch.process, fetch.process_how = owner
        return owner is not None
