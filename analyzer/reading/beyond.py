# not compiled: runs once a capture
"""What a capture had more of than is kept: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.fetch.floods import Floods
from analyzer.fetch.names import Names
from analyzer.fetch.order import MAX_HELD, Order
from analyzer.fetch.wishes import MAX_OPEN
from analyzer.output.floods import told
from analyzer.verdict.groups import Groups


def beyond(floods: Floods, names: Names, order: Order, groups: Groups) -> Iterator[str]:
    """What the user should know, once a capture has been read."""
    yield from told(floods, names.wishes)
    if names.forgotten:
        yield f"{names.forgotten:,} DNS names or addresses were forgotten: too many were seen"
    if names.wishes.forgotten:
        yield (
            f"{names.wishes.forgotten:,} names were judged before their time (flag `evicted`): "
            f"more than {MAX_OPEN:,} were being looked up at once"
        )
    if order.overflowed:
        yield f"more than {MAX_HELD:,} fetches ended while an older connection was open: not in order"
    if groups.retries.overflowed:
        yield "too many fetches waited for a retry at once: outcomes of groups are missing"
