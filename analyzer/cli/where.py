"""Conditions on the columns of rows: `name=*.example`, `duration_s>5`, `status>=500`, `flags~evicted`."""

from __future__ import annotations

# not compiled: without --where no row passes here
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from fnmatch import translate
from operator import ge, gt, le, lt

from analyzer.errors import UsageError
from analyzer.fetch.model import Fetch
from analyzer.output.columns import COLUMNS, TYPES
from analyzer.output.grouping import HOST, value_of
from analyzer.output.row import values
from analyzer.output.words import address
from analyzer.text import safe
from analyzer.verdict.model import verdict_of

EXPRESSION = re.compile(r"\s*([\w-]+)\s*(==|=|!=|!~|~|<=|>=|<|>)\s*(.*?)\s*", re.DOTALL)
BARE_COMMA = re.compile(r"(?<!\\),")
ORDERED: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
INSTANTS = ("start", "cert_not_before", "cert_not_after")
"""Columns that hold a point in time, RFC 3339 in UTC."""
ADDRESSES = ("client", "server", HOST)
LISTS = ("flags", "evidence", "cert_names")
"""Columns of several words, each of which can be what is wanted."""
UNITS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "m": 60.0, "min": 60.0, "h": 3600.0}
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)\s*([a-z]*)", re.IGNORECASE)
INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?", re.IGNORECASE
)
WILD = re.compile(r"[*?[]")
NANO = 1_000_000_000

Test = Callable[[object], bool]
"""Whether the cell of a column, None or "" where unknown, is what is wanted."""

DIRECT: dict[str, Callable[[Fetch], object]] = {
    "class": lambda fetch: verdict_of(fetch).klass if fetch.verdict is not None else "",
    "cause": lambda fetch: verdict_of(fetch).cause if fetch.verdict is not None else "",
    "confidence": lambda fetch: verdict_of(fetch).confidence if fetch.verdict is not None else "",
    "flags": lambda fetch: " ".join(verdict_of(fetch).flags) if fetch.verdict is not None else "",
    "name": lambda fetch: safe(fetch.name),
    HOST: lambda fetch: safe(fetch.name) or address(fetch.flow.server),
    "client": lambda fetch: address(fetch.flow.client),
    "server": lambda fetch: address(fetch.flow.server),
    "server_port": lambda fetch: fetch.flow.server_port,
    "protocol": lambda fetch: fetch.protocol,
    "duration_s": lambda fetch: (fetch.end - fetch.start) / 1e9 if fetch.end >= fetch.start else None,
    "status": lambda fetch: fetch.status or None,
    "phase": lambda fetch: fetch.phase,
    "kind": lambda fetch: fetch.kind,
}
"""Columns that are asked for most, read without making the whole row, which takes twenty times as long."""


class Condition:
    """One expression: a column, an operator, and values of which one must fit; with `!` none of them.

    column  one of COLUMNS, or HOST; its cell is read from a fetch by `passes`, from a row by `holds`
    """

    def __init__(self, expression: str, option: str) -> None:
        parts = EXPRESSION.fullmatch(expression)
        if parts is None:
            raise UsageError(
                f"`{option} {expression}` is no condition",
                f"`{option} 'duration_s>5'`, with the quotes: the shell reads `>` itself; also = != < <= >= ~ !~",
            )
        self.column = column_of(parts[1], f"{option} {expression}")
        operator = parts[2]
        self.negated = operator in ("!=", "!~")
        wanted = [one.strip().replace("\\,", ",") for one in BARE_COMMA.split(parts[3])]
        try:
            self.tests = [_test(self.column, operator.removeprefix("!"), one) for one in wanted]
        except ValueError as error:
            raise UsageError(f"`{option} {expression}`: {error.args[0]}", error.args[1]) from None

    def holds(self, cell: object) -> bool:
        """Whether a row with that cell is wanted."""
        return any(test(cell) for test in self.tests) is not self.negated


class Where:
    """Conditions that must all hold; no condition at all holds always."""

    def __init__(self, expressions: Iterable[str], option: str = "--where") -> None:
        self.conditions = [Condition(expression, option) for expression in expressions]
        self.direct = all(condition.column in DIRECT for condition in self.conditions)
        self.places = [COLUMNS.index(one.column) if one.column != HOST else -1 for one in self.conditions]

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def holds(self, fetch: Fetch) -> bool:
        """Whether its row fulfils all conditions."""
        if self.direct:
            return all(one.holds(DIRECT[one.column](fetch)) for one in self.conditions)
        row = values(fetch)
        for condition, place in zip(self.conditions, self.places, strict=True):
            if not condition.holds(row[place] if place >= 0 else DIRECT[HOST](fetch)):
                return False
        return True

    def holds_row(self, row: Mapping[str, object]) -> bool:
        """Whether a row by column fulfils all conditions."""
        return all(condition.holds(value_of(row, condition.column)) for condition in self.conditions)


