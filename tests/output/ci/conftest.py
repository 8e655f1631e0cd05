"""Formats as text, from fetches made by hand."""

import io
from itertools import chain

import pytest

from analyzer.output.ci import writer
from analyzer.output.ci.baseline import kind_of, load
from analyzer.output.jsonl import JsonlWriter
from analyzer.output.summary import Summary

HOSTILE = "a\"b'<img src=x onerror=alert(1)>&[x](http://evil.example)|`;$(id)%0A::error::\r\n##[error]\x1b[31m\u202e\x00@octocat"
"""What a packet may hold, in one name: markup of all formats, an escape, a right-to-left override, line ends."""


def written(form, *fetches, captures=("trace.pcap",), baseline=None, seen=str, warnings=(), stream=()):
    """What a format says of fetches, and of more that come out of `stream` one by one."""
    out, summary = io.StringIO(), Summary()
    made = writer(form, out, {name: name for name in captures}, baseline=baseline, seen=seen)
    summary.baseline = baseline
    summary.warnings = list(warnings)
    made.begin()
    for fetch in chain(fetches, stream):
        summary.add(fetch)
        if baseline is not None and fetch.verdict.failed:
            baseline.sees(kind_of(fetch))
        made.fetch(fetch)
    made.end(summary)
    return out.getvalue()


@pytest.fixture
def write():
    return written


@pytest.fixture
def before(tmp_path):
    """A baseline with the failures of these fetches."""

    def make(*fetches):
        path = tmp_path / "before.jsonl"
        with path.open("w", encoding="utf-8") as out:
            rows = JsonlWriter(out)
            rows.begin()
            for number, fetch in enumerate(fetches, 1):
                fetch.number = number
                rows.fetch(fetch)
            rows.end(Summary())
        return load(path)

    return make
