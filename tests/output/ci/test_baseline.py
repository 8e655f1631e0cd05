import io
import json
from collections import Counter

import pytest

from analyzer.errors import UsageError
from analyzer.output.ci import baseline as module
from analyzer.output.ci.baseline import kind_of, load
from analyzer.output.ci.fingerprint import kind
from analyzer.output.jsonl import JsonlWriter, fields_of
from analyzer.output.summary import Summary
from analyzer.verdict.model import Verdict


def written(*fetches):
    out, summary = io.StringIO(), Summary()
    writer = JsonlWriter(out)
    writer.begin()
    for fetch in fetches:
        summary.add(fetch)
        writer.fetch(fetch)
    writer.end(summary)
    return out.getvalue()


@pytest.fixture
def before(tmp_path):
    """Writes a baseline, and gives its path."""

    def write(text):
        path = tmp_path / "before.jsonl"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def ok(make, **changes):
    return make(verdict=Verdict("ok", "", "high"), **changes)


def test_the_kind_of_a_fetch_is_that_of_its_row(fetch):
    """Worked out from the fetch, without its row, and from the JSON line that was written of it."""
    assert kind_of(fetch) == kind(fields_of(fetch))


def test_failures_are_known_new_or_fixed(before, make):
    """Known: the same kind was in the run before; fixed: it was there, and is not here. What went well is neither."""
    gone = make(name="gone.example", number=2)
    baseline = load(before(written(make(), gone, ok(make, name="fine.example", number=3))))
    for fetch in (make(start=5, number=9), make(name="other.example")):
        baseline.sees(kind_of(fetch))
    assert (baseline.old, baseline.new) == (1, 1)
    assert [name for _, _, name, *_ in baseline.fixed()] == ["gone.example"]
    assert [baseline.state(fields_of(fetch)) for fetch in (make(), make(name="other.example"))] == ["known", "new"]
    assert baseline.lines() == [
        f"compared with {baseline.name}: 1 new, 1 known, 1 fixed",
        "fixed: rst/rst-after-clienthello at gone.example:443",
    ]


def test_a_row_that_was_amended_counts_as_amended(before, make):
    """A failure that turned out to be none is none of the baseline's."""
    begin, row, summary = written(make()).splitlines()
    amended = {"type": "amended", "schema": 1, **fields_of(ok(make))}
    baseline = load(before("\n".join([begin, row, json.dumps(amended), summary]) + "\n"))
    assert baseline.known == Counter()


def test_a_file_of_rows_that_are_all_well_is_a_baseline(before, make):
    """Every failure is new then."""
    baseline = load(before(written(ok(make))))
    baseline.sees(kind_of(make()))
    assert baseline.new == 1


def test_lines_of_types_that_are_not_known_are_skipped(before, make):
    """As every reader of these lines should."""
    begin, *rest = written(make()).splitlines()
    later = '{"type":"of-a-later-version","fetch":1}'
    assert sum(load(before("\n".join([begin, later, *rest]))).known.values()) == 1


BAD = {
    "empty": ("", "is empty"),
    "csv": ("file,fetch,class\n", "no output of `--format jsonl`"),
    "another program": ('{"type":"scan"}\n', "no output of `--format jsonl`"),
    "a list": ("[1, 2]\n", "no output of `--format jsonl`"),
    "binary": ("\x00\x01\x02", "no output of `--format jsonl`"),
    "later schema": ('{"type":"begin","schema":7}\n', "follows schema 7, and this whyfetch schema 1"),
    "no schema": ('{"type":"begin"}\n', "follows schema None, and this whyfetch schema 1"),
    "cut": ('{"type":"begin","schema":1}\n{"type":"fetch","cla', "is damaged: line 2 is no JSON object"),
    "deep": ('{"type":"begin","schema":1}\n' + "[" * 100_000, "is damaged: line 2 is no JSON object"),
    "one endless line": ('{"type":"begin","schema":1}\n' + "x" * (1 << 21), "is damaged: line 2 is no JSON object"),
}


@pytest.mark.parametrize("which", BAD)
def test_what_is_no_baseline_is_refused(before, which):
    """With what is wrong, both numbers of a schema, and a hint how to get one."""
    text, message = BAD[which]
    with pytest.raises(UsageError, match=r"`.*before.jsonl` ") as refused:
        load(before(text))
    assert message in refused.value.message
    assert "--format jsonl" in refused.value.hint


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    """No empty baseline, which would make all failures new."""
    with pytest.raises(UsageError, match=r"cannot read `.*nothing.jsonl`: no such file"):
        load(tmp_path / "nothing.jsonl")


def test_a_directory_is_no_baseline(tmp_path):
    """As an error that says so."""
    with pytest.raises(UsageError, match="is a directory"):
        load(tmp_path)


def test_rows_are_capped(before, make, monkeypatch):
    """A baseline of millions of failures is none; memory stays bounded."""
    monkeypatch.setattr(module, "MAX_ROWS", 3)
    with pytest.raises(UsageError, match="more than 3 failures"):
        load(before(written(*[make(number=at) for at in range(1, 5)])))


def test_names_in_a_baseline_are_shown_escaped(before, make):
    """Somebody may have written that file by hand."""
    text = written(make()).replace('"name":"example.org"', '"name":"a\\u001b[31m\\u202e"')
    lines = load(before(text)).lines()
    assert lines[1] == "fixed: rst/rst-after-clienthello at a\\x1b[31m\\u202e:443"