def column_of(name: str, said: str) -> str:
    """The column of that name, in any case and with hyphens; else a UsageError about what was `said`."""
    column = name.lower().replace("-", "_")
    if column in TYPES or column == HOST:
        return column
    from difflib import get_close_matches

    near = get_close_matches(column, [*COLUMNS, HOST], 2, 0.6)
    hint = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else "docs/columns.md lists them"
    raise UsageError(f"`{said}`: no column is called `{name}`", hint)


def _test(column: str, operator: str, wanted: str) -> Test:
    """What one of the values asks of a cell; ValueError with message and hint when that cannot be meant."""
    if operator == "~":
        return _contains(wanted)
    if operator in ORDERED:
        return _ordered(column, operator, wanted)
    if not wanted:
        return _is_unknown
    if column in TYPES and column not in INSTANTS and not TYPES[column].startswith("str"):
        number = _number(column, wanted)
        return lambda cell: cell == number
    if column in ADDRESSES and "/" in wanted:
        return _in_network(wanted)
    like = _like(wanted)
    return (lambda cell: any(map(like, str(cell).split()))) if column in LISTS else like


def _is_unknown(cell: object) -> bool:
    return cell is None or cell == ""


def _contains(wanted: str) -> Test:
    if not wanted:
        raise ValueError("every text contains that of length 0", "`name=` for what is unknown, `name!=` for the rest")
    lower = wanted.lower()
    return lambda cell: cell is not None and lower in str(cell).lower()


def _like(wanted: str) -> Test:
    """Text as it stands, or with the wildcards of a shell; case does not count."""
    lower = wanted.lower()
    if not WILD.search(lower):
        return lambda cell: str(cell).lower() == lower
    fits = re.compile(translate(lower)).match
    return lambda cell: cell is not None and fits(str(cell).lower()) is not None


def _in_network(wanted: str) -> Test:
    """An address within a network as `10.0.0.0/8`; a name is in none."""
    from ipaddress import ip_address, ip_network

    try:
        network = ip_network(wanted, strict=False)
    except ValueError:
        raise ValueError(f"`{wanted}` is no network", "`10.0.0.0/8`, `2001:db8::/32`") from None

    def inside(cell: object) -> bool:
        try:
            return ip_address(str(cell)) in network
        except ValueError:
            return False

    return inside


def _ordered(column: str, operator: str, wanted: str) -> Test:
    """A comparison; what is unknown is neither more nor less than anything."""
    compare = ORDERED[operator]
    if column in INSTANTS:
        instant = _instant(wanted)
        if instant is None:
            raise ValueError(f"`{wanted}` is no time", "`2026-11-29T04:40`, `2026-11-29 04:40:11.5+01:00`")
        return lambda cell: (at := _instant(str(cell))) is not None and compare(at, instant)
    if column not in TYPES or TYPES[column].startswith("str"):
        raise ValueError(f"`{column}` is text", f"`{column}={wanted}`, `!=` or `~` (contains)")
    number = _number(column, wanted)
    return lambda cell: isinstance(cell, int | float) and compare(cell, number)


def _number(column: str, wanted: str) -> float:
    found = NUMBER.fullmatch(wanted)
    seconds = TYPES[column].startswith("float")
    if found is None or (found[2].lower() not in UNITS if seconds else found[2]):
        example = "`5`, `0.5`, `500ms`, `2m`" if seconds else f"`{column}>=500`, `{column}=502,503`"
        raise ValueError(f"`{wanted}` is no {'time in seconds' if seconds else 'number'}", example)
    if seconds:
        return float(found[1]) * UNITS[found[2].lower()]
    return int(found[1]) if found[1].lstrip("+-").isdigit() else float(found[1])


def _instant(text: str) -> int | None:
    """RFC 3339 in ns since 1970; without a zone in UTC, without a time at midnight; None = it is none."""
    found = INSTANT.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}{(found[4] or 'Z').upper()}")
        return int(moment.timestamp()) * NANO + int((found[3] or "").ljust(9, "0"))
    except (ValueError, OverflowError):
        return None
