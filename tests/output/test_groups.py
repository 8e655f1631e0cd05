"""What `--group-by` and `--stats` write: every format, hostile names, narrow terminals, too many groups."""

import csv
import io
import json
import re

import pytest

from analyzer.output import grouping, groups
from analyzer.output.groups import CsvGroups, GroupTable, JsonlGroups, Overview, TsvGroups
from analyzer.output.summary import Summary
from analyzer.output.table import TableWriter
from analyzer.text import width
from analyzer.verdict.model import Verdict

HOSTILE = "\x1b[2J\t=1+1,\"'\n\u202e<b>\u200b"


def written(kind, fetches, by=("class", "cause", "host"), files=None, **options):
    out = io.StringIO()
    options = {"stats": False} | options
    writer = kind(out, by, {"trace.pcap": "trace.pcap"} if files is None else files, **options)
    writer.begin()
    for fetch in fetches:
        writer.fetch(fetch)
    summary = Summary()
    writer.end(summary)
    return out.getvalue(), summary


def table(fetches, columns=100, colour=False, **options):
    return written(GroupTable, fetches, columns=columns, colour=colour, **options)[0]


def ok():
    return Verdict("ok", "", "high")


def test_csv_and_tabs_have_a_line_a_group(make):
    """What rows are grouped by, the counts, and one example with the line that shows it."""
    fetches = [make(), make(number=2), make(verdict=ok())]
    rows = list(csv.DictReader(io.StringIO(written(CsvGroups, fetches)[0])))
    assert [(row["class"], row["host"], row["count"], row["failed"]) for row in rows] == [
        ("rst", "example.org", "2", "2"),
        ("ok", "example.org", "1", "0"),
    ]
    assert rows[0]["first"] == rows[0]["last"] == "2023-11-14T22:13:20.123456789Z"
    assert (rows[0]["cost_s"], rows[0]["show"]) == ("0.048000", "whyfetch show trace.pcap 1")
    tabs = [line.split("\t") for line in written(TsvGroups, fetches)[0].splitlines()]
    assert tabs == [list(rows[0]), *[list(row.values()) for row in rows]]


def test_json_lines_have_the_row_of_the_example(make):
    """A line of type `grouped` a group, between begin and summary; its example is what a line of a fetch is."""
    lines = [json.loads(line) for line in written(JsonlGroups, [make(), make()])[0].splitlines()]
    assert [line["type"] for line in lines] == ["begin", "grouped", "summary"]
    assert lines[1]["by"] == {"class": "rst", "cause": "rst-after-clienthello", "host": "example.org"}
    assert (lines[1]["count"], lines[1]["cost_s"], lines[1]["example"]["evidence"][1]["what"]) == (2, 0.048, "rst")


def test_what_is_in_no_file_has_no_line_to_show_it(make):
    """Standard input is gone when it was read."""
    assert json.loads(written(JsonlGroups, [make()], files={})[0].splitlines()[1])["show"] is None
    assert "whyfetch show" not in table([make()], files={})


def test_the_line_that_shows_it_can_be_pasted_into_a_shell(make):
    """A file name with blanks and quotes is quoted; one with control characters is escaped as everywhere."""
    name = "it's a trace.pcap"
    assert "whyfetch show 'it'\"'\"'s a trace.pcap' 1" in table([make(file=name)], files={name: name})
    assert "\x1b" not in table([make(file="\x1b[2J")], files={"\x1b[2J": "\x1b[2J"})


@pytest.mark.parametrize("kind", [CsvGroups, TsvGroups, JsonlGroups])
def test_names_from_packets_stay_text(make, kind):
    """Nothing that a terminal obeys, a reader cannot see, or that begins another line or cell."""
    out, _ = written(kind, [make(name=HOSTILE, target=HOSTILE)], by=("name", "target"))
    assert len(out.splitlines()) == (3 if kind is JsonlGroups else 2)
    assert not any(character in out for character in "\x1b\u202e\u200b")
    if kind is TsvGroups:
        assert len({line.count("\t") for line in out.splitlines()}) == 1


def test_a_name_that_a_spreadsheet_would_run_is_defused(make):
    """As in the CSV of rows."""
    out, _ = written(CsvGroups, [make(name='=HYPERLINK("x","y")')], by=("name",))
    assert next(csv.DictReader(io.StringIO(out)))["name"] == '\'=HYPERLINK("x","y")'


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("name", ["example.org", "a" * 253, HOSTILE, "\u5b57" * 30])
def test_the_table_cuts_nothing_and_keeps_its_columns(make, columns, name):
    """On a narrow terminal a name has a line of its own; no escape sequence comes out of it."""
    out = table([make(name=name), make(number=2)], columns=columns)
    assert "\x1b" not in out
    assert name in out or name == HOSTILE
    lines = [line for line in out.splitlines() if "whyfetch" not in line and len(line.split()) > 1]
    assert max(map(width, lines)) <= max(columns, 31)  # the example has the room of its words, behind its indent


