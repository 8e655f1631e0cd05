"""The counts of the summary are those of the rows, whatever these are, turn out to be, or are ignored."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.cli.app import run
from analyzer.cli.selection import Choice, Selection
from analyzer.output.summary import Summary
from analyzer.verdict.model import CLASSES, FAILURES, Verdict
from analyzer.verdict.told import Event

ROOT = Path(__file__).parents[2]
VERDICTS = st.tuples(st.sampled_from(CLASSES), st.sampled_from(["", "a", "b"]))
KINDS = st.sampled_from(["fetch"] * 4 + ["race", "probe", "twin"])
ROWS = st.lists(st.tuples(VERDICTS, KINDS, st.one_of(st.none(), VERDICTS)), max_size=40)
"""Verdict of a row, its kind (a twin is a fetch that is there twice), and the verdict that it turns out to have."""
IGNORED = st.lists(st.sampled_from([*CLASSES, "*/[a]", "failed/[b]", "tls-*"]), max_size=3)

made_by_hand = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # `make` is the same for all


def summed_up(make, rows, ignored):
    """The summary of such rows, and the fetches as they are at last."""
    choice = Choice(Selection((), "--select"), None, Selection(ignored, "--ignore"))
    summary = Summary()
    summary.ignores = choice.ignores if choice.ignoring else None
    last, choices = [], []
    for (klass, cause), kind, after in rows:
        fetch = make(verdict=Verdict(klass, cause, "high"), kind="fetch" if kind == "twin" else kind)
        if kind == "twin":
            fetch.verdict.flag("nat-twin")
        summary.add(fetch)
        choices.append((fetch, after if kind == "fetch" else None))
    for fetch, after in choices:
        if after is not None:
            changed = make(verdict=Verdict(*after, "high"))
            summary.tell(Event("amended", (fetch.number,), changed, fetch))
            fetch = changed
        if fetch.kind == "fetch" and "nat-twin" not in fetch.verdict.flags:
            last.append(fetch)
    return summary, choice, last


@made_by_hand
@given(rows=ROWS, ignored=IGNORED)
def test_classes_and_causes_are_counted_as_they_are_at_last(make, rows, ignored):
    """Also of what is ignored; twins and connections without a fetch are in none."""
    summary, _, last = summed_up(make, rows, ignored)
    counts = summary.counts()
    assert counts["classes"] == Counter(fetch.verdict.klass for fetch in last)
    assert counts["causes"] == Counter(
        f"{fetch.verdict.klass}/{fetch.verdict.cause}" for fetch in last if fetch.verdict.cause
    )
    assert counts["fetches"] == len(last)
    assert counts["nat_twins"] == sum(kind == "twin" for _, kind, _ in rows)
    assert counts["connections_without_fetch"] == sum(kind in ("race", "probe") for _, kind, _ in rows)


@made_by_hand
@given(rows=ROWS, ignored=IGNORED)
def test_what_is_ignored_and_what_is_shared_are_all_failures(make, rows, ignored):
    """Each failure is in one of the two, once."""
    summary, choice, last = summed_up(make, rows, ignored)
    out = [fetch for fetch in last if choice.ignores(fetch.verdict.klass, fetch.verdict.cause)]
    assert sum(summary.counts().get("ignored", {}).values()) == len(out)
    kept = [fetch for fetch in last if fetch.verdict.klass in FAILURES and fetch not in out]
    assert sum(summary.shared.values()) == len(kept)
    assert min(summary.shared.values(), default=0) >= 0


@pytest.mark.parametrize("ignored", [[], ["--ignore", "rst,*/http-status-404"], ["--ignore", "failed"]])
def test_the_summary_of_the_samples_counts_their_rows(ignored, monkeypatch, capsys):
    """Rows that are shown and those that are ignored are all that the summary counts."""
    monkeypatch.chdir(ROOT)
    assert run(["classify", "-q", "--format", "jsonl", *ignored, "samples"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    summary = lines[-1]
    shown = Counter(line["class"] for line in lines if line["type"] == "fetch" and "nat-twin" not in line["flags"])
    for verdict, number in summary.get("ignored", {}).items():
        shown[verdict.partition("/")[0]] += number
    assert shown == summary["classes"]
    assert shown.total() == summary["fetches"]
    assert run(["classify", "-q", "--format", "csv", "--group-by", "class", *ignored, "samples"]) == 0
    groups = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert Counter({group["class"]: int(group["count"]) for group in groups}) == Counter(
        line["class"] for line in lines if line["type"] == "fetch" and "nat-twin" not in line["flags"]
    )
