"""Every `tests/cases/*.pkt` gets the verdict written below it (opinion/test_agreement.py asks Wireshark about them)."""

from __future__ import annotations

import csv
import io
import shlex
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest
from support.expected import Expected, expected

from analyzer.output.cells import CsvCells
from analyzer.output.columns import COLUMNS
from analyzer.output.row import csv_line, values
from analyzer.pkt.timeline import load, parse

CASES = sorted((Path(__file__).parent / "cases").glob("*.pkt"))


def verdicts(path: Path) -> list[Expected]:
    """What the program says about this timeline, in the shape of the `=>` lines."""
    import analyzer

    found = []
    for fetch in analyzer.read(str(path)):
        verdict = fetch.verdict
        evidence = tuple((item.packet, item.what) for item in verdict.evidence)
        cells = tuple(zip(COLUMNS, map(str, values(fetch)), strict=True))
        flags, says = tuple(verdict.flags), (verdict.summary,)
        found.append(
            Expected(verdict.klass, verdict.cause, verdict.confidence, evidence, flags, verdict.missing, cells, says)
        )
    return found


def line(verdict: Expected) -> str:
    """The `=>` line of a verdict."""
    words = [verdict.klass + (f"/{verdict.cause}" if verdict.cause else ""), verdict.confidence or ""]
    words += [f"missing: {verdict.missing}"] if verdict.missing else []
    words += [f"flags: {' '.join(sorted(verdict.flags))}"] if verdict.flags else []
    words += [f"{packet}:{what}" for packet, what in verdict.evidence]
    words += [_quoted(f"{column}={value}") for column, value in verdict.columns]
    words += [f'says "{piece}"' for piece in verdict.says]
    return " => " + " ".join(word for word in words if word)


def _quoted(word: str) -> str:
    """As the notation has it: in double quotes, which do not occur, where a shell would split it."""
    return word if shlex.quote(word) == word else f'"{word}"'


def demanded(wanted: Expected | None, got: Expected) -> Expected:
    """What was found, with no more cells and words of the summary than were demanded."""
    columns = {column for column, _ in wanted.columns} if wanted else set()
    says = tuple(piece for piece in (wanted.says if wanted else ()) if piece in got.says[0])
    return replace(got, columns=tuple(cell for cell in got.columns if cell[0] in columns), says=says)


def rewrite(path: Path, found: list[Expected]) -> None:
    """Puts what was found in place of the `=>` lines."""
    kept = [text for text in path.read_text().splitlines() if not text.strip().startswith("=>")]
    while kept and not kept[-1].strip():
        kept.pop()
    path.write_text("\n".join([*kept, "", *(map(line, found) if found else [" => no fetch"])]) + "\n")


def agrees(wanted: Expected, got: Expected) -> bool:
    """Class, cause, confidence, what is missing, flags and citations are exact; cells and words are those demanded."""
    return (
        (wanted.klass, wanted.cause, wanted.confidence) == (got.klass, got.cause, got.confidence)
        and (wanted.missing or "") == (got.missing or "")
        and sorted(wanted.flags) == sorted(got.flags)
        and sorted(wanted.evidence) == sorted(got.evidence)
        and set(wanted.columns) <= set(got.columns)
        and all(piece in got.says[0] for piece in wanted.says)
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, request: pytest.FixtureRequest) -> None:
    """The whole program gives each fetch of the timeline the verdict that is written below it."""
    case = load(path)
    wanted = expected(case)
    found = verdicts(path)
    shown = [demanded(*pair) for pair in zip_longest(wanted[: len(found)], found)]
    if request.config.getoption("--update-cases"):
        rewrite(path, shown)
        return
    same = len(found) == len(wanted) and all(map(agrees, wanted, found))
    assert same, f"\n{case.claim}\nwanted\n{_lines(wanted)}\ngot\n{_lines(shown)}"


def _lines(expected: tuple[Expected, ...] | list[Expected]) -> str:
    return "\n".join(map(line, expected)) or " => no fetch"


@pytest.mark.parametrize(
    "other",
    [
        "rst/rst-refused high flags: port-reuse 1:syn",
        "rst/rst-refused high flags: port-reuse 1:syn 2:rst 3:ack",
        "rst/rst-refused high 1:syn 2:rst",
        "rst/rst-refused high flags: port-reuse late 1:syn 2:rst",
        "rst/rst-refused medium flags: port-reuse 1:syn 2:rst",
        "rst/rst-refused flags: port-reuse 1:syn 2:rst",
        "rst/rst-refused high missing: head flags: port-reuse 1:syn 2:rst",
    ],
)
def test_a_line_is_exact(other: str) -> None:
    """Whatever a `=>` line states too little or too much is another verdict."""
    (wanted,) = expected(parse("=> rst/rst-refused high flags: port-reuse 1:syn 2:rst"))
    (got,) = expected(parse(f"=> {other}"))
    says = ("any summary",)
    assert agrees(wanted, replace(wanted, says=says))
    assert not agrees(wanted, replace(got, says=says))
    assert not agrees(got, replace(wanted, says=says))


def test_every_case_has_a_claim_and_cites_packets_that_exist() -> None:
    """A case without a claim on top proves nothing; a citation beyond the last packet is a typing error."""
    for path in CASES:
        case = load(path)
        assert case.claim, path.name
        for wanted in expected(case):
            assert all(0 < packet <= len(case.packets) for packet, _ in wanted.evidence), path.name


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_cell_stands_below_its_name(path: Path) -> None:
    """Whatever has a comma in it is quoted: who reads the CSV finds each value under its name."""
    import analyzer

    for fetch in analyzer.read(str(path)):
        (row,) = csv.reader(io.StringIO(csv_line(CsvCells(), fetch).decode(), newline=""))
        assert len(row) == len(COLUMNS)
