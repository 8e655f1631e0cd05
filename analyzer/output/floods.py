"""Floods in the words of the warnings: one line each, the largest first."""

from __future__ import annotations

# not compiled: writes to people
from collections.abc import Iterator

from analyzer.fetch.floods import MAX_SOURCES, Flood, Floods
from analyzer.output.words import address
from analyzer.verdict.case import endpoint


def told(connections: Floods, names: Floods) -> list[str]:
    """What is said of floods of attempts to connect, and of floods of names."""
    lines = []
    for server, flood in largest_first(connections):
        name = endpoint(server[:-2], int.from_bytes(server[-2:])) if server else "other servers"
        lines.append(
            f"a flood: {flood.attempts:,} attempts to connect to {name} came to nothing; {flood.left_out:,} of them, "
            f"from {sources(flood)} and all beyond {connections.most:,} a minute, have no row"
        )
    for client, flood in largest_first(names):
        name = address(client) if client else "other clients"
        lines.append(
            f"a flood: {flood.attempts:,} names that {name} asked for did not resolve, as far as the capture shows; "
            f"{flood.left_out:,} of them, all beyond {names.most:,} a minute, have no row"
        )
    return lines


def largest_first(floods: Floods) -> Iterator[tuple[bytes, Flood]]:
    """Each that is told, those told together last."""
    yield from sorted(floods.told.items(), key=lambda one: (one[0] == b"", -one[1].attempts))


def sources(flood: Flood) -> str:
    """From how many addresses it came."""
    if len(flood.sources) > MAX_SOURCES:
        return f"more than {MAX_SOURCES:,} addresses"
    return f"{len(flood.sources):,} address" + ("es" if len(flood.sources) != 1 else "")
