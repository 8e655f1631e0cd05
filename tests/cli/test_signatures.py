"""`whyfetch signatures` lists the documented causes, and prints any of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analyzer.cli.app import run
from analyzer.verdict.catalog import catalogue


def signatures(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = run(["signatures", *arguments])
    return status, *capsys.readouterr()


def test_the_list_has_every_cause_once(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe: a line a cause, cells separated by tabs, nothing cut."""
    status, out, err = signatures(capsys)
    rows = [line.split("\t") for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [len(row) for row in rows] == [3] * len(catalogue())
    assert "http-status-NNN" in [row[0] for row in rows]


def test_a_class_selects_its_causes(capsys: pytest.CaptureFixture[str]) -> None:
    """`whyfetch signatures tls-stall` lists those, and no other."""
    _, out, _ = signatures(capsys, "tls-stall")
    assert {line.split("\t")[1] for line in out.splitlines()} == {"tls-stall"}


@pytest.mark.parametrize("wanted", ["rst-refused", "rst/rst-refused", "http-status-404", "tls-alert-unknown-ca"])
def test_a_cause_has_a_page(capsys: pytest.CaptureFixture[str], wanted: str) -> None:
    """Everything there is to say, for a family's member too; also as `classify` writes it."""
    status, out, _ = signatures(capsys, wanted)
    assert status == 0
    for label in ("On the wire", "Wireshark", "Zeek", "Reference", "Not this", "Clients print", "What to do"):
        assert f"\n{label} " in out


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("tls-server-hello", "`tls-no-server-hello`"),
        ("tls-alert-unknwon-ca", "`tls-alert-unknown-ca`"),
        ("http-status-99", "`http-status-NNN`"),
        ("tls-stall/rst-refused", "`rst-refused`"),
        ("incomplete", "have no cause"),
        ("\x1b[31mnonsense", "`whyfetch signatures` lists them"),
    ],
)
def test_a_wrong_name_is_an_error_with_a_hint(capsys: pytest.CaptureFixture[str], wanted: str, meant: str) -> None:
    """Exit 2, and what was probably meant; nothing that a terminal obeys."""
    status, out, err = signatures(capsys, wanted)
    assert (status, out) == (2, "")
    assert err.startswith("error: no signature is called `")
    assert meant in err
    assert "\x1b" not in err


def test_the_page_of_every_cause_fits_a_terminal() -> None:
    """On a terminal all but the filters is wrapped to its width."""
    from analyzer.output.signatures import listing, page

    for unit in catalogue().values():
        lines = [line for line in page(unit, 80) if not line.startswith("Wireshark")]
        assert max(map(len, lines)) <= 80
    assert max(map(len, listing(catalogue().values(), 100))) <= 100


def test_the_list_may_be_cut_by_head() -> None:
    """A pipe whose reader leaves is no failure."""
    command = f"{sys.executable} -m analyzer signatures | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")