def test_what_went_well_is_one_line(make):
    """There is nothing to explain."""
    assert table([make(verdict=ok())]).splitlines()[1].split() == ["1", "0", "24", "ms", "ok", "-", "example.org"]


def test_colours_are_those_of_rows(make):
    """The class in its colour, and nothing where it is switched off."""
    assert "\x1b[1;31mrst\x1b[0m" in table([make()], colour=True)


def test_no_row_makes_no_table():
    """A header alone would say nothing; CSV has one always."""
    assert table([]) == ""
    assert written(CsvGroups, [])[0].startswith("class,cause,host,count,")


def test_stats_have_two_percentiles_a_phase(make):
    """Empty where no fetch has the phase."""
    fetches = [make(connect_s=number / 100) for number in range(1, 101)]
    row = next(csv.DictReader(io.StringIO(written(CsvGroups, fetches, by=("host",), stats=True)[0])))
    assert (row["connect_p50_s"], row["connect_p99_s"], row["dns_p50_s"]) == ("0.500000", "0.990000", "")
    line = json.loads(written(JsonlGroups, fetches, by=("host",), stats=True)[0].splitlines()[1])
    assert line["phases"]["connect"] == {"count": 100, "p50_s": 0.5, "p99_s": 0.99}
    assert line["phases"]["dns"] == {"count": 0, "p50_s": None, "p99_s": None}
    shown = table(fetches, by=("host",), stats=True).splitlines()
    assert shown[2].split() == ["100", "100", "-", "-", "500", "ms", "990", "ms", "-", "-", "-", "-", "example.org"]


@pytest.mark.parametrize("columns", [20, 30, 40])
def test_figures_wider_than_the_terminal_have_a_line_a_phase(make, columns):
    """None is lost, and none is broken over the edge."""
    fetches = [make(connect_s=number / 100) for number in range(1, 101)]
    lines = table(fetches, by=("host",), stats=True, columns=columns).splitlines()
    assert lines[0] == "example.org"
    assert max(map(len, lines)) <= columns
    assert " ".join(" ".join(lines).split()) == "example.org fetches 100, failed 100 connect p50 500 ms, p99 990 ms"


@pytest.mark.parametrize("kind", [CsvGroups, JsonlGroups])
def test_groups_beyond_the_cap_are_told(make, kind, monkeypatch):
    """With how many fetches are in none; nothing is lost without a word."""
    monkeypatch.setattr(grouping, "MAX_GROUPS", 2)
    monkeypatch.setattr(groups, "MAX_GROUPS", 2)
    out, summary = written(kind, [make(name=f"{number}.example") for number in range(5)], stats=True)
    assert len(out.splitlines()) == (4 if kind is JsonlGroups else 3)
    assert summary.warnings == ["more than 2 groups: 3 fetches (3 failed) that would begin another are in none"]


def overview(fetches, lines=24, columns=100):
    out = io.StringIO()
    rows = TableWriter(out, columns, colour=False, files=False)
    table = GroupTable(out, grouping.WHAT_AND_WHERE, {}, stats=False, columns=columns, colour=False)
    writer = Overview(rows, table, lines)
    writer.begin()
    for fetch in fetches:
        writer.fetch(fetch)
    writer.end(Summary())
    return out.getvalue()


def test_more_than_a_screenful_of_failures_ends_with_its_groups(make):
    """So that the worst stands on the screen when the rows have scrolled by."""
    failed = [make() for _ in range(25)]
    shown = overview([*failed, make(verdict=ok())])
    assert "\n25 failures in 1 group, the worst first:\nfetches  failed" in shown
    assert "in 1 group" not in overview([*failed[:24], *[make(verdict=ok()) for _ in range(50)]])
    assert "in 1 group" not in overview([*failed[:24], make(kind="race")])


@pytest.mark.parametrize("lines", [1, 24, 60])
def test_as_many_groups_are_shown_as_have_room(make, lines):
    """At least one, and the number of the others with what shows them."""
    failures = [make(name=f"host{number}.example") for number in range(100)]
    below = overview(failures, lines=lines).partition("the worst first:\n")[2].splitlines()
    assert len(below) <= max(lines, 10)
    assert re.fullmatch(r"and \d+ more: `--select failed --group-by class,cause,host,server_port` shows all", below[-1])


def test_too_many_groups_for_the_memory_are_said_to_be_more(make, monkeypatch):
    """Their number is not known."""
    monkeypatch.setattr(grouping, "MAX_GROUPS", 20)
    assert "100 failures in more than 20 groups" in overview([make(name=f"{number}.example") for number in range(100)])
