"""Floods in the words of the warnings: one line each, the largest first."""

from __future__ import annotations

# not compiled: writes to people
from collections.abc import Iterator

from analyzer.fetch.floods import MAX_SOURCES, Flood, Floods
from analyzer.fetch.wishes import Wishes
from analyzer.output.words import address
from analyzer.verdict.facts import endpoint


def told(connections: Floods, wishes: Wishes) -> list[str]:
    """What is said of floods of attempts to connect, and of floods of names."""
    lines = []
    for server, flood in largest_first(connections):
        name = endpoint(server[:-2], int.from_bytes(server[-2:])) if server else "other servers"
        did = f"{flood.attempts:,} attempts to connect to {name} came to nothing"
        lines.append(line(did, flood, f"from {sources(flood)} and ", connections.most))
    for client, flood in largest_first(wishes.floods):
        did = f"{flood.attempts:,} names that {address(client) or 'other clients'} asked for {IN_VAIN}"
        lines.append(line(did, flood, "", wishes.floods.most))
    for server, flood in largest_first(wishes.flooded):
        did = f"{flood.attempts:,} names that {address(server) or 'other servers'} was asked for {IN_VAIN}"
        lines.append(line(did, flood, f"asked by {sources(flood)} and ", wishes.flooded.most))
    return lines


IN_VAIN = "did not resolve, as far as the capture shows"


def line(did: str, flood: Flood, by: str, most: int) -> str:
    """One flood."""
    return f"a flood: {did}; {flood.left_out:,} of them, {by}all beyond {most:,} a minute, have no row"


def largest_first(floods: Floods) -> Iterator[tuple[bytes, Flood]]:
    """Each that is told, those told together last."""
    yield from sorted(floods.told.items(), key=lambda one: (one[0] == b"", -one[1].attempts))


def sources(flood: Flood) -> str:
    """From how many addresses it came."""
    if len(flood.sources) > MAX_SOURCES:
        return f"more than {MAX_SOURCES:,} addresses"
    return f"{len(flood.sources):,} address" + ("es" if len(flood.sources) != 1 else "")
