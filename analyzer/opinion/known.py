"""Where Wireshark says something else by design: each difference that may be, with the reason. There is no other list.

docs/second-opinion.md is generated from it, and a test fails when one of them is seen in no sample and no case any more.
"""

# not compiled: a table

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from analyzer.opinion.cutout import Wire
from analyzer.opinion.facts import Fact
from analyzer.opinion.fields import Row, Value


class Seen(NamedTuple):
    """One difference: the fact, what Wireshark says instead, its whole row, and what was read of the packet."""

    fact: Fact
    theirs: Value
    row: Row
    wire: Wire


class Known(NamedTuple):
    """A difference that may be.

    id       its name; kind: of which facts, of analyzer.opinion.fields.FACTS
    differs  what both say; reason: why, with a source
    fits     whether a difference of that kind is this one
    """

    id: str
    kind: str
    differs: str
    reason: str
    fits: Callable[[Seen], bool]


KNOWN: tuple[Known, ...] = ()
