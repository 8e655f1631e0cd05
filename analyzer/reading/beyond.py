# not compiled: runs once a capture
"""What a capture had more of than is kept: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.fetch.wishes import MAX_OPEN
from analyzer.output.floods import told
from analyzer.reading.judging import Judging
from analyzer.verdict.order import MAX_TEXT


def beyond(judging: Judging) -> Iterator[str]:
    """What the user should know, once a capture has been read."""
    names = judging.names
    yield from told(judging.floods, names.wishes)
    if names.forgotten:
        yield f"{names.forgotten:,} DNS names or addresses were forgotten: too many were seen"
    if names.wishes.forgotten:
        yield (
            f"{names.wishes.forgotten:,} names were judged before their time (flag `evicted`): "
            f"more than {MAX_OPEN:,} were being looked up at once"
        )
    if judging.order.overflowed:
        yield (
            f"more than {judging.order.most:,} fetches, or {MAX_TEXT >> 20} MiB of what they asked for, "
            "waited for an older open connection: not in order"
        )
    if judging.groups.retries.overflowed:
        yield "too many fetches waited for a retry at once: outcomes of groups are missing"
