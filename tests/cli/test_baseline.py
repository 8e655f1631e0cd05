import json
from pathlib import Path

import pytest

from analyzer.cli.app import run

ROOT = Path(__file__).parent.parent.parent
REFUSED = "samples/rst"
STATUS = "samples/http-failure/wget-504.pcap"


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def before(tmp_path):
    path = tmp_path / "before.jsonl"
    assert run(["classify", "-q", "-o", str(path), "samples/rst", "samples/dns-failure/go-nxdomain.pcap"]) == 0
    return str(path)


def test_the_summary_compares(before, capsys):
    """New, known and fixed, with what was fixed; the same in JSON lines."""
    assert run(["classify", "--format", "jsonl", "--baseline", before, "samples/rst", STATUS]) == 0
    out, err = capsys.readouterr()
    assert f"compared with {before}: 1 new, 28 known, 1 fixed\n" in err
    assert "fixed: dns-failure/dns-nxdomain at missing.lab.example:53\n" in err
    assert json.loads(out.splitlines()[-1])["baseline"] == {
        "new": 1,
        "known": 28,
        "fixed": ["dns-failure/dns-nxdomain at missing.lab.example:53"],
    }


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("new:rst", 0),
        ("new:http-failure", 1),
        ("new:http-failure/http-status-5*", 1),
        ("new:failed", 1),
        ("new:*", 1),
        ("new:tls-*,new:rst", 0),
        ("new:tls-*,rst", 1),
    ],
)
def test_new_failures_can_decide_the_exit_status(before, wanted, status):
    """Those that the baseline has do not count, unless they are asked for without `new:`."""
    assert run(["classify", "-q", "--baseline", before, "--fail-on", wanted, "samples/rst", STATUS]) == status


def test_what_is_not_selected_is_not_compared(before, capsys):
    """Neither new nor fixed."""
    assert run(["classify", "--baseline", before, "--select", "rst", "samples/rst", STATUS]) == 0
    assert ": 0 new, 28 known, 0 fixed\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--select", "rst"],
        ["--ignore", "http-failure,dns-failure"],
        ["--where", "class=rst"],
        ["--where", "status=504"],
    ],
    ids=lambda options: options[0] + options[1],
)
def test_what_is_left_out_of_the_rows_is_left_out_of_the_baseline(before, options, capsys):
    """By verdict or by any column: what is not shown is neither new nor fixed."""
    run(["classify", "--baseline", before, *options, "samples/rst", STATUS])
    first = "0 new, 28 known" if "status=504" not in options else "1 new, 0 known"
    assert f": {first}, 0 fixed\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("new:rst", "`--fail-on new:rst` compares with a baseline"),
        ("old:rst", "`old` is no state of a failure"),
        ("new:rts", "no class is called `rts`"),
    ],
)
def test_what_cannot_be_meant_is_refused(wanted, message, capsys):
    """`new:` without a baseline, other states, unknown classes."""
    assert run(["classify", "-q", "--fail-on", wanted, STATUS]) == 2
    assert message in capsys.readouterr().err


def test_new_is_about_failures(before, capsys):
    """A pattern that can never match is refused."""
    assert run(["classify", "--baseline", before, "--fail-on", "new:incomplete", STATUS]) == 2
    assert "`--fail-on new:incomplete` names no failure" in capsys.readouterr().err


def test_rows_stay_as_they_are(before, capsys):
    """CSV with a baseline is the CSV without."""
    run(["classify", "-q", "--format", "csv", "samples/rst"])
    plain = capsys.readouterr().out
    run(["classify", "-q", "--format", "csv", "--baseline", before, "samples/rst"])
    assert capsys.readouterr().out == plain


def test_the_baseline_is_not_written_over(before, capsys):
    """Not even with --force: it is read."""
    assert run(["classify", "--force", "-o", before, "--baseline", before, STATUS]) == 2
    assert "is a file that is read" in capsys.readouterr().err
