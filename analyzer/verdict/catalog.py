# not compiled: it runs when somebody asks for explanations
"""The documented signatures as data: what `whyfetch signatures` prints and docs/signatures.md holds.

One source: the docstrings in `analyzer.verdict.signatures`, and the words of `analyzer.verdict.causes`. A docstring is
a sentence, then headings, each `Heading: text` with its further lines indented:

    Cause        the cause that the function names; `Cause: ID: sentence` when it names several. What stands before the
                 first one holds for all of them
    Also         the same for a cause whose own documentation stands at another function
    On the wire, Wireshark (a valid display filter), Zeek, Reference, Confidence, Not this
    Needs        conditions without which it never fires, in the words of `analyzer.verdict.needs`
"""

from __future__ import annotations

# not compiled: read once, by people
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from analyzer.layer.http2.registry import ERRORS, error_word
from analyzer.layer.tls.registry import ALERTS
from analyzer.verdict import signatures
from analyzer.verdict.causes import (
    ALERT_ADVICE,
    BAD_CERTIFICATE,
    CAUSES,
    CERTIFICATE_ALERTS,
    CLIENT_ERRORS,
    FAMILIES,
    HTTP2_ADVICE,
    STATUS_ADVICE,
    TABLE,
)

OPENING = re.compile(r"(Cause|Also): ([a-z0-9-]+)(?:: (.+))?")
DOCUMENTED = re.compile(r"\n *On the wire: ")  # Python 3.13 takes the indentation away
HEADING = re.compile(r"(On the wire|Wireshark|Zeek|Reference|Confidence|Needs|Not this): (.+)")
FIELDS = {
    "On the wire": "wire",
    "Wireshark": "wireshark",
    "Zeek": "zeek",
    "Reference": "reference",
    "Confidence": "confidence",
    "Not this": "not_this",
}


@dataclass(frozen=True)
class Rule:
    """What one function says of one cause; cause "" is a rule of class `incomplete`.

    function   `module.function` below analyzer.verdict.signatures
    further    the cause's own documentation stands at another function
    """

    function: str
    sentence: str
    cause: str = ""
    further: bool = False
    wire: str = ""
    wireshark: str = ""
    zeek: str = ""
    reference: str = ""
    confidence: str = ""
    not_this: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signature:
    """One cause with all its documentation; `also` are further ways to get it."""

    id: str
    klass: str
    blame: str
    rule: Rule
    also: tuple[Rule, ...]
    client_errors: str
    advice: str


def parse(function: str, docstring: str) -> list[Rule]:
    """The rules that a docstring documents; without a `Cause` or `Also` it is one without cause."""
    lines = re.sub(r"\n +", " ", inspect.cleandoc(docstring)).split("\n")
    common = Rule(function, lines[0])
    rules: list[Rule] = []
    for line in lines[1:]:
        opening, heading = OPENING.fullmatch(line), HEADING.fullmatch(line)
        if opening:
            sentence = opening[3] or common.sentence
            rules.append(replace(common, cause=opening[2], further=opening[1] == "Also", sentence=sentence))
        elif heading and rules:
            rules[-1] = _with(rules[-1], heading)
        elif heading:
            common = _with(common, heading)
    return rules or [common]


def _with(rule: Rule, heading: re.Match[str]) -> Rule:
    if heading[1] == "Needs":
        return replace(rule, needs=tuple(heading[2].split("; ")))
    return replace(rule, **{FIELDS[heading[1]]: heading[2]})  # type: ignore[arg-type]


