import json
from pathlib import Path

import pytest

from analyzer.cli.app import run

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ["samples/rst", "samples/http-failure", "samples/tls-stall", "samples/incomplete"]


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def rows(tmp_path):
    """The rows of some samples."""
    path = tmp_path / "rows.jsonl"
    assert run(["classify", "-q", "-o", str(path), *SAMPLES]) == 0
    return str(path)


@pytest.mark.parametrize("form", ["github", "gitlab"])
def test_rows_become_the_report_of_their_captures(rows, form, capsys):
    """Byte for byte, where no summary is part of it."""
    assert run(["classify", "-q", "--format", form, *SAMPLES]) == 0
    wanted = capsys.readouterr().out
    assert run(["classify", "-q", "--format", form, rows]) == 0
    assert capsys.readouterr().out == wanted


@pytest.mark.parametrize("form", ["junit", "sarif", "markdown"])
def test_the_other_formats_differ_in_the_summary_only(rows, form, capsys):
    """Sections, results and tests are the same."""
    assert run(["classify", "-q", "--format", form, *SAMPLES]) == 0
    wanted = capsys.readouterr().out
    assert run(["classify", "-q", "--format", form, rows]) == 0
    found = capsys.readouterr().out
    for part in ("<testcase", '"ruleId"', "<summary>", "whyfetch show"):
        assert found.count(part) == wanted.count(part)
    assert len(found) > len(wanted) * 0.9


def test_status_and_baseline_work_as_for_captures(rows, capsys):
    """`--fail-on`, `--select`, `--baseline`."""
    assert run(["classify", "-q", "--format", "gitlab", "--fail-on", "rst", rows]) == 1
    assert run(["classify", "-q", "--format", "gitlab", "--fail-on", "dns-failure", rows]) == 0
    assert run(["classify", "-q", "--format", "gitlab", "--fail-on", "new:failed", "--baseline", rows, rows]) == 0
    capsys.readouterr()
    assert run(["classify", "-q", "--format", "gitlab", "--select", "rst/rst-refused", rows]) == 0
    assert {one["check_name"] for one in json.loads(capsys.readouterr().out)} == {"rst/rst-refused"}


def test_what_was_told_behind_the_rows_counts(tmp_path, capsys):
    """A row that turned out otherwise, and the outcome of one that was pending."""
    path = tmp_path / "rows.jsonl"
    run(["classify", "-q", "-o", str(path), "samples/http-failure/npm-503-then-works.pcap"])
    begin, *fetches, summary = path.read_text(encoding="utf-8").splitlines()
    fetches = [json.loads(line) for line in fetches]
    for fetch in fetches:
        fetch["group_outcome"] = "pending" if fetch["group_outcome"] else None
    told = [
        {"type": "group", "schema": 1, "fetches": [1, 2], "group_outcome": "recovered"},
        {**fetches[3], "type": "amended", "class": "rst", "cause": "rst-mid-response"},
    ]
    path.write_text("\n".join([begin, *map(json.dumps, [*fetches, *told]), summary]), encoding="utf-8")
    assert run(["classify", "-q", "--format", "github", str(path)]) == 0
    out = capsys.readouterr().out
    assert "::warning title=2 fetches%3A http-failure/http-status-503" in out
    assert "::error title=1 fetch%3A rst/rst-mid-response" in out


def test_rows_of_a_run_that_was_cut_short_are_partial(rows, tmp_path, capsys):
    """Without their last line: status 3, and a warning."""
    short = tmp_path / "short.jsonl"
    lines = Path(rows).read_text(encoding="utf-8").splitlines(keepends=True)
    short.write_text("".join(lines[:-1]), encoding="utf-8")
    assert run(["classify", "--format", "junit", str(short)]) == 3
    out, err = capsys.readouterr()
    assert "has no summary: the run that wrote it was cut short" in err
    assert "cut short" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "csv"], "holds rows and no packets"),
        ([], "holds rows and no packets"),
        (["--format", "junit", "samples/rst"], "`samples/rst` holds no rows"),
    ],
)
def test_what_rows_cannot_become_is_refused(rows, arguments, message, capsys):
    """With a hint."""
    assert run(["classify", rows, *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "hint: " in err


def test_rows_that_somebody_wrote_by_hand_are_shown_escaped(tmp_path, capsys):
    """Whatever stands in them: other types, markup, controls."""
    odd = {
        "type": "fetch",
        "fetch": 1,
        "kind": "fetch",
        "class": "rst",
        "cause": "x\x1b[31m",
        "name": ["a"],
        "start": 7,
    }
    odd |= {
        "server": "\u202e<b>",
        "server_port": None,
        "evidence": [{"packet": "\n"}, 3],
        "duration_s": "1",
        "flags": 5,
    }
    path = tmp_path / "rows.jsonl"
    lines = ['{"type":"begin","schema":1}', json.dumps(odd), '{"type":"summary"}']
    path.write_text("\n".join(lines), encoding="utf-8")
    for form in ("github", "gitlab", "junit", "markdown", "sarif"):
        assert run(["classify", "--format", form, str(path)]) == 0
        for text in capsys.readouterr():
            assert all(character.isprintable() or character == "\n" for character in text)
