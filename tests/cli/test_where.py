"""`--where`: what an expression means for every type of column, and what is no expression."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.api import Reading
from analyzer.cli.where import DIRECT, Condition, Where
from analyzer.errors import UsageError
from analyzer.output.columns import COLUMNS, TYPES
from analyzer.output.grouping import HOST, value_of
from analyzer.output.row import values

ROOT = Path(__file__).parents[2]


def holds(expression, cell):
    return Condition(expression, "--where").holds(cell)


@pytest.mark.parametrize(
    ("expression", "cell", "wanted"),
    [
        # text: as it stands, with wildcards, in any case
        ("name=proxy.golang.org", "proxy.golang.org", True),
        ("name=Proxy.Golang.org", "proxy.GOLANG.org", True),
        ("name=golang.org", "proxy.golang.org", False),
        ("name=*.golang.org", "proxy.golang.org", True),
        ("name=*.golang.org", "golang.org", False),
        ("name=[ab].example", "b.example", True),
        ("name==a.example", "a.example", True),
        ("name = a.example", "a.example", True),
        ("name!=*.golang.org", "proxy.golang.org", False),
        ("name!=*.golang.org", "", True),
        ("name=a.example,b.example", "b.example", True),
        ("name=a.example, b.example", "b.example", True),
        ("name!=a.example,b.example", "b.example", False),
        ("name!=a.example,b.example", "c.example", True),
        (r"summary=a\,b", "a,b", True),
        ("summary=a,b", "a,b", False),
        # unknown
        ("name=", "", True),
        ("name=", "a.example", False),
        ("status=", None, True),
        ("name!=", "", False),
        ("name!=", "a.example", True),
        ("status!=", None, False),
        # contains
        ("summary~Reset", "The server reset it", True),
        ("summary!~reset", "The server reset it", False),
        ("summary~reset,refused", "It refused", True),
        ("status~4", 404, True),
        ("status~4", None, False),
        ("summary~a.c", "abc", False),
        # several words
        ("flags=late", "opaque late", True),
        ("flags=late", "too-late", False),
        ("flags=*late", "too-late x", True),
        ("flags!=late", "opaque late", False),
        ("flags~late", "too-late", True),
        ("flags=", "", True),
        # numbers
        ("status=503", 503, True),
        ("status=502,503", 503, True),
        ("status!=200", 200, False),
        ("status!=200", None, True),
        ("status>=500", 500, True),
        ("status>500", 500, False),
        ("status<500", None, False),
        ("status>=500", None, False),
        ("duration_s>5", 5.1, True),
        ("duration-s>5", 5.1, True),
        ("DURATION_S<=0.5", 0.5, True),
        ("duration_s>500ms", 0.6, True),
        ("duration_s>500ms", 0.4, False),
        ("duration_s<2m", 119.0, True),
        ("client_bytes>1e6", 1_000_001, True),
        ("client_bytes=9007199254740993", 9007199254740992, False),
        # instants, in UTC unless they say otherwise
        ("start>=2026-11-29", "2026-11-29T00:00:00.000000000Z", True),
        ("start<2026-11-29T04:40", "2026-11-29T04:39:59.999999999Z", True),
        ("start<2026-11-29T04:40:00.000000001Z", "2026-11-29T04:40:00.000000000Z", True),
        ("start<2026-11-29 04:40+01:00", "2026-11-29T03:40:00.000000000Z", False),
        ("start=2026-11-29T04:4*", "2026-11-29T04:40:00.000000000Z", True),
        ("cert_not_after<2027-01-01", "2026-12-31T00:00:00Z", True),
        ("cert_not_after<2027-01-01", "", False),
        ("cert_not_after<2027-01-01", "what a certificate can hold", False),
        # addresses
        ("server=192.0.2.0/24", "192.0.2.77", True),
        ("server=192.0.2.0/24", "198.51.100.1", False),
        ("client=2001:db8::/32", "2001:db8::5", True),
        ("client=2001:db8::/32", "192.0.2.1", False),
        ("host=192.0.2.0/24,*.example", "www.example", True),
        ("host=192.0.2.0/24", "www.example", False),
        ("server=192.0.2.*", "192.0.2.9", True),
    ],
)
def test_what_an_expression_means(expression, cell, wanted):
    """By the type of its column; what is unknown is equal to nothing but the empty value, and never more or less."""
    assert holds(expression, cell) is wanted


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("nmae=x", "no column is called `nmae`", "did you mean `name`?"),
        ("hosts=x", "no column is called `hosts`", "`host`"),
        ("zzz=x", "no column is called `zzz`", "docs/columns.md"),
        ("duration_s", "is no condition", "the shell reads `>` itself"),
        ("", "is no condition", "--where"),
        ("=5", "is no condition", "--where"),
        ("status=abc", "`abc` is no number", "502,503"),
        ("status>=5xx", "`5xx` is no number", "status>=500"),
        ("status>", "`` is no number", "status>=500"),
        ("duration_s>5 parsecs", "is no time in seconds", "500ms"),
        ("duration_s>nan", "is no time in seconds", "500ms"),
        ("start>12", "`12` is no time", "2026-11-29T04:40"),
        ("start>2026-13-01", "`2026-13-01` is no time", "2026-11-29T04:40"),
        ("name>a", "`name` is text", "contains"),
        ("host<a", "`host` is text", "contains"),
        ("flags~", "every text contains", "name!="),
        ("server=1.2.3.4/99", "is no network", "10.0.0.0/8"),
    ],
)
def test_what_is_no_expression_is_said(expression, message, hint):
    """With what was probably meant."""
    with pytest.raises(UsageError) as caught:
        Where([expression])
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.fixture(scope="module")
def fetches():
    found = list(Reading([str(ROOT / "samples")], kinds=True))
    assert len(found) > 200
    return found


@pytest.mark.parametrize("column", DIRECT)
def test_columns_that_are_read_directly_are_those_of_the_row(fetches, column):
    """The short way says what the row says, in all samples."""
    for fetch in fetches:
        row = dict(zip(COLUMNS, values(fetch), strict=True))
        assert (DIRECT[column](fetch) or None) == (value_of(row, column) or None)


@pytest.mark.parametrize("column", [*COLUMNS, HOST])
def test_every_value_of_every_column_can_be_asked_for(fetches, column):
    """What stands in a row finds that row, directly and among others that need the whole row."""
    for fetch in fetches[::7]:
        cell = value_of(dict(zip(COLUMNS, values(fetch), strict=True)), column)
        text = "" if cell is None else str(cell).replace(",", r"\,")
        expression = f"{column}={text}" if cell is None or not str(cell).count(" ") else f"{column}~{text}"
        if "[" in expression or "?" in expression or "*" in expression:
            continue
        assert Where([expression]).holds(fetch), expression
        assert Where([expression, "first_packet>0"]).holds(fetch), expression


def test_all_conditions_must_hold(fetches):
    """Commas are or, repetition is and."""
    both = [fetch for fetch in fetches if Where(["class=rst,tls-stall", "server_port=443"]).holds(fetch)]
    assert both
    assert len(both) < len([fetch for fetch in fetches if Where(["class=rst,tls-stall"]).holds(fetch)])
    assert {fetch.flow.server_port for fetch in both} == {443}


@given(st.sampled_from([*COLUMNS, HOST]), st.sampled_from(["=", "!=", "<", ">=", "~", "!~"]), st.text(max_size=30))
def test_whatever_is_asked_is_an_answer_or_a_usage_error(column, operator, value):
    """No value of a user, and none of a packet, is an internal error."""
    try:
        condition = Condition(column + operator + value, "--where")
    except UsageError:
        return
    for cell in (None, "", value, "*", 5, 0.5) if TYPES.get(column, "str") == "str" else (None, 5, 0.5):
        assert condition.holds(cell) in (True, False)


@given(st.text(max_size=40))
def test_whatever_a_packet_says_is_compared(cell):
    """Names, certificates and addresses can be anything."""
    for expression in ("name=*a*", "cert_not_after<2027-01-01", "host=10.0.0.0/8", "flags=late", "name~x"):
        assert holds(expression, cell) in (True, False)