def name_of(function: Callable[..., object]) -> str:
    """`connect.refused`."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


@cache
def rules() -> dict[str, list[Rule]]:
    """The rules of every documented signature, by function."""
    found: dict[str, list[Rule]] = {}
    for info in iter_modules(signatures.__path__):
        module = import_module(f"{signatures.__name__}.{info.name}")
        for value in vars(module).values():
            text = getattr(value, "__doc__", None) or ""
            if callable(value) and DOCUMENTED.search(text) and value.__module__ == module.__name__:
                found[name_of(value)] = parse(name_of(value), text)
    return found


@cache
def catalogue() -> dict[str, Signature]:
    """Every cause in the order of analyzer.verdict.causes.TABLE."""
    units: dict[str, Signature] = {}
    every = [rule for several in rules().values() for rule in several]
    for entry in TABLE:
        mine = [rule for rule in every if rule.cause == entry.id]
        own = next((rule for rule in mine if not rule.further), Rule("", ""))
        also = tuple(rule for rule in mine if rule is not own)
        units[entry.id] = Signature(entry.id, entry.klass, entry.blame, own, also, entry.client_errors, entry.advice)
    return units


def signature(wanted: str) -> Signature | None:
    """The unit of a cause, of `CLASS/CAUSE`, or of a family's member (`http-status-404`); None when there is none."""
    klass, slash, cause = wanted.partition("/")
    found = catalogue().get(cause if slash else klass) or _member(cause if slash else klass)
    return None if found is None or (slash and klass != found.klass) else found


def title(unit: Signature) -> str:
    """The id, of a family with what stands for its members: `http-status-NNN`."""
    return f"{unit.id}-{FAMILIES[unit.id]}" if unit.id in FAMILIES else unit.id


def _member(cause: str) -> Signature | None:
    """One alert, one status, one answer of a proxy."""
    for family, ending in FAMILIES.items():
        name = cause.removeprefix(f"{family}-")
        if name == cause:
            continue
        unit = catalogue()[family]
        if name == ending:
            return unit
        if family == "tls-alert":
            return _alert(unit, cause, name)
        if ending == "NAME":
            return _error(unit, cause, name)
        if re.fullmatch(r"[3-9]\d\d", name):
            return _status(unit, cause, name)
    return None


def _status(unit: Signature, cause: str, code: str) -> Signature | None:
    rule = replace(unit.rule, wireshark=f"http.response.code == {code} || http2.headers.status == {code}")
    if unit.id == "http-proxy-connect":
        return replace(unit, id=cause, rule=replace(rule, sentence=f"The proxy answers CONNECT with {code}."))
    if code < "400":
        return None
    blame = "client" if code < "500" and code != "408" else unit.blame
    rule = replace(rule, sentence=f"The server answers with status {code}.")
    return replace(unit, id=cause, rule=rule, blame=blame, advice=STATUS_ADVICE.get(int(code), unit.advice))


def _error(unit: Signature, cause: str, name: str) -> Signature | None:
    """One error code of HTTP/2."""
    codes = [code for code, known in ERRORS.items() if name in (known, str(code))]
    if not codes:
        return None
    code = codes[0]
    rule = replace(
        unit.rule,
        sentence=f"{unit.rule.sentence.rstrip('.')}: {error_word(code)}.",
        wireshark=f"{unit.rule.wireshark} == {code}",
    )
    blame = "client" if code in CLIENT_ERRORS else unit.blame
    return replace(unit, id=cause, rule=rule, blame=blame, advice=HTTP2_ADVICE.get(code, unit.advice))


def _alert(unit: Signature, cause: str, name: str) -> Signature | None:
    codes = [code for code, known in ALERTS.items() if name in (known, str(code))]
    if not codes or codes[0] in (0, 90):  # those two count as a FIN
        return None
    code, known = codes[0], ALERTS[codes[0]].replace("-", "_")
    sentence = f"One side ends the TLS handshake with the alert {known} ({code})."
    rule = replace(unit.rule, sentence=sentence, wireshark=f"tls.alert_message.desc == {code}")
    if code in CERTIFICATE_ALERTS:
        advice = CAUSES["tls-alert-encrypted"].advice
        return replace(unit, id=cause, rule=rule, advice=advice, client_errors=BAD_CERTIFICATE)
    return replace(unit, id=cause, rule=rule, advice=ALERT_ADVICE.get(code, unit.advice))
