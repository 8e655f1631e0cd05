# not compiled: a call a fetch
"""Which fetches are COMMAND's: the question that a reading asks of each, answered by an attribution."""

from __future__ import annotations

from analyzer.fetch.model import Fetch
from analyzer.process.attribution import Attribution, Owner
from analyzer.process.log import TCP, UDP, FiveTuple

MAX_NAMES = 3
"""Names that are told."""


class Mine:
    """True for a fetch of COMMAND, in which it then writes whose it is.

    unresolved  names that others asked DNS for in vain: it may have been for COMMAND, where a daemon resolves for all
    own         such names of COMMAND itself
    """

    def __init__(self, attribution: Attribution) -> None:
        self.attribution = attribution
        self.unresolved: dict[str, None] = {}
        self.own: dict[str, None] = {}

    def __call__(self, fetch: Fetch) -> bool:
        owner = self._owner(fetch)
        if owner is not None:
            fetch.process, fetch.process_how = owner
        if fetch.protocol == "dns":
            names = self.unresolved if owner is None else self.own
            if len(names) < MAX_NAMES:
                names[fetch.name] = None
        return owner is not None

    def _owner(self, fetch: Fetch) -> Owner | None:
        flow = fetch.flow
        ends = (flow.client, flow.client_port, flow.server, flow.server_port)
        if fetch.protocol != "dns":
            return self.attribution.owner(FiveTuple(TCP, *ends), flow.last_syn, fetch.connection.client.isn)
        by_udp = self.attribution.owner(FiveTuple(UDP, *ends), fetch.start)
        return by_udp or self.attribution.owner(FiveTuple(TCP, *ends), fetch.start)

    def notes(self) -> list[str]:
        """What may have concerned COMMAND."""
        names = [name for name in self.unresolved if name not in self.own]
        if not names:
            return []
        asked = ", ".join(f"`{name}`" for name in names)
        return [f"somebody else asked DNS in vain for {asked}: perhaps a daemon that resolves for COMMAND"]
