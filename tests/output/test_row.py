import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.output.cells import CsvCells
from analyzer.output.columns import COLUMNS
from analyzer.output.csv import CsvWriter
from analyzer.output.row import csv_line, values
from analyzer.output.words import address, rfc3339


def written(*fetches):
    out = io.BytesIO()
    text = io.TextIOWrapper(out, encoding="utf-8")
    writer = CsvWriter(text)
    writer.begin()
    for fetch in fetches:
        writer.fetch(fetch)
    return out.getvalue().decode()


def cells(fetch):
    return next(csv.DictReader(io.StringIO(written(fetch), newline="")))


def test_a_row_has_a_value_for_every_column(fetch):
    """values() and Row cannot drift apart."""
    assert len(values(fetch)) == len(COLUMNS)


def test_the_fixed_columns_of_a_reset(fetch):
    """Each fact stands in its column, in the documented notation."""
    row = cells(fetch)
    assert (row["class"], row["cause"], row["confidence"]) == ("rst", "rst-after-clienthello", "high")
    assert (row["client"], row["client_port"]) == ("192.0.2.10", "40000")
    assert (row["server"], row["server_port"]) == ("203.0.113.80", "443")
    assert row["start"] == "2023-11-14T22:13:20.123456789Z"
    assert row["duration_s"] == "0.024000"
    assert row["evidence"] == "4:client-hello 5:rst"
    assert row["wireshark_filter"] == "tcp.stream eq 3"


def test_unknown_is_empty(fetch):
    """-1.0 seconds, status 0 and no certificate are empty cells, never 0 or -."""
    row = cells(fetch)
    assert [row[name] for name in ("status", "ttfb_s", "tls_version", "cert_subject", "missing")] == [""] * 5


def test_a_verdict_not_decided_is_empty(make):
    """A connection listed without a verdict does not crash the writer."""
    assert cells(make(verdict=None))["class"] == ""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("@SUM(1)", "'@SUM(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("\t=1", "\\x09=1"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("a\ud800b", "a\\ud800b"),
        ("münchen.example", "münchen.example"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20x", "'\uff20x"),
        ("\ufe621", "'\ufe621"),
        ("\u207b1", "'\u207b1"),
        ("\u22121", "'\u22121"),
        ("  =1", "'  =1"),
        (" \uff1d1", "' \uff1d1"),
        ("\xa0=1", "\\xa0=1"),
        ("\n@x", "\\x0a@x"),
        (" a", " a"),
        ("a=1", "a=1"),
        ("\u65e5\u672c=1", "\u65e5\u672c=1"),
    ],
)
def test_text_from_packets_cannot_act(make, name, shown):
    """No cell is a formula for a spreadsheet or a command for a terminal."""
    assert cells(make(name=name))["name"] == shown


def test_quoting_is_rfc_4180(make):
    """Quotes are doubled, commas quoted."""
    assert ',"a,""b""",' in written(make(target='a,"b"'))


def test_standard_input_keeps_its_name(make):
    """`-` alone is no formula."""
    assert cells(make(file="-"))["file"] == "-"


@given(st.text())
def test_any_name_is_one_cell_of_one_line(make_any, name):
    """Whatever a packet says, a row stays one line of printable text with all its columns."""
    text = csv_line(CsvCells(), make_any(name=name)).decode()
    assert text.count("\n") == 1
    assert len(next(csv.reader(io.StringIO(text, newline="")))) == len(COLUMNS)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text[:-1])
    text.encode()


@pytest.fixture(scope="module")
def make_any():
    from analyzer.fetch.model import Fetch
    from analyzer.model.connection import Connection

    def make(name):
        fetch = Fetch(Connection(0), None)
        fetch.name = name
        return fetch

    return make


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (951_782_400 * 10**9 + 1, "2000-02-29T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
    ],
)
def test_instants_keep_every_nanosecond(time, text):
    """No float is on the way."""
    assert rfc3339(time) == text


def test_addresses_of_both_families():
    """Four bytes, sixteen bytes, none."""
    assert address(b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01") == "2001:db8::1"
    assert address(b"") == ""


def test_a_row_that_could_not_be_written_leaves_nothing_to_the_next(make_any):
    """A word that is no Unicode ends its own row only; a line without cells is empty."""
    cells = CsvCells()
    assert cells.line() == b""
    good, bad = make_any(name="good.example"), make_any(name="bad.example")
    bad.phase = "\ud800"
    with pytest.raises(UnicodeEncodeError):
        csv_line(cells, bad)
    assert csv_line(cells, good) == csv_line(CsvCells(), good)
