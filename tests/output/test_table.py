import io
import re

import pytest

from analyzer.output.summary import Summary
from analyzer.output.table import PLAIN, PlainWriter, TableWriter
from analyzer.output.text import width


def table(*fetches, columns=120, colour=False, files=False, hold=200):
    out = io.StringIO()
    writer = TableWriter(out, columns, colour=colour, files=files, hold=hold)
    writer.begin()
    for fetch in fetches:
        writer.fetch(fetch)
    writer.end(Summary())
    return out.getvalue()


def test_a_wide_terminal_shows_all_on_one_line(fetch):
    """Number, time, place, verdict, sentence and packets."""
    heading, row = table(fetch, columns=200).splitlines()
    assert heading.split() == ["#", "time", "server", "verdict", "what", "happened"]
    assert row.startswith("  1  22:13:20.123  example.org  rst/rst-after-clienthello  The server reset")
    assert row.endswith("(4:client-hello 5:rst)")


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 132, 300])
def test_verdict_and_summary_are_never_cut(make, columns):
    """However narrow: the place is shortened, the time and the packets go, these two stay whole."""
    text = table(make(name="a-very-long-name.of-some-service.example.org"), columns=columns)
    assert "rst/rst-after-clienthello" in text
    words = " ".join(text.split())
    for word in make().verdict.summary.split()[:8]:
        assert word in words


@pytest.mark.parametrize("columns", [60, 80, 100, 132])
def test_no_line_is_wider_than_the_terminal(make, columns):
    """A terminal that wraps by itself would break the columns."""
    text = table(make(), make(name="中文" * 20), make(name="a" * 200), columns=columns)
    assert max(width(line) for line in text.splitlines()) <= columns


def test_wide_characters_count_twice(make):
    """The verdict column stays aligned below a name in Chinese."""
    rows = table(make(name="例え.example"), make(), columns=200).splitlines()[1:]
    assert len({width(row[: row.index("rst/")]) for row in rows}) == 1


def test_colour_marks_the_class_and_nothing_else_changes(fetch):
    """Without colour not a single escape sequence; with colour the same text."""
    plain, coloured = table(fetch), table(fetch, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mrst/rst-after-clienthello" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_several_captures_get_a_heading_each(make):
    """The name of the capture stands once above its rows."""
    text = table(make(file="a.pcap"), make(file="a.pcap"), make(file="b.pcap"), files=True)
    assert [line for line in text.splitlines() if line.endswith(".pcap")] == ["a.pcap", "b.pcap"]


def test_a_live_input_is_not_held_back(fetch):
    """The first row is on the screen before the second is known."""
    out = io.StringIO()
    writer = TableWriter(out, 120, colour=False, files=False, hold=0)
    writer.begin()
    writer.fetch(fetch)
    assert "rst-after-clienthello" in out.getvalue()


def test_a_pipe_gets_plain_uncut_text(make):
    """Tabs between cells, a header, nothing shortened, whatever the width of a terminal."""
    out = io.StringIO()
    writer = PlainWriter(out)
    writer.begin()
    writer.fetch(make(name="n" * 300))
    header, row = out.getvalue().splitlines()
    assert header.split("\t") == list(PLAIN)
    assert len(row.split("\t")) == len(PLAIN)
    assert "n" * 300 in row
    assert "\x1b" not in out.getvalue()


def test_a_pipe_shows_the_kind_of_a_connection_without_a_fetch(make):
    """`--all` lists it, and it has no verdict that could be taken for one."""
    out = io.StringIO()
    PlainWriter(out).fetch(make(kind="speculative"))
    assert out.getvalue().split("\t")[6] == "speculative"
