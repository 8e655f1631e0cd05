import io
import re

import pytest

from analyzer.output.summary import Summary
from analyzer.output.table import TSV, TableWriter, TsvWriter
from analyzer.text import width


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
    assert row.startswith("  1  22:13:20.123  example.org:443  rst/rst-after-clienthello  The server reset")
    assert row.endswith("(4:client-hello 5:rst)")


LONG = "a-very-long-name.of-some-service.in-some-region.example.org"


@pytest.mark.parametrize("columns", [0, 20, 40, 60, 80, 100, 132, 300])
@pytest.mark.parametrize("name", ["example.org", LONG, f"{'n' * 250}.de", "中文" * 20, "e\u0301" * 60])
def test_nothing_but_the_packets_is_ever_cut(make, columns, name):
    """However narrow, and however long the name: time, host with port, verdict and sentence stay whole."""
    text = table(make(name=name), columns=columns)
    words = text.split()
    assert {"22:13:20.123", f"{name}:443", "rst/rst-after-clienthello"} <= set(words)
    assert make().verdict.summary in " ".join(words)


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 132])
def test_no_line_is_wider_than_the_terminal(make, columns):
    """But for a word that is wider by itself, which stands alone: broken by us it could not be copied."""
    names = ["example.org", LONG, "中文" * 20, "e\u0301" * 60, "a" * 253]
    text = table(*(make(name=name, number=10**at) for at, name in enumerate(names)), columns=columns)
    assert [line for line in text.splitlines() if width(line) > columns and len(line.split()) > 1] == []


@pytest.mark.parametrize("columns", [62, 80, 90])
def test_a_narrow_terminal_takes_one_line_more(make, columns):
    """The sentence stands below, and the columns above it stay where they are."""
    _, first, _, *more = table(make(), make(name="a.example"), columns=columns).splitlines()
    assert first == "  1  22:13:20.123  example.org:443  rst/rst-after-clienthello"
    assert any(line.startswith("  1  22:13:20.123  a.example:443    rst/") for line in more)


def test_a_pipe_and_a_file_have_a_line_a_row(make):
    """So that `grep` finds all of one that it finds a word of, even where names are long."""
    rows = table(make(), make(name=LONG), make(name="n" * 253), columns=0).splitlines()
    assert len(rows) == 4
    assert all(row.endswith("before any answer.  (4:client-hello 5:rst)") for row in rows[1:])


def test_a_long_name_does_not_push_what_others_have_in_columns(make):
    """It stands in a line of its own, and the verdict below it is where the others are."""
    lines = table(make(name=LONG), make(), columns=132).splitlines()
    assert lines[1] == f"  1  22:13:20.123  {LONG}:443"
    assert len({line.index("rst/") for line in lines if "rst/" in line}) == 1


def test_a_name_that_was_not_resolved_has_no_port(make):
    """Its row has the port of the resolver, which nobody wanted to fetch from."""
    assert " example.org  rst/" in table(make(resolution=object()))


def test_marks_that_turn_the_direction_of_writing_are_shown(make):
    """Right-to-left marks and overrides would show another host than the one in the packet."""
    text = table(make(name="moc.elpmaxe\u202e\u200f.example"))
    assert "moc.elpmaxe\\u202e\\u200f.example:443" in text


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


def test_tabs_stand_between_uncut_cells(make):
    """A header, nothing shortened, whatever the width of a terminal."""
    out = io.StringIO()
    writer = TsvWriter(out)
    writer.begin()
    writer.fetch(make(name="n" * 300))
    header, row = out.getvalue().splitlines()
    assert header.split("\t") == list(TSV)
    assert len(row.split("\t")) == len(TSV)
    assert "n" * 300 in row
    assert "\x1b" not in out.getvalue()


def test_tsv_shows_the_kind_of_a_connection_without_a_fetch(make):
    """`--all` lists it, and it has no verdict that could be taken for one."""
    out = io.StringIO()
    TsvWriter(out).fetch(make(kind="speculative"))
    assert out.getvalue().split("\t")[6] == "speculative"


@pytest.mark.parametrize("columns", [0, 40, 120])
def test_the_client_s_own_words_stand_below_its_row(make, columns):
    """Whole words in as many lines as they need, nothing in them obeyed; no line where nothing is known."""
    said = "curl: (35) Recv failure: Connection reset by peer \x1b[2J"
    text = table(make(client_said=said), make(), columns=columns)
    assert "client: curl: (35) Recv failure: Connection reset by peer \\x1b[2J" in " ".join(text.split())
    assert text.count("client:") == 1
    assert columns or len(text.splitlines()) == 4
